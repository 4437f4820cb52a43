"""A month is whole or absent, the same again when repeated, and says which months rest on what it replaced."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.screening.world import COUNTY_A, COUNTY_B, world

from zhikun.identity import rotate, tokens_in
from zhikun.screening import Decisions, Finding, Limits, Runs, ScreeningDamaged
from zhikun.workdays import Month

ROOT = Path(__file__).resolve().parents[2]


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def fill(place, months=3, people=300, seed=1, shuffled=None):
    """Months of lists about many people; `shuffled` puts the rows of each file in another order."""
    dice = random.Random(seed)
    for n in range(months):
        period = str(Month(2026, 1).plus(n))
        place.watch(
            period,
            [
                (p, [dice.choice(("dibao", "edge", "other"))], f"h{p // 2}", dice.choice((COUNTY_A, COUNTY_B)))
                for p in range(people)
            ],
        )
        lists = {
            "stays": [{"person": dice.randrange(people * 2)} for _n in range(people)],
            "register": [
                {"person": dice.randrange(people * 2), "grade": dice.choice(("g1", "g3", None))} for _n in range(people)
            ],
            "bills": [{"person": dice.randrange(people), "amount": dice.random() * 4000} for _n in range(people * 3)],
            "jobs": [{"person": dice.randrange(people), "lost": True} for _n in range(people // 2)],
            "cars": [{"person": dice.randrange(people), "price": 60000.0} for _n in range(people // 5)],
        }
        for name, rows in lists.items():
            order = None
            if shuffled is not None:
                order = list(range(len(rows)))
                shuffled.shuffle(order)
            place.deliver(name, period, rows, order)


def test_a_repeated_month_changes_nothing(county, month):
    month("2026-01", stays=[{"person": 1}])
    before = hashes(county.data / "screening")
    again = county.run("2026-01")
    assert again.unchanged
    assert hashes(county.data / "screening") == before


def test_the_same_inputs_give_the_same_bytes_in_any_order_and_with_any_threads(tmp_path):
    first, second = world(tmp_path / "a"), world(tmp_path / "b")
    shutil.copy(first.ring.path, second.ring.path)
    second.ring = first.ring
    fill(first)
    fill(second, shuffled=random.Random(5))
    for n in (1, 2, 3):
        first.run(f"2026-0{n}", limits=Limits(1, "500MB"))
        second.run(f"2026-0{n}", limits=Limits(4, "500MB"))
    found = hashes(first.data / "screening")
    assert found == hashes(second.data / "screening")
    assert len(found) == 15
    assert len(first.table("2026-03")) > 100


def test_a_month_removed_and_run_again_is_the_same(county, month):
    for n in (1, 2):
        month(f"2026-0{n}", stays=[{"person": 1}])
    before = hashes(county.data / "screening")
    shutil.rmtree(county.data / "screening" / "county" / "2026-02")
    assert not county.run("2026-02").unchanged
    assert hashes(county.data / "screening") == before


def test_a_late_file_names_the_months_that_rest_on_the_old_state(county, month):
    month("2026-01", missing=("stays",))
    month("2026-02")
    month("2026-03")
    assert Runs(county.data, "county").with_other_files(lambda m: county.inputs(str(m))) == []
    county.deliver("stays", "2026-01", [{"person": 1}])
    assert Runs(county.data, "county").with_other_files(lambda m: county.inputs(str(m))) == [Month(2026, 1)]
    ran = county.run("2026-01")
    assert ran.later == (Month(2026, 2), Month(2026, 3))
    assert county.run("2026-02").later == (Month(2026, 3),)
    assert county.run("2026-03").later == ()
    assert (county.warning("2026-01", 1)["level"], county.warning("2026-02", 1)["change"]) == ("blue", "continued")


def test_a_repeated_month_keeps_the_decisions_of_its_first_run(county, month):
    month("2026-01", stays=[{"person": 1}])
    month("2026-02", run=False)
    county.deliver("register", "2026-02", [{"person": 1, "grade": "g1"}])
    county.run("2026-02")
    on = date(2026, 3, 5)
    told = Finding(county.token(1), "county", Month(2026, 1), "hardship", ("illness",), "helped", "x", on, "甲", on)
    Decisions(county.data, county.ring).add([told])
    assert county.run("2026-02").unchanged
    again = county.run("2026-02", new_decisions=True)
    assert not again.unchanged
    assert again.run["decisions"]["count"] == 1


def test_a_month_run_again_after_its_own_feedback_does_not_hear_it(county, month):
    month("2026-01", stays=[{"person": 1}])
    on = date(2026, 2, 5)
    told = Finding(county.token(1), "county", Month(2026, 1), "hardship", ("illness",), "helped", "x", on, "甲", on)
    Decisions(county.data, county.ring).add([told])
    shutil.rmtree(county.data / "screening" / "county" / "2026-01")
    county.run("2026-01")
    assert county.warning("2026-01", 1)["level"] == "blue", (
        "the feedback is about this warning and counts from next month on"
    )


def test_rotated_keys_keep_state_and_decisions(county, month):
    month("2026-01", stays=[{"person": 1}], register=[{"person": 2, "grade": "g1"}])
    on = date(2026, 2, 5)
    told = Finding(county.token(1), "county", Month(2026, 1), "hardship", ("illness",), "helped", "x", on, "甲", on)
    Decisions(county.data, county.ring).add([told])
    county.ring = rotate(county.ring.path, county.data, date(2026, 2, 6), "测试")
    for name in ("warnings", "households", "state", "marks"):
        held = tokens_in(county.data / "screening/county/2026-01" / f"{name}.parquet")
        assert held is not None
        assert held.version == 2, "every table with tokens was renewed"
    assert county.run("2026-01").unchanged
    month("2026-02", missing=("stays", "register"))
    assert county.warning("2026-02", 1)["cleared_by"] == "decision"
    assert county.warning("2026-02", 2)["change"] == "continued"
    assert Decisions(county.data, county.ring).history()[0].person == county.token(1)


def test_no_identity_number_stands_in_what_is_written(county, month):
    month("2026-01", stays=[{"person": 1}])
    for path in (county.data / "screening").rglob("*"):
        if path.is_file():
            assert b"99010119800101" not in path.read_bytes(), path


def test_a_damaged_record_stops_and_is_named(county, month):
    month("2026-01", stays=[{"person": 1}])
    (county.data / "screening/county/2026-01/run.json").write_text("{")
    with pytest.raises(ScreeningDamaged, match=r"2026-01/run\.json"):
        county.run("2026-02")


def test_a_damaged_line_of_decisions_stops_and_a_half_written_one_does_not_count(county, month):
    month("2026-01", stays=[{"person": 1}])
    log = Decisions(county.data, county.ring)
    on = date(2026, 2, 5)
    told = [
        Finding(county.token(n), "county", Month(2026, 1), "hardship", ("illness",), "moved", "", on, "甲", on)
        for n in (1, 2)
    ]
    log.add(told)
    path = county.data / "screening" / "feedback.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert len(log.history()) == 1, "the killed writer's half line never counted"
    assert log.add(told) == [False, True]
    path.write_bytes(b"x" + path.read_bytes())
    with pytest.raises(ScreeningDamaged, match="第 1 行"):
        log.history()


def test_two_at_once_give_one_result(county, month):
    month("2026-01", stays=[{"person": 1}], run=False)
    results = []
    both = [threading.Thread(target=lambda: results.append(county.run("2026-01"))) for _n in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(one.unchanged for one in results) == [False, True]


CHILD = """
import sys
from pathlib import Path
from datetime import date
sys.path.insert(0, {root!r})
from tests.screening.world import World, monitoring_for_tests
from dataclasses import replace
from zhikun.engine.packs import load
from zhikun.identity import read_ring
pack = replace(load("gansu"), id="county", monitoring=monitoring_for_tests())
place = World(Path({data!r}), read_ring(Path({keys!r})), pack)
print("ready", flush=True)
for n in (1, 2, 3):
    place.run(f"2026-0{{n}}")
print("done", flush=True)
"""


def test_killed_anywhere_and_begun_again_the_result_is_the_same(tmp_path):
    place = world(tmp_path)
    fill(place, people=150)
    code = CHILD.format(root=str(ROOT), data=str(place.data), keys=str(place.ring.path))
    kept, dice = tmp_path / "kept", random.Random(9)

    def child():
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    whole = child()
    begun = time.monotonic()
    assert whole.wait() == 0
    length = time.monotonic() - begun
    (place.data / "screening").rename(kept)
    expected, stopped = hashes(kept), 0
    for _kill in range(20):
        process = child()
        time.sleep(dice.random() * length)
        process.kill()
        stopped += process.wait() != 0
        runs = Runs(place.data, "county").all()
        for run in runs:
            assert hashes(run.folder) == hashes(kept / "county" / str(run.month)), "a month that is there is whole"
        if len(runs) == 3:  # nothing left to do: the next one begins anew
            shutil.rmtree(place.data / "screening")
    assert stopped, "some were killed at work"
    for n in (1, 2, 3):
        place.run(f"2026-0{n}")
    assert hashes(place.data / "screening") == expected


@pytest.mark.parametrize("new_is_whole", [True, False])
def test_killed_between_the_two_renames_the_month_comes_back(county, month, new_is_whole):
    month("2026-01", stays=[{"person": 1}])
    folder = county.data / "screening" / "county"
    (folder / "2026-01").rename(folder / ".2026-01.old")
    if new_is_whole:
        shutil.copytree(folder / ".2026-01.old", folder / ".2026-01.new")
        body = json.loads((folder / ".2026-01.new/run.json").read_text())
        (folder / ".2026-01.new/run.json").write_text(json.dumps(body | {"id": "new"}))
    runs = Runs(county.data, "county").all()
    assert [run.month for run in runs] == [Month(2026, 1)]
    assert (runs[0].id == "new") is new_is_whole
    assert pq.read_metadata(runs[0].file("warnings")).num_rows == 1
    assert not list(folder.glob(".2026*"))
