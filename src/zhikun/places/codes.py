"""The arithmetic of area codes: 12 digits, 2 for the province, 2 for the city, 2 for the county, 3 and 3 below.

Source: 统计用区划代码和城乡划分代码编制规则（国家统计局）, on top of GB/T 2260 and GB/T 10114.
"""

from __future__ import annotations

import re

from zhikun.places.models import FREE_DIGITS, AreaRange, Level

#: How many digits people write for an area of each level; the rest are zeros.
WRITTEN = {2: Level.PROVINCE, 4: Level.CITY, 6: Level.COUNTY, 9: Level.TOWNSHIP, 12: Level.VILLAGE}
_DIGITS = re.compile(r"[1-9]\d*", re.ASCII)


def read_code(text: str) -> int | None:
    """A code of 2, 4, 6, 9 or 12 digits as the number of 12; None where the text is no such code."""
    plain = text.strip()
    if len(plain) not in WRITTEN or not _DIGITS.fullmatch(plain):
        return None
    return int(plain.ljust(12, "0"))


def level_of(code: int) -> Level:
    """The level that the zeros at the end of a code say."""
    return next(level for level in Level if code % 10 ** FREE_DIGITS[level] == 0)


def range_of(code: int) -> AreaRange:
    """The codes of the area and of everything below it."""
    return AreaRange(code, code + 10 ** FREE_DIGITS[level_of(code)] - 1)


def above(code: int) -> list[int]:
    """The codes of the areas that contain this one, the province first.

    A township of a city without counties (441900003000) hangs on the city (441900000000): there is one code less.
    """
    codes = (code - code % 10 ** FREE_DIGITS[level] for level in Level)
    return [one for one in dict.fromkeys(codes) if one != code]


def parent_of(code: int) -> int | None:
    """The code of the area just above; a province has none."""
    chain = above(code)
    return chain[-1] if chain else None


def above_or_same(code: int, other: int) -> bool:
    """Whether the second area is the first one or lies in it."""
    return code == other or code in above(other)


def short(code: int) -> str:
    """The code as people write it: 6 digits for a county, 9 for a township, 12 for a village."""
    length = next(length for length, level in WRITTEN.items() if level == level_of(code))
    return str(code)[:length]


def in_ranges(code: int, ranges: list[AreaRange]) -> bool:
    """Whether the code lies in one of the ranges; of no range: never."""
    return any(one.first <= code <= one.last for one in ranges)


def common(codes: list[int]) -> int | None:
    """The smallest area that contains all of them; None where they share no province."""
    if not codes:
        return None
    chains = [{*above(code), code} for code in codes]
    return max(set.intersection(*chains), default=None)
