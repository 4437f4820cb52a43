"""How two values of one field are compared: named levels, each with its SQL, its words and its usual probabilities.

DuckDB's string distances count bytes, and a Chinese character has three: 王小明 and 王小红 are 3 apart, not 1.
Jaro-Winkler and edit distance are therefore asked of Latin letters and digits only; Chinese text is compared by the
characters both have.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a field holds decides how it is compared."""

    NAME = "name"
    DATE = "date"
    NUMBER = "number"
    TEXT = "text"
    CODE = "code"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of a comparison.

    `m` is how often it is seen between records of one person, `u` between records of two; both replace what training
    could not observe. They are our own, not measured on a county: samples, until training replaces them.
    """

    key: str
    sql: str
    m: float
    u: float


_LATIN = "regexp_matches({l} || {r}, '^[a-z0-9 .,''/-]+$')"
_SHARED = "len(list_intersect(string_split({l}, ''), string_split({r}, '')))"
_LETTERS = "len(list_distinct(string_split({side}, '')))"
_MOST = f"greatest({_LETTERS.replace('{side}', '{l}')}, {_LETTERS.replace('{side}', '{r}')})"
_ALL = "len(list_distinct(list_concat(string_split({l}, ''), string_split({r}, ''))))"


def _latin(limit: float) -> str:
    return f"({_LATIN} AND jaro_winkler_similarity({{l}}, {{r}}) >= {limit})"


def _shared(limit: float) -> str:
    return f"(NOT {_LATIN} AND {_SHARED} >= {limit} * {_ALL})"


# 王小明, 王晓明: all characters but one. Names of two characters share too little by then.
_ONE_CHARACTER = f"(NOT {_LATIN} AND {_MOST} >= 3 AND {_SHARED} >= {_MOST} - 1)"
_EXACT = "{l} = {r}"
# 1980-03-05, 1980-05-03: day and month have changed places. Dates are written 19800305.
_DAY_MONTH = "({l}[1:4] = {r}[1:4] AND {l}[5:6] = {r}[7:8] AND {l}[7:8] = {r}[5:6])"
_ELSE = "ELSE"

LEVELS: dict[Kind, tuple[Level, ...]] = {
    Kind.NAME: (
        Level("same", _EXACT, 0.90, 0.0005),
        Level("swapped", "{l} = {other_r} AND {r} = {other_l}", 0.01, 0.00001),
        Level("one_character", f"({_latin(0.9)} OR {_ONE_CHARACTER})", 0.05, 0.003),
        Level("near", f"({_latin(0.8)} OR {_shared(0.5)})", 0.02, 0.01),
        Level("different", _ELSE, 0.02, 0.98649),
    ),
    Kind.DATE: (
        Level("same", _EXACT, 0.92, 0.00005),
        Level("day_month", _DAY_MONTH, 0.01, 0.00005),
        Level("one_digit", "damerau_levenshtein({l}, {r}) <= 1", 0.04, 0.002),
        Level("two_digits", "damerau_levenshtein({l}, {r}) <= 2", 0.02, 0.02),
        Level("different", _ELSE, 0.01, 0.97795),
    ),
    Kind.NUMBER: (
        Level("same", _EXACT, 0.95, 0.00001),
        Level("one_digit", "damerau_levenshtein({l}, {r}) <= 1", 0.03, 0.0005),
        Level("two_digits", "damerau_levenshtein({l}, {r}) <= 2", 0.01, 0.005),
        Level("different", _ELSE, 0.01, 0.99449),
    ),
    Kind.TEXT: (
        Level("same", _EXACT, 0.55, 0.0005),
        Level("alike", f"({_latin(0.9)} OR {_shared(0.7)})", 0.20, 0.01),
        Level("near", f"({_latin(0.8)} OR {_shared(0.5)})", 0.10, 0.05),
        Level("different", _ELSE, 0.15, 0.9395),
    ),
    Kind.CODE: (
        Level("same", _EXACT, 0.98, 0.50),
        Level("different", _ELSE, 0.02, 0.50),
    ),
    Kind.PLACE: (
        Level("same", "{l} = {r} AND length({l}) >= 12", 0.70, 0.003),
        Level("township", "length({l}) >= 9 AND length({r}) >= 9 AND {l}[1:9] = {r}[1:9]", 0.18, 0.04),
        Level("county", "{l}[1:6] = {r}[1:6]", 0.09, 0.80),
        Level("different", _ELSE, 0.03, 0.157),
    ),
}


def levels_of(kind: Kind, *, partnered: bool) -> tuple[Level, ...]:
    """The levels of a kind; two name columns may be swapped only where there are two."""
    return tuple(level for level in LEVELS[kind] if partnered or level.key != "swapped")
