"""A block of texts to accepted rows with tokens, and the rows that have to go back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import BIRTH_DATE, Column, ListSource
from zhikun.identity import TOKEN, KeyRing, token_record, tokens_of
from zhikun.intake.lists.columns import Bounds, Reader, code_type, reader_of
from zhikun.intake.lists.coming import Block, Special
from zhikun.intake.lists.faults import Fault, Faults
from zhikun.intake.lists.headings import Layout
from zhikun.intake.lists.model import PERSON, PURPOSE, ROW, SHOWN
from zhikun.intake.lists.people import DOCUMENT_KIND, blank_fault, masked, read_names, read_numbers
from zhikun.intake.lists.spelled import begin_visibly, holds_bytes
from zhikun.intake.survey.values import mask_of
from zhikun.tables import Kind
from zhikun.wording import _

_ARROW = {
    "text": pa.string(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "choice": code_type(),
    "date": pa.date32(),
    "place": pa.int64(),
}
_REPLACEMENT = "\ufffd"
_MOST_EXAMPLES = 5
#: A person without number, only while rows are looked at.
KEY = "_key"
NAMES_SCHEMA = pa.schema([(ROW, pa.int32()), ("name", pa.string()), (BIRTH_DATE, pa.date32())])

Codes = NDArray[np.int32]


def kept_columns(source: ListSource) -> list[Column]:
    """The columns that stand in the rows: all but numbers and names."""
    return [column for column in source.columns.values() if column.type in _ARROW]


def has_names(source: ListSource) -> bool:
    """Whether names are kept, sealed, beside the rows: of who is watched, and where no number says who it is."""
    return source.column_of("name") is not None and (
        source.kind == "population" or source.column_of("id_number") is None
    )


def row_fields(source: ListSource) -> pa.Schema:
    """The columns of a list's rows and their types, as the pack says today."""
    fields = [pa.field(PERSON, TOKEN), pa.field(ROW, pa.int32())]
    fields += [pa.field(column.name, _ARROW[column.type]) for column in kept_columns(source)]
    if source.kind == "population":
        fields.append(pa.field(SHOWN, pa.string()))
    return pa.schema(fields)


def rows_schema(source: ListSource, ring: KeyRing) -> pa.Schema:
    """The schema of a list's rows, with the record of its tokens."""
    record = {key.encode(): text.encode() for key, text in token_record(ring, {PERSON: PURPOSE}).items()}
    return row_fields(source).with_metadata(record)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Rows that go back: their numbers, what stood in each cell, and the faults by position of the cell."""

    rows: list[int]
    cells: list[tuple[str, ...]]
    problems: list[list[tuple[int, str]]]


@dataclass(slots=True)
class Tally:
    """What was counted over all blocks."""

    rows: int = 0
    blank_rows: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    suspect_numbers: int = 0
    odd_names: int = 0
    examples: dict[int, list[int]] = field(default_factory=dict)  # fault -> first rows
    counts: Counter[int] = field(default_factory=Counter)  # fault -> rows


@dataclass(frozen=True, slots=True)
class Read:
    """A block, read: the accepted rows, their names where the list keeps them, and what goes back.

    `table` makes the tokens, the dearest part: it may be called in another thread.
    """

    table: Callable[[], pa.Table]
    names: pa.Table | None
    rejected: Rejected | None


class RowReader:
    """Reads the blocks of one file."""

    def __init__(self, source: ListSource, layout: Layout, ring: KeyRing, bounds: Bounds) -> None:
        self.source, self.layout, self._ring = source, layout, ring
        self._number, self._name = source.column_of("id_number"), source.column_of("name")
        self.faults, self.tally = Faults(), Tally()
        self.schema = rows_schema(source, ring)
        self.keyed = self._number is None
        self.part_schema = self.schema.append(pa.field(KEY, TOKEN)) if self.keyed else self.schema
        self._readers: dict[str, Reader] = {
            column.name: reader_of(column, self.faults, bounds) for column in kept_columns(source)
        }

    def read(self, block: Block) -> Read:
        """One block. Blank rows are left out; every other row is accepted or goes back."""
        block = self._without_blank(block)
        found = _Found(len(block))
        values = {column.name: self._value(column, block, found) for column in kept_columns(self.source)}
        numbers = self._numbers(block, found)
        names = self._names(block, found, numbers)
        self._special(block, found)
        self._headings_again(block, found)
        bad = found.any
        self._count(block, found, bad)
        good = pa.array(~bad) if bad.any() else None
        birth = numbers.birth_date if numbers is not None else values.get(BIRTH_DATE)
        columns = {column.name: _filtered(values[column.name], good) for column in kept_columns(self.source)}
        rows = _filtered(self._row_numbers(block), good)
        kept = None if numbers is None else _Kept(_filtered(numbers.numbers, good), _filtered(numbers.kinds, good))
        called = _filtered(names, good)
        sealed = None
        if has_names(self.source) and names is not None:
            born = birth if birth is not None else pa.nulls(len(block), pa.date32())
            sealed = pa.table([rows, called, _filtered(born, good)], schema=NAMES_SCHEMA)
        back = self._rejected(block, found, bad) if good is not None else None
        return Read(lambda: self._table(rows, columns, kept, called), sealed, back)

    def count_unsplit(self, rows: list[int]) -> None:
        """Lines that have another number of cells than the header."""
        if not rows:
            return
        fault = Fault(
            "split", "", _("格数与表头不同，各格可能已错位"), "", _("请照表头逐格对齐；含逗号的文字在原系统里要加引号")
        )  # fmt: skip
        number = self.faults.number(fault)
        self.tally.rows += len(rows)
        self.tally.rejected[fault.reason] += len(rows)
        self.tally.counts[number] += len(rows)
        self.tally.examples[number] = rows[:_MOST_EXAMPLES]

    def _without_blank(self, block: Block) -> Block:
        if any(begin_visibly(column) for column in block.columns[:1]):
            return block
        blank = np.ones(len(block), dtype=bool)
        for column in block.columns:
            if not blank.any():
                break
            blank &= mask_of(pc.equal(pc.utf8_trim_whitespace(column), ""))
        for cell in block.special:
            blank[cell.at] = False
        if not blank.any():
            return block
        self.tally.blank_rows += int(blank.sum())
        kept = pa.array(~blank)
        place = np.cumsum(~blank) - 1
        special = tuple(Special(int(place[s.at]), s.column, s.kind, s.text) for s in block.special)
        return Block(block.rows[~blank], tuple(column.filter(kept) for column in block.columns), special)

    def _texts(self, block: Block, name: str) -> pa.Array | None:
        place = self.layout.columns.get(name)
        return None if place is None else block.columns[place]

    def _value(self, column: Column, block: Block, found: _Found) -> pa.Array:
        texts = self._texts(block, column.name)
        if texts is None:
            return pa.nulls(len(block), _ARROW[column.type])
        values, codes = self._readers[column.name](texts)
        if column.required:
            blank = mask_of(values.is_null()) & (codes == 0)
            if blank.any():
                codes[blank] = self.faults.number(blank_fault(column.title))
        if column.type == "text":  # in any other column broken characters are no value anyway
            self._garbled(texts, column, codes)
        found.add(self.layout.columns[column.name], codes)
        return values

    def _garbled(self, texts: pa.Array, column: Column, codes: Codes) -> None:
        if not holds_bytes(texts, _REPLACEMENT.encode()):
            return
        broken = mask_of(pc.match_substring(texts, _REPLACEMENT))
        if broken.any():
            remedy = _("原来的字已经丢失，请从原系统重新导出")
            codes[broken] = self.faults.number(Fault("garbled", column.title, _("这一格里有乱码"), "", remedy))

    def _numbers(self, block: Block, found: _Found) -> _Numbers | None:
        column = self._number
        texts = None if column is None else self._texts(block, column.name)
        if column is None or texts is None:
            return None
        numbers = read_numbers(texts, self._texts(block, DOCUMENT_KIND), column.title, column.required, self.faults)
        self.tally.suspect_numbers += numbers.suspect
        found.add(self.layout.columns[column.name], numbers.codes)
        return _Numbers(numbers.numbers, numbers.kinds, numbers.birth_date)

    def _names(self, block: Block, found: _Found, numbers: _Numbers | None) -> pa.Array | None:
        column = self._name
        texts = None if column is None else self._texts(block, column.name)
        if column is None or texts is None:
            return None
        names, codes, odd = read_names(texts, column.title, column.required, numbers is None, self.faults)
        self._garbled(texts, column, codes)
        self.tally.odd_names += odd
        found.add(self.layout.columns[column.name], codes)
        return names

    def _special(self, block: Block, found: _Found) -> None:
        names = {place: name for name, place in self.layout.columns.items()}
        for cell in block.special:
            if cell.column not in names:
                continue
            title = self.source.columns[names[cell.column]].title
            said = {
                Kind.ERROR: (_("公式出错（{t}）").format(t=cell.text), _("请改正公式，或直接填入数值；不知道就留空")),
                Kind.UNCALCULATED: (
                    _("公式没有计算结果"),
                    _("请用 Excel 或 WPS 打开、保存一次，或直接填入数值"),
                ),
                Kind.MERGED: (
                    _("单元格在合并区域 {t} 里，只有第一格有值").format(t=cell.text),
                    _("请取消合并，每一格都填上"),
                ),
            }[cell.kind]
            codes = np.zeros(len(block), dtype=np.int32)
            codes[cell.at] = self.faults.number(Fault("cell", title, said[0], "", said[1]))
            found.add(cell.column, codes)

    def _headings_again(self, block: Block, found: _Found) -> None:
        """A row that repeats the headings: several files were put one behind the other. It has some fault for certain."""
        suspects = np.flatnonzero(found.any)
        for place in self.layout.columns.values():
            if not len(suspects):
                return
            cells = block.columns[place].take(pa.array(suspects))
            cells = pc.replace_substring(pc.utf8_trim_whitespace(cells), "\ufeff", "")
            same = mask_of(pc.equal(cells, self.layout.header[place].replace("\ufeff", "").strip()))
            suspects = suspects[same]
        if len(suspects):
            again = np.zeros(len(block), dtype=bool)
            again[suspects] = True
            fault = Fault("heading", "", _("这一行是表头又出现了一次"), "", _("多半是几个文件接在一起；请删去这一行"))
            found.only(again, self.faults.number(fault))

    def _table(
        self, rows: pa.Array, columns: dict[str, pa.Array], kept: _Kept | None, names: pa.Array | None
    ) -> pa.Table:
        """The accepted rows with their tokens."""
        count = len(rows)
        person = pa.nulls(count, TOKEN) if kept is None else self._tokens(kept)
        arrays = [person, rows, *columns.values()]
        if self.source.kind == "population":
            called = names if names is not None else pa.nulls(count, pa.string())
            arrays.append(masked(called, kept.numbers if kept is not None else pa.nulls(count, pa.string())))
        if self.keyed:
            arrays.append(self._keys(names, columns))
        return pa.table(arrays, schema=self.part_schema)

    def _tokens(self, kept: _Kept) -> pa.ChunkedArray:
        if kept.kinds is None:
            return tokens_of(self._ring, PURPOSE, kept.numbers)
        return tokens_of(self._ring, PURPOSE, kept.numbers, kept.kinds)

    def _keys(self, names: pa.Array | None, columns: dict[str, pa.Array]) -> pa.ChunkedArray:
        """Where no number says whose row it is, name with birth date and place do, while doubled rows are looked for."""
        place = self.source.column_of("place")
        parts = [names, columns.get(BIRTH_DATE), columns[place.name] if place is not None else None]
        texts = [part.cast(pa.string()) for part in parts if part is not None]
        joined = pc.binary_join_element_wise(*texts, "\0", null_handling="replace", null_replacement="")
        return tokens_of(self._ring, "names_rows", joined)

    def no_keys(self, count: int) -> pa.Array:
        """For rows of an earlier file, whose names are sealed."""
        return pa.nulls(count, TOKEN)

    def _row_numbers(self, block: Block) -> pa.Array:
        """The row of the file; of a corrected reject the row of the file it came from."""
        own = pa.array(block.rows)
        if self.layout.original_row is None:
            return own
        texts = block.columns[self.layout.original_row]
        whole = pc.match_substring_regex(texts, r"^\d{1,9}$")
        return pc.if_else(whole, pc.if_else(whole, texts, "0").cast(pa.int32()), own)

    def _count(self, block: Block, found: _Found, bad: NDArray[np.bool_]) -> None:
        tally = self.tally
        tally.rows += len(block)
        tally.accepted += int((~bad).sum())
        if not found.columns:
            return
        first = found.first
        for number, count in zip(*np.unique(first[bad], return_counts=True), strict=True):
            tally.rejected[self.faults[int(number)].reason] += int(count)
        for _place, codes in found.every():
            for number, count in zip(*np.unique(codes[codes > 0], return_counts=True), strict=True):
                tally.counts[int(number)] += int(count)
                listed = tally.examples.setdefault(int(number), [])
                if len(listed) < _MOST_EXAMPLES:
                    listed += block.rows[np.flatnonzero(codes == number)[: _MOST_EXAMPLES - len(listed)]].tolist()

    def _rejected(self, block: Block, found: _Found, bad: NDArray[np.bool_]) -> Rejected:
        where = np.flatnonzero(bad)
        chosen = pa.array(where)
        cells = list(zip(*(column.take(chosen).to_pylist() for column in block.columns), strict=True))
        problems: list[list[tuple[int, str]]] = []
        by_column = [(place, codes[where]) for place, codes in found.every()]
        for at, row in enumerate(cells):
            own = [(place, int(codes[at])) for place, codes in by_column if codes[at]]
            problems.append(
                [(place, self.faults[number].text(row[place] if place >= 0 else "")) for place, number in own]
            )
        return Rejected(block.rows[where].tolist(), cells, problems)


@dataclass(frozen=True, slots=True)
class _Numbers:
    numbers: pa.Array
    kinds: pa.Array | None
    birth_date: pa.Array


@dataclass(frozen=True, slots=True)
class _Kept:
    """The numbers of accepted rows."""

    numbers: pa.Array
    kinds: pa.Array | None


def _filtered(column: pa.Array | None, rows: pa.Array | None) -> pa.Array | None:
    """The chosen rows of a column; all of them where `rows` is None."""
    return column if column is None or rows is None else column.filter(rows)


class _Found:
    """The faults of a block by position of the column; -1 for the row as a whole."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.columns: dict[int, Codes] = {}
        self._looked_at: dict[int, None] = {}

    def add(self, place: int, codes: Codes) -> None:
        self._looked_at.setdefault(place)
        if not codes.any():
            return
        known = self.columns.get(place)
        self.columns[place] = codes if known is None else np.where(known > 0, known, codes)

    def only(self, rows: NDArray[np.bool_], number: int) -> None:
        """These rows have one fault and no other."""
        for place, codes in self.columns.items():
            self.columns[place] = np.where(rows, 0, codes)
        self.columns[-1] = np.where(rows, number, 0).astype(np.int32)
        self._looked_at.setdefault(-1)

    def every(self) -> list[tuple[int, Codes]]:
        """The columns with faults, in the order in which they were looked at."""
        return [(place, self.columns[place]) for place in self._looked_at if place in self.columns]

    @property
    def first(self) -> Codes:
        """The first fault of each row."""
        first = np.zeros(self._count, dtype=np.int32)
        for place in sorted(self.columns):
            first = np.where(first > 0, first, self.columns[place])
        return first

    @property
    def any(self) -> NDArray[np.bool_]:
        return self.first > 0
