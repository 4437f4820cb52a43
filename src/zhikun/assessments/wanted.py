"""What a list of a run's results is narrowed down to: the same words in an address, as a filter, and on the page.

A figure anywhere is a `Wanted`; the list behind it, the figure itself and the export are the same filter over the same
relation, so that a number is the length of its list.

    Wanted(category="support_2")
    Wanted(terms=(Term("cause_illness", ">=", 2.0), Term("cause_study", ">=", 2.0)))    # both causes
    Wanted(terms=(Causes(at=2.0, relation="=", number=3),))                             # three causes exactly
    Wanted(terms=(Lacking((Lack(Term("illness", ">=", 2.0)), ...), ">=", Fraction(2)),))  # lacks two of some things, or more
    wanted.query()            [("category", "support_2"), ("which", "cause_illness>=2"), ...] for an address
    read(request.GET, types_of(run), causes_of(run))   an address read back, or Unreadable
    naming.words(wanted, pack)                        in Chinese, for the page

What is not known yet fulfils nothing, except `Term(name, "=", None)`, which asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import lcm
from typing import Literal

from django.http import QueryDict

#: The category of those who have none yet, and any flag at all, in addresses.
OPEN, ANY = "-", "*"
#: Columns that every run has, whatever its pack calls them.
INDEX, RANK = "_index", "_rank_"
#: What follows the name of a list in the column of its items that are not known yet.
UNSURE = "__undetermined"
RELATIONS = ("=", ">=", "<")
#: More conditions than any figure of the platform has.
MOST_TERMS = 20
#: Points beyond it would not fit into the whole numbers that DuckDB adds up.
_MOST_POINTS = 10**18
_TERM = re.compile(r"([a-z_][a-z0-9_]{0,80})(>=|<|=|~)(\S{1,80})", re.ASCII)
_CAUSES = re.compile(r"causes\((\d{1,4}(?:\.\d{1,6})?)\)(>=|<|=)(\d{1,2}|-)", re.ASCII)
_LACKING = re.compile(r"lacks\(([^()]{1,3000})\)(?:(>=|<|~)([^()]{1,20})|=-)", re.ASCII)
_FRACTION = re.compile(r"\d{1,6}(?:/[1-9]\d{0,5}|\.\d{1,6})?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
#: Codes and paths as packs have them. Nothing else reaches a filter or the record.
_CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}", re.ASCII)
_YES, _NO = frozenset({"on", "true", "True", "1"}), frozenset({"", "false", "False", "0"})
_LONG = re.compile(r"\d{7}", re.ASCII)
_FACT = re.compile(r"[a-z][a-z0-9_]{0,60}\.[a-z][a-z0-9_]{0,80}", re.ASCII)

Kind = Literal["number", "text", "truth", "list", "day"]
_KINDS: dict[str, Kind] = {
    "DOUBLE": "number", "FLOAT": "number", "BIGINT": "number", "INTEGER": "number", "VARCHAR": "text",
    "BOOLEAN": "truth", "VARCHAR[]": "list", "DATE": "day",
}  # fmt: skip


class Unreadable(ValueError):
    """An address that asks for what no figure of the platform asks for. `text`: the part of it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True)
class Term:
    """One result column compared: a number (=, >=, <), a code or truth (=), an item of a list (~); None is not yet known."""

    name: str
    relation: str
    value: str | float | bool | None

    @property
    def text(self) -> str:
        """As it stands in an address."""
        return f"{self.name}{self.relation}{written(self.value)}"

    def condition(self, _causes: Sequence[str]) -> str:
        """As DuckDB reads it."""
        column = _column(self.name)
        if self.value is None:
            return f"{column} IS NULL"
        if self.relation == "~":
            return f"list_contains({column}, {quoted(str(self.value))})"
        return f"{column} {self.relation} {_literal(self.value)}"


@dataclass(frozen=True)
class Causes:
    """How many causes are scored `at` or above. `number` None: it cannot be said yet, because a score is not known."""

    at: float
    relation: str
    number: int | None

    @property
    def text(self) -> str:
        """As it stands in an address."""
        return f"causes({written(self.at)}){self.relation}{OPEN if self.number is None else self.number}"

    def condition(self, causes: Sequence[str]) -> str:
        """As DuckDB reads it: a sum with a NULL in it is NULL."""
        counted = " + ".join(f"({_column(name)} >= {_literal(self.at)})::INTEGER" for name in causes) or "0"
        return f"({counted}) IS NULL" if self.number is None else f"({counted}) {self.relation} {self.number}"


@dataclass(frozen=True)
class Lack:
    """One thing that a household may lack: when it does, and how much that weighs."""

    term: Term
    weight: Fraction = Fraction(1)

    @property
    def text(self) -> str:
        """As it stands in an address."""
        return self.term.text if self.weight == 1 else f"{self.term.text}*{self.weight}"


@dataclass(frozen=True)
class Lacking:
    """Whether the weights of what a household lacks add up to a cutoff (docs/reference/measures.md).

    `relation` ">=": they do, whatever is not known; "<": they do not; "~": that cannot be said yet, because something is not
    known; "=": something is not known, and there is no cutoff.
    """

    lacks: tuple[Lack, ...]
    relation: str
    cutoff: Fraction = Fraction(0)

    @property
    def text(self) -> str:
        """As it stands in an address."""
        told = "=-" if self.relation == "=" else f"{self.relation}{self.cutoff}"
        return f"lacks({';'.join(one.text for one in self.lacks)}){told}"

    @property
    def scale(self) -> int:
        """By what weights and cutoff are whole numbers."""
        return lcm(self.cutoff.denominator, *(one.weight.denominator for one in self.lacks))

    def condition(self, causes: Sequence[str]) -> str:
        """As DuckDB reads it; weights and cutoff as whole numbers of one denominator, so that nothing is rounded."""
        if self.relation == "=":
            return "(" + " OR ".join(f"({one.term.condition(causes)}) IS NULL" for one in self.lacks) + ")"
        scale = self.scale
        line = int(self.cutoff * scale)

        def points(unknown: int) -> str:
            each = (
                f"coalesce(({one.term.condition(causes)})::BIGINT, {unknown}) * {int(one.weight * scale)}"
                for one in self.lacks
            )
            return f"({' + '.join(each)})"

        if self.relation == ">=":
            return f"{points(0)} >= {line}"
        if self.relation == "<":
            return f"{points(1)} < {line}"
        return f"({points(0)} < {line} AND {points(1)} >= {line})"


@dataclass(frozen=True)
class Wanted:
    """What a list of results is narrowed down to. Codes have been checked against the pack before they come here."""

    category: str = ""
    flag: str = ""
    missing: str = ""
    undetermined: bool = False
    terms: tuple[Term | Causes | Lacking, ...] = ()

    def condition(self, causes: Sequence[str] = ()) -> str:
        """The filter in DuckDB's words; `causes`: the columns of the run that the pack calls causes (results.causes_of)."""
        told = ["true"]
        if self.category:
            told.append("_category IS NULL" if self.category == OPEN else f"_category = {quoted(self.category)}")
        if self.flag == ANY:
            told.append("len(_flags) > 0")
        elif self.flag:
            told.append(f"list_contains(_flags, {quoted(self.flag)})")
        if self.missing:
            told.append(f"list_contains(_missing, {quoted(self.missing)})")
        if self.undetermined:
            told.append("_undetermined")
        told += [one.condition(causes) for one in self.terms]
        return " AND ".join(told)

    def query(self) -> list[tuple[str, str]]:
        """The same in an address, without the place."""
        told = [("category", self.category), ("flag", self.flag), ("missing", self.missing)]
        told += [("undetermined", "on")] if self.undetermined else []
        return [pair for pair in told if pair[1]] + [("which", one.text) for one in self.terms]


def kinds(types: Mapping[str, str]) -> dict[str, Kind]:
    """What a run's columns can be compared with. `types`: as DuckDB calls them (results.types_of)."""
    found = {}
    for name, type_ in types.items():
        own = name != "household" and not name.startswith("_")
        if type_ in _KINDS and (own or name == INDEX or name.startswith(RANK)):
            found[name] = _KINDS[type_]
    return found


def read(query: QueryDict, types: Mapping[str, str], causes: Sequence[str]) -> Wanted:
    """What an address asks of a run with columns of these types, of which the pack calls some causes.

    Raises Unreadable: a condition left out would make the list longer than its number. A code that no household has is
    readable; packs before today's had others.
    """
    category, flag, missing = (query.get(name, "") for name in ("category", "flag", "missing"))
    if category and category != OPEN and not is_code(category):
        raise Unreadable(category)
    if flag and flag != ANY and not is_code(flag):
        raise Unreadable(flag)
    if missing and not (_FACT.fullmatch(missing) and not _LONG.search(missing) and "_missing" in types):
        raise Unreadable(missing)
    known, texts = kinds(types), list(dict.fromkeys(query.getlist("which")))
    if len(texts) > MOST_TERMS:
        raise Unreadable(texts[MOST_TERMS])
    told = query.get("undetermined", "")
    if told not in _YES | _NO:
        raise Unreadable(told)
    undetermined = told in _YES
    return Wanted(category, flag, missing, undetermined, tuple(term(one, known, causes) for one in texts))


def term(text: str, known: Mapping[str, Kind], causes: Sequence[str] = ()) -> Term | Causes | Lacking:
    """A term of an address; `known`: the run's columns, `causes`: those of them that are causes. Raises Unreadable."""
    lacking = _LACKING.fullmatch(text)
    if lacking is not None:
        return _lacking(text, lacking, known)
    several = _CAUSES.fullmatch(text)
    if several is not None:
        at, relation, number = several.groups()
        if not causes or (number == OPEN and relation != "="):
            raise Unreadable(text)
        return Causes(float(at), relation, None if number == OPEN else int(number))
    found = _TERM.fullmatch(text)
    if found is None or found[1] not in known:
        raise Unreadable(text)
    name, relation, value = found.groups()
    if value == OPEN:
        if relation != "=":
            raise Unreadable(text)
        return Term(name, relation, None)
    told = _value(value, known[name])
    if told is None or relation not in _RELATIONS_OF[known[name]]:
        raise Unreadable(text)
    return Term(name, relation, told)


def lacks(text: str, known: Mapping[str, Kind]) -> tuple[Lack, ...]:
    """What `Lack.text` wrote, joined by semicolons: illness>=2;housing>=2*1/6. Raises Unreadable."""
    found = []
    for one in text.split(";"):
        condition, star, weight = one.partition("*")
        read = term(condition, known)
        truth = isinstance(read, Term) and (read.value is True or isinstance(read.value, float))
        if not isinstance(read, Term) or not truth or (read.value is True) is not (read.relation == "="):
            raise Unreadable(one)
        found.append(Lack(read, fraction(weight) if star else Fraction(1)))
    return tuple(found)


def fraction(text: str) -> Fraction:
    """2, 0.5 or 1/3, and more than nothing. Raises Unreadable."""
    if not _FRACTION.fullmatch(text) or not Fraction(text):
        raise Unreadable(text)
    return Fraction(text)


def _lacking(text: str, found: re.Match[str], known: Mapping[str, Kind]) -> Lacking:
    listed, relation, number = found.groups()
    try:
        told = Lacking(lacks(listed, known), relation or "=", Fraction(0) if relation is None else fraction(number))
    except Unreadable:
        raise Unreadable(text) from None  # the condition is taken away whole
    whole = sum((one.weight for one in told.lacks), told.cutoff)
    if whole * told.scale > _MOST_POINTS:
        raise Unreadable(text)
    return told


def is_code(text: str) -> bool:
    """Whether it could be a code of a pack; the number of a person or of an account is none."""
    return _CODE.fullmatch(text) is not None and _LONG.search(text) is None


def quoted(text: str) -> str:
    """A text as DuckDB reads it."""
    return "'" + text.replace("'", "''") + "'"


def written(value: str | float | bool | None) -> str:
    """A value as it stands in an address; a number with no more decimals than it has."""
    if value is None:
        return OPEN
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


_RELATIONS_OF: dict[Kind, tuple[str, ...]] = {
    "number": RELATIONS, "day": RELATIONS, "text": ("=",), "truth": ("=",), "list": ("~",),
}  # fmt: skip


def _value(text: str, kind: Kind) -> str | float | bool | None:
    """A value for a column of this kind; None for what is none. "2" is a number or a code, as the column is."""
    if kind == "number":
        return float(text) if _NUMBER.fullmatch(text) else None
    if kind == "truth":
        return text == "true" if text in {"true", "false"} else None
    if kind == "day":
        return text if _is_day(text) else None
    return text if is_code(text) else None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _column(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str | float | bool) -> str:
    """Numbers as DOUBLE: as a decimal they would be turned into one by a division, and miss the last digit."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{written(value)}'::DOUBLE" if isinstance(value, int | float) else quoted(value)
