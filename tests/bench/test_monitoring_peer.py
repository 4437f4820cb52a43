"""The peer of the monthly monitoring computes what the pack says: otherwise its time compares nothing."""

import csv
import hmac
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from zhikun.engine.packs import load
from zhikun.identity import with_check_character
from zhikun.intake.demo.months import Asked, habits, write_months

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-bench" / "bin" / "python"
PYTHON = PEERS if PEERS.exists() else Path(sys.executable)
SCRIPT = ROOT / "bench" / "monitoring_peer.py"
EVENTS = ("inpatients", "unemployed")
CAUSES = dict.fromkeys(("inpatients", "chronic_illness"), "illness")
KEY = bytes(range(32))
LISTS = ("inpatients", "chronic_illness", "disability_certificates", "unemployed")
DUE = {
    "2026-09": {"blue": "2026-10-29", "yellow": "2026-10-22", "orange": "2026-10-15", "red": "2026-10-13"},
    "2026-10": {"blue": "2026-11-23", "yellow": "2026-11-16", "orange": "2026-11-09", "red": "2026-11-05"},
}
RANKS = ["blue", "yellow", "orange", "red"]
LETTERS = str.maketrans("0123456789X", "０１２３４５６７８９ｘ")

pytestmark = pytest.mark.skipif(
    not PEERS.exists() and importlib.util.find_spec("pandas") is None,
    reason="the peers' environment is made by `make bench`",
)


def level(score):
    return next(
        (name for low, name in ((80, "red"), (60, "orange"), (40, "yellow"), (20, "blue")) if score >= low), None
    )


def numbers(folder, listed, month):
    with (folder / listed / f"{month}.csv").open(encoding="utf-8", newline="") as lines:
        return {row["身份证号"] for row in csv.DictReader(lines)}


def found(folder, *months):
    """In which lists of the last month a person stands, and of which months before it events nobody has answered remain."""
    watched, lists = (
        numbers(folder, "population", months[-1]),
        {"college_admissions": numbers(folder, "college_admissions", "2026-09")},
    )
    for listed in LISTS:
        lists[listed] = set().union(
            *(numbers(folder, listed, m) for m in (months if listed in EVENTS else months[-1:]))
        )
    return {
        n: {name for name, one in lists.items() if n in one} for n in watched if any(n in one for one in lists.values())
    }


def scores(folder, *months):
    return {n: 20.0 * len(lists) for n, lists in found(folder, *months).items()}


def token(number):
    return hmac.digest(KEY, b"resident\0" + number.encode(), "sha256")[:16]


def run(folder, month, out, *more):
    due = [part for name, day in DUE[month].items() for part in ("--due", f"{name}={day}")]
    done = subprocess.run(
        [PYTHON, SCRIPT, folder, "--month", month, "--key", KEY.hex(), *due, *more, "--out", out],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seconds"] > 0
    rows = pq.read_table(out).to_pylist()
    return {row["person"]: (row["score"], row["level"], row["change"], row["deadline"] and f"{row['deadline']:%Y-%m-%d}")
            for row in rows}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("peer") / "months"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(habits, "WATCHED_ROWS", 1.0)  # every change there is, among few people
        write_months(load("gansu"), Asked("province", seed=5, months=3, first="2026-08", people=3000), out)
    return out


def test_scores_levels_changes_and_deadlines_are_what_the_lists_say(folder, tmp_path):
    first = run(folder, "2026-09", tmp_path / "09.parquet")
    before = scores(folder, "2026-09")
    wanted = {token(n): (s, level(s), "new", DUE["2026-09"][level(s)]) for n, s in before.items()}
    assert first == wanted
    second = run(folder, "2026-10", tmp_path / "10.parquet", "--last-month", tmp_path / "09.parquet")
    now = scores(folder, "2026-09", "2026-10")
    was, is_now = ({n: {CAUSES.get(one, one) for one in lists} for n, lists in found(folder, *months).items()}
                   for months in (("2026-09",), ("2026-09", "2026-10")))  # fmt: skip
    wanted = {
        token(n): judged(before.get(n, 0.0), now.get(n, 0.0), was.get(n, set()) & is_now.get(n, set()))
        for n in before.keys() | now.keys()
    }
    assert second == wanted
    assert {change for _score, _level, change, _due in second.values()} == {
        "new", "raised", "lowered", "continued", "cleared",
    }  # fmt: skip


def judged(before, now, shared):
    old, new = level(before), level(now)
    if new is None:
        return now, None, "cleared", None
    due = DUE["2026-10"][new]
    if old is None:
        return now, new, "new", due
    kept = DUE["2026-09"][old] if shared else due  # nothing of last month's causes is left: a new task
    if RANKS.index(new) > RANKS.index(old):
        return now, new, "raised", min(kept, due)
    return now, new, "lowered" if new != old else "continued", kept


def test_numbers_as_departments_write_them_are_the_same_person_and_wrong_ones_nobody(folder, tmp_path):
    people = sorted(numbers(folder, "population", "2026-09") - scores(folder, "2026-09").keys())
    old = next(n for n in people if n[6:8] == "19")
    small = next(n for n in people if n.endswith("X"))
    wide, wrong = [n for n in people if n not in (old, small)][:2]
    last = "1" if wrong[17] != "1" else "2"
    spelled = [
        old[:6] + old[8:17],
        f" {small.lower()}",
        wide.translate(LETTERS),
        wrong[:17] + last,
        with_check_character("99020020260231002"),
    ]
    path = folder / "inpatients" / "2026-09.csv"
    clean = path.read_text(encoding="utf-8")
    try:
        path.write_text(clean + "".join(f"{number},某人,医院,2026-09-01\n" for number in spelled), encoding="utf-8")
        found = run(folder, "2026-09", tmp_path / "dirty.parquet")
    finally:
        path.write_text(clean, encoding="utf-8")
    assert {found[token(n)][:2] for n in (old, small, wide)} == {(20.0, "blue")}
    assert token(wrong) not in found
    assert len(found) == len(scores(folder, "2026-09")) + 3
