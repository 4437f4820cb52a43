"""公民身份号码 (GB 11643): 6 digits of region, 8 of birth date, 3 of sequence, 1 check character.

Checked in columns: a province's lists hold millions of numbers. A number cut off or rounded by a
spreadsheet is named as such, because "wrong check digit" would send the officer to the wrong place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.wording import _

_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_CHECK_CHARACTERS = "10X98765432"
_CHECK_BYTES = np.frombuffer(_CHECK_CHARACTERS.encode(), dtype=np.uint8)
_MOST_TOTAL = int(_WEIGHTS.sum()) * 255
#: The check character for the sum of all signs, as bytes, by their weights.
_CHECK_OF_TOTAL = _CHECK_BYTES[(np.arange(_MOST_TOTAL + 1) - 48 * int(_WEIGHTS.sum())) % 11]
# Zero-width and direction marks that copying from web pages leaves behind, spaces, and the apostrophe
# with which spreadsheets are told "this is text".
_NOISE = r"[\s'`’\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}\x{00ad}]"
# A spreadsheet keeps 15 significant digits and shows long numbers as 6.42223E+17.
_ROUNDED = r"^(\d(\.\d+)?[eE]\+?1[4-7]|\d{15}0*\.0+|\d{12,15}000)$"
_FIRST_YEAR, _TABLE_YEARS = 1850, 300
_MONTHS, _DAYS = 13, 32  # of the table of days, in which month 0 and day 0 are none
_NO_DAY = np.int32(-(1 << 31))
_MANY = 10_000


class IdFault(IntEnum):
    """Why a number cannot stand as it is. `SUSPECT` passes the check but ends like a rounded one."""

    NONE = 0
    BLANK = 1
    ROUNDED = 2
    LENGTH = 3
    CHARACTERS = 4
    BIRTH_DATE = 5
    CHECK = 6
    SUSPECT = 7


@dataclass(frozen=True, slots=True)
class IdCheck:
    """A column of numbers, checked. Values that cannot stand are null in `numbers` and in what is derived from them.

    `birth_date` is date32; `sex` is 'male' or 'female'; `upgraded` marks 15-digit numbers brought to 18.
    """

    numbers: pa.Array
    fault: NDArray[np.uint8]
    birth_date: pa.Array
    upgraded: NDArray[np.bool_]

    @property
    def sex(self) -> pa.Array:
        """As the 17th digit says."""
        odd = pc.is_in(pc.utf8_slice_codeunits(self.numbers, 16, 17), pa.array(list("13579"), pa.string()))
        return pc.if_else(pc.is_valid(self.numbers), pc.if_else(odd, "male", "female"), pa.scalar(None, pa.string()))


def normalise_id_number(text: str) -> str:
    """Full-width digits made plain, spaces and invisible marks removed, `x` as `X`; nothing is checked."""
    return str(_normalised(pa.array([text], pa.string()))[0].as_py())


def with_check_character(first17: str) -> str:
    """The 17 digits with their check character. Raises ValueError for anything but 17 digits."""
    if len(first17) != 17 or not (first17.isascii() and first17.isdigit()):
        raise ValueError(_("身份证号的前 17 位应为 17 个数字。"))
    total = int(np.dot(_WEIGHTS, np.frombuffer(first17.encode(), dtype=np.uint8).astype(np.int64) - 48))
    return first17 + _CHECK_CHARACTERS[total % 11]


def birth_date_of(number: str) -> date | None:
    """The birth date that a valid number carries, None when the number cannot stand."""
    value = check_id_numbers([number]).birth_date[0].as_py()
    return value if isinstance(value, date) else None


def completed_years(born: date, on: date) -> int:
    """How old somebody is on a day: who was born on 29 February is a year older on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def sex_of(number: str) -> str | None:
    """'male' or 'female' as the 17th digit says, None when the number cannot stand."""
    value = check_id_numbers([number]).sex[0].as_py()
    return None if value is None else str(value)


def check_id_numbers(values: pa.Array | Sequence[str | None]) -> IdCheck:
    """Check and normalise a column of numbers: 15-digit ones become 18-digit ones (born 19xx).

    A region code is not checked: people keep numbers of counties that no longer exist.
    """
    raw = pc.fill_null(values if isinstance(values, pa.Array) else pa.array(values, pa.string()), "")
    plain = _plain(raw)
    if not plain.any():
        return _check_any(raw)
    if plain.all():
        return _check_plain(raw)
    odd = ~plain
    return _put_together(plain, _check_plain(raw.filter(pa.array(plain))), _check_any(raw.filter(pa.array(odd))))


def _plain(raw: pa.Array) -> NDArray[np.bool_]:
    """Which texts are 17 digits and a digit or X. Told by their bytes where every text has eighteen."""
    count = len(raw)
    ends = np.frombuffer(raw.buffers()[1] or b"", dtype=np.int32)[raw.offset : raw.offset + count + 1]
    if not count or not (np.diff(ends) == 18).all():
        return _mask(pc.match_substring_regex(raw, r"^[0-9]{17}[0-9X]$"))
    signs = np.frombuffer(raw.buffers()[2], dtype=np.uint8)[ends[0] : ends[0] + count * 18].reshape(-1, 18)
    by_place = np.ascontiguousarray(signs.T)
    first17, last = by_place[:17], by_place[17]
    right = (last - np.uint8(48) < 10) | (last == ord("X"))  # what comes before 0 wraps round
    if first17.min() < ord("0") or first17.max() > ord("9"):
        right &= (first17 - np.uint8(48) < 10).all(axis=0)
    return np.asarray(right, dtype=bool)


def _put_together(first: NDArray[np.bool_], one: IdCheck, other: IdCheck) -> IdCheck:
    """Two checks as one: `first` marks the rows of the first."""
    place = np.empty(len(first), dtype=np.int64)
    place[first] = np.arange(len(one.fault))
    place[~first] = len(one.fault) + np.arange(len(other.fault))
    where = pa.array(place)
    return IdCheck(
        pa.concat_arrays([one.numbers, other.numbers]).take(where),
        np.concatenate([one.fault, other.fault])[place],
        pa.concat_arrays([one.birth_date, other.birth_date]).take(where),
        np.concatenate([one.upgraded, other.upgraded])[place],
    )


def _check_any(raw: pa.Array) -> IdCheck:
    """Numbers as people write them: full-width, with spaces, of 15 digits, rounded, or none at all."""
    text = _normalised(raw)
    count = len(text)
    length = _lengths(pc.binary_length(text))
    fault = np.full(count, IdFault.LENGTH, dtype=np.uint8)
    well_formed = _mask(pc.match_substring_regex(text, r"^(\d{17}[\dX]|\d{15})$"))
    fault[~well_formed & np.isin(length, (15, 18))] = IdFault.CHARACTERS
    fault[_mask(pc.match_substring_regex(text, r"[^\dX]"))] = IdFault.CHARACTERS
    fault[_mask(pc.match_substring_regex(text, _ROUNDED))] = IdFault.ROUNDED
    fault[length == 0] = IdFault.BLANK

    rows = np.flatnonzero(well_formed & (length == 18))
    old = np.flatnonzero(well_formed & (length == 15))
    digits = np.concatenate([_digits(text, rows, 18), _upgraded(_digits(text, old, 15))])
    where = np.concatenate([rows, old])
    born, real = _birth_days(digits.T)
    right = _check_bytes(digits.T) == digits[:, 17]
    ends_in_zeros = (digits[:, 14:17] == 48).all(axis=1)
    ends_in_zeros[: len(rows)] = (digits[: len(rows), 15:18] == 48).all(axis=1)
    verdict = np.where(real, np.where(right, IdFault.NONE, IdFault.CHECK), IdFault.BIRTH_DATE)
    verdict = np.where(ends_in_zeros & (verdict == IdFault.NONE) & (np.arange(len(where)) < len(rows)),
                       IdFault.SUSPECT, np.where(ends_in_zeros, IdFault.ROUNDED, verdict))  # fmt: skip
    fault[where] = verdict
    return _derived(count, where, digits, born, fault, len(rows))


def fault_text(fault: int) -> tuple[str, str, str]:
    """What a fault is, what is expected instead, and the way out, in the user's language."""
    expected = _("18 位身份证号（最后一位可以是 X）")
    texts = {
        IdFault.ROUNDED: (
            _("身份证号被表格软件四舍五入，后几位已经丢失"),
            expected,
            _("请先把这一列设为“文本”格式，再照证件重新录入；丢失的数字无法恢复"),
        ),
        IdFault.LENGTH: (_("身份证号位数不对"), expected, _("请照证件核对，看是否多了或少了数字")),
        IdFault.CHARACTERS: (_("身份证号里有数字和 X 以外的字符"), expected, _("请照证件重新录入")),
        IdFault.BIRTH_DATE: (_("身份证号第 7 至 14 位不是真实的日期"), expected, _("请照证件核对出生年月日那 8 位")),
        IdFault.CHECK: (_("身份证号校验位不对，至少有一位数字录错"), expected, _("请照证件逐位核对")),
        IdFault.SUSPECT: (
            _("身份证号末三位都是 0，可能被表格软件四舍五入过"),
            _("与证件一致的身份证号"),
            _("请照证件核对最后四位"),
        ),
    }
    return texts[IdFault(fault)]


def _check_plain(text: pa.Array) -> IdCheck:
    """The same for a column in which every number is written as it should be: nearly every block of a real list."""
    count = len(text)
    first = np.frombuffer(text.buffers()[1], dtype=np.int32)[text.offset]
    digits = np.frombuffer(text.buffers()[2], dtype=np.uint8)[first : first + count * 18].reshape(-1, 18)
    by_place = np.ascontiguousarray(digits.T)  # the same sign of all numbers side by side: ten times as fast
    born, real = _birth_days(by_place)
    right = _check_bytes(by_place) == by_place[17]
    ends_in_zeros = (by_place[15] == 48) & (by_place[16] == 48) & (by_place[17] == 48)
    fault = np.zeros(count, dtype=np.uint8)
    fault[~right] = IdFault.CHECK
    fault[~real] = IdFault.BIRTH_DATE
    fault[ends_in_zeros] = np.where(fault[ends_in_zeros] == IdFault.NONE, IdFault.SUSPECT, IdFault.ROUNDED)
    upgraded = np.zeros(count, dtype=bool)
    stands = (fault == IdFault.NONE) | (fault == IdFault.SUSPECT)
    if stands.all():
        return IdCheck(text, fault, pa.array(born, pa.int32()).cast(pa.date32()), upgraded)
    text = pc.if_else(pa.array(stands), text, pa.scalar(None, pa.string()))
    days = pa.array(np.where(stands, born, 0), pa.int32(), mask=~stands).cast(pa.date32())
    return IdCheck(text, fault, days, upgraded)


def _normalised(text: pa.Array) -> pa.Array:
    plain = pc.replace_substring_regex(pc.utf8_normalize(text, form="NFKC"), _NOISE, "")
    return pc.utf8_upper(plain)


def _digits(text: pa.Array, rows: NDArray[np.intp], width: int) -> NDArray[np.uint8]:
    """The characters of the chosen rows as a matrix of bytes; all are `width` ASCII characters long."""
    if not len(rows):
        return np.zeros((0, width), dtype=np.uint8)
    chosen = text.take(pa.array(rows))
    return np.frombuffer(chosen.buffers()[2], dtype=np.uint8)[: len(rows) * width].reshape(-1, width)


def _upgraded(digits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """15-digit numbers with the century and the check character put in."""
    full = np.zeros((len(digits), 18), dtype=np.uint8)
    full[:, :6] = digits[:, :6]
    full[:, 6:8] = np.frombuffer(b"19", dtype=np.uint8)
    full[:, 8:17] = digits[:, 6:15]
    full[:, 17] = _check_bytes(full.T)
    return full


def _check_bytes(signs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The check characters of numbers; `signs` has one row for each of their places."""
    total = np.zeros(signs.shape[1], dtype=np.uint16)  # no sum of bytes comes near the end of its range
    for place, weight in enumerate(_WEIGHTS.tolist()):
        total += np.multiply(signs[place], weight, dtype=np.uint16)
    return np.asarray(_CHECK_OF_TOTAL[total], dtype=np.uint8)


def _birth_days(signs: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Days since 1970 and whether places 7 to 14 are a real date after 1850; `signs` has one row for each place."""
    eight = [(row - np.uint8(48)).astype(np.int32) for row in signs[6:14]]
    year = eight[0] * 1000 + eight[1] * 100 + eight[2] * 10 + eight[3]
    month, day = eight[4] * 10 + eight[5], eight[6] * 10 + eight[7]
    if signs.shape[1] < _MANY:
        return _each_birth_day(year, month, day)
    row = year - _FIRST_YEAR
    inside = (row >= 0) & (row < _TABLE_YEARS) & (month < _MONTHS) & (day < _DAYS)
    at = (row * _MONTHS + month) * _DAYS + day
    days = _table_of_days()[at if inside.all() else np.where(inside, at, 0)]
    real = days != _NO_DAY
    far = np.flatnonzero(row >= _TABLE_YEARS)
    if len(far):
        days[far], real[far] = _each_birth_day(year[far], month[far], day[far])
    return days, real


@cache
def _table_of_days() -> NDArray[np.int32]:
    """Days since 1970 of every year, month and day from 1850 on: there are far fewer days than people."""
    year, month, day = np.indices((_TABLE_YEARS, _MONTHS, _DAYS), dtype=np.int32).reshape(3, -1)
    days, real = _each_birth_day(year + _FIRST_YEAR, month, day)
    return np.where(real, days, _NO_DAY).astype(np.int32)


def _each_birth_day(
    year: NDArray[np.int32], month: NDArray[np.int32], day: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    in_month = lengths[np.clip(month, 0, 12)] + (leap & (month == 2))
    real = (year >= _FIRST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= in_month)
    months = (np.where(real, year, 1970) - 1970) * 12 + np.where(real, month, 1) - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + np.where(real, day, 1) - 1
    return days.astype(np.int32), real


def _derived(
    count: int,
    where: NDArray[np.intp],
    digits: NDArray[np.uint8],
    born: NDArray[np.int32],
    fault: NDArray[np.uint8],
    full_length: int,
) -> IdCheck:
    stands = np.isin(fault[where], (IdFault.NONE, IdFault.SUSPECT))
    matrix = np.zeros((count, 18), dtype=np.uint8)
    matrix[where] = digits
    missing = np.ones(count, dtype=bool)
    missing[where[stands]] = False
    days = np.zeros(count, dtype=np.int32)
    days[where] = born
    upgraded = np.zeros(count, dtype=bool)
    upgraded[where[full_length:]] = True
    numbers = pa.array(matrix.reshape(-1).view("S18").astype("U18") if count else [], pa.string(), mask=missing)
    return IdCheck(
        numbers,
        fault,
        pa.array(days, pa.int32(), mask=missing).cast(pa.date32()),
        upgraded & ~missing,
    )


def _mask(array: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)


def _lengths(array: pa.Array) -> NDArray[np.int64]:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.int64)
