"""Score cards: a table of points that a visitor adds up on paper. CSV: fact, level, points.

A row without a fact is the base. `level` is a code or 是/否 of the fact, a band `3..5` (from 3, below 5; either end may be left out), or
`each` for points times the number. Every level that may be met has its row; one without a row leaves the score undetermined.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhikun.engine.packs.model import Pack
from zhikun.measures.design import UNKNOWN
from zhikun.measures.errors import MeasureError
from zhikun.measures.means import Model
from zhikun.measures.values import MILLIONTHS, Named, column, named
from zhikun.tables import RowMessage, UnreadableFile, read_sheets, write_csv
from zhikun.wording import _

HEADER = ("fact", "level", "points", "note")
EACH = "each"
_WORDS = {"是": "true", "否": "false"}


@dataclass(frozen=True, slots=True)
class Line:
    """Points of one level of a fact."""

    level: str
    points: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A base, and the lines of each fact."""

    base: float
    facts: tuple[tuple[Named, tuple[Line, ...]], ...]

    def scores(self, table: pa.Table) -> list[Score]:
        """The score of each household, in the order of the table. Raises MeasureError where a fact is not there at all."""
        columns = [(fact, lines, column(table, fact).to_pylist()) for fact, lines in self.facts]
        return [self._score([(f, lines, values[i]) for f, lines, values in columns]) for i in range(table.num_rows)]

    def _score(self, answers: Sequence[tuple[Named, tuple[Line, ...], Any]]) -> Score:
        micro, missing = round(self.base * MILLIONTHS), []
        for fact, lines, value in answers:
            points = _points(lines, value)
            if points is None:
                missing.append(fact.title)
            else:
                micro += round(points * MILLIONTHS)
        return Score(None if missing else micro / MILLIONTHS, tuple(missing))


@dataclass(frozen=True, slots=True)
class Score:
    """A household's points; None where a fact is unknown or no line of the card fits, with those facts."""

    points: float | None
    missing: tuple[str, ...] = ()


def of_model(model: Model, step: float) -> Card:
    """The model's coefficients as whole points of `step` each (half away from zero): score x step is near the fitted value.

    With a logarithm and a step of 0.01 a point is about one per cent. Levels that the fit did not see have no line.
    """
    if not step > 0:
        raise MeasureError(_("每分的大小要大于 0；这里是 {s}。").format(s=step))
    points = {(one.term.fact, one.term.level): _rounded(one.value / step) for one in model.coefficients}
    facts = []
    for one in model.design.facts:
        value = one.predictor.value
        levels = [("", EACH)] if not one.labels else [(level, level) for level in (one.base, *one.others) if level]
        facts.append((value, tuple(
            Line(shown, points.get((value.name, level), 0.0), one.labels.get(level, _("每 1 {u}").format(u=value.unit).strip()))
            for level, shown in levels
        )))  # fmt: skip
    return Card(points["", ""], tuple(facts))


def _rounded(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value) + 0.0


def _points(lines: Sequence[Line], value: object) -> float | None:
    if isinstance(value, list):  # a fact of several codes: the points of each
        each = {line.level: line.points for line in lines}
        return sum(each[str(code)] for code in value) if all(str(code) in each for code in value) else None
    for line in lines:
        if value is None:
            if line.level == UNKNOWN:
                return line.points
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if line.level == EACH:
                return line.points * value
            band = _band(line.level)
            if band is not None and band[0] <= value < band[1]:
                return line.points
        elif line.level == str(value).lower() or line.level == str(value):
            return line.points
    return None


def _band(level: str) -> tuple[float, float] | None:
    """(from, below) of `3..5`, `..3`, `5..`; None where it is no band."""
    low, dots, below = level.partition("..")
    try:
        return (float(low or "-inf"), float(below or "inf")) if dots else None
    except ValueError:
        return None


def write_card(card: Card, path: Path) -> None:
    """The card as a CSV that `read_card` reads, and a person."""
    rows: list[tuple[object, ...]] = [("", "", card.base, _("基础分"))]
    rows += [
        (f.name, line.level, line.points, _("{t}：{n}").format(t=f.title, n=line.note))
        for f, lines in card.facts
        for line in lines
    ]
    write_csv(path, HEADER, rows)


def read_card(path: Path, pack: Pack) -> Card:
    """A card from CSV or a workbook, its facts by name or title. Raises UnreadableFile with every row that is wrong."""
    sheet = read_sheets(path)[0]
    found: dict[str, tuple[Named, list[Line]]] = {}
    base: float | None = None
    faults = []
    for number, row in _rows(sheet.head(len(sheet)), path):
        try:
            points = _number(row["points"])
            if row["fact"]:
                fact = named(pack, row["fact"])
                lines = found.setdefault(fact.name, (fact, []))[1]
                lines.append(Line(_level(fact, row["level"], lines), points, row["note"]))
            else:
                base = _base(base, points)
        except MeasureError as error:
            faults.append(RowMessage(path.name, number, "", str(error).rstrip("。"), "", ""))
    if not found and not faults:
        faults.append(RowMessage(path.name, 0, "", _("没有一行有事实"), "", _("请每行写一项事实、一级和分数")))
    if faults:
        raise UnreadableFile(*faults)
    return Card(base or 0.0, tuple((fact, tuple(lines)) for fact, lines in found.values()))


def _rows(texts: Sequence[Sequence[str]], path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    header = [text.strip() for text in texts[0]] if texts else []
    absent = [name for name in HEADER[:3] if name not in header]
    if absent:
        expected = _("第一行写 fact,level,points（事实、级别、分数），可以再有一列 note")
        raise UnreadableFile(RowMessage(path.name, 0, "", _("没有列 {a}").format(a="、".join(absent)), "", expected))
    for number, row in enumerate(texts[1:], start=2):
        cells = {name: row[at].strip() for at, name in enumerate(header)}
        if any(cells.values()):
            yield number, {"note": ""} | cells


def _base(base: float | None, points: float) -> float:
    if base is not None:
        raise MeasureError(_("基础分（没有事实的行）写了两次"))
    return points


def _number(text: str) -> float:
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    if not math.isfinite(points):
        raise MeasureError(_("分数“{t}”不是数字").format(t=text))
    return points


def _level(fact: Named, text: str, earlier: Sequence[Line]) -> str:
    """The level as the card keeps it. Raises MeasureError for one that the fact does not have, or that stands there already."""
    words = {label: code for code, label in fact.labels.items()} | (_WORDS if fact.type == "boolean" else {})
    level = words.get(text, text.lower() if fact.type == "boolean" else text)
    level = UNKNOWN if text == _("不清楚") else level
    codes = {"true", "false"} if fact.type == "boolean" else set(fact.labels)
    band = _band(level)
    if fact.type == "number":
        if level not in (EACH, UNKNOWN) and (band is None or not band[0] < band[1]):
            raise MeasureError(
                _("“{t}”是数字，级别写成段，如 3..5（3 至不到 5）、..3、5..，或 each（按数乘）；这里是“{l}”").format(
                    t=fact.title, l=text
                )
            )
    elif level not in codes | {UNKNOWN}:
        allowed = "、".join(fact.labels.values()) or _("是、否")
        raise MeasureError(_("“{t}”没有“{l}”这一级；可以写 {a}").format(t=fact.title, l=text, a=allowed))
    for line in earlier:
        other = _band(line.level)
        overlap = band and other and band[0] < other[1] and other[0] < band[1]
        if line.level == level or overlap or (EACH in (line.level, level) and UNKNOWN not in (line.level, level)):
            raise MeasureError(
                _("“{t}”的“{l}”与前面的“{o}”重叠，同一户会有两个分数").format(t=fact.title, l=text, o=line.level)
            )
    return level
