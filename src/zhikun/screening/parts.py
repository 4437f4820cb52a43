"""A month in parts: ranges of tokens, screened one by one or on a cluster, written in order of person as one month.

A part is a function of the task and its range alone. Whoever works on it, the files are the same, byte for byte.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zhikun.identity import KeyRing, token_record
from zhikun.screening import output
from zhikun.screening.households import Households
from zhikun.screening.listed import take_lists
from zhikun.screening.model import PURPOSE, Limits
from zhikun.screening.persons import Part
from zhikun.screening.steps import Screened, screen
from zhikun.screening.work import Task, at_work, parts_of

#: Has every part worked on by the function given, which returns a text, and gives these back in the order of the parts.
Carry = Callable[[Callable[[Part], str], Sequence[Part]], Sequence[str]]

_TOKENS = {"warnings": "person", "households": "members", "state": "person", "marks": "person"}
#: Small, because the next month reads ranges of them.
_ROW_GROUP = 1 << 15
_LOOKED_UP = ["person", "direction", "level", "place"]
_OF_PERSON = ("warnings", "state", "marks")


@dataclass(frozen=True, slots=True)
class Made:
    """What a part gives: its tables, the warned rows for the household view, and what was counted."""

    tables: dict[str, pa.Table]
    rows: pa.Table
    counts: dict[tuple[str, str, str], int]  # persons by direction, level and change
    scored: dict[int, int]  # persons with points, by the number of the direction
    found: int


def write_tables(task: Task, folder: Path, ring: KeyRing, limits: Limits, carry: Carry | None = None) -> dict[str, Any]:
    """The month's tables; how many rows they have and what was counted."""
    tables, households = _Tables(folder, ring), Households()
    counts: Counter[tuple[str, str, str]] = Counter()
    scored: Counter[int] = Counter()
    found = 0
    try:
        made = _here(task, limits, folder) if carry is None else _elsewhere(task, limits, folder, carry)
        for part in made:
            counts.update(part.counts)
            scored.update(part.scored)
            found += part.found
            households.add(part.rows)
            for name in _OF_PERSON:
                tables.write(name, part.tables[name])
        pa.default_memory_pool().release_unused()
        indicators = tuple(task.monitoring.indicators.values())
        for table in households.tables(str(task.month), indicators, task.earlier):
            tables.write("households", table)
    finally:
        tables.close()
    return {
        "rows": dict(tables.rows),
        "counts": [
            {"direction": d, "level": level, "change": change, "persons": n}
            for (d, level, change), n in sorted(counts.items())
        ],
        "scored": [n for _d, n in sorted(scored.items())],
        "found": found,
    }


def _here(task: Task, limits: Limits, folder: Path) -> Iterator[Made]:
    """In this process: one part is screened while the one before it is put together and written."""
    parts = parts_of(task, limits)
    with at_work(task, limits, folder / "spill") as work:
        listed = take_lists(work)
    pa.default_memory_pool().release_unused()

    def screened(part: Part) -> Screened:
        with at_work(task, limits, folder / "spill", part=part) as work:
            return screen(work, listed)

    with ThreadPoolExecutor(1) as ahead:
        coming: Future[Screened] = ahead.submit(screened, parts[0])
        for following in [*parts[1:], None]:
            found = coming.result()
            if following is not None:
                coming = ahead.submit(screened, following)
            made = _made(found)
            del found
            yield made
            pa.default_memory_pool().release_unused()


def _made(found: Screened) -> Made:
    tables = {
        "warnings": output.warnings_of(found),
        "state": output.state_of(found),
        "marks": output.marks_of(found),
    }
    scored = {d: n for d, one in enumerate(found.scores) if (n := int((one.some & (one.whole > 0)).sum()))}
    return Made(tables, found.rows, output.counts_of(found.rows), scored, int(found.month.watched.sum()))


def _elsewhere(task: Task, limits: Limits, folder: Path, carry: Carry) -> Iterator[Made]:
    """By other processes, which read and write the same folders."""
    parts = folder / "parts"
    parts.mkdir()
    for text in carry(partial(_in_files, task, limits, parts), parts_of(task, limits)):
        said = json.loads(text)
        place = Path(said["folder"])
        tables = {name: _read(place / f"{name}.arrow") for name in (*_OF_PERSON, "rows")}
        rows = tables.pop("rows")
        counts = {(d, level, change): n for d, level, change, n in said["counts"]}
        yield Made(tables, rows, counts, {int(d): n for d, n in said["scored"].items()}, said["found"])
        for path in place.iterdir():
            path.unlink()
        place.rmdir()
    parts.rmdir()


def _in_files(task: Task, limits: Limits, folder: Path, part: Part) -> str:
    """One part, worked on by whoever gets it; tried again, it writes the same files again."""
    place = folder / (part[0].hex() or "first")
    place.mkdir(exist_ok=True)
    with at_work(task, limits, place / "spill", part=part) as work:
        made = _made(screen(work))
    for name, table in {**made.tables, "rows": made.rows}.items():
        with pa.OSFile(str(place / f"{name}.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    counts = [[*key, n] for key, n in made.counts.items()]
    return json.dumps({"folder": str(place), "counts": counts, "scored": made.scored, "found": made.found})


def _read(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        return reader.read_all()


class _Tables:
    """The month's tables while they are written, part by part in order of person."""

    def __init__(self, folder: Path, ring: KeyRing) -> None:
        self._folder, self._ring = folder, ring
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.rows: Counter[str] = Counter()

    def write(self, name: str, table: pa.Table) -> None:
        """More rows of a table."""
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(
                self._folder / f"{name}.parquet", table.schema, compression="zstd", compression_level=1,
                store_schema=False, write_statistics=_LOOKED_UP, use_dictionary=_leaves(table.schema),
                write_page_checksum=True,
            )  # fmt: skip
            self._writers[name].add_key_value_metadata(token_record(self._ring, {_TOKENS[name]: PURPOSE}))
        self._writers[name].write_table(table, row_group_size=_ROW_GROUP)
        self.rows[name] += len(table)

    def close(self) -> None:
        """Every file to its end."""
        for writer in self._writers.values():
            writer.close()


def _leaves(schema: pa.Schema) -> list[str]:
    """The columns that repeat their values, by their paths in Parquet: all but tokens and households' numbers."""
    found: list[str] = []

    def walk(path: str, kind: pa.DataType) -> None:
        if pa.types.is_list(kind):
            walk(f"{path}.list.element", kind.value_type)
        elif pa.types.is_struct(kind):
            for one in kind:
                walk(f"{path}.{one.name}", one.type)
        elif not pa.types.is_binary(kind) and path != "household":
            found.append(path)

    for one in schema:
        walk(one.name, one.type)
    return found
