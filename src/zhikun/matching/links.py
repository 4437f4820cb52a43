"""A list's records and the people they may be: one outcome for each record, with its reasons.

Linked: one person, by the machine or by decision. To be reviewed: one or several people, among whom a person chooses. Not
linked: nobody, or only people who were decided to be others.
"""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa

from zhikun.matching.model import Model
from zhikun.matching.pairs import PART, Known, Row, compare
from zhikun.matching.records import in_memory, prepared
from zhikun.matching.words import nobody_text

LINKS = pa.schema(
    [
        ("record_id", pa.string()),
        ("person_id", pa.string()),  # null: nobody
        ("outcome", pa.string()),
        ("step", pa.string()),
        ("note", pa.string()),
        ("probability", pa.float64()),
        ("weight", pa.float64()),
        ("parts", pa.list_(PART)),
        ("text", pa.string()),
    ]
)


def link(
    records: pa.Table, people: pa.Table, *, model: Model, decisions: Known | None = None, exact_only: bool = False
) -> pa.Table:  # fmt: skip
    """The records of a list with the people they are or may be: LINKS, in the order of both ids.

    `records` and `people` have the columns of a comparison, `people` a token each. A record that is linked has one row;
    one to be reviewed has a row for each person it may be; decisions that it is somebody else keep their rows.
    """
    pairs = compare(records, people, model=model, decisions=decisions, exact_only=exact_only)
    mine = set(records["record_id"].to_pylist())
    by_record: dict[str, list[Row]] = defaultdict(list)
    for pair in pairs.to_pylist():
        left, right = pair.pop("left_id"), pair.pop("right_id")
        record, person = (left, right) if left in mine else (right, left)
        by_record[record].append(pair | {"record_id": record, "person_id": person})
    rows: list[Row] = []
    for record in sorted(mine):
        rows += _settled(record, by_record[record], exact_only=exact_only)
    return pa.Table.from_pylist(rows, LINKS)


def ambiguous(records: pa.Table, people: pa.Table, model: Model) -> set[str]:
    """The records whose name and birth date several people of their township have.

    What a person decides about such a record says nothing about an equal one in another list.
    """
    sides = {"r": prepared(records, model), "p": prepared(people, model)}
    with in_memory() as connection:
        for name, table in sides.items():
            connection.register(name, table)
        found = connection.execute(
            "SELECT r.record_id FROM r JOIN p USING (name, birth_date, place_town)"
            " GROUP BY r.record_id HAVING count(DISTINCT p.token) > 1"
        ).fetchall()
    return {record for (record,) in found}


def _settled(record: str, pairs: list[Row], *, exact_only: bool) -> list[Row]:
    """The rows of one record. Where it is linked, nothing is left to ask about."""
    pairs = sorted(pairs, key=lambda pair: str(pair["person_id"]))
    linked = [pair for pair in pairs if pair["outcome"] == "linked"]
    review = [pair for pair in pairs if pair["outcome"] == "review"]
    apart = [pair for pair in pairs if pair["outcome"] == "not_linked" and pair["step"] == "decision"]
    if linked or review:
        return (linked or review) + apart
    return [_nobody(record, pairs, exact_only=exact_only), *apart]


def _nobody(record: str, pairs: list[Row], *, exact_only: bool) -> Row:
    """Why nobody was found: the nearest one was too far, or there was none."""
    near = [pair for pair in pairs if pair["step"] != "decision"]
    if near:
        return max(near, key=lambda pair: float(str(pair["probability"]))) | {"person_id": None}
    note = "not_compared" if exact_only else "nobody"
    row: Row = {"record_id": record, "person_id": None, "outcome": "not_linked", "step": "", "note": note}
    return row | {"probability": None, "weight": None, "parts": [], "text": nobody_text(note)}
