"""The peer of the monthly monitoring does the same work with the same result: otherwise its time compares nothing."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.cli.conftest import run as zhikun

from zhikun.engine.packs import load
from zhikun.identity import read_ring, with_check_character
from zhikun.intake.demo.months import Asked, habits, write_months

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-bench" / "bin" / "python"
PYTHON = PEERS if PEERS.exists() else Path(sys.executable)
LISTS = ("inpatients", "chronic_illness", "disability_certificates", "unemployed", "college_admissions")
MONTHS = ("2025-08", "2025-09", "2025-10")
LETTERS = str.maketrans("0123456789X", "０１２３４５６７８９ｘ")
TABLES = {"warnings", "households", "state"}

pytestmark = pytest.mark.skipif(
    not PEERS.exists() and importlib.util.find_spec("pandas") is None,
    reason="the peers' environment is made by `make bench`",
)


def spoil(path):
    """More rows, as departments write them: the first three stand, the others do not."""
    numbers = [line.split(",")[0] for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    old = next(n for n in numbers if n[6:8] == "19")
    small = next(n for n in numbers if n.endswith("X"))
    wide, wrong = [n for n in numbers if n not in (old, small)][:2]
    last = "1" if wrong[17] != "1" else "2"
    rows = [
        f"{old[:6] + old[8:17]},某人,医院,2025-09-01",
        f" {small.lower()},某人,医院,2025/9/2",
        f"{wide.translate(LETTERS)},某人甲,,",
        f"{wrong[:17] + last},某人,医院,2025-09-01",
        f"{with_check_character('99020020260231002')},某人,医院,2025-09-01",
        ",某人,医院,2025-09-01",
        f"{wide},,医院,2025-09-03",
        f"{wide},某人,医院,2025-02-30",
        f"{wide},某人,医院,2199-02-03",
        f"{wide},某人,{old},2025-09-04",
        f"{wide},某人,医院,2025-09-05",
        f"{wide},某人,医院,2025-09-05",
    ]
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Three months of a small province, received and screened by zhikun; the last one has no list of the unemployed."""
    top = tmp_path_factory.mktemp("peer")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(habits, "WATCHED_ROWS", 1.0)  # every change there is, among few people
        write_months(load("gansu"), Asked("province", seed=5, months=3, first=MONTHS[0], people=3000), top / "files")
    spoil(top / "files" / "inpatients" / "2025-09.csv")
    (top / "files" / "unemployed" / "2025-10.csv").unlink()
    keys = ("--data", top / "data", "--keys", top / "keys.json")
    assert zhikun("keys", "init", *keys).code == 0
    for month in MONTHS:
        coming = {name: top / "files" / name / f"{month}.csv" for name in ("population", *LISTS)}
        each = [part for name, path in coming.items() if path.exists() for part in ("--each", f"{name}={path}")]
        received = zhikun("lists", "receive", *each, "--period", month, "--pack", "gansu", *keys)
        assert received.code in (0, 1), received.said
        screened = zhikun("monitor", "run", "--month", month, "--pack", "gansu", *keys)
        assert screened.code == 0, screened.said
    return top


@pytest.fixture(scope="module")
def peer(place):
    """The same in pandas."""
    (key,) = read_ring(place / "keys.json").keys("monitoring")
    for month in MONTHS:
        said = task("due", month)
        (place / "days.json").write_text(json.dumps(said), encoding="utf-8")
        rows = place / "data" / "lists" / "population" / month / "001" / "rows.parquet"
        done = subprocess.run(
            [PYTHON, ROOT / "bench" / "monitoring_peer.py", place / "files", "--month", month, "--on", said["on"], "--people", rows,
             "--calendar", place / "days.json", "--key", key.hex(), "--data", place / "pandas"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return place / "pandas"


def task(*words):
    done = subprocess.run(
        [sys.executable, ROOT / "bench" / "monitoring_tasks.py", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("month", MONTHS)
def test_every_value_of_the_month_is_that_of_zhikun(place, peer, month):
    found = task("agree", place / "data", month, peer)
    assert found["different"] == {}
    assert found["rows"].keys() > TABLES
    assert all(found["rows"].values())


def test_the_months_have_what_can_go_wrong(place, peer):
    """Otherwise the agreement says little: every change, something carried, a missing list, rejected and doubled rows."""
    months = [peer / "screening" / month for month in MONTHS]
    warnings = pa.concat_tables(pq.read_table(month / "warnings.parquet") for month in months)
    changes = set(warnings.column("change").to_pylist())
    assert changes == {"new", "raised", "lowered", "continued", "cleared"}
    assert set(warnings.column("cleared_by").to_pylist()) == {None, "data", "unwatched"}
    assert set(warnings.column("at_least").to_pylist()) == {True, False}
    state = pa.concat_tables(pq.read_table(month / "state.parquet") for month in months)
    kept = {(row["carried"], row["open"]) for row in state.select(["carried", "open"]).to_pylist()}
    assert kept == {
        (False, False),
        (True, False),
        (True, True),
    }  # found, an unanswered event, unknown: its list is missing
    receipt = json.loads((peer / "lists" / "inpatients" / "2025-09" / "receipt.json").read_text(encoding="utf-8"))
    one_each = ("id_check", "id_birth_date", "id_blank", "blank", "date", "future", "id_inside", "duplicate")
    assert receipt["rejected"] == dict.fromkeys(one_each, 1)
    rejects = (peer / "lists" / "inpatients" / "2025-09" / "rejects.csv").read_text(encoding="utf-8").splitlines()
    assert len(rejects) == 1 + len(one_each)
    assert receipt["against"]["receipt"] == "inpatients/2025-08/001"


@pytest.mark.parametrize("table", sorted(TABLES))
def test_one_other_value_is_named(place, peer, tmp_path, table):
    other = shutil.copytree(peer, tmp_path / "other")
    path = other / "screening" / "2025-10" / f"{table}.parquet"
    rows = pq.read_table(path)
    column = {"warnings": "reasons", "households": "members", "state": "files"}[table]
    values = rows.column(column).to_pylist()
    if table == "warnings":
        place_of = next(n for n, told in enumerate(values) if told)
        values[place_of][0]["files"] = ["inpatients/2025-10/002"]
    else:
        values[0] = values[0][:-1]
    pq.write_table(
        rows.set_column(rows.column_names.index(column), column, pa.array(values, rows.schema.field(column).type)), path
    )
    assert task("agree", place / "data", "2025-10", other)["different"] == {table: {column: 1}}


def test_a_missing_row_is_named(place, peer, tmp_path):
    other = shutil.copytree(peer, tmp_path / "other")
    path = other / "screening" / "2025-10" / "state.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    assert task("agree", place / "data", "2025-10", other)["different"]["state"]["rows"] == -1
