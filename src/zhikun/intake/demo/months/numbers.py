"""Identity numbers for people who do not exist, in columns: well formed (GB 11643), each given once, known by their area.

The key of a person decides area and sequence, and beyond 4.8 million keys the place of the birth day within 64 days, so
no list of numbers already given is needed. Areas 9902xx to 9999xx: the demo county's own people have 990101.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.identity.generated import GENERATED_AREA
from zhikun.intake.demo.months.chance import Keys, Mask, Whole

_FIRST_AREA, _AREAS = int(GENERATED_AREA) * 10_000 + 200, 9_800
_PAIRS = 490  # sequences 2n (women) and 2n + 1 (men) without those that end in 00: they look rounded by a spreadsheet
_SPAN = 64  # days
MOST_KEYS = _AREAS * _PAIRS * _SPAN
_FIRST_DAY = np.datetime64("1900-01-01", "D").astype(np.int64)
_DAYS = 60_000
_CHECK = np.frombuffer(b"10X98765432", np.uint8)
_FACTORS = np.array([2 ** (17 - place) % 11 for place in range(17)], np.int64)
_WIDTH = 18


def digits(values: Whole, width: int) -> NDArray[np.uint8]:
    """Whole numbers as rows of ASCII digits, with zeros before them."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (values[:, None] // powers % 10 + 48).astype(np.uint8)


def texts(rows: NDArray[np.uint8]) -> pa.Array:
    """Rows of ASCII bytes as strings."""
    count, width = rows.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    data = np.ascontiguousarray(rows)
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _table(rows: NDArray[np.uint8], start: int) -> tuple[NDArray[np.uint8], Whole]:
    """Rows of digits, and what each adds to the weighted sum of the check character."""
    return rows, (rows.astype(np.int64) - 48) @ _FACTORS[start : start + rows.shape[1]]


def _calendar() -> NDArray[np.uint8]:
    days = np.arange(_FIRST_DAY, _FIRST_DAY + _DAYS).astype("datetime64[D]")
    text = np.char.replace(np.datetime_as_string(days), "-", "")
    return np.frombuffer("".join(text).encode(), np.uint8).reshape(-1, 8)


_AREA_TABLE, _AREA_SUM = _table(digits(np.arange(_FIRST_AREA, _FIRST_AREA + _AREAS), 6), 0)
_DAY_TABLE, _DAY_SUM = _table(_calendar(), 6)
_SEQUENCE_TABLE, _SEQUENCE_SUM = _table(digits(np.arange(1000), 3), 14)


def numbers_for(keys: Keys, born: Whole, male: Mask) -> tuple[pa.Array, Whole]:
    """The number of each key and the birth day in it (days since 1970), less than 64 days from the one wished for.

    Different keys have different numbers, whatever their birth days. Keys lie below MOST_KEYS.
    """
    whole = keys.astype(np.int64)
    pair, area, slot = whole % _PAIRS, whole // _PAIRS % _AREAS, whole // (_PAIRS * _AREAS)
    day = (born - _FIRST_DAY) // _SPAN * _SPAN + (slot + area + pair) % _SPAN
    sequence = 2 * (pair + 1 + pair // 49) + male
    rows = np.empty((len(whole), _WIDTH), np.uint8)
    rows[:, :6] = _AREA_TABLE[area]
    rows[:, 6:14] = _DAY_TABLE[day]
    rows[:, 14:17] = _SEQUENCE_TABLE[sequence]
    rows[:, 17] = _CHECK[(_AREA_SUM[area] + _DAY_SUM[day] + _SEQUENCE_SUM[sequence]) % 11]
    return texts(rows), day + _FIRST_DAY
