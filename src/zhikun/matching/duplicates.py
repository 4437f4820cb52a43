"""The same means inside one table: one person in two households, one household twice, the dead still on a list."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
import pyarrow.compute as pc

from zhikun.matching.errors import MatchingError
from zhikun.matching.model import Model
from zhikun.matching.pairs import PAIRS, Known, compare
from zhikun.wording import _

HOUSEHOLDS = pa.schema(
    [
        ("left_household", pa.string()),
        ("right_household", pa.string()),
        ("outcome", pa.string()),
        ("shared", pa.int32()),
        ("left_members", pa.int32()),
        ("right_members", pa.int32()),
        ("text", pa.string()),
    ]
)


def people_twice(
    members: pa.Table, *, model: Model, decisions: Known | None = None, exact_only: bool = False
) -> pa.Table:  # fmt: skip
    """Pairs of records that are, or may be, one person in two households: PAIRS with both household numbers.

    `members` has the columns of a comparison and `household`.
    """
    if "household" not in members.column_names:
        raise MatchingError(_("成员表没有 household（户编号）列，看不出谁在两户里。请补上户编号。"))
    pairs = compare(members, model=model, decisions=decisions, exact_only=exact_only)
    homes = dict(zip(_texts(members, "record_id"), _texts(members, "household"), strict=True))
    rows = [
        row | {"left_household": homes[row["left_id"]], "right_household": homes[row["right_id"]]}
        for row in pairs.to_pylist()
        if row["outcome"] != "not_linked" and homes[row["left_id"]] != homes[row["right_id"]]
    ]
    schema = PAIRS.append(pa.field("left_household", pa.string())).append(pa.field("right_household", pa.string()))
    return pa.Table.from_pylist(rows, schema)


def households_twice(
    members: pa.Table, *, model: Model, decisions: Known | None = None, exact_only: bool = False
) -> pa.Table:  # fmt: skip
    """Households whose members are found in another one: all linked to all is one household under two numbers.

    Where only some are shared, or a pair still waits for a person, the household is to be reviewed.
    """
    found = people_twice(members, model=model, decisions=decisions, exact_only=exact_only)
    size: dict[str, int] = defaultdict(int)
    for home in _texts(members, "household"):
        size[home] += 1
    shared: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
    for row in found.to_pylist():
        left, right = (row["left_household"], row["left_id"]), (row["right_household"], row["right_id"])
        (first, one), (second, two) = sorted((left, right))
        shared[first, second].append((one, two, row["outcome"]))
    rows = []
    for (first, second), pairs in sorted(shared.items()):
        count = min(len({pair[0] for pair in pairs}), len({pair[1] for pair in pairs}))
        whole = count == size[first] == size[second]
        if count < 2 and not whole:
            continue
        sure = whole and all(pair[2] == "linked" for pair in pairs)
        found_text = _("{first} 户 {a} 人、{second} 户 {b} 人，其中 {count} 人可能是相同的人，{judgement}。").format(
            first=first,
            a=size[first],
            second=second,
            b=size[second],
            count=count,
            judgement=_("全部成员一一对应，是同一户") if sure else _("请人工核对"),
        )
        values = (first, second, "linked" if sure else "review", count, size[first], size[second], found_text)
        rows.append(dict(zip(HOUSEHOLDS.names, values, strict=True)))
    return pa.Table.from_pylist(rows, HOUSEHOLDS)


def dead_on_list(
    people: pa.Table, deaths: pa.Table, *, model: Model, decisions: Known | None = None, exact_only: bool = False
) -> pa.Table:  # fmt: skip
    """Records of `people` that are, or may be, a person of the list of deaths. PAIRS; never a removal by itself."""
    found = compare(people, deaths, model=model, decisions=decisions, exact_only=exact_only)
    return found.filter(pc.not_equal(found["outcome"], "not_linked"))


def _texts(table: pa.Table, column: str) -> list[str]:
    return [str(value) for value in table[column].to_pylist()]
