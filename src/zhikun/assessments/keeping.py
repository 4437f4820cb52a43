"""What a run keeps in the data folder, and how it grows there part by part. Ids and facts without names; private to the platform.

    assessments/<run>/listed.arrow              the households, as they were listed
                      parts/00007-member.arrow  facts of a part, as they were read
                      parts/00007.digest        and their hash
                      parts/00007-results.arrow what came out, and parts/00007.npz what the ranks need
                      facts/member.parquet      at the end: the facts used, one file an entity
                      results/household.parquet and the results, with the ranks

Both Parquet files stand in the order of lists (place, number) with `position` rising, so that a place, a page or one household
is a few row groups. A part is there whole or not at all: whoever goes on after a kill begins with the first that is missing.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from zhikun.assessments.bridge import ID
from zhikun.assessments.reading import POSITION
from zhikun.disk import clear_unfinished, private_folder, replace_file, written_whole
from zhikun.engine.run.parts import Keys

#: Under which name the file of results says what categories the pack had.
CATEGORIES = b"zhikun.categories"
#: Households of a part: two of the engine's blocks.
PART = 32_768
#: Households of a row group: one of them is read for one household.
GROUP = 16_384


#: Takes the facts of a part, one table an entity.
AddFacts = Callable[[Mapping[str, pa.Table]], None]


def folder_of(run: uuid.UUID) -> Path:
    """Where a run keeps what it has."""
    return Path(settings.ZHIKUN_DATA) / "assessments" / str(run)


def folders() -> dict[uuid.UUID, Path]:
    """What lies here of any run, whether there is such a run or not."""
    found = {}
    for path in (Path(settings.ZHIKUN_DATA) / "assessments").glob("*"):
        try:
            found[uuid.UUID(path.name)] = path
        except ValueError:  # nothing of ours
            continue
    return found


def results_file(run: uuid.UUID) -> Path:
    """The results of a finished run."""
    return folder_of(run) / "results" / "household.parquet"


def facts_file(run: uuid.UUID, entity: str) -> Path:
    """The facts of an entity that a finished run used."""
    return folder_of(run) / "facts" / f"{entity}.parquet"


class Bench:
    """A run's folder while it is made."""

    def __init__(self, run: uuid.UUID) -> None:
        self.folder = folder_of(run)
        self._parts = self.folder / "parts"

    def begin(self) -> None:
        """The folder, without what a killed process left half-written."""
        private_folder(self._parts)
        clear_unfinished(self.folder)

    def clear(self) -> None:
        """Nothing is left of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def is_untidy(self) -> bool:
        """Whether parts are left."""
        return self._parts.exists()

    def finish(self) -> None:
        """Only what is to stay is left."""
        shutil.rmtree(self._parts, ignore_errors=True)
        (self.folder / "listed.arrow").unlink(missing_ok=True)

    @property
    def listing(self) -> pa.Table | None:
        """The households, if they have been listed."""
        path = self.folder / "listed.arrow"
        return _load(path) if path.exists() else None

    def keep_listing(self, households: pa.Table) -> None:
        _save(self.folder / "listed.arrow", households)

    def keep_facts(self, part: int, facts: Mapping[str, pa.Table], digest: str) -> None:
        """The facts of a part; its hash comes last, and says that all of it is there."""
        for entity, table in facts.items():
            _save(self._parts / f"{part:05d}-{entity}.arrow", table)
        replace_file(self._parts / f"{part:05d}.digest", digest.encode())

    def digest(self, part: int) -> str | None:
        """The hash of a part's facts, once they are all there."""
        path = self._parts / f"{part:05d}.digest"
        return path.read_text() if path.exists() else None

    def facts(self, part: int, entity: str) -> pa.Table:
        return _load(self._parts / f"{part:05d}-{entity}.arrow")

    def keep_results(self, part: int, results: pa.Table, keys: Keys) -> None:
        with written_whole(self._parts / f"{part:05d}.npz") as path, path.open("wb") as file:
            named: dict[str, Any] = dict(keys)
            np.savez(file, **named)
        _save(self._parts / f"{part:05d}-results.arrow", results)

    def has_results(self, part: int) -> bool:
        return (self._parts / f"{part:05d}-results.arrow").exists()

    def results(self, part: int) -> pa.Table:
        return _load(self._parts / f"{part:05d}-results.arrow")

    def keys(self, part: int) -> Keys:
        with np.load(self._parts / f"{part:05d}.npz") as kept:
            return {name: kept[name] for name in kept.files}

    def all_facts(self, part: int, entities: Iterable[str]) -> dict[str, pa.Table]:
        """The facts of a part, of every entity."""
        return {entity: self.facts(part, entity) for entity in entities}

    @contextmanager
    def joined_facts(self, entities: Iterable[str]) -> Iterator[AddFacts]:
        """One file an entity, to which the facts of part after part are added; they are there, whole, when the context ends."""
        folder = private_folder(self.folder / "facts")
        with ExitStack() as stack:
            files = {entity: stack.enter_context(joined(folder / f"{entity}.parquet")) for entity in entities}

            def add(facts: Mapping[str, pa.Table]) -> None:
                for entity, add_table in files.items():
                    add_table(facts[entity])

            yield add

    def join_results(self, tables: Iterator[pa.Table], categories: Sequence[str] = ()) -> None:
        """One file of all results. `categories`: those that the pack has, for what nobody is in does not stand in the rows."""
        private_folder(self.folder / "results")
        about = {CATEGORIES: json.dumps(list(categories)).encode()}
        told = (table.replace_schema_metadata({**(table.schema.metadata or {}), **about}) for table in tables)
        write(self.folder / "results" / "household.parquet", told)


@contextmanager
def joined(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Adds tables one after another to a Parquet file, with what is needed to find one row group among many."""
    with written_whole(path) as beside, ExitStack() as stack:
        writer: pq.ParquetWriter | None = None

        def add(table: pa.Table) -> None:
            nonlocal writer
            if writer is None:
                writer = stack.enter_context(_writer(beside, table.schema))
            writer.write_table(table, row_group_size=GROUP)

        yield add


def write(path: Path, tables: Iterable[pa.Table]) -> None:
    """All of these tables as one file."""
    with joined(path) as add:
        for table in tables:
            add(table)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    texts = [field.name for field in schema if pa.types.is_string(field.type) and field.name != ID]
    texts += [f"{field.name}.list.element" for field in schema if pa.types.is_list(field.type)]
    found = [name for name in (POSITION, "_position", "_area", ID) if name in schema.names]
    # LZ4 packs as well as Snappy here, in two thirds of the time.
    return pq.ParquetWriter(path, schema, compression="lz4", use_dictionary=texts, write_statistics=found)


def _save(path: Path, table: pa.Table) -> None:
    with (
        written_whole(path) as beside,
        pa.OSFile(str(beside), "wb") as file,
        pa.ipc.new_file(file, table.schema) as out,
    ):
        out.write_table(table)


def _load(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
