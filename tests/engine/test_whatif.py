"""What if a figure were another: who enters, who leaves, what it costs; the short way equals two full runs."""

from datetime import date

import pyarrow.parquet as pq
import pytest
from tests.engine import facts
from tests.engine.county import county, write
from tests.engine.small import DAY, decision, fact, one, pack, plan_of, rule, standard, table

from zhikun.engine.packs.model import Results, TableKey
from zhikun.engine.plan import make_plan
from zhikun.engine.run import FactsError, assess, assess_files
from zhikun.engine.run import partial as partial_module
from zhikun.engine.run.kernel import Kernel
from zhikun.engine.run.unaffected import unaffected
from zhikun.engine.run.whatif import ChangeError, compare, compare_files, with_standard, with_table_value

KEYS = (TableKey("health", choices_of="household.health"), TableKey("size", unit=""))
CELLS = {("well", (None, 3.0)): -1, ("well", (3.0, None)): 2, ("ill", (None, 3.0)): 3, ("ill", (3.0, None)): 4}
THINGS = (
    fact("income"), fact("size", decimals=0), fact("health", "choice", choices="well ill"), fact("other"),
    standard("line", 500, local={"990101001": 600}), standard("bonus", -1), standard("free", False, "boolean"),
    table("points", KEYS, CELLS),
    rule("eligible", "income < line", "boolean"), rule("grant", "IF(eligible, line - income, 0)"),
    rule("score", "LOOKUP('points', health, size)"), rule("extra", "score + bonus"), rule("aside", "other * 2"),
    decision("category", [("eligible", "dibao"), ("", "none")], choices="dibao none"),
)  # fmt: skip
SHOWN = Results(category="category", amount="grant", eligible="eligible")


@pytest.fixture
def small():
    return pack(*THINGS, results=SHOWN)


def households(small, *rows):
    return facts.tables(small, [facts.household(small, {"place": "990101002", **row}) for row in rows])


def test_a_higher_standard_lets_households_enter(small):
    base, variant = make_plan(small, DAY), make_plan(with_standard(small, "line", 550, DAY), DAY)
    own = households(
        small, {"income": 499.9}, {"income": 500}, {"income": 550}, {"income": 520, "place": "990101001"}, {}
    )
    found = compare(base, variant, own)
    assert found.places.to_pylist() == [
        {"place": "990101001", "households": 1, "enter": 0, "leave": 0, "undetermined": 0, "amount": 80.0,
         "amount__variant": 80.0, "difference": 0.0},
        {"place": "990101002", "households": 4, "enter": 1, "leave": 0, "undetermined": 1, "amount": 0.1,
         "amount__variant": 100.1, "difference": 100.0},
    ]  # fmt: skip
    assert found.totals["difference"] == 100
    assert found.households.column("household").to_pylist() == ["H0000", "H0001"]
    assert found.households.to_pylist()[1] | {"household": "", "place": ""} == {
        "household": "", "place": "", "eligible": False, "eligible__variant": True, "category": "none",
        "category__variant": "dibao", "grant": 0.0, "grant__variant": 50.0,
    }  # fmt: skip


def test_a_lower_standard_of_one_township_lets_its_households_leave(small):
    base, variant = make_plan(small, DAY), make_plan(with_standard(small, "line", 100, DAY, "990101001"), DAY)
    own = households(small, {"income": 300}, {"income": 300, "place": "990101001"})
    found = compare(base, variant, own, digits=6)
    assert (found.totals["enter"], found.totals["leave"], found.totals["difference"]) == (0, 1, -300)
    assert found.places.column("place").to_pylist() == ["990101"]


def test_an_amount_that_is_open_on_one_side_is_in_neither_sum():
    """`grant` needs `other` only below the line: raised, the line makes 20 元 of a household unknown, not minus 20 元."""
    things = (
        fact("income"), fact("other"), standard("line", 500),
        rule("eligible", "income < 1000", "boolean"), rule("grant", "IF(income < line, other, 20)"),
    )  # fmt: skip
    small = pack(*things, results=Results(amount="grant", eligible="eligible"))
    base, variant = make_plan(small, DAY), make_plan(with_standard(small, "line", 600, DAY), DAY)
    found = compare(
        base, variant, facts.tables(small, [facts.household(small, row) for row in ({"income": 550}, {"income": 700})])
    )
    assert found.totals == {
        "households": 2, "enter": 0, "leave": 0, "undetermined": 1, "amount": 20, "amount__variant": 20, "difference": 0,
    }  # fmt: skip


def test_a_change_is_in_force_from_its_day(small):
    later = with_standard(small, "line", 9, date(2025, 3, 2))
    assert one(make_plan(later, DAY), place="990101002", income=20)["eligible"] is True
    assert one(make_plan(later, date(2025, 3, 2)), place="990101002", income=20)["eligible"] is False


def test_a_table_value_is_changed_in_its_band(small):
    changed = with_table_value(small, "points", ["ill", 5], 40)
    values = [one(make_plan(changed, DAY), health=h, size=s)["score"] for h, s in (("ill", 2), ("ill", 3), ("well", 3))]
    assert values == [3, 40, 2]


def test_only_what_depends_on_the_change_is_affected(small):
    base = make_plan(small, DAY)
    same = unaffected(base, make_plan(with_standard(small, "line", 501, DAY), DAY))
    assert {name for _e, name in same} & {r.name for r in small.rules.values()} == {"score", "extra", "aside"}
    same = unaffected(base, make_plan(with_table_value(small, "points", ["ill", 5], 40), DAY))
    assert {name for _e, name in same} & {r.name for r in small.rules.values()} == {
        "eligible",
        "grant",
        "category",
        "aside",
    }


def test_minus_two_is_not_taken_for_minus_one(small):
    # Python gives both the same hash.
    base = make_plan(small, DAY)
    assert ("household", "extra") not in unaffected(base, make_plan(with_standard(small, "bonus", -2, DAY), DAY))
    assert ("household", "score") not in unaffected(
        base, make_plan(with_table_value(small, "points", ["well", 1], -2), DAY)
    )


def test_an_equal_value_affects_nothing(small):
    base, variant = make_plan(small, DAY), make_plan(with_standard(small, "line", 500, DAY), DAY)
    assert {("household", r.name) for r in small.rules.values()} <= unaffected(base, variant)
    assert compare(base, variant, households(small, {"income": 1})).households.num_rows == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: with_standard(p, "lime", 1, DAY), "没有叫“lime”的标准.*line"),
        (lambda p: with_standard(p, "line", "many", DAY), "“line”是数字.*“many”"),
        (lambda p: with_standard(p, "line", "nan", DAY), "“line”是数字.*“nan”"),
        (lambda p: with_standard(p, "line", 0.0000001, DAY), "六位小数"),
        (lambda p: with_standard(p, "free", "maybe", DAY), "“free”只能是 true（是）或 false（否）"),
        (lambda p: with_table_value(p, "point", ["ill", 1], 1), "没有叫“point”的表.*points"),
        (lambda p: with_table_value(p, "points", ["sick", 1], 1), "没有键为 sick、1 的行"),
        (lambda p: with_table_value(p, "points", ["ill"], 1), "没有键为 ill 的行"),
        (lambda p: with_table_value(p, "points", ["ill", "two"], 1), "points"),
        (lambda p: with_table_value(p, "points", ["ill", 1], "many"), "是数字"),
    ],
)
def test_a_change_that_cannot_be_tried_says_why(small, change, said):
    with pytest.raises(ChangeError, match=said):
        change(small)


def test_a_choice_standard_takes_only_its_codes():
    methods = pack(standard("method", "flat", "choice", choices="flat area"), rule("r", "method = 'flat'", "boolean"))
    with pytest.raises(ChangeError, match="flat、area"):
        with_standard(methods, "method", "round", DAY)
    assert one(make_plan(with_standard(methods, "method", "area", DAY), DAY))["r"] is False


def test_a_pack_that_shows_nothing_has_nothing_to_compare():
    plan = plan_of(rule("r", "1"))
    with pytest.raises(ChangeError, match="results"):
        compare(plan, plan, facts.tables(plan.pack, []))


# --- over files


def same(a, b):
    assert a.places.to_pylist() == b.places.to_pylist()
    assert a.households.to_pylist() == b.households.to_pylist()


@pytest.mark.parametrize("chunk", [7, 10_000])
@pytest.mark.parametrize(
    ("name", "change"), [("taoyuan", "dibao_standard_rural"), ("national", "dibao_standard_rural")]
)
def test_files_compare_as_two_full_runs_do(name, change, chunk, tmp_path, monkeypatch):
    monkeypatch.setattr(partial_module, "CHUNK", chunk)
    base, tables = county(name, seed=8)  # a seed whose households the change does reach
    sources = write(tables, tmp_path / "facts")
    assess_files(base, sources, tmp_path / "out")
    changed = with_standard(base.pack, change, 2000, base.day)
    variant = make_plan(changed, base.day, base.place)
    full = compare(base, variant, tables)
    assert full.households.num_rows > 0
    same(compare_files(base, variant, sources, tmp_path / "out"), full)


def test_only_the_part_that_changed_is_read_and_computed(small, tmp_path, monkeypatch):
    base, variant = make_plan(small, DAY), make_plan(with_standard(small, "line", 550, DAY), DAY)
    own = households(small, {"income": 499.9, "other": 1}, {"income": 540, "health": "ill", "size": 2})
    sources = write(own, tmp_path / "facts")
    assess_files(base, sources, tmp_path / "out")
    kernels = []

    class Watched(Kernel):
        def __init__(self, *args, **more):
            super().__init__(*args, **more)
            kernels.append(self)

    monkeypatch.setattr(partial_module, "Kernel", Watched)
    same(compare_files(base, variant, sources, tmp_path / "out"), compare(base, variant, own))
    (kernel,) = kernels
    assert set(kernel.facts) == {("household", "income"), ("household", "place")}
    assert kernel.entities == {"household"}


def test_stored_results_of_another_pack_are_refused(small, tmp_path):
    other = plan_of(fact("a"), rule("r", "a"))
    sources = write(households(other.pack, {"a": 1}), tmp_path / "facts")
    assess_files(other, sources, tmp_path / "out")
    base = make_plan(small, DAY)
    with pytest.raises(FactsError, match="eligible、category、grant"):
        compare_files(base, base, sources, tmp_path / "out")


def test_stored_amounts_beyond_the_limit_of_facts_are_read(tmp_path):
    big = pack(
        fact("a"),
        standard("line", 5),
        rule("big", "a * 8"),
        rule("eligible", "big > line", "boolean"),
        results=Results(eligible="eligible"),
    )
    base, variant = make_plan(big, DAY), make_plan(with_standard(big, "line", 8e9, DAY), DAY)
    own = households(big, {"a": 1e9}, {"a": 1e9 - 0.01}, {})
    sources = write(own, tmp_path / "facts")
    assess_files(base, sources, tmp_path / "out")
    found = compare_files(base, variant, sources, tmp_path / "out")
    assert (found.totals["leave"], found.totals["undetermined"]) == (2, 1)


def test_the_stored_results_are_not_touched(small, tmp_path):
    base, variant = make_plan(small, DAY), make_plan(with_standard(small, "line", 550, DAY), DAY)
    own = households(small, {"income": 1})
    sources = write(own, tmp_path / "facts")
    assess_files(base, sources, tmp_path / "out")
    compare_files(base, variant, sources, tmp_path / "out")
    stored = pq.read_table(tmp_path / "out" / "household.parquet").column("grant").to_pylist()
    assert stored == assess(base, own).tables["household"].column("grant").to_pylist()
