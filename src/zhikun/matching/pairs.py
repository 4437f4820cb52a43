"""Which records are the same person: exact by token, exact by name, birth date and village, then by probability.

Each pair ends as linked, to be reviewed or not linked, with the step, a note and the weights field by field.
"""

from __future__ import annotations

import pyarrow as pa

from zhikun.matching.decisions import Decision, Verdict
from zhikun.matching.groups import Groups
from zhikun.matching.kinds import Kind, levels_of
from zhikun.matching.model import Model
from zhikun.matching.records import in_memory, prepared
from zhikun.matching.scoring import SCOPES, Scope, score
from zhikun.matching.words import LEVEL_WORDS, Part, text_of
from zhikun.wording import _

PART = pa.struct([("field", pa.string()), ("level", pa.string()), ("weight", pa.float64())])
PAIRS = pa.schema(
    [
        ("left_id", pa.string()),
        ("right_id", pa.string()),
        ("outcome", pa.string()),
        ("step", pa.string()),
        ("note", pa.string()),
        ("probability", pa.float64()),
        ("weight", pa.float64()),
        ("parts", pa.list_(PART)),
        ("text", pa.string()),
    ]
)
Known = dict[tuple[str, str], Decision]
Row = dict[str, object]


def compare(
    records: pa.Table, others: pa.Table | None = None, *, model: Model, decisions: Known | None = None,
    exact_only: bool = False,
) -> pa.Table:  # fmt: skip
    """The pairs within `records`, or between `records` and `others`, as a table with the columns of PAIRS.

    `decisions` are those in force: their pairs come back as decided and are not asked again. `exact_only` leaves out the
    step of probability; who calls so says what was left out.
    """
    scope = Scope.WITHIN if others is None else Scope.ACROSS
    table = sides(records, others, model)
    return judged(table, model, scope, decisions or {}, exact_only=exact_only)


def sides(records: pa.Table, others: pa.Table | None, model: Model) -> pa.Table:
    """Both tables prepared, one under the other; `side` is 0 for `records` and 1 for `others`."""
    first = prepared(records, model)
    table = first.append_column("side", pa.array([0] * len(first), pa.int32()))
    if others is None:
        return table
    second = prepared(others, model)
    return pa.concat_tables([table, second.append_column("side", pa.array([1] * len(second), pa.int32()))])


def judged(
    table: pa.Table, model: Model, scope: Scope, decisions: Known, persons: dict[str, str] | None = None,
    exact_only: bool = False,
) -> pa.Table:  # fmt: skip
    """The steps in order; a pair that one step settled is not settled again by a later one.

    `persons` are the people that known records belong to already: no link joins two of them.
    """
    rows: dict[tuple[str, str], Row] = {}
    tokens = {i: t for i, t in zip(table["record_id"].to_pylist(), table["token"].to_pylist(), strict=True) if t}
    present = set(table["record_id"].to_pylist())
    for pair, decision in decisions.items():
        if present.issuperset(pair):
            same = decision.verdict is Verdict.SAME
            outcome, note = ("linked", "same_by_decision") if same else ("not_linked", "different_by_decision")
            rows[pair] = _row(pair, outcome, "decision", note)
    for pair in _by_token(table, scope):
        rows.setdefault(pair, _row(pair, "linked", "token", ""))
    for row in _by_name(table, model, scope):
        rows.setdefault((str(row["left_id"]), str(row["right_id"])), row)
    for row in () if exact_only else _by_probability(score(table, model, scope), model, tokens):
        rows.setdefault((str(row["left_id"]), str(row["right_id"])), row)
    _hold_back(rows, tokens, decisions, persons or {})
    for row in rows.values():
        parts: list[Part] = row["parts"]  # type: ignore[assignment]  # a row holds values of several types
        row["text"] = text_of(str(row["outcome"]), str(row["step"]), str(row["note"]), parts)
    return pa.Table.from_pylist([rows[pair] for pair in sorted(rows)], PAIRS)


def _row(pair: tuple[str, str], outcome: str, step: str, note: str, **more: object) -> Row:
    row: Row = {"left_id": pair[0], "right_id": pair[1], "outcome": outcome, "step": step, "note": note}
    return row | {"probability": None, "weight": None, "parts": []} | more


def _by_token(table: pa.Table, scope: Scope) -> list[tuple[str, str]]:
    """Pairs with the same token. Within one side each record is paired with the first one: a chain, not a square."""
    with in_memory() as connection:
        connection.register("t", table)
        if scope is Scope.ACROSS:
            sql = "SELECT l.record_id, r.record_id FROM t l JOIN t r ON l.token = r.token AND l.side < r.side"
        else:
            sql = """SELECT first, record_id FROM (
                SELECT record_id, side, min(side) OVER w AS newest,
                       first_value(record_id) OVER (PARTITION BY token ORDER BY side DESC, record_id) AS first
                FROM t WHERE token IS NOT NULL WINDOW w AS (PARTITION BY token))
                WHERE first <> record_id AND (newest = 0)"""
        found = connection.execute(sql).fetchall()
    return [(min(a, b), max(a, b)) for a, b in found]


_NAME_SQL = """
WITH t AS (SELECT record_id, side, token, name, birth_date, {sex} AS sex, place, place_town FROM t WHERE name IS NOT NULL
           AND birth_date IS NOT NULL AND place_town IS NOT NULL),
candidates AS (SELECT name, birth_date, place_town,
    count(DISTINCT token) + count(*) FILTER (token IS NULL) AS records,
    count(DISTINCT token) AS persons FROM t GROUP BY ALL)
SELECT least(l.record_id, r.record_id), greatest(l.record_id, r.record_id),
       l.token <> r.token, c.persons > 1, l.sex <> r.sex, length(l.place) < 12 OR length(r.place) < 12
FROM t l JOIN t r ON l.name = r.name AND l.birth_date = r.birth_date AND l.place_town = r.place_town
     AND (l.place = r.place OR length(l.place) < 12 OR length(r.place) < 12)
     AND l.record_id < r.record_id {scope}
JOIN candidates c ON c.name = l.name AND c.birth_date = l.birth_date AND c.place_town = l.place_town
WHERE l.token IS DISTINCT FROM r.token OR l.token IS NULL
"""


def _by_name(table: pa.Table, model: Model, scope: Scope) -> list[Row]:
    """Same name, birth date and village. Anything that speaks against it goes to a person."""
    columns = set(table.column_names)
    if not {"name", "birth_date", "place_town"} <= columns:
        return []
    sex = "sex" if "sex" in columns else "NULL"
    with in_memory() as connection:
        connection.register("t", table)
        found = connection.execute(_NAME_SQL.format(scope=SCOPES[scope], sex=sex)).fetchall()
    rows = []
    for left, right, tokens, several, sexes, coarse in found:
        notes = {"tokens_differ": tokens, "several": several, "sex_differs": sexes, "coarse": coarse}
        note = next((name for name, holds in notes.items() if holds), "")
        rows.append(_row((left, right), "review" if note else "linked", "name", note))
    return rows


def _by_probability(scored: pa.Table, model: Model, tokens: dict[str, bytes]) -> list[Row]:
    words = {
        f.column: [_(LEVEL_WORDS[level.key]) for level in levels_of(f.kind, partnered=bool(f.partner))]
        for f in model.fields
    }
    rows = []
    for pair in scored.to_pylist():
        if pair["probability"] < model.limits.report:
            continue
        parts = []
        for field in model.fields:
            number = pair[f"level_{field.column}"]
            level = words[field.column][number] if number >= 0 else _(LEVEL_WORDS["unknown"])
            parts.append(Part(field=field.title, level=level, weight=pair[f"weight_{field.column}"]))
        outcome, note = _outcome(pair, model, tokens)
        ids = (pair["left_id"], pair["right_id"])
        more = {"probability": pair["probability"], "weight": pair["weight"], "parts": parts}
        rows.append(_row(ids, outcome, "probability", note, **more))
    return rows


def _outcome(pair: dict[str, float], model: Model, tokens: dict[str, bytes]) -> tuple[str, str]:
    limits = model.limits
    if pair["probability"] < limits.review:
        return "not_linked", "below_review"
    left, right = tokens.get(str(pair["left_id"])), tokens.get(str(pair["right_id"]))
    disagreeing = any(pair[f"level_{column}"] != 0 for column in limits.agree)
    if left and right:
        # Two valid numbers are two people unless everything else says the opposite: do not flood the queue.
        return ("not_linked" if disagreeing else "review"), "tokens_differ"
    if any(pair[f"level_{f.column}"] > 0 for f in model.fields if f.kind is Kind.CODE and f.column == "sex"):
        return "review", "sex_differs"
    if disagreeing:
        return "review", "names_differ"
    return ("linked", "") if pair["probability"] >= limits.link else ("review", "below_link")


def _hold_back(
    rows: dict[tuple[str, str], Row], tokens: dict[str, bytes], decisions: Known, persons: dict[str, str]
) -> None:  # fmt: skip
    """No link may connect, through others, two records known to be two people. Step by step, whatever the order.

    Where the links of one step would do so, all links of that step in that group go to a person: which of them is
    wrong cannot be told from here.
    """
    apart = [pair for pair, decision in decisions.items() if decision.verdict is Verdict.DIFFERENT]
    groups = Groups()
    _join_persons(groups, persons, set(map(frozenset, apart)))
    identities: dict[str, str] = {}
    for step in ("decision", "token", "name", "probability"):
        linked = [pair for pair, row in rows.items() if row["step"] == step and row["outcome"] == "linked"]
        if step == "token":
            # What a person has joined is one identity from here on, and so are the people known before.
            identities = {record: groups.find(record) for record in persons}
        if step == "name":
            identities = {record: groups.find(record) for record in {**persons, **tokens}}
        trial = Groups()
        for left, right in linked:
            trial.join(groups.find(left), groups.find(right))

        def end(record: str, trial: Groups = trial) -> str:
            return trial.find(groups.find(record))

        wrong = {end(left) for left, right in apart if end(left) == end(right)}
        held: dict[str, str] = {}
        wrong |= {end(record) for record, found in identities.items() if held.setdefault(end(record), found) != found}
        for pair in linked:
            if step != "decision" and end(pair[0]) in wrong:
                rows[pair] |= {"outcome": "review", "note": "would_join"}
        for pair in linked:
            if rows[pair]["outcome"] == "linked":
                groups.join(*pair)


def _join_persons(groups: Groups, persons: dict[str, str], apart: set[frozenset[str]]) -> None:
    """Records of one known person belong together, but for those that were decided apart since."""
    first: dict[str, str] = {}
    parted = {record for pair in apart for record in pair}
    for record, person in persons.items():
        if record not in parted:
            groups.join(first.setdefault(person, record), record)
