"""A household in plain Python has, slot by slot, what the kernel computes for it; and asks for the same missing facts."""

import random
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.engine.county import county
from tests.engine.small import fact, plan_of, rule
from tests.packs import RULED

from zhikun.engine.run import missing_facts
from zhikun.engine.run.asking import asked
from zhikun.engine.run.calendar import Calendar
from zhikun.engine.run.elements import CALLED, OTHERS, SEVERAL, SIGNS, STRICT, div_grid, round_to
from zhikun.engine.run.facts import FactsError, load
from zhikun.engine.run.household import OneHousehold, one_household
from zhikun.engine.run.kernel import Kernel
from zhikun.engine.run.operations import OPERATIONS, Frame
from zhikun.engine.run.single import Single


def alone(tables):
    """Each household of some tables with its own rows."""
    for household in tables["household"].column("household").to_pylist():
        yield household, {e: t.filter(pc.equal(t.column("household"), household)) for e, t in tables.items()}


def as_python(instruction, value, frame):
    """A kernel's value of one household in the form of single.py; numbers by their bits, so that no last digit differs."""
    rows = None if instruction.space in ("", "household") else frame.rows[instruction.space].count
    count = 1 if rows is None else rows
    data, known = (None if part is None else np.broadcast_to(part, count) for part in value)
    if instruction.type == "choices":
        unknown = np.zeros(len(data), np.uint64) if known is None else known
        items = [(int(bits & ~open_), int(open_)) for bits, open_ in zip(data, unknown, strict=True)]
    else:
        sure = [True] * len(data) if known is None else known.tolist()
        items = [exact(item) if k else None for item, k in zip(data.tolist(), sure, strict=True)]
    return items[0] if rows is None else items


def exact(item):
    return (item + 0.0).hex() if isinstance(item, float) else item


def by_bits(value):
    if isinstance(value, list):
        return [by_bits(item) for item in value]
    return (value[0] & ~value[1], value[1]) if isinstance(value, tuple) else exact(value)


@pytest.mark.parametrize("name", RULED)
@pytest.mark.parametrize("unknown", [0.0, 0.15])
def test_every_slot_is_what_the_kernel_computes(name, unknown):
    plan, tables = county(name, 30, seed=7, unknown=unknown)
    kernel, single = Kernel(plan), Single(plan)
    for household, own in alone(tables):
        block = load(plan, own)
        arrays = kernel.run(block.frame, block.values, keep_all=True)
        values = single.run(one_household(plan, own))
        for slot, instruction in enumerate(plan.instructions):
            if arrays[slot] is not None:
                expected = as_python(instruction, arrays[slot], block.frame)
                assert by_bits(values[slot]) == expected, (household, slot, instruction)


@pytest.mark.parametrize("name", RULED)
def test_asks_for_the_same_facts(name):
    plan, tables = county(name, 40, seed=3, unknown=0.2)
    targets = [step for step in plan.computed if step.entity == "household"]
    single = Single(plan)
    together = {}
    for row in missing_facts(plan, tables, [step.name for step in targets]).to_pylist():
        found = together.setdefault(row["household"], set())
        found.add((row["target"], row["entity"], row["row"], row["fact"]))
    assert together
    for household, own in alone(tables):
        values = single.run(one_household(plan, own))
        wanted = {(t.name, step.entity, row, step.name) for t, step, row in asked(plan, values, targets)}
        assert wanted == together.get(household, set())


def test_every_operation_has_both_forms():
    # Lookups and the rows of entities are written by single.py itself.
    by_single = {"spread", "count_rows", "lookup"}
    assert set(OPERATIONS) - {*STRICT, *OTHERS, *SEVERAL, *(f"counted_{op}" for op in SIGNS)} == by_single


@pytest.mark.parametrize("name", RULED)
def test_facts_read_alone_are_what_arrays_hold(name):
    plan, tables = county(name, 40, seed=9, unknown=0.15)
    for _household, own in alone(tables):
        read, opened = one_household(plan, own), OneHousehold.of_block(load(plan, own))
        assert read.counts == opened.counts
        for key, value in opened.values.items():
            assert by_bits(read.values[key]) == by_bits(value), key


@pytest.mark.parametrize("wrong", [1e9 + 1, 1.001, float("nan"), "12"])
def test_a_wrong_fact_of_one_household_is_told_like_any_other(wrong):
    plan = plan_of(fact("x"), rule("y", "x + 1"))
    tables = {"household": pa.table({"household": ["H1"], "x": [wrong]})}
    if wrong == "12":  # Arrow reads it as a number: so do we
        assert one_household(plan, tables).values["household", "x"] == 12.0
        return
    with pytest.raises(FactsError, match="户 H1"):
        one_household(plan, tables)


def test_rows_of_one_household_are_put_in_order_and_strangers_refused():
    plan = plan_of(fact("member.x"), rule("m", "SUM(member.x)"))
    members = pa.table({"household": ["H1", "H1"], "row": [2, 1], "x": [5.0, 7.0]})
    tables = {"household": pa.table({"household": ["H1"]}), "member": members}
    assert one_household(plan, tables).values["member", "x"] == [7.0, 5.0]
    tables["member"] = pa.table({"household": ["H1", "H2"], "x": [5.0, 7.0]})
    with pytest.raises(FactsError, match="H2"):
        one_household(plan, tables)


TIES = [(0.000001 * n, 0.5) for n in range(1, 40, 2)] + [
    (1.0, 3.0),
    (-1.0, 3.0),
    (-0.000003, 2.0),
    (1000000.000001, 0.5),
]


@pytest.mark.parametrize("op", ["mul_grid", "div_grid"])
def test_ties_and_signs_round_alike(op):
    draw = random.Random(11)
    grid = [round(draw.uniform(-9e4, 9e4), draw.choice((0, 2, 6))) for _ in range(400)]
    pairs = TIES + [(b, a) for a, b in TIES] + list(zip(grid[::2], grid[1::2], strict=True))
    left, right = (np.array(side) for side in zip(*pairs, strict=True))
    numbers, _known = OPERATIONS[op](Frame(len(pairs)), ((left, None), (right, None)), None, "household")
    assert [CALLED[op](a, b).hex() for a, b in pairs] == [float(number + 0.0).hex() for number in numbers]


@pytest.mark.parametrize("direction", ["up", "down", "half_up"])
def test_rounding_to_a_step_is_alike(direction):
    numbers = [0.0, 0.5, -0.5, 1.5, 2.5, 99.999999, -2.000001, 123456.75]
    step = 0.5 if direction == "up" else 1.0
    found, _known = OPERATIONS["round_to"](Frame(8), ((np.array(numbers), None),), (step, direction), "household")
    assert [round_to(n, step, direction) + 0.0 for n in numbers] == found.tolist()


@pytest.mark.parametrize("kind", ["age", "months_since", "days_since"])
def test_dates_count_alike(kind):
    calendar = Calendar(date(2024, 2, 29))
    days = [-800_000, -25_567, -1, 0, 19_781, 19_782, 19_783, 19_800, 3_000_000]
    assert [calendar.since_one(kind, day) for day in days] == calendar.since(kind, np.array(days)).tolist()


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((None, 0.0, 7.0), 7.0),
        ((1.0, None, 7.0), None),
        ((1.0, 0.0, None), None),
    ],
)
def test_a_quotient_by_zero_or_unknown(args, expected):
    assert div_grid(*args) == expected
    values = tuple((np.array([0.0 if a is None else a]), np.array([a is not None])) for a in args)
    data, known = OPERATIONS["div_grid"](Frame(1), values, None, "household")
    assert (data[0] if known is None or known[0] else None) == expected


def test_a_page_that_asks_while_another_works_it_out_gets_the_whole_way():
    """Pages in several threads share one Single: what one has half worked out is never another's answer."""
    plan, _tables = county(RULED[0], 3, seed=7)
    single = Single(plan)
    aims = frozenset(step.slot for step in plan.computed)
    changed = frozenset(list(single._facts)[:5])
    whole = Single(plan)._leading(changed, aims)
    assert whole

    class Lines(dict):
        """At each line somebody else asks the same."""

        def items(self):
            for item in super().items():
                seen.append(tuple(single._between.get((changed, aims), whole)))
                yield item

    seen = []
    single._lines = Lines(single._lines)
    assert single._leading(changed, aims) == whole
    assert set(seen) == {tuple(whole)}
