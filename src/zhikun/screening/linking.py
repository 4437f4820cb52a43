"""Lists without identity numbers: whose rows they are, found by name, birth date and place, and kept beside the lists.

DATA/matching/<list>/<period>/<NNN>/<id>/ has links.parquet (a row's outcome, the person, why), rows.parquet (the list's rows
with `person` filled in, which the screening reads) and about.json. The id says on what the links rest: the list, the
population, the model, and the decisions about the list's records. The same inputs give the same folder, byte for byte; a
folder is whole or absent and never changed. Names are read from sealed files into memory and written nowhere.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhikun.disk import finish_folder, one_writer, private_folder, sync_folder
from zhikun.engine.packs.monitoring import ListSource, Monitoring
from zhikun.identity import TOKEN, KeyRing, check_file, tokens_of, with_token_record
from zhikun.matching import LINKS, ambiguous, by_probability_possible, in_memory, link, nobody_text
from zhikun.screening import sql
from zhikun.screening.errors import ScreeningDamaged
from zhikun.screening.freshness import ListFile, Lists, inputs_of
from zhikun.screening.identified import RECORDS, DoubleDecisions, LinkDecisions, record_id, token_in
from zhikun.screening.model import PURPOSE, GivenFile, Inputs, hash_of
from zhikun.screening.received import ABOUT, links_damaged, reading_files, table_of
from zhikun.screening.watched import Watched
from zhikun.wording import _
from zhikun.workdays import Month

#: The folder of links below the data folder.
MATCHING = "matching"
LINKS_FILE, ROWS_FILE = "links.parquet", "rows.parquet"
#: Rises when the same inputs give other links than before.
FORMAT = 1
_SHORT = 16

Report = Callable[[str, int, int], None]


class NamedFile(ListFile, Protocol):
    """A received file with its sealed names."""

    @property
    def names(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Linking:
    """The links of one list in a month. `counts`: rows, linked, review, not_linked; `possible`: people they may be."""

    label: str
    source: ListSource
    period: Month
    folder: Path
    counts: Mapping[str, int]
    exact_only: bool
    made: bool  # now, and not before
    file: Any  # the received file


@dataclass(frozen=True, slots=True)
class _Linked:
    """A received file whose rows say who they are."""

    receipt: Any
    rows: Path
    period: Month


class Links:
    """The lists without numbers of a data folder, as a month's screening sees them."""

    def __init__(self, data: Path, ring: KeyRing, monitoring: Monitoring, lists: Lists) -> None:
        self._data, self._ring, self._monitoring, self._lists = data, ring, monitoring, lists
        self._folder = data / MATCHING
        self._known: dict[Path, Records] = {}
        self._watched: dict[Path, Watched] = {}
        self.decisions = LinkDecisions(self._folder, ring)
        self.doubles = DoubleDecisions(self._folder, ring)
        self.exact_only = not by_probability_possible()

    @property
    def sources(self) -> list[ListSource]:
        """The lists that have no column of numbers."""
        return [s for s in self._monitoring.sources.values() if s.kind != "population" and without_numbers(s)]

    def inputs(self, month: Month) -> Inputs:
        """The files of a month, lists without numbers through their links. Nothing is made here."""
        found = inputs_of(self._lists, self._monitoring, month)
        if not self.sources or not found.population.files:
            return found
        return inputs_of(_Through(self, self._lists, found.population.files[0]), self._monitoring, month)

    def make(self, month: Month, report: Report | None = None) -> list[Linking]:
        """The links on which a month rests; those that were not there are made."""
        population = self.population(month)
        return [] if population is None else self._make(self._files(month), population, report)

    def make_one(self, source: ListSource, period: Month, month: Month, report: Report | None = None) -> Linking | None:
        """The links of one list of a period to the people watched in a month; None where either is not there."""
        file, population = self._lists.in_force(source.id, period), self.population(month)
        if file is None or population is None:
            return None
        return self._make([(source, _with_names(file))], population, report)[0]

    def _make(
        self, wanted: list[tuple[ListSource, NamedFile]], population: GivenFile, report: Report | None
    ) -> list[Linking]:
        made = []
        self.check_decisions()
        with one_writer(self._folder) if wanted else nullcontext():
            for done, (source, file) in enumerate(wanted):
                if report is not None:
                    report(_("比对“{t}”").format(t=source.title), done, len(wanted))
                made.append(self._made(source, file, population))
        return made

    def check_decisions(self) -> None:
        """Raises ScreeningDamaged where decisions on which links rest are gone: a person's word would be lost silently."""
        taken = max(
            (number for path in self._folder.glob(f"*/*/*/*/{ABOUT}") for number in _decisions_in(path)), default=0
        )
        if taken > (count := self.decisions.count()):
            raise ScreeningDamaged(
                _(
                    "认定记录 {p} 不全：对人时用过第 {t} 条，现在只有 {n} 条。照它比对，工作人员认定过的会重新变成待核对，因此没有继续。"
                    "请从最近的备份恢复这个文件；找不回来的，移走 {f} 里各名单的文件夹（可以重新算出），再运行一次，重新核对。"
                ).format(p=self.decisions.path, t=taken, n=count, f=self._folder)
            )

    def ever_watched(self, tokens: set[bytes]) -> set[bytes]:
        """Which of these tokens are those of people who are watched, or were."""
        population, found = self._monitoring.population, set[bytes]()
        for period in reversed(cast("_Periods", self._lists).periods(population.id)):
            file = self._lists.in_force(population.id, period)
            if file is not None and tokens - found:
                wanted = pa.table({"person": pa.array(sorted(tokens - found), TOKEN)})
                people = Watched(population, file.rows, self._ring)
                query = "SELECT DISTINCT person FROM listed SEMI JOIN wanted USING (person)"
                found |= set(people.asked(query, wanted=wanted)["person"].to_pylist())
        return found

    def rows_of(self, source: str, first: Month, last: Month) -> list[tuple[str, Path]]:
        """The rows of a list between two months, as labels and files; lists without numbers as linked for the last one."""
        population = self.population(last)
        lists = self._lists if population is None else _Through(self, self._lists, population)
        months = [first.plus(n) for n in range(last.since(first) + 1)]
        found = [file for month in months if (file := lists.in_force(source, month)) is not None]
        return [
            (f"{source}/{file.period}/{file.receipt.number:03d}", file.rows) for file in found if file.rows.exists()
        ]

    def population(self, month: Month) -> GivenFile | None:
        """The list of people watched on which the month rests."""
        files = inputs_of(self._lists, self._monitoring, month).population.files
        return files[0] if files else None

    def watched(self, population: GivenFile) -> Watched:
        """The people watched. Raises KeysRefused where their tokens are of other keys: the links would name nobody for good."""
        if population.path not in self._watched:
            with reading_files(population.path):
                check_file(self._ring, population.path)
            self._watched[population.path] = Watched(self._monitoring.population, population.path, self._ring)
        return self._watched[population.path]

    def records(self, source: ListSource, file: NamedFile) -> Records:
        """The list's rows with names, in memory."""
        if file.rows not in self._known:
            self._known[file.rows] = _records(source, file, self._ring)
        return self._known[file.rows]

    def place(self, source: ListSource, file: NamedFile, population: GivenFile) -> Path:
        """Where the links of a list to this population stand, or will."""
        body = self._rests_on(source, file, population)
        number = f"{file.receipt.number:03d}"
        return self._folder / source.id / str(file.period) / number / hash_of(body)[:_SHORT]

    def _rests_on(self, source: ListSource, file: NamedFile, population: GivenFile) -> dict[str, Any]:
        people = self.watched(population)
        decisions = self.decisions.about(self.records(source, file).tokens, _scope(source, file))
        return {
            "format": FORMAT,
            "list": {
                "source": source.id, "period": str(file.period), "number": file.receipt.number,
                "sha256": file.receipt.sha256,
            },
            "population": {"label": population.label(self._monitoring.population.id), "sha256": population.sha256},
            "model": people.model.hash(),
            "method": "exact" if self.exact_only else "probability",
            "decisions": [decision.number for decision in decisions],
        }  # fmt: skip

    def _files(self, month: Month) -> list[tuple[ListSource, NamedFile]]:
        """Every file without numbers on which an indicator rests this month, once."""
        keeper = _Seen(self._lists, {source.id for source in self.sources})
        if keeper.names:
            inputs_of(keeper, self._monitoring, month)
        sources = self._monitoring.sources
        return [(sources[name], _with_names(keeper.found[name, month])) for name, month in sorted(keeper.found)]

    def _made(self, source: ListSource, file: NamedFile, population: GivenFile) -> Linking:
        body = self._rests_on(source, file, population)
        folder = self.place(source, file, population)
        label = f"{source.id}/{file.period}/{file.receipt.number:03d}"
        made = not _whole(folder)
        if made:
            with reading_files(file.rows, population.path):
                self._write(folder, body, source, file, population)
        about = _about(folder)
        return Linking(label, source, file.period, folder, about["counts"], about["method"] == "exact", made, file)

    def _write(
        self, folder: Path, body: dict[str, Any], source: ListSource, file: NamedFile, population: GivenFile
    ) -> None:  # fmt: skip
        found = self._linked(source, file, population)
        rows = _joined(file.rows, found, self._ring)
        new = folder.with_name(f".{folder.name}.new")
        for left in folder.parent.glob(".*.new"):
            shutil.rmtree(left, ignore_errors=True)
        private_folder(new)
        for name, table in ((LINKS_FILE, found), (ROWS_FILE, rows)):
            part = new / f"{name}.part"  # a rotation of the keys opens whatever ends in .parquet
            pq.write_table(table, part, compression="zstd")
            part.rename(new / name)
        text = json.dumps(body | {"counts": counts_of(found)}, ensure_ascii=False, indent=1, sort_keys=True)
        (new / ABOUT).write_text(text + "\n", encoding="utf-8")
        finish_folder(new)
        shutil.rmtree(folder, ignore_errors=True)  # somebody took away a part of it
        new.rename(folder)
        sync_folder(folder.parent)

    def _linked(self, source: ListSource, file: NamedFile, population: GivenFile) -> pa.Table:
        """The links of a list, row by row."""
        records, people = self.records(source, file), self.watched(population)
        scope = _scope(source, file)
        about = self.decisions.about(records.tokens, scope)
        sure = {token_in(decision.person) for decision in about}
        candidates = people.candidates(records.compared(self._ring, set(), scope), sure)
        several = ambiguous(records.compared(self._ring, set(), scope), candidates, people.model)
        scoped = {token_in(record) for record in several}
        compared = records.compared(self._ring, scoped, scope)
        known = self.decisions.known(about, {token_in(text): text for text in compared["record_id"].to_pylist()})
        links = link(compared, candidates, model=people.model, decisions=known, exact_only=self.exact_only)
        return records.by_row(links, scoped, self._ring)


@dataclass(frozen=True, slots=True)
class Records:
    """A list's rows with names. Rows that say the same of a person (name, birth date, place) are one record."""

    rows: pa.Table  # row, record (null where two rows have one number), name, birth_date, place

    @property
    def tokens(self) -> set[bytes]:
        return set(pc.unique(self.rows["record"].drop_null()).to_pylist())

    def compared(self, ring: KeyRing, scoped: set[bytes], scope: str) -> pa.Table:
        """Each record once, as the comparison wants it."""
        seen: dict[bytes, dict[str, Any]] = {}
        for row in self.rows.filter(pc.is_valid(self.rows["record"])).to_pylist():
            seen.setdefault(row["record"], row)
        made = [
            row | {"record_id": record_id(ring, token, scope if token in scoped else "")}
            for token, row in sorted(seen.items())
        ]
        return pa.Table.from_pylist(made, COMPARED)

    def by_row(self, links: pa.Table, scoped: set[bytes], ring: KeyRing) -> pa.Table:
        """The links for each row of the list: KEPT, in the order of rows and people."""
        by_record: dict[bytes, list[dict[str, Any]]] = {}
        for found in links.to_pylist():
            by_record.setdefault(token_in(found.pop("record_id")), []).append(found)
        out: list[dict[str, Any]] = []
        twice = [_TWICE | {"text": nobody_text("row_twice")}]
        for row in self.rows.select(["row", "record"]).to_pylist():
            token = row["record"]
            for found in twice if token is None else by_record[token]:
                person = found["person_id"]
                out.append(
                    row | found | {"scoped": token in scoped, "person": None if person is None else token_in(person)}
                )
        out.sort(key=lambda one: (one["row"], one["person"] or b""))
        return with_token_record(pa.Table.from_pylist(out, KEPT), ring, {"record": RECORDS, "person": PURPOSE})


COMPARED = pa.schema(
    [("record_id", pa.string()), ("name", pa.string()), ("birth_date", pa.date32()), ("place", pa.string())]
)
#: links.parquet. `scoped`: what is decided about the record holds for this list alone.
KEPT = pa.schema(
    [("row", pa.int32()), ("record", TOKEN), ("scoped", pa.bool_()), ("person", TOKEN),
     *(LINKS.field(name) for name in LINKS.names if name not in {"record_id", "person_id"})]
)  # fmt: skip
_TWICE: dict[str, Any] = {
    "person_id": None, "outcome": "not_linked", "step": "", "note": "row_twice", "probability": None, "weight": None,
    "parts": [],
}  # fmt: skip


class _Through:
    """Received files, those without numbers as their links give them."""

    def __init__(self, links: Links, lists: Lists, population: GivenFile) -> None:
        self._links, self._lists, self._population = links, lists, population
        self._sources = {source.id: source for source in links.sources}

    def in_force(self, source: str, month: Month) -> ListFile | None:
        file = self._lists.in_force(source, month)
        if file is None or source not in self._sources:
            return file
        place = self._links.place(self._sources[source], _with_names(file), self._population)
        return _Linked(file.receipt, place / ROWS_FILE, file.period)


class _Periods(Protocol):
    """What received files know beside `in_force`."""

    def periods(self, source: str) -> list[Month]: ...


class _Seen:
    """Received files, those of some lists remembered as they are asked for."""

    def __init__(self, lists: Lists, names: set[str]) -> None:
        self._lists, self.names = lists, names
        self.found: dict[tuple[str, Month], ListFile] = {}

    def in_force(self, source: str, month: Month) -> ListFile | None:
        file = self._lists.in_force(source, month)
        if file is not None and source in self.names:
            self.found[source, month] = file
        return file


def without_numbers(source: ListSource) -> bool:
    """Whether name, birth date and place have to say whose row it is."""
    return source.column_of("id_number") is None


def counts_of(links: pa.Table) -> dict[str, int]:
    """Rows by outcome, and how many people the rows to be reviewed may be."""
    outcome: dict[int, str] = {}
    possible = set()
    for row in links.select(["row", "outcome", "person"]).to_pylist():
        if row["outcome"] == "not_linked":
            outcome.setdefault(row["row"], "not_linked")
        else:
            outcome[row["row"]] = row["outcome"]
        if row["outcome"] == "review":
            possible.add(row["person"])
    every = list(outcome.values())
    counts = {name: every.count(name) for name in ("linked", "review", "not_linked")}
    return {"rows": len(every), **counts, "possible": len(possible)}


def _with_names(file: ListFile) -> NamedFile:
    """A file of a list without numbers: intake keeps its names sealed beside the rows."""
    return cast("NamedFile", file)


def _scope(source: ListSource, file: ListFile) -> str:
    """A list and its period: a correction of the list keeps what was decided about its records."""
    return f"{source.id}/{file.period}"


def _records(source: ListSource, file: NamedFile, ring: KeyRing) -> Records:
    from zhikun.intake.lists import read_names  # noqa: PLC0415 - only a list without numbers needs what reads files

    place = source.column_of("place")
    where = f"lpad(CAST(r.{sql.name(place.name)} AS VARCHAR), 12, '0')" if place else "NULL::VARCHAR"
    with reading_files(file.rows), in_memory() as con:
        con.register("n", pa.concat_tables([EMPTY_NAMES, *read_names(file.names, ring)]))
        found = con.sql(
            f"""SELECT r.row, any_value(n.name) AS name, any_value(n.birth_date) AS birth_date,
                   any_value({where}) AS place, count(*) > 1 AS twice
            FROM {table_of(source, file.rows)} r LEFT JOIN n ON n.row = r.row GROUP BY r.row ORDER BY r.row"""
        ).to_arrow_table()
    texts = [pc.fill_null(found[name].cast(pa.string()), "") for name in ("name", "birth_date", "place")]
    tokens = tokens_of(ring, RECORDS, pc.binary_join_element_wise(*texts, "\0"))
    record = pc.if_else(found["twice"], pa.scalar(None, TOKEN), tokens)
    return Records(found.drop_columns(["twice"]).append_column("record", record))


EMPTY_NAMES = pa.schema([("row", pa.int32()), ("name", pa.string()), ("birth_date", pa.date32())]).empty_table()


def _joined(rows: Path, links: pa.Table, ring: KeyRing) -> pa.Table:
    """The list's rows, each with its person: `sure` where linked, once for each person it may be where that is open."""
    mine = links.filter(pc.not_equal(links["outcome"], "not_linked")).select(["row", "person", "outcome"])
    schema = pq.read_schema(rows)
    with in_memory() as con:
        con.register("l", mine)
        con.register("r", pq.read_table(rows).append_column("_at", pa.array(range(pq.read_metadata(rows).num_rows))))
        found = con.sql(
            "SELECT l.person, r.* EXCLUDE (person), coalesce(l.outcome = 'linked', true) AS sure"
            " FROM r LEFT JOIN l ON l.row = r.row ORDER BY r._at, l.person"
        ).to_arrow_table()
    kept = pa.schema([*schema, pa.field("sure", pa.bool_())])
    columns = [_cast(found[field.name], field.type) for field in kept]
    return with_token_record(pa.table(columns, schema=kept), ring, {"person": PURPOSE})


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """DuckDB gives tokens as bytes and codes as texts."""
    if pa.types.is_dictionary(kind) and not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column.cast(pa.string()))
    return column.cast(kind)


def _whole(folder: Path) -> bool:
    """Whether links are there and every page of them can be read; what is not whole is made anew, the same bytes."""
    from zhikun.intake.lists import is_readable  # noqa: PLC0415 - only a list without numbers needs what reads files

    try:
        return bool(_about(folder)) and all(is_readable(folder / name) for name in (LINKS_FILE, ROWS_FILE))
    except ScreeningDamaged:
        return False


def _decisions_in(about: Path) -> list[int]:
    """The decisions that links took in, by their lines; none where their record cannot be read."""
    try:
        return [int(number) for number in json.loads(about.read_bytes())["decisions"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _about(folder: Path) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads((folder / ABOUT).read_bytes())
        _used = (body["counts"]["review"], body["method"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise links_damaged(folder) from error
    return body
