"""The rows of one sheet: which of them count, whose they are, and what has been found in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.engine.packs.model import Fact, Place, Source
from zhikun.identity import check_id_numbers
from zhikun.intake.survey.convert import Context, convert
from zhikun.intake.survey.headings import Mapped
from zhikun.intake.survey.layout import example_mark
from zhikun.intake.survey.numbers import convert_number
from zhikun.intake.survey.values import Converted, Finding, clean, mask_of, quoted
from zhikun.tables import Column, Kind, RowMessage, Severity
from zhikun.wording import _

_ID_NUMBER = re.compile(r"(?<!\d)(\d{17}[\dXx]|\d{15})(?!\d)")
_ROW_FACT = Fact("row", "", "", "number", Source(), Place("", 0), decimals=0, min=1, max=9999)


@dataclass(slots=True)
class Rows:
    """The rows of a sheet that carry data. Positions count from 0 among them; `numbers` are the spreadsheet's."""

    mapped: Mapped
    numbers: NDArray[np.int32]
    kept: NDArray[np.intp]  # positions in the grid
    households: pa.Array  # null where there is none
    row: NDArray[np.int32]
    facts: dict[str, Converted] = field(default_factory=dict)
    findings: list[tuple[str, Finding]] = field(default_factory=list)  # heading ('' the row), finding
    examples: int = 0
    empty: int = 0
    left_out: int = 0  # rows told of elsewhere
    cut_off: NDArray[np.bool_] | None = None  # rows whose household above is told of elsewhere and not among these

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def sheet(self) -> str:
        return self.mapped.grid.sheet

    def heading(self, fact: str) -> str:
        """The heading of a fact as it stands in the file."""
        return self.mapped.grid.header[self.mapped.facts[fact]].strip()

    def household_column(self) -> str:
        return self.mapped.grid.header[self.mapped.household].strip()

    def report(self, index: int, column: str, found: str, expected: str, remedy: str,
               severity: Severity = Severity.ERROR, wrong: str = "") -> None:  # fmt: skip
        self.findings.append((column, Finding(index, found, expected, remedy, severity, wrong)))


class Told(Protocol):
    """Another file that tells of some of the households."""

    def left(
        self, mapped: Mapped, context: Context, kept: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """The positions among `kept` that still count here, and which of them stood below a household told of there."""


def household_numbers(mapped: Mapped) -> pa.Array:
    """Every household of a household sheet, whatever else is wrong with its row."""
    return usable_numbers(mapped.grid.columns[mapped.household]).drop_null().unique()


def usable_numbers(column: Column) -> pa.Array:
    """The household of each row; null where it cannot be told."""
    return _households(column)[0]


def take_rows(mapped: Mapped, context: Context, elsewhere: Told | None = None) -> Rows:
    """Leave out empty and example rows, find households and row numbers, convert every fact."""
    grid = mapped.grid
    used = [mapped.household, *mapped.facts.values()]
    filled = np.zeros(len(grid.rows), dtype=bool)
    for index in used:
        filled |= ~np.isin(grid.columns[index].kind, (Kind.BLANK, Kind.MERGED))
    keys = clean(grid.columns[mapped.household].text)
    examples = filled & mask_of(pc.starts_with(keys, example_mark()))
    kept = np.flatnonzero(filled & ~examples)
    cut_off, before = None, len(kept)
    if elsewhere is not None:
        kept, cut_off = elsewhere.left(mapped, context, kept)
    households, found = _households(grid.columns[mapped.household].take(kept))
    rows = Rows(mapped, grid.rows[kept], kept, households, np.zeros(len(kept), dtype=np.int32))
    rows.left_out, rows.cut_off = before - len(kept), cut_off
    rows.examples, rows.empty = int(examples.sum()), int((~filled).sum())
    rows.findings.extend((rows.household_column(), finding) for finding in found)
    _number_rows(rows)
    facts = {fact.name: fact for fact in mapped.layout.facts}
    for name, index in mapped.facts.items():
        rows.facts[name] = convert(facts[name], grid.columns[index].take(kept), context)
    return rows


def messages_of(rows: Rows) -> list[RowMessage]:
    """Every finding as a message with its place, in the order of the rows; then the notes, one for each column."""
    names = pc.fill_null(rows.households, "").to_pylist()
    found = [(rows.heading(name), f) for name, fact in rows.facts.items() for f in fact.findings] + rows.findings
    found.sort(key=lambda item: item[1].at)
    messages = [
        RowMessage(rows.sheet, int(rows.numbers[f.at]), heading, f.found, f.expected, f.remedy, f.severity,
                   names[f.at], wrong=f.wrong)
        for heading, f in found
    ]  # fmt: skip
    for name, fact in rows.facts.items():
        for text, hits in fact.notes.items():
            first = int(rows.numbers[min(hits)])
            said = _("{count} 处：{text}").format(count=len(hits), text=text)
            messages.append(
                RowMessage(rows.sheet, first, rows.heading(name), said, "", "", Severity.NOTE, rows=len(hits))
            )
    return messages


def bad_rows(rows: Rows) -> NDArray[np.bool_]:
    """Rows with an error of their own."""
    bad = np.zeros(len(rows), dtype=bool)
    for fact in rows.facts.values():
        bad[[f.at for f in fact.findings if f.severity is Severity.ERROR]] = True
    bad[[f.at for _heading, f in rows.findings if f.severity is Severity.ERROR]] = True
    return bad


def _households(column: Column) -> tuple[pa.Array, list[Finding]]:
    """Household ids as texts; an identity number is refused, because the id goes into every result."""
    text = pc.replace_substring_regex(clean(column.text), r"\s+", "")
    usable = np.isin(column.kind, (Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.BOOLEAN))
    findings = [_no_household(index, column) for index in map(int, np.flatnonzero(~usable))]
    suspects = np.flatnonzero(usable & mask_of(pc.match_substring_regex(text, r"\d{17}[\dXx]|^\d{15}$")))
    if len(suspects):
        parts = [_ID_NUMBER.search(word) for word in text.take(pa.array(suspects)).to_pylist()]
        check = check_id_numbers([part.group() if part else "" for part in parts])
        for index in suspects[~mask_of(pc.is_null(check.numbers))]:
            found = _("户编号里有身份证号 {number}").format(number=quoted(text[int(index)].as_py()))
            findings.append(
                Finding(
                    int(index), found, _("不含个人信息的编号"), _("请另编户编号，如 0001；结果文件里不允许出现身份证号")
                )
            )
            usable[int(index)] = False
    for index in map(int, np.flatnonzero((column.kind == Kind.NUMBER) & (np.abs(column.number) >= 1e15))):
        findings.append(
            Finding(index, _("户编号被表格软件四舍五入（{text}）").format(text=text[index].as_py()), _("完整的户编号"),
                    _("请先把这一列设为“文本”格式，再重新录入"))
        )  # fmt: skip
        usable[index] = False
    return pc.if_else(pa.array(usable), text, pa.scalar(None, pa.string())), findings


def _no_household(index: int, column: Column) -> Finding:
    if column.kind[index] == Kind.MERGED:
        found = _("户编号在合并区域 {text} 里，只有第一格有值").format(text=column.text[index].as_py())
        return Finding(index, found, _("每一行都有户编号"), _("请取消合并，每一行都填上户编号"))
    if column.kind[index] in (Kind.ERROR, Kind.UNCALCULATED):
        found = _("户编号的公式没有结果")
        return Finding(index, found, _("每一行都有户编号"), _("请直接填入户编号"))
    return Finding(index, _("没有户编号"), _("每一行都有户编号"), _("请补填；不知道属于哪一户的行无法使用"))


def _number_rows(rows: Rows) -> None:
    """Row numbers within the household: as written, or counted in the order of the file."""
    if not rows.mapped.layout.row_heading:
        return
    if rows.mapped.row is None:
        rows.row = counted(rows.households)
        return
    column = rows.mapped.grid.columns[rows.mapped.row].take(rows.kept)
    written = Converted(pa.nulls(len(rows), pa.float64()))
    convert_number(_ROW_FACT, column, False, written)
    heading = rows.mapped.grid.header[rows.mapped.row].strip()
    rows.findings.extend((heading, finding) for finding in written.findings)
    values = pc.fill_null(written.values, 0).to_numpy(zero_copy_only=False).astype(np.int32)
    if not values.any():
        rows.row = counted(rows.households)
        return
    codes = rows.households.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    answered = {finding.at for finding in written.findings}
    blank = [index for index in map(int, np.flatnonzero(values == 0)) if index not in answered]
    _fill_in(values, codes, blank)
    rows.row = values
    pairs = codes * 100_000 + values
    _unused, where, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    for index in map(int, np.flatnonzero((counts[where] > 1) & (codes >= 0) & (values > 0))):
        found = _("本户内序号 {row} 重复").format(row=values[index])
        rows.report(index, heading, found, _("每人一个序号"), _("请改正序号，或把整列留空由系统编号"))


def _fill_in(values: NDArray[np.int32], codes: NDArray[np.int64], blank: list[int]) -> None:
    """Rows without a number get the lowest ones that their household has left, in the order of the file."""
    homes = {int(codes[index]) for index in blank}
    taken: dict[int, set[int]] = {home: set() for home in homes}
    for index in np.flatnonzero(np.isin(codes, list(homes)) & (values > 0)).tolist():
        taken[int(codes[index])].add(int(values[index]))
    lowest = dict.fromkeys(homes, 1)
    for index in blank:
        home = int(codes[index])
        while lowest[home] in taken[home]:
            lowest[home] += 1
        values[index] = lowest[home]
        taken[home].add(lowest[home])


def counted(households: pa.Array) -> NDArray[np.int32]:
    """The number of each row within its household, from 1, in the order of the rows."""
    codes = households.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.array([], dtype=np.int64)
    lengths = np.diff(np.r_[starts, len(ordered)])
    row = np.empty(len(codes), dtype=np.int32)
    row[order] = np.arange(len(codes)) - np.repeat(starts, lengths) + 1
    return row
