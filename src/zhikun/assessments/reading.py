"""From the database to the engine's tables for very many households: rows travel as text, DuckDB makes columns of them.

`bridge.tables` says the same of a few households in plain Python; a test holds the two together. On PostgreSQL rows come by
COPY, elsewhere through the ORM.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from django.db import connection
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from zhikun.assessments.bridge import ARROW, ID, OF_THE_FILE, ROW, UNSEEN, place_code
from zhikun.engine.packs.model import Fact, Pack
from zhikun.places.models import AreaRange
from zhikun.registry.facts import REMOVED
from zhikun.registry.models import Household, HouseholdFacts, Membership
from zhikun.registry.models.household import within
from zhikun.registry.relations import RELATIONS, for_pack

POSITION, AREA = "position", "area"
_DUCK = {
    "number": "DOUBLE", "boolean": "BOOLEAN", "choice": "VARCHAR", "choices": "VARCHAR[]", "date": "DATE",
    "place": "VARCHAR",
}  # fmt: skip
# Neither can stand in JSON, a code or a date, so that nothing has to be quoted.
_DELIMITER, _QUOTE = "\x01", "\x02"


@dataclass(frozen=True, slots=True)
class Said:
    """What the registry says of some households: their facts as JSON text, and who belongs to them."""

    facts: pa.Table  # household, text
    people: pa.Table  # household, person, relation, born_on, sex, position


def listed(area: AreaRange) -> pa.Table:
    """The open households of an area in the order of lists (place, number): position, household, area, version. One moment's."""
    rows = Household.objects.open().filter(within("area_id", [area])).order_by("area_id", "number")
    found = _fetched(
        rows.values_list("pk", "area_id", "version"), {ID: pa.string(), AREA: pa.int64(), "version": pa.int64()}
    )
    return found.add_column(0, POSITION, pa.array(range(found.num_rows), pa.int32()))


def said_of(households: pa.Table) -> Said:
    """What the registry says of these households now, in their order; without facts: nothing is known."""
    facts = _of(HouseholdFacts.objects.all(), households).values_list("household_id", Cast("values", TextField()))
    members = _of(Membership.objects.filter(until__isnull=True, person__died_on__isnull=True), households).values_list(
        "household_id", "person_id", "relation", "person__born_on", "person__sex", "position"
    )
    text, person = pa.string(), {"person": pa.string(), "relation": pa.string(), "born_on": pa.string()}
    return Said(
        _ordered(_fetched(facts, {ID: text, "text": text}), households, []),
        _ordered(
            _fetched(members, {ID: text, **person, "sex": text, "position": pa.int32()}),
            households,
            [("position", "ascending"), ("person", "ascending")],
        ),
    )


def digest(households: pa.Table, said: Said) -> str:
    """SHA-256 over everything that the registry says of these households, and where they live."""
    found = hashlib.sha256()
    for column in (households.column(ID), households.column(AREA), *said.facts.columns, *said.people.columns):
        found.update(f"|{len(column)}|".encode())
        for chunk in column.chunks:
            # How long each value is, and all values one after another: neither depends on how the column is cut.
            whole = chunk if pa.types.is_string(chunk.type) else chunk.cast(pa.string())
            lengths = pc.fill_null(pc.binary_length(whole), -1)
            found.update(lengths.to_numpy(zero_copy_only=False).astype(np.int32).tobytes())
        for chunk in column.chunks:
            whole = chunk if pa.types.is_string(chunk.type) else chunk.cast(pa.string())
            found.update(_content(whole))
    return found.hexdigest()


def _content(texts: pa.StringArray) -> memoryview:
    """The bytes of all texts of an array, without a copy."""
    _valid, offsets, content = texts.buffers()
    if content is None or not len(texts):
        return memoryview(b"")
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(content)[int(ends[0]) : int(ends[-1])]


def columns(pack: Pack, households: pa.Table, said: Said) -> dict[str, pa.Table]:
    """The facts in the shape of docs/reference/engine-api.md, with `position` beside: the household's place in the list."""
    with duckdb.connect(config={"threads": 2, "autoinstall_known_extensions": "false"}) as con:
        places = {code: place_code(code) for code in pc.unique(households.column(AREA)).to_pylist()}
        con.register("listed", households.append_column("place", pa.array(
            [places[code] for code in households.column(AREA).to_pylist()], pa.string()
        )))  # fmt: skip
        con.register("people", said.people)
        con.register("said", said.facts)
        con.register("relations", pa.table({"code": list(RELATIONS), "word": [for_pack(code) for code in RELATIONS]}))
        spec = json.dumps({entity: _struct(pack, entity) for entity in (ID, "member", *pack.entities)})
        con.execute(
            "CREATE TEMP TABLE told AS SELECT position, household, from_json(text, ?) AS s FROM said JOIN listed USING "
            "(household)",
            [spec],
        )
        found = {ID: _read(con, pack, ID, _HOUSEHOLDS), "member": _members(con, pack)}
        for entity in pack.entities:
            if entity not in found:
                found[entity] = _read(con, pack, entity, _ROWS)
        return found


_HOUSEHOLDS = """
    SELECT position, household, {columns} FROM listed AS known
    LEFT JOIN (SELECT position, s['household'][''] AS said FROM told) USING (position) ORDER BY position
"""
_MEMBERS = """
    SELECT position, person, {columns}
    FROM (SELECT position, unnest(map_keys(s['member'])) AS person, unnest(map_values(s['member'])) AS said FROM told)
"""
_PEOPLE = """
    SELECT l.position, l.household, CAST(row_number() OVER (PARTITION BY l.position ORDER BY p.position, p.person) AS INTEGER)
           AS "row", p.person, w.word AS relation, CAST(p.born_on AS DATE) AS birth_date, p.sex
    FROM people AS p JOIN listed AS l USING (household) LEFT JOIN relations AS w ON w.code = p.relation
    ORDER BY l.position, p.position, p.person
"""
_ROWS = """
    SELECT position, household, CAST(row_number() OVER (PARTITION BY position ORDER BY nth) AS INTEGER) AS "row", {columns}
    FROM (SELECT position, household, unnest(range(len(map_keys(s['{entity}'])))) AS nth,
                 unnest(map_values(s['{entity}'])) AS said FROM told)
    WHERE said['{removed}'] IS NOT TRUE ORDER BY position, nth
"""


def _members(con: duckdb.DuckDBPyConnection, pack: Pack) -> pa.Table:
    """Who belongs to the households, with what was recorded of them there: of a household they left nothing is taken along.

    Nobody belongs to two households, so a person says where a row belongs; DuckDB's join would carry all columns through it.
    """
    facts = _seen(pack, "member")
    people = con.sql(_PEOPLE).to_arrow_table()
    said = ", ".join(f"said['{fact.name}'] AS \"{fact.name}\"" for fact in facts) or "NULL AS nothing"
    told = con.sql(_MEMBERS.format(columns=said)).to_arrow_table()
    whose = pc.index_in(told.column("person"), value_set=people.column("person").combine_chunks()).to_numpy()
    here = np.flatnonzero(~np.isnan(whose))
    whose = whose[here].astype(np.int64)
    theirs = people.column(POSITION).to_numpy()[whose] == told.column(POSITION).to_numpy()[here]
    at = np.full(people.num_rows, -1, np.int64)
    at[whose[theirs]] = here[theirs]
    rows = pa.array(at, mask=at < 0)
    found = {name: people.column(name) for name in (POSITION, ID, ROW)}
    for fact in facts:
        column = told.column(fact.name).take(rows)
        if (fact.entity, fact.name) in OF_THE_FILE:
            column = pc.coalesce(people.column(fact.name).cast(column.type), column)
        found[fact.name] = column
    return pa.table(found).cast(_schema("member", facts))


def _read(con: duckdb.DuckDBPyConnection, pack: Pack, entity: str, query: str) -> pa.Table:
    facts = _seen(pack, entity)
    chosen = ", ".join(_column(fact) for fact in facts) or "NULL AS nothing"
    found = con.sql(query.format(columns=chosen, entity=entity, removed=REMOVED)).to_arrow_table()
    schema = _schema(entity, facts)
    return found.select(schema.names).cast(schema)


def _schema(entity: str, facts: Sequence[Fact]) -> pa.Schema:
    ids = [(POSITION, pa.int32()), (ID, pa.string()), *([] if entity == ID else [(ROW, pa.int32())])]
    return pa.schema([*ids, *((fact.name, ARROW[fact.type]) for fact in facts)])


def _column(fact: Fact) -> str:
    told = f"said['{fact.name}']"
    if (fact.entity, fact.name) in OF_THE_FILE:
        told = f'coalesce(known."{fact.name}", {told})'
    return f'{told} AS "{fact.name}"'


def _seen(pack: Pack, entity: str) -> list[Fact]:
    return [fact for fact in pack.facts_of(entity) if fact.type not in UNSEEN]


def _struct(pack: Pack, entity: str) -> str:
    """The rows of an entity as DuckDB reads them out of JSON; what the pack does not ask is not read."""
    fields = "".join(f', "{fact.name}" {_DUCK[fact.type]}' for fact in _seen(pack, entity))
    return f'MAP(VARCHAR, STRUCT("{REMOVED}" BOOLEAN{fields}))'


def _of(rows: Any, households: pa.Table) -> Any:
    """The rows of these households, however many: their ids are one parameter."""
    ids = households.column(ID).to_pylist()
    if connection.vendor == "postgresql":
        return rows.extra(where=["household_id = ANY(%s::uuid[])"], params=["{" + ",".join(ids) + "}"])
    plain = json.dumps([one.replace("-", "") for one in ids])
    return rows.extra(where=["household_id IN (SELECT value FROM json_each(%s))"], params=[plain])


def _fetched(rows: QuerySet[Any, Any], types: Mapping[str, pa.DataType]) -> pa.Table:
    """The rows of a `values_list` as an Arrow table; an empty text is null."""
    names = list(types)
    if connection.vendor != "postgresql":
        return _through_orm(rows, types)
    sql, params = rows.query.sql_with_params()
    text = io.BytesIO()
    with connection.cursor() as cursor:
        copy = f"COPY ({sql}) TO STDOUT (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02', ENCODING 'UTF8')"
        with cursor.copy(copy, params) as stream:
            for block in stream:
                text.write(block)
    if not text.tell():
        return pa.schema(types.items()).empty_table()
    return pacsv.read_csv(
        pa.BufferReader(text.getbuffer()),
        read_options=pacsv.ReadOptions(column_names=names, block_size=1 << 24),
        parse_options=pacsv.ParseOptions(delimiter=_DELIMITER, quote_char=_QUOTE),
        convert_options=pacsv.ConvertOptions(column_types=dict(types), strings_can_be_null=True, null_values=[""]),
    )


def _through_orm(rows: QuerySet[Any, Any], types: Mapping[str, pa.DataType]) -> pa.Table:
    told = list(zip(*rows, strict=True)) or [()] * len(types)
    made = {}
    for (name, type_), values in zip(types.items(), told, strict=True):
        if pa.types.is_string(type_):
            made[name] = pa.array([None if one in (None, "") else str(one) for one in values], type_)
        else:
            made[name] = pa.array(values, type_)
    return pa.table(made)


def _ordered(rows: pa.Table, households: pa.Table, then: Sequence[tuple[str, str]]) -> pa.Table:
    """The rows in the order of the households."""
    at = pc.index_in(rows.column(ID), value_set=households.column(ID).combine_chunks())
    by = pa.table({"_at": at, **{name: rows.column(name) for name, _way in then}})
    return rows.take(pc.sort_indices(by, sort_keys=[("_at", "ascending"), *then]))
