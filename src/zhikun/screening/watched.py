"""The people watched with their names, as the comparison of a list needs them: only those who share something with it.

Names are opened chunk by chunk and let go again; of 4.2 million people some thousands stay in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import HOUSEHOLD, ListSource
from zhikun.identity import TOKEN, KeyRing
from zhikun.matching import Candidates, Model, in_memory, watched_model
from zhikun.screening import sql
from zhikun.screening.errors import ScreeningRefused
from zhikun.screening.identified import person_id
from zhikun.screening.received import reading_files, table_of
from zhikun.wording import _

PEOPLE = pa.schema(
    [
        ("record_id", pa.string()), ("token", TOKEN), ("name", pa.string()), ("birth_date", pa.date32()),
        ("place", pa.string()),
    ]
)  # fmt: skip


class Watched:
    """One received population, in the columns that its list has today. Raises ScreeningDamaged where it cannot be read."""

    def __init__(self, source: ListSource, rows: Path, ring: KeyRing) -> None:
        self._source, self._rows, self._ring = source, rows, ring
        place = source.column_of("place")
        self._place = sql.name(place.name) if place else "NULL::BIGINT"

    def asked(self, query: str, **tables: pa.Table) -> pa.Table:
        """What a query finds in the rows received (`listed`: person, row, place, household, shown) and in these tables."""
        with reading_files(self._rows), in_memory() as con:
            for name, table in tables.items():
                con.register(name, table)
            listed = f"SELECT person, row, {self._place} AS place, {HOUSEHOLD} AS household, shown"
            return con.sql(
                f"WITH listed AS NOT MATERIALIZED ({listed} FROM {table_of(self._source, self._rows)}) {query}"
            ).to_arrow_table()

    @cached_property
    def model(self) -> Model:
        """The model of comparing with these people: how they are spread over the country."""
        counted = self.asked(
            "SELECT place, count(*) AS n FROM listed WHERE place IS NOT NULL GROUP BY place ORDER BY place"
        )
        return watched_model(dict(zip(counted["place"].to_pylist(), counted["n"].to_pylist(), strict=True)))

    def candidates(self, records: pa.Table, persons: Iterable[bytes] = ()) -> pa.Table:
        """The people who share a block of the model with a record, and these `persons`: PEOPLE, in the order of tokens."""
        wanted = Candidates(records, self.model)
        certain = self._rows_of(set(persons))
        kept = []
        for chunk in self.chunks():
            mask = pc.or_(wanted.among(chunk), pc.is_in(chunk["row"], certain))
            kept.append(chunk.filter(mask))
        return self._people(kept)

    def named(self, persons: Iterable[bytes]) -> pa.Table:
        """The names of these people: PEOPLE, in the order of tokens."""
        certain = self._rows_of(set(persons))
        return self._people([chunk.filter(pc.is_in(chunk["row"], certain)) for chunk in self.chunks()])

    def chunks(self) -> Iterator[pa.Table]:
        """The names with places, chunk by chunk: record_id (the row as a text), row, name, birth_date, place."""
        from zhikun.intake.lists import read_names  # noqa: PLC0415 - only a list without numbers needs what reads files
        from zhikun.intake.lists.model import NAMES  # noqa: PLC0415 - as above

        path = self._rows.with_name(NAMES)
        if not path.exists():
            raise ScreeningRefused(
                _("监测名册 {p} 没有姓名，没有身份证号的名单无法与它比对。请在名册里加上姓名列，重新接收。").format(
                    p=self._rows.parent
                )
            )
        places, alone = self._by_row
        for names in read_names(path, self._ring):
            rows = names["row"].to_numpy()
            mask = alone[np.minimum(rows, len(alone) - 1)] & (rows < len(alone))
            if not mask.all():
                names, rows = names.filter(pa.array(mask)), rows[mask]  # noqa: PLW2901 - the same chunk without some rows
            yield pa.table(
                {
                    "record_id": names["row"].cast(pa.string()),
                    "row": names["row"],
                    "name": names["name"],
                    "birth_date": names["birth_date"],
                    "place": pc.utf8_lpad(places.take(pa.array(rows)).cast(pa.string()), 12, "0"),
                }
            )

    @cached_property
    def _by_row(self) -> tuple[pa.Array, NDArray[np.bool_]]:
        """The place of each row number; and whether it stands for exactly one row.

        Where it stands for two a name could be another's. Names of doubled rows, which were not kept, stay sealed.
        """
        table = self.asked("SELECT row, place FROM listed")
        rows = table["row"].to_numpy()
        most = int(rows.max(initial=0)) + 1
        places = np.zeros(most, np.int64)
        known = np.zeros(most, bool)
        places[rows] = pc.fill_null(table["place"], 0).to_numpy()
        known[rows] = table["place"].is_valid().to_numpy()
        return pa.array(places, pa.int64(), mask=~known), np.bincount(rows, minlength=most) == 1

    @cached_property
    def person_by_row(self) -> NDArray[np.int64]:
        """A number for each row, the same for rows of one person. The file is in the order of persons."""
        table = self.asked("SELECT row, person FROM listed")
        rows, codes = table["row"].to_numpy(), pc.rank(table["person"].cast(pa.binary()), tiebreaker="dense")
        numbers = np.zeros(int(rows.max(initial=0)) + 1, np.int64)
        numbers[rows] = codes.to_numpy()
        return numbers

    def _rows_of(self, persons: set[bytes]) -> pa.Array:
        if not persons:
            return pa.array([], pa.int32())
        found = self.asked(
            "SELECT min(row) AS row FROM listed SEMI JOIN wanted USING (person) GROUP BY person",
            wanted=pa.table({"person": pa.array(sorted(persons), TOKEN)}),
        )
        return found["row"].combine_chunks().cast(pa.int32())

    def _people(self, chunks: list[pa.Table]) -> pa.Table:
        """Names with tokens; a person who is watched in several groups has several rows, and counts once."""
        if not chunks or not sum(map(len, chunks)):
            return PEOPLE.empty_table()
        found = self.asked(
            "SELECT r.person AS token, arg_min(k.name, k.row) AS name, arg_min(k.birth_date, k.row) AS birth_date,"
            " arg_min(k.place, k.row) AS place FROM kept k JOIN listed r ON r.row = k.row"
            " WHERE r.person IS NOT NULL GROUP BY r.person ORDER BY token",
            kept=pa.concat_tables(chunks),
        )
        tokens = found["token"].to_pylist()
        ids = pa.array([person_id(self._ring, token) for token in tokens], pa.string())
        columns = [ids, *(found[name].cast(PEOPLE.field(name).type) for name in PEOPLE.names[1:])]
        return pa.table(columns, schema=PEOPLE)
