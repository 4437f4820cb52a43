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
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.screening.world import COUNTY_A, COUNTY_B, world

from zhikun import screening as room
from zhikun.identity import KeysRefused, catch_up, read_ring, rotate, token_text, tokens_in
from zhikun.screening import (
    Decisions,
    Finding,
    Limits,
    Runs,
    ScreeningDamaged,
    ScreeningRefused,
    run_month,
    running,
)
from zhikun.screening.feedback import Given
from zhikun.workdays import Month, deadline

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
    assert room.to_run_again(county.data, "county", lambda m: county.inputs(str(m))) == []
    county.deliver("stays", "2026-01", [{"person": 1}])
    again = [Month(2026, 1), Month(2026, 2), Month(2026, 3)]
    assert room.to_run_again(county.data, "county", lambda m: county.inputs(str(m))) == again, (
        "each rests on the one before"
    )
    ran = county.run("2026-01")
    assert ran.later == (Month(2026, 2), Month(2026, 3))
    assert county.run("2026-02").later == (Month(2026, 3),)
    assert county.run("2026-03").later == ()
    assert (county.warning("2026-01", 1)["level"], county.warning("2026-02", 1)["change"]) == ("blue", "continued")


def test_a_late_list_makes_nobody_overdue_on_the_day_they_are_first_found(county, month):
    month("2026-01", register=[{"person": 1, "grade": "g1"}], missing=("stays",))
    first = county.warning("2026-01", 1)
    county.deliver("stays", "2026-01", [{"person": 1}, {"person": 2}])
    ran = county.run("2026-01", on="2026-04-10")
    assert (ran.run["on"], ran.run["again"]) == ("2026-02-01", "2026-04-10")
    told, found = county.warning("2026-01", 1), county.warning("2026-01", 2)
    assert found["raised"] == found["counted_from"] == date(2026, 4, 10)
    assert found["deadline"] == deadline(county.calendar, date(2026, 4, 10), 15).due
    assert (told["level"], told["raised"]) == ("yellow", date(2026, 4, 10)), "a higher colour is news"
    assert told["deadline"] == first["deadline"], "but the visit that was due is due"
    before = hashes(county.data / "screening")
    assert county.run("2026-01", on="2026-04-10").unchanged
    assert run_without_a_day(county, "2026-01", date(2026, 4, 22)).unchanged
    assert hashes(county.data / "screening") == before
    opened = room.explain(
        county.data, county.pack, county.token(2), ring=county.ring, calendar=county.calendar, month=Month(2026, 1)
    )
    assert opened.as_written
    county.deliver("cars", "2026-01", [{"person": 0, "price": 60000.0}])
    run_without_a_day(county, "2026-01", date(2026, 5, 6))
    assert county.warning("2026-01", 0, "exit")["raised"] == date(2026, 5, 6)
    assert county.warning("2026-01", 2) == found, "the second repetition keeps what the first one sent out"


def run_without_a_day(county, period, today):
    month = Month.read(period)
    return run_month(
        county.data, county.pack, month, county.inputs(period), ring=county.ring, calendar=county.calendar, today=today
    )


def test_the_day_of_a_month_can_be_corrected_while_nothing_else_changes(county, month):
    month("2026-01", stays=[{"person": 1}])
    ran = county.run("2026-01", on="2026-02-09")
    assert (ran.unchanged, ran.run["on"], ran.run["again"]) == (False, "2026-02-09", None)
    assert county.warning("2026-01", 1)["raised"] == date(2026, 2, 9)


def test_a_month_is_not_written_anew_by_other_rules_unless_somebody_wants_it(county, month):
    month("2026-01", stays=[{"person": 1}])
    county.pack = replace(county.pack, hash="sha256:0123456789", version="9.9")
    before = hashes(county.data / "screening")
    with pytest.raises(ScreeningRefused, match=r"9\.9 版（01234567）.*--new-rules"):
        county.run("2026-01")
    assert hashes(county.data / "screening") == before
    assert not county.run("2026-01", new_rules=True).unchanged
    assert county.run("2026-01").unchanged


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


def everything(county):
    """Each command that reads tokens."""
    place, on = county, date(2026, 11, 20)
    keys = {"ring": place.ring, "calendar": place.calendar}
    given = keys | {"month": Month(2026, 2)}
    yield "again", lambda: place.run("2026-02")
    yield "explain", lambda: room.explain(place.data, place.pack, place.token(1), **given)
    yield "simulate", lambda: room.simulate(place.data, place.pack, place.pack.monitoring, **given)
    yield "routes", lambda: room.write_routes(place.data, place.pack, place.data.parent, **given)
    yield "remind", lambda: room.remind(place.data, place.pack, on, today=on, **keys)
    yield "report", lambda: room.figures_of(place.data, place.pack, on, ring=place.ring, month=Month(2026, 2))
    yield "precision", lambda: room.precision(place.data, place.pack, ring=place.ring)
    row = Given(2, {"person": token_text(place.token(2)), "outcome": "不困难", "on": "2026-03-10"})
    yield "feedback", lambda: room.take(place.data, place.pack, [row], ring=place.ring, today=on, by="甲")
    yield "run", lambda: place.run("2026-03")


def refusal(command):
    """What a command says that refuses to read tokens; nothing where it did its work."""
    try:
        command()
    except KeysRefused as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("file", "readers"),
    [
        ("lists/population/2026-02/001/rows", {"again", "explain", "simulate", "routes", "report"}),
        ("lists/population/2026-03/001/rows", {"run"}),
        ("lists/stays/2026-03/001/rows", {"run"}),
        ("lists/bills/2026-02/001/rows", {"run", "again", "explain", "simulate", "routes", "report"}),
        ("screening/county/2026-02/state", {"run", "again", "report"}),
        ("screening/county/2026-01/state", {"explain", "simulate", "report"}),
        ("screening/county/2026-02/warnings", {"run", "again", "explain", "routes", "remind", "report", "feedback"}),
        ("screening/county/2026-02/marks", {"run", "again"}),
        ("screening/county/2026-02/households", {"run", "again", "report"}),
        ("screening/county/reminders/2026-03-25", {"remind"}),
    ],
)
def test_a_file_left_at_an_older_version_of_the_keys_is_refused_and_nobody_is_taken_for_unknown(
    county, month, file, readers
):
    """A rotation that was broken off, or one file from a backup: its tokens match nobody."""
    for n in (1, 2):
        month(f"2026-0{n}", stays=[{"person": 1}, {"person": 2}])
    month("2026-03", run=False)
    on = date(2026, 3, 25)
    assert room.remind(
        county.data, county.pack, on, ring=county.ring, calendar=county.calendar, today=on
    ).reminders  # fmt: skip
    told = Finding(county.token(1), "county", Month(2026, 1), "hardship", ("illness",), "helped", "x", on, "甲", on)
    Decisions(county.data, county.ring).add([told])
    path = county.data / f"{file}.parquet"
    backup = path.read_bytes()
    county.ring = rotate(county.ring.path, county.data, date(2026, 3, 26), "测试")
    path.write_bytes(backup)
    refused = set()
    for name, command in everything(county):
        before = hashes(county.data)
        if said := refusal(command):
            assert f"{path} 里的代码是第 1 版，密钥文件已是第 2 版" in said, name
            assert "zhikun keys rotate --catch-up" in said
            assert hashes(county.data) == before, name
            refused.add(name)
    assert readers <= refused
    catch_up(county.ring.path, county.data)
    for _name, command in everything(county):
        command()
    assert county.warning("2026-03", 2)["change"] == "cleared", (
        "caught up, the visit is known: else they would be waiting"
    )


def test_keys_rotated_while_a_month_is_screened_leave_no_tables_behind_the_times(county, month, monkeypatch):
    month("2026-01", stays=[{"person": 1}], run=False)
    write = running.write_run

    def rotate_first(*given):
        rotate(county.ring.path, county.data, date(2026, 2, 6), "测试")
        write(*given)

    monkeypatch.setattr(running, "write_run", rotate_first)
    with pytest.raises(KeysRefused, match="运行期间密钥轮换到了第 2 版"):
        county.run("2026-01")
    assert Runs(county.data, "county", county.ring).all() == []
    monkeypatch.undo()
    county.ring = read_ring(county.ring.path)
    assert county.run("2026-01").run["rows"]["warnings"] == 1


def test_feedback_kept_with_keys_not_known_yet_is_refused(county, month):
    month("2026-01", stays=[{"person": 1}])
    older = county.ring
    county.ring = rotate(older.path, county.data, date(2026, 2, 6), "测试")
    on = date(2026, 3, 5)
    told = Finding(county.token(1), "county", Month(2026, 1), "hardship", ("illness",), "helped", "x", on, "甲", on)
    Decisions(county.data, county.ring).add([told])
    with pytest.raises(KeysRefused, match="没有第 2 版"):
        Decisions(county.data, older).history()


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


def test_a_record_of_feedback_older_than_the_months_is_not_taken_for_the_whole(county, month):
    """Restored from a backup, or written over: what somebody decided would be warned about again."""
    month("2026-01", stays=[{"person": 1}, {"person": 2}])
    on = date(2026, 2, 5)
    log = Decisions(county.data, county.ring)
    for n in (1, 2):
        log.add(
            [Finding(county.token(n), "county", Month(2026, 1), "hardship", ("illness",), "helped", "x", on, "甲", on)]
        )
    month("2026-02", missing=("stays",))
    path = county.data / "screening" / "feedback.jsonl"
    kept = path.read_bytes()
    first, second = kept.splitlines(keepends=True)
    for content in (b"", first, second + first):
        path.write_bytes(content)
        for name, command in everything(county):
            if name in {"again", "explain", "simulate", "remind", "report", "precision", "feedback"}:
                with pytest.raises(ScreeningDamaged, match=r"2026-02 筛查时.*从最近的备份恢复"):
                    command()
        month("2026-03", run=False)
        with pytest.raises(ScreeningDamaged, match=r"2026-02"):
            county.run("2026-03")
    path.write_bytes(kept + first)
    assert county.run("2026-03").run["decisions"]["count"] == 3, "more than it was is what feedback does"


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
        runs = Runs(place.data, "county", place.ring).all()
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
    runs = Runs(county.data, "county", county.ring).all()
    assert [run.month for run in runs] == [Month(2026, 1)]
    assert (runs[0].id == "new") is new_is_whole
    assert pq.read_metadata(runs[0].file("warnings")).num_rows == 1
    assert not list(folder.glob(".2026*"))
