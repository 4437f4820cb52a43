"""Observable facts of households as the columns of a regression, with a told rule for what is unknown.

Numbers stand as they are or in bands; truth values and choices as columns of 0 and 1, the first level that occurs being the one
compared with. A choice of several (choices) has a column for each code.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.measures.errors import MeasureError
from zhikun.measures.values import Named, column, numbers
from zhikun.tables import cell_text
from zhikun.wording import _, with_unit

UNKNOWN = "__unknown"  # the level of its own
_TRUE, _FALSE = "true", "false"


class Unknowns(StrEnum):
    """What becomes of a household of which a fact is unknown.

    LEAVE_OUT: it is in no fit and gets no prediction. OWN_LEVEL: "unknown" is one more level of the fact (a number without bands
    cannot have one). It is never taken for zero.
    """

    LEAVE_OUT = "leave-out"
    OWN_LEVEL = "own-level"


@dataclass(frozen=True, slots=True)
class Predictor:
    """A fact by which income is to be told; `bands` are the numbers at which a new band begins."""

    value: Named
    bands: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One column: the number itself (`level` ''), or whether the fact has this level."""

    fact: str
    level: str
    title: str


@dataclass(frozen=True, slots=True)
class _Levels:
    """The levels of a fact that occurred, the first being compared with; of numbers without bands none."""

    predictor: Predictor
    base: str
    others: tuple[str, ...]
    labels: Mapping[str, str]
    several: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    """The columns of some households: NaN rows have no place in the model; `missing` says by fact which, first reason first."""

    rows: NDArray[np.float64]
    usable: NDArray[np.bool_]
    missing: Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Design:
    """Which columns there are. Made from the households of the fit; others are laid out in the same columns."""

    facts: tuple[_Levels, ...]
    unknowns: Unknowns
    terms: tuple[Term, ...]
    constant: Mapping[str, str] = field(default_factory=dict)  # facts of one level only, that level in words: no column

    @classmethod
    def of(cls, table: pa.Table, predictors: Sequence[Predictor], unknowns: Unknowns) -> Design:
        """The design of these households. Raises MeasureError."""
        if not predictors:
            raise MeasureError(_("没有写任何一项事实，没有可以推算的依据。"))
        names = [one.value.name for one in predictors]
        doubled = next((one.value.title for one in predictors if names.count(one.value.name) > 1), None)
        if doubled is not None:
            raise MeasureError(_("“{t}”写了两次；每项事实只写一次。").format(t=doubled))
        facts = tuple(_levels(one, table, unknowns) for one in predictors)
        terms = tuple(term for one in facts for term in _terms(one))
        constant = {
            one.predictor.value.title: one.labels.get(one.base, one.base)
            for one in facts
            if one.labels and not one.others and not one.several
        }
        return cls(facts, unknowns, terms, constant)

    def matrix(self, table: pa.Table) -> Matrix:
        """The households in these columns. A level that the fit never saw is as good as unknown."""
        parts, missing = [], {}
        usable = np.ones(table.num_rows, np.bool_)
        for one in self.facts:
            columns, known = _columns(one, table, self.unknowns)
            parts.extend(columns)
            missing[one.predictor.value.title] = ~known
            usable &= known
        rows = np.column_stack(parts) if parts else np.zeros((table.num_rows, 0))
        return Matrix(np.where(usable[:, None], rows, np.nan), usable, missing)


def _levels(one: Predictor, table: pa.Table, unknowns: Unknowns) -> _Levels:
    if one.bands and one.value.type != "number":
        raise MeasureError(_("“{t}”不是数字，不能分段；请去掉冒号后面的数。").format(t=one.value.title))
    if list(one.bands) != sorted(set(one.bands)):
        raise MeasureError(_("“{t}”的分段要从小到大，不能重复。").format(t=one.value.title))
    if one.value.type == "number" and not one.bands:
        if unknowns is Unknowns.OWN_LEVEL:
            raise MeasureError(
                _("“{t}”是没有分段的数字，“不清楚”不能自成一级。请分段，如 {n}:1,3，或让不清楚的户不参加。").format(
                    t=one.value.title, n=one.value.name)
            )  # fmt: skip
        return _Levels(one, "", (), {})
    labels = {**level_labels(one), UNKNOWN: _("不清楚")}
    own = unknowns is Unknowns.OWN_LEVEL
    if one.value.type == "choices":
        found = {
            code for codes in _codes(one, table, own=own) if codes is not None for code in codes.split("\n") if code
        }
        return _Levels(one, "", tuple(code for code in labels if code in found), labels, several=True)
    found = {code for code in _codes(one, table, own=own) if code is not None}
    present = [code for code in labels if code in found]
    return _Levels(one, present[0] if present else "", tuple(present[1:]), labels)


def level_labels(one: Predictor) -> dict[str, str]:
    """The levels of a fact in order, with their words: codes of a choice, no and yes, or bands."""
    if one.value.type == "boolean":
        return {_FALSE: _("否"), _TRUE: _("是")}
    if one.value.type in ("choice", "choices"):
        return dict(one.value.labels)
    if one.value.type == "number":
        return dict(_band_labels(one))
    raise MeasureError(
        _("“{t}”是文字、日期或地点，不能作为推算的依据。请用数字、是/否或选项的事实。").format(t=one.value.title)
    )


def _band_labels(one: Predictor) -> Iterator[tuple[str, str]]:
    edges: tuple[float | None, ...] = (None, *one.bands, None)
    for low, below in pairwise(edges):
        code = f"{cell_text(low)}..{cell_text(below)}"
        if low is None:
            yield code, _("不到 {b}").format(b=cell_text(below))
        else:
            words = _("{a} 及以上") if below is None else _("{a} 至不到 {b}")
            yield code, words.format(a=cell_text(low), b=cell_text(below))


def _codes(one: Predictor, table: pa.Table, *, own: bool) -> list[str | None]:
    """The level of each household; of choices its codes, one a line; None where it is unknown and that is no level of its `own`."""
    unknown = UNKNOWN if own else None
    values = column(table, one.value)
    if one.value.type == "number":
        labels = list(level_labels(one))
        floats = numbers(values, one.value.title)
        return [unknown if np.isnan(v) else labels[bisect_right(one.bands, v)] for v in floats]
    known = {*level_labels(one), UNKNOWN}
    found: list[str | None] = []
    for value in values.to_pylist():
        if value is None:
            found.append(unknown)
        elif isinstance(value, list):
            found.append("\n".join(map(str, value)))
        else:
            found.append(str(value).lower() if isinstance(value, bool) else str(value))
    strange = {code for codes in found if codes for code in codes.split("\n")} - known
    if strange:
        raise MeasureError(
            _("“{t}”里有政策包没有的选项“{c}”。结果和政策包不是一套，请用同一政策包重新评估。").format(
                t=one.value.title, c=min(strange))
        )  # fmt: skip
    return found


def _terms(one: _Levels) -> Iterator[Term]:
    value = one.predictor.value
    if not one.labels:
        yield Term(value.name, "", with_unit(value.title, value.unit))
    for level in one.others:
        yield Term(value.name, level, f"{value.title}：{one.labels[level]}")


def _columns(one: _Levels, table: pa.Table, unknowns: Unknowns) -> tuple[list[NDArray[np.float64]], NDArray[np.bool_]]:
    """The columns of one fact, and which households have a place in them."""
    if not one.labels:
        floats = numbers(column(table, one.predictor.value), one.predictor.value.title)
        return [floats], ~np.isnan(floats)
    codes = _codes(one.predictor, table, own=unknowns is Unknowns.OWN_LEVEL)
    if one.several:
        seen = set(one.others)
        sets = [None if c is None else set(c.split("\n")) - {""} for c in codes]
        known = np.array([s is not None and s <= seen for s in sets], np.bool_)
        return [np.array([s is not None and code in s for s in sets], np.float64) for code in one.others], known
    seen = {one.base, *one.others} - {""}
    known = np.array([c in seen for c in codes], np.bool_)
    return [np.array([c == code for c in codes], np.float64) for code in one.others], known
