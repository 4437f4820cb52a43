"""Generated people for the tests of matching: none of them exists; tokens are made up, places begin with 99."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

VILLAGE = "990101101001"
OTHER_VILLAGE = "990101101002"
SCHEMA = pa.schema(
    [
        ("record_id", pa.string()),
        ("token", pa.binary(16)),
        ("name", pa.string()),
        ("birth_date", pa.date32()),
        ("sex", pa.string()),
        ("place", pa.string()),
        ("address", pa.string()),
        ("household", pa.string()),
    ]
)


def record(record_id, name="王小明", birth="1980-01-02", **more):
    row = {"record_id": record_id, "name": name, "sex": "1", "place": VILLAGE, "address": None, "token": None}
    number = more.pop("number", None)
    return row | {
        "birth_date": date.fromisoformat(birth) if birth else None,
        "token": number.encode().ljust(16, b".") if number else None,
    } | more  # fmt: skip


def table(*rows):
    return pa.Table.from_pylist(list(rows), SCHEMA)


def outcomes(pairs):
    return {(row["left_id"], row["right_id"]): (row["outcome"], row["step"], row["note"]) for row in pairs.to_pylist()}
