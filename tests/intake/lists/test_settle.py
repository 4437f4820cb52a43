"""Doubled rows are found alike whether a list waits in memory or on disk, and as one would find them by looking."""

from __future__ import annotations

import datetime as dt
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhikun.identity import TOKEN
from zhikun.intake.lists import settle
from zhikun.intake.lists.rows import KEY, code_type

_KEPT = [
    ("hospital", pa.string(), [None, "第一人民医院", "第三人民医院"]),
    ("paid", pa.float64(), [None, 0.0, 12.5]),
    ("urgent", pa.bool_(), [None, True, False]),
    ("kind", code_type(), [None, "a", "b"]),
    ("day", pa.date32(), [None, dt.date(2026, 9, 1), dt.date(2026, 9, 2)]),
    ("place", pa.int64(), [None, 620102000000]),
]


def _rows(count: int, people: int, chance: random.Random) -> list[dict[str, object]]:
    """Rows of few people; some share the first eight bytes of their token, which is all that is remembered of each."""
    tokens = [bytes([n % 7]) * 8 + bytes([n]) * 8 for n in range(people)]
    return [
        {
            "person": chance.choice([*tokens, None]),
            "row": number + 2,
            **{name: chance.choice(choices) for name, _kind, choices in _KEPT[: chance.choice([2, 6])]},
        }
        for number in range(count)
    ]


def _judged(rows: list[dict[str, object]]) -> tuple[list[tuple[int, int]], list[dict[str, object]]]:
    first: dict[tuple[object, ...], int] = {}
    pairs, kept = [], []
    for row in rows:
        content = (row["person"], *(row.get(name) for name, _kind, _choices in _KEPT))
        if row["person"] is not None and content in first:
            pairs.append((row["row"], first[content]))
        else:
            first.setdefault(content, row["row"])
            kept.append({"person": None, **{name: None for name, *_ in _KEPT}, **row})
    return pairs, kept


@pytest.mark.parametrize("most_held", [1 << 30, 0, 3000])
@pytest.mark.parametrize("person", ["person", KEY])
def test_doubled_rows_leave_in_memory_and_on_disk(tmp_path, monkeypatch, most_held, person):
    monkeypatch.setattr(settle, "_MOST_HELD", most_held)
    chance = random.Random(7)
    rows = _rows(500, 20, chance)
    wanted, kept = _judged(rows)
    assert len(wanted) > 20
    schema = pa.schema([("person", TOKEN), ("row", pa.int32()), *((name, kind) for name, kind, _c in _KEPT)])
    part = schema.append(pa.field(KEY, TOKEN)) if person == KEY else schema
    place = settle.InOrderOfFile(tmp_path, part, schema, person)
    for start in range(0, len(rows), 60):
        named = [
            {**row, KEY: row["person"], **({"person": None} if person == KEY else {})} for row in rows[start:][:60]
        ]
        place.add(pa.Table.from_pylist(named, schema=part))
    settled = place.settle(tmp_path / "rows.parquet")
    assert settled.doubled == wanted
    held = pq.read_table(tmp_path / "rows.parquet")
    assert held.schema.equals(schema)
    assert held.to_pylist() == [{**row, **({"person": None} if person == KEY else {})} for row in kept]
    known = [row["person"][:8] for row in kept if row["person"] is not None]
    assert settled.people == len(set(known))
    assert settled.repeated == sum(known.count(head) > 1 for head in set(known))


def test_a_list_without_rows_is_a_file_without_rows(tmp_path):
    schema = pa.schema([("person", TOKEN), ("row", pa.int32())])
    settled = settle.InOrderOfFile(tmp_path, schema, schema, "person").settle(tmp_path / "rows.parquet")
    assert settled == settle.Settled([], 0, 0)
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == 0
