"""How a column of texts is spelled, seen in its bytes: good rows, nearly all, are told without a regular expression."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_SIGN = 3  # bytes of a Chinese character in UTF-8
_FIRST, _LAST = 0xE4, 0xE9  # U+4E00 (E4 B8 80) to U+9FFF (E9 BF BF)
_SECOND_OF_FIRST = 0xB8
_DELETE = 0x7F


def holds_bytes(texts: pa.Array, wanted: bytes) -> bool:
    """Whether these bytes stand anywhere in the column; also across the end of a text, which is looked at more closely."""
    content, _ends = _bytes(texts)
    return bool((content == wanted[0]).any()) and wanted in content.tobytes()


def begin_visibly(texts: pa.Array) -> bool:
    """Whether every text begins with a sign that is surely no space: plain ASCII, or a character as common ones in Chinese.

    The column has no nulls. False says nothing.
    """
    content, ends = _bytes(texts)
    if not len(texts) or (ends[1:] == ends[:-1]).any():
        return False
    first = content[ends[:-1]]
    return bool((((first > ord(" ")) & (first < _DELETE)) | ((first >= _FIRST) & (first <= _LAST))).all())


def all_chinese(texts: pa.Array, least: int, most: int) -> NDArray[np.bool_]:
    """Which texts are `least` to `most` characters between U+4E00 and U+9FFF, and nothing else. The column has no nulls."""
    content, ends = _bytes(texts)
    sizes = np.diff(ends)
    fits = (sizes % _SIGN == 0) & (sizes >= least * _SIGN) & (sizes <= most * _SIGN)
    if not fits.all():
        rows = np.flatnonzero(fits)
        found = np.zeros(len(texts), dtype=bool)
        if len(rows):
            found[rows] = all_chinese(texts.take(pa.array(rows)), least, most)
        return found
    signs = content.reshape(-1, _SIGN)
    first = signs[:, 0]
    chinese = (first >= _FIRST) & (first <= _LAST) & ((first > _FIRST) | (signs[:, 1] >= _SECOND_OF_FIRST))
    if chinese.all():
        return fits
    return np.asarray(np.logical_and.reduceat(chinese, (ends[:-1] // _SIGN)))


def _bytes(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """The column's bytes, and where each text ends, beginning with 0."""
    ends = np.frombuffer(texts.buffers()[1] or b"", dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    if not len(texts) or texts.buffers()[2] is None:
        return np.zeros(0, dtype=np.uint8), np.zeros(len(texts) + 1, dtype=np.int32)
    content = np.frombuffer(texts.buffers()[2], dtype=np.uint8)[ends[0] : ends[-1]]
    return content, ends - ends[0]
