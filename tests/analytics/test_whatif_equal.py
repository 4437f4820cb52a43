"""A trial over a run's files equals the engine's own what-if and a full new assessment under the changed pack, household by household."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.analytics.kept_run import kept_run
from tests.engine.county import county as random_county

from zhikun.analytics import trying
from zhikun.analytics.levers import levers, read, variant
from zhikun.assessments.services import working
from zhikun.engine.packs import load
from zhikun.engine.plan import make_plan
from zhikun.engine.run import assess
from zhikun.engine.run.whatif import compare
from zhikun.intake.demo import SURVEY_DAY, generate
from zhikun.places.models import AreaRange

pytestmark = pytest.mark.django_db


def of_files(run, base, texts, ranges=None):
    changed = variant(base, read(levers(base.pack, base.day), texts))
    trying.work(run, (base, changed), ranges or [run.range], f"equal-{run.pk}")
    key = f"equal-{run.pk}"
    return changed, pq.read_table(trying.changed_file(key)), pq.read_table(trying.places_file(key)).to_pylist()


def by_area(places, digits):
    found = {}
    for row in places:
        told = found.setdefault(f"{row['_area']:012d}"[:digits] if row["_area"] else "", {})
        for name, value in row.items():
            if name != "_area":
                told[name] = round(told.get(name, 0) + value, 6)
    return found


def plain(column):
    return [None if one == "" else one for one in column.cast(pa.string()).to_pylist()]


@pytest.fixture(scope="module")
def demo():
    return make_plan(load("yuanzhou"), SURVEY_DAY), generate(1)


@pytest.mark.parametrize(
    "texts",
    [
        ["line_rural=600"],
        ["cause_threshold=2.5"],
        ["weight_illness=0.25", "weight_other=0"],
        ["labour_coefficient_table[full,16]=0.5", "skill_points_table[none,proficient]=2"],
    ],
)
def test_for_the_demo_county_all_sums_by_township_are_those_of_two_full_runs(demo, texts):
    base, tables = demo
    run = kept_run(base, tables)
    changed, rows, places = of_files(run, base, texts)
    full = compare(base, changed, tables)
    theirs = {row["place"]: row for row in full.places.to_pylist()}
    ours = by_area(places, 9)
    assert set(ours) == set(theirs)
    for place, told in ours.items():
        names = ("households", "enter", "leave")
        assert [told[name] for name in names] == [theirs[place][name] for name in names], place
        assert told["open"] == theirs[place]["undetermined"]
    before, after = (assess(plan, tables).tables["household"] for plan in (base, changed))
    same_as_full(rows, tables, before, after, base)
    line = [float(plan.pack.standards["cause_threshold"].values[-1].value) for plan in (base, changed)]
    for name in base.pack.results.causes:
        had, will = (
            sum(one is not None and one >= at for one in table.column(name).to_pylist())
            for table, at in zip((before, after), line, strict=True)
        )
        if f"had_{name}" not in places[0]:
            assert before.column(name).equals(after.column(name))
            continue
        told = {
            kind: sum(row[f"{kind}_{name}"] for row in places) for kind in ("had", "will", "gain", "loss", "unsure")
        }
        assert (told["had"], told["will"]) == (had, will), name
        sides = list(zip(before.column(name).to_pylist(), after.column(name).to_pylist(), strict=True))
        known = [(a >= line[0], b >= line[1]) for a, b in sides if a is not None and b is not None]
        assert told["gain"] == known.count((False, True))
        assert told["loss"] == known.count((True, False))
        assert told["unsure"] == sum((a is None) != (b is None) for a, b in sides)


def same_as_full(rows, tables, before, after, base):
    """Each household that the files name has the values of the two full runs, and no other household differs."""
    places = tables["household"].column("place").cast(pa.string()).to_pylist()
    order = sorted(range(len(places)), key=lambda row: int((places[row] or "").ljust(12, "0")))
    shown = base.pack.results
    named = {row["position"]: row for row in rows.to_pylist()}
    values = {
        kind: (plain(before.column(name)), plain(after.column(name)))
        if kind == "category"
        else (before.column(name).to_pylist(), after.column(name).to_pylist())
        for kind, name in (("category", shown.category), ("index", shown.index), ("amount", shown.amount))
        if name
    }
    differing = 0
    for position, row in enumerate(order):
        told = named.get(position)
        for kind, (was, now) in values.items():
            if told is None:
                assert was[row] == now[row]
            else:
                assert (told[f"was_{kind}"], told[f"is_{kind}"]) == (was[row], now[row])
        differing += any(was[row] != now[row] for was, now in values.values())
    assert differing


@pytest.mark.parametrize("unknown", [0.0, 0.1])
def test_with_amounts_and_unknown_facts_it_is_the_engines_own_comparison(monkeypatch, unknown):
    """Several parts and groups of rows; the county where places have standards of their own."""
    monkeypatch.setattr(working, "PART", 70)
    base, tables = random_county("taoyuan", 240, unknown=unknown)
    run = kept_run(base, tables)
    names = levers(base.pack, base.day)
    texts = [*(f"{name}=9000" for name in names if name.startswith("dibao_standard")), "edge_multiple=2"]
    changed, rows, places = of_files(run, base, texts)
    full = compare(base, changed, tables, digits=6)
    theirs = full.places.to_pylist()
    ours = by_area(places, 6)
    assert [row["place"] for row in theirs] == list(ours)
    for row in theirs:
        told = ours[row["place"]]
        names = ("households", "enter", "leave", "amount")
        assert [told[name] for name in names] == [row[name] for name in names]
        assert (told["open"], told["amount_variant"]) == (row["undetermined"], row["amount__variant"])
    assert full.totals["enter"]
    assert full.totals["undetermined"] > (10 if unknown else 0)
    before, after = (assess(plan, tables).tables["household"] for plan in (base, changed))
    same_as_full(rows, tables, before, after, base)


def test_a_part_of_a_run_is_that_part_of_the_whole(demo):
    base, tables = demo
    run = kept_run(base, tables)
    _changed, _rows, whole = of_files(run, base, ["line_rural=600"])
    areas = sorted(row["_area"] for row in whole)
    ranges = [AreaRange(areas[3], areas[9]), AreaRange(areas[40], areas[40])]
    _changed, rows, part = of_files(run, base, ["line_rural=600"], ranges)
    assert part == [row for row in whole if any(one.first <= row["_area"] <= one.last for one in ranges)]
    assert {row["_area"] for row in rows.to_pylist()} <= {row["_area"] for row in part}
