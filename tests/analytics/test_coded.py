"""The small numbers of a run: down to the village, in any scope, they say what a count by hand of the results says."""

import random
import shutil
from collections import Counter, defaultdict

import pyarrow as pa
import pytest
from tests import factories
from tests.analytics.made_runs import home, run
from tests.analytics.runs import made_run

from zhikun.analytics import coded, counting, crossing, trends
from zhikun.analytics.coding import Questions
from zhikun.analytics.counting import ALL, AMOUNT, AMOUNT_OPEN, CATEGORY, FLAGGED, FLAGS, INDEX, OPEN, REACHED
from zhikun.assessments.keeping import folder_of
from zhikun.places.models import AreaRange

pytestmark = pytest.mark.django_db

CAUSES = ("illness", "education", "labour")
ITEMS = [f"item_{n:03}" for n in range(70)]
VILLAGES = [factories.VILLAGE, factories.VILLAGE + 1, factories.VILLAGE + 2, factories.OTHER_VILLAGE]
COUNTY = AreaRange(factories.COUNTY, factories.COUNTY + 999_999)
TOWNSHIP = AreaRange(factories.TOWNSHIP, factories.TOWNSHIP + 999)
VILLAGE = AreaRange(factories.VILLAGE, factories.VILLAGE)
OTHER = AreaRange(factories.OTHER_VILLAGE, factories.OTHER_VILLAGE)
#: What an officer may see of a run: all of it, a township, a village, villages of two townships, a township and a village.
SCOPES = [[COUNTY], [TOWNSHIP], [VILLAGE], [VILLAGE, OTHER], [TOWNSHIP, OTHER], []]
ASKED = Questions(CAUSES, 2.0, lists=("needs", "needs__undetermined"), groups=("kind",), eligible="yes", amount="sum")


@pytest.fixture
def rows():
    """Households of four villages, in no order; scores on and off the scale, lists with more items than a number has bits."""
    dice = random.Random(20)
    score = lambda: dice.choice([None, 0.0, 0.5, 1.5, 2.0, 2.5, 5.0])  # noqa: E731 - one of some
    items = lambda most: dice.sample(ITEMS, dice.randrange(most))  # noqa: E731 - the same
    return [
        {
            "_area": dice.choice(VILLAGES), "_category": dice.choice([None, "a", "b", "c"]), "_undetermined": dice.random() < 0.3,
            "_index": dice.choice([None, 0.0, 9.999999, 10.0, round(dice.random() * 90, 2)]), "_flags": items(3),
            "illness": score(), "education": dice.choice([None, 1.25, 2.0, 7.5, -1.0]), "labour": score(), "needs": items(9),
            "needs__undetermined": items(2), "kind": dice.choice([None, "x", "y"]), "yes": dice.choice([None, True, False]),
            "sum": dice.choice([None, 0.0, 385.37, 1_234_567.01]),
        }
        for _household in range(300)
    ]  # fmt: skip


@pytest.fixture
def one(rows, monkeypatch):
    """The run that found them."""
    monkeypatch.setattr(coded, "questions", lambda _run, _pack: ASKED)
    texts = pa.list_(pa.string())
    columns = {
        name: pa.array([row[name] for row in rows], texts if isinstance(rows[0][name], list) else None)
        for name in rows[0]
        if name != "_area"
    }
    return made_run(columns, areas=[row["_area"] for row in rows])


def by_hand(rows, scale):
    """Households by question and answer."""
    found = defaultdict(Counter)
    for row in rows:
        scores = {name: row[name] for name in CAUSES}
        reached = [name for name, n in scores.items() if n is not None and n >= 2]
        plain = {
            ALL: None, OPEN: str(row["_undetermined"]).lower(), CATEGORY: row["_category"], "kind": row["kind"],
            FLAGGED: str(bool(row["_flags"])).lower(), "yes": None if row["yes"] is None else str(row["yes"]).lower(),
            INDEX: None if row["_index"] is None else str(scale.number(row["_index"])),
            **{name: None if n is None else str(n) for name, n in scores.items()},
        }  # fmt: skip
        for at in (1, 2):
            number = sum(n >= at for n in scores.values() if n is not None)
            plain[f"_causes@{at}"] = None if None in scores.values() else str(number)
        for name, answer in plain.items():
            found[name][answer] += 1
        lists = {
            FLAGS: row["_flags"],
            REACHED: reached,
            "needs": row["needs"],
            "needs__undetermined": row["needs__undetermined"],
        }
        for name, items in lists.items():
            found[name].update(items)
        if row["sum"] is None:
            found[AMOUNT_OPEN][row["_category"]] += 1
        elif row["sum"]:
            found[AMOUNT][row["_category"]] += round(row["sum"] * 1_000_000)
    return {name: dict(answers) for name, answers in found.items() if answers}


def within(rows, ranges):
    return [row for row in rows if any(first <= row["_area"] <= last for first, last in ranges)]


@pytest.mark.parametrize("unit", [0, 1, 1000])
@pytest.mark.parametrize("scope", SCOPES)
def test_any_scope_is_counted_as_by_hand_whole_and_by_place(scope, unit, one, rows):
    told, mine = counting.counted(one, scope, unit), within(rows, scope)
    assert told.whole == by_hand(mine, told.scale)
    places = {row["_area"] // unit * unit for row in mine} if unit else set()
    assert set(told.places) == places
    for place in places:
        whole = by_hand([row for row in mine if row["_area"] // unit * unit == place], told.scale)
        assert told.places[place] == {name: whole[name] for name in whole if name in counting.OF_PLACES}


@pytest.mark.parametrize("unit", [0, 1, 1000])
@pytest.mark.parametrize("at", [0.5, 1.5, 2.0, 5.0])
@pytest.mark.parametrize("scope", SCOPES)
def test_causes_are_crossed_in_any_scope_as_by_hand(scope, at, unit, one, rows):
    told, mine = crossing.crossed(one, scope, CAUSES, at, unit), within(rows, scope)
    assert told.households == len(mine)

    def reaching(household):
        return {name for name in CAUSES if household[name] is not None and household[name] >= at}

    for pair, n in told.pairs.items():
        assert n == sum(set(pair) <= reaching(row) for row in mine), pair
    complete = [row for row in mine if None not in [row[name] for name in CAUSES]]
    assert told.exactly[None] == len(mine) - len(complete)
    assert dict(told.combinations) == Counter(
        tuple(name for name in CAUSES if name in reaching(row)) for row in complete if reaching(row)
    )
    assert {code: part.households for code, part in told.places.items()} == Counter(
        row["_area"] // unit * unit if unit else 0 for row in mine
    )


@pytest.mark.parametrize("scope", SCOPES[:-1])
def test_a_trend_has_the_same_figures(scope, one, rows):
    (point,) = trends.trend([one], False, scope, ["illness"], 1.5).points
    mine = within(rows, scope)
    index = sorted(round(row["_index"] * 1_000_000) for row in mine if row["_index"] is not None)
    assert point.found.causes == {"illness": sum(row["illness"] is not None and row["illness"] >= 1.5 for row in mine)}
    assert (point.found.households, point.found.indexless) == (len(mine), len(mine) - len(index))
    assert point.found.undetermined == sum(row["_undetermined"] for row in mine)
    assert point.found.mean == pytest.approx(sum(index) / len(index) / 1_000_000, abs=5e-7)
    middle = index[(len(index) - 1) // 2] + index[len(index) // 2]
    assert point.found.median == pytest.approx(middle / 2_000_000, abs=5e-7)


def emptied():
    coded._read.cache_clear()
    counting._counted.cache_clear()


def files_of(one):
    return sorted(path.name for path in (folder_of(one.pk) / "statistics").iterdir() if not path.name.endswith(".lock"))


def test_what_a_killed_process_left_half_written_is_made_anew_and_goes(monkeypatch):
    one = run([home(illness=2.0)])

    class Killed(BaseException):
        pass

    def killed(*_about):
        (folder_of(one.pk) / "statistics" / ".left.arrow.1-1.part").write_bytes(b"ARROW1")
        raise Killed

    with monkeypatch.context() as middle:
        middle.setattr(coded, "_write", killed)
        with pytest.raises(Killed):
            coded.prepare(one)
    assert counting.counted(one, [COUNTY], 1).households == 1
    (only,) = files_of(one)
    assert only.endswith(".arrow")


def test_what_an_older_version_counted_is_left_alone_and_replaced(monkeypatch):
    one = run([home(illness=2.0)])
    monkeypatch.setattr(coded, "_FORM", "1")
    coded.prepare(one)
    (before,) = files_of(one)
    (folder_of(one.pk) / "statistics" / "d933f398914ffd06.parquet").write_bytes(b"of a version before")
    monkeypatch.undo()
    emptied()
    assert counting.counted(one, [COUNTY], 0).of(REACHED, "illness") == 1
    (after,) = files_of(one)
    assert before != after


def test_what_is_missing_is_made_when_it_is_asked_for():
    one = run([home(illness=2.0)])
    coded.prepare(one)
    shutil.rmtree(folder_of(one.pk) / "statistics")
    emptied()
    assert counting.counted(one, [VILLAGE], 0).households == 1


def test_a_run_that_found_nobody_has_statistics():
    one = made_run({"illness": pa.array([], pa.float64())}, areas=[])
    told = counting.counted(one, [COUNTY], 1000)
    assert (told.households, dict(told.places), told.scale) == (0, {}, None)
    assert crossing.crossed(one, [COUNTY], ["illness"], 2.0, 1000).households == 0
