"""Score tables: CSV files that people edit in a spreadsheet, read and proved complete."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import cast

from zhikun.engine.packs.defined import EVERYWHERE, Defined, RawRows, check_overlaps, period_of, source_of
from zhikun.engine.packs.model import Place, Table, TableKey, TableVersion
from zhikun.engine.packs.problems import Problems, suggestion
from zhikun.engine.packs.shape import Record
from zhikun.engine.packs.values import WrongValue, value_of
from zhikun.engine.packs.yaml_file import Scalar, read_text
from zhikun.wording import _

Band = tuple[float | None, float | None]
_MOST_CELLS = 200_000
_MOST_REPORTED = 20


def table_of(
    pack: str, programme: str, folder: Path, name: str, record: Record, problems: Problems, texts: dict[str, str]
) -> Defined:
    """A table with its files as text, which `texts` collects too; `Finisher` proves them once all choices are known."""
    keys = tuple(
        TableKey(entry.text("column"), entry.text("choices_of"), entry.optional_text("unit"))
        for entry in record.records("keys")
    )
    for entry in record.records("keys"):
        if entry.has("choices_of") and entry.has("unit"):
            problems.add(entry.place("unit"), _("选项键没有单位。数值分档的键才写 unit，并且不写 choices_of。"))
    value = record.record("value") or Record(record.at, {}, {}, frozenset())
    type_ = value.text("type", "" if value.has("type") else "number")
    if type_ == "choice" and not value.has("choices"):
        problems.add(value.at, _("类型是 choice，却没有写选项。请补上 choices: {{代码: 中文名称}}。").format())
    if type_ == "number" and value.has("choices"):
        problems.add(value.place("choices"), _("类型是 number 的取值没有选项。请删去 choices，或写 type: choice。"))
    _check_columns(keys, value, record, problems)
    own = source_of(record, problems, required=False)
    versions: list[TableVersion] = []
    raws: list[RawRows | None] = []
    for entry in _entries(record, problems):
        source = source_of(entry, problems, None if entry is record else own)
        versions.append(TableVersion(period_of(entry, problems), entry.text("file"), (), source, entry.place("file")))
        raws.append(_read(folder, pack, programme, entry, problems, texts))
    check_overlaps([(v.period, v.at) for v in versions], problems)
    table = Table(
        name=name,
        title=record.text("title", name),
        keys=keys,
        column=value.text("column"),
        type=type_,
        versions=tuple(versions),
        at=record.at,
        unit=value.optional_text("unit"),
        choices=value.texts("choices"),
    )
    uses = frozenset((owner, rest) for owner, _dot, rest in (k.choices_of.partition(".") for k in keys) if owner)
    return Defined(
        pack, programme, EVERYWHERE, name, record.at, table,
        replaces=record.text("replaces"), replaces_at=record.place("replaces"), uses=uses, raw=tuple(raws),
    )  # fmt: skip


def _entries(record: Record, problems: Problems) -> list[Record]:
    if record.has("file") == record.has("versions"):
        problems.add(record.at, _("表要写 file（一个 CSV 文件）或 versions（按日期分条），只写其中一个。"))
        return []
    if record.has("file"):
        return [record]
    for key in ("from", "until"):
        if record.has(key):
            problems.add(record.place(key), _("有了 versions，“{key}”要写在每一条里。请移进去。").format(key=key))
    return record.records("versions")


def _check_columns(keys: tuple[TableKey, ...], value: Record, record: Record, problems: Problems) -> None:
    seen: set[str] = set()
    for column in [k.column for k in keys] + [value.text("column")]:
        if column and column in seen:
            problems.add(
                record.place("keys"), _("列“{column}”写了两次。请给每个键和取值不同的列名。").format(column=column)
            )
        seen.add(column)


def _read(
    folder: Path, pack: str, programme: str, entry: Record, problems: Problems, texts: dict[str, str]
) -> RawRows | None:
    name = entry.text("file")
    if not name:
        return None
    at = entry.place("file")
    base = f"{pack}/{programme}/" if programme else f"{pack}/"
    path = folder / name
    if not re.fullmatch(r"tables/[^/\\]+\.csv", name):
        problems.add(at, _("“{file}”应当是本方案文件夹里的 tables/名称.csv。").format(file=name))
        return None
    if not path.is_file():
        there = [f"tables/{p.name}" for p in sorted((folder / "tables").glob("*.csv"))]
        text = _("找不到文件“{file}”（应在 {base} 下）。{hint}")
        problems.add(at, text.format(file=name, base=base, hint=suggestion(name, there)))
        return None
    text_ = read_text(path, base + name, problems)
    if text_ is None:
        return None
    texts[base + name] = text_
    reader = csv.reader(io.StringIO(text_))
    rows: list[tuple[int, tuple[str, ...]]] = []
    try:
        rows.extend(
            (reader.line_num, tuple(c.strip() for c in cells)) for cells in reader if any(map(str.strip, cells))
        )
    except csv.Error as error:
        problems.add(
            Place(base + name, reader.line_num), _("CSV 读不下去（{why}）。请检查引号是否成对。").format(why=error)
        )
        return None
    if not rows:
        problems.add(Place(base + name, 1), _("CSV 是空的。第一行应当是列名，下面每种组合一行。"))
        return None
    return RawRows(Place(base + name, 1), rows[0][1], tuple(rows[1:]))


class Finisher:
    """Proves one CSV: right columns, known codes, every combination exactly once."""

    def __init__(
        self, table: Table, raw: RawRows, choices: Mapping[str, Mapping[str, str]], problems: Problems
    ) -> None:
        self.table = table
        self.raw = raw
        self.choices = choices  # choices_of -> codes
        self.problems = problems
        self.broken = False

    def fault(self, line: int, text: str) -> None:
        self.broken = True
        self.problems.add(Place(self.raw.at.file, line), text)

    def rows(self) -> tuple[tuple[tuple[object, ...], object], ...]:
        """The rows of the file, typed; faults recorded."""
        index = self._columns()
        if self.broken:
            return ()
        result: list[tuple[tuple[object, ...], object]] = []
        lines: list[int] = []
        width = len(self.raw.heading)
        for line, cells in self.raw.rows:
            if any(cells[width:]) or len(cells) < max(index.values()) + 1:
                text = _("这一行有 {found} 格，表头有 {wanted} 列。请补齐或删去多余的逗号。")
                self.fault(line, text.format(found=len(cells), wanted=width))
                continue
            parts = tuple(self._part(key, cells, index, line) for key in self.table.keys)
            value = self._value(cells[index[self.table.column]], line)
            result.append((parts, value))
            lines.append(line)
        if not self.broken:
            self._prove([row[0] for row in result], lines)
        return tuple(result)

    def _columns(self) -> dict[str, int]:
        wanted: list[str] = []
        for key in self.table.keys:
            wanted += [key.column] if key.choices_of else [f"{key.column}_from", f"{key.column}_below"]
        wanted.append(self.table.column)
        index: dict[str, int] = {}
        for number, column in enumerate(self.raw.heading):
            if column in index:
                self.fault(self.raw.at.line, _("列“{column}”出现了两次。请删去一列。").format(column=column))
            elif column in wanted:
                index[column] = number
            elif column and column not in ("note", "label") and not column.endswith("_label"):
                text = _("不认识的列“{column}”。{hint}给人看的列请叫 note、label 或以 _label 结尾。")
                self.fault(self.raw.at.line, text.format(column=column, hint=suggestion(column, wanted)))
        for column in wanted:
            if column not in index:
                text = _("缺少列“{column}”。第一行应当有：{wanted}。")
                self.fault(self.raw.at.line, text.format(column=column, wanted="、".join(wanted)))
        return index

    def _part(self, key: TableKey, cells: tuple[str, ...], index: dict[str, int], line: int) -> object:
        if key.choices_of:
            code = cells[index[key.column]]
            codes = self.choices.get(key.choices_of, {})
            if codes and code not in codes:
                text = _("{of} 没有“{code}”这个选项。{hint}")
                self.fault(line, text.format(of=key.choices_of, code=code, hint=suggestion(code, codes)))
            return code
        first = self._limit(cells[index[f"{key.column}_from"]], line)
        below = self._limit(cells[index[f"{key.column}_below"]], line)
        if first is not None and below is not None and first >= below:
            text = _("{column} 的起点 {first:g} 不小于终点 {below:g}，这一档是空的。终点是“不到”，不含在内。")
            self.fault(line, text.format(column=key.column, first=first, below=below))
        return (first, below)

    def _limit(self, cell: str, line: int) -> float | None:
        if not cell:
            return None
        value = self._typed(cell, "number", line)
        return value if isinstance(value, float) else None

    def _value(self, cell: str, line: int) -> object:
        if not cell:
            text = _("“{column}”是空的。每种组合都要有值；没有分就写 0。")
            self.fault(line, text.format(column=self.table.column))
            return None
        return self._typed(cell, self.table.type, line)

    def _typed(self, cell: str, type_: str, line: int) -> object:
        if not type_:
            return None
        try:
            return value_of(Scalar(self.raw.at.file, line, cell, False), type_, self.table.choices)
        except WrongValue as wrong:
            self.fault(line, str(wrong))
            return None

    def _prove(self, keys: list[tuple[object, ...]], lines: list[int]) -> None:
        """Every combination of codes and elementary bands belongs to exactly one row."""
        axes: list[list[object]] = []
        cuts: list[list[float | None]] = []
        for number, key in enumerate(self.table.keys):
            if key.choices_of:
                axes.append(list(self.choices.get(key.choices_of, {})))
                cuts.append([])
            else:
                edges = sorted({e for k in keys for e in k[number] if e is not None})  # type: ignore[attr-defined]  # the key of a band is a pair
                whole: list[float | None] = [None, *edges, None]
                axes.append(list(range(len(whole) - 1)))
                cuts.append(whole)
        size = 1
        for axis in axes:
            size *= max(1, len(axis))
        if size > _MOST_CELLS:
            text = _("表的组合有 {count} 种，太大了。请减少分档，或拆成两个表。")
            self.fault(self.raw.at.line, text.format(count=size))
            return
        taken: dict[tuple[object, ...], int] = {}
        for parts, line in zip(keys, lines, strict=True):
            self._take(parts, line, cuts, taken)
        missing = [cell for cell in product(*axes) if cell not in taken]
        self._report(missing, cuts)

    def _take(
        self, parts: tuple[object, ...], line: int, cuts: list[list[float | None]], taken: dict[tuple[object, ...], int]
    ) -> None:
        spans = [_span(part, whole) if whole else [part] for part, whole in zip(parts, cuts, strict=True)]
        reported = False
        for cell in product(*spans):
            if cell in taken and not reported:
                reported = True
                text = _("与第 {line} 行重复：{cell}，不知道取哪个。请删去一行或改分档。")
                self.fault(line, text.format(line=taken[cell], cell=self._cell_text(cell, cuts, cell)))
            taken.setdefault(cell, line)

    def _report(self, missing: list[tuple[object, ...]], cuts: list[list[float | None]]) -> None:
        """Name what is missing, neighbouring bands of the last band key as one."""
        band = max((n for n, whole in enumerate(cuts) if whole), default=None)
        joined: list[tuple[tuple[object, ...], tuple[object, ...]]] = []
        if band is not None:
            missing.sort(key=lambda c: (tuple(str(p) for n, p in enumerate(c) if n != band), c[band]))
        for cell in missing:
            if band is not None and joined:
                first, last = joined[-1]
                others = all(last[n] == cell[n] for n in range(len(cell)) if n != band)
                if others and last[band] + 1 == cell[band]:  # type: ignore[operator]  # a band's cell is its number
                    joined[-1] = (first, cell)
                    continue
            joined.append((cell, cell))
        for first, last in joined[:_MOST_REPORTED]:
            text = _("缺少一行：{cell}。每种组合都要有，且只有一行；最低一档的起点和最高一档的终点留空。")
            self.fault(self.raw.at.line, text.format(cell=self._cell_text(first, cuts, last)))
        if len(joined) > _MOST_REPORTED:
            text = _("还有 {count} 种组合缺少。").format(count=len(joined) - _MOST_REPORTED)
            self.fault(self.raw.at.line, text)

    def _cell_text(self, cell: tuple[object, ...], cuts: list[list[float | None]], last: tuple[object, ...]) -> str:
        parts: list[str] = []
        for key, whole, part, end in zip(self.table.keys, cuts, cell, last, strict=True):
            if not whole:
                parts.append(f"{key.column} = {part}")
                continue
            first, below = whole[int(str(part))], whole[int(str(end)) + 1]
            parts.append(_band_text(key.column, first, below))
        return "，".join(parts)


def _span(part: object, whole: list[float | None]) -> list[object]:
    """The elementary bands, by number, that one band covers."""
    first, below = cast(Band, part)
    start = 0 if first is None else whole.index(first, 1)
    end = len(whole) - 1 if below is None else whole.index(below, 1)
    return list(range(start, end))


def _band_text(column: str, first: float | None, below: float | None) -> str:
    if first is None and below is None:
        return _("{column} 任意").format(column=column)
    if first is None:
        return _("{column} 不到 {below:g}").format(column=column, below=below)
    if below is None:
        return _("{column} {first:g} 及以上").format(column=column, first=first)
    return _("{column} 从 {first:g} 到不足 {below:g}").format(column=column, first=first, below=below)
