"""The benchmark is only worth its figures if its data are the same, its limits are met and its peers compute the same."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-bench" / "bin" / "python"
HOUSEHOLDS = 2_000


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """The benchmark's modules, which are scripts of one folder, and the plan of both packs."""
    sys.path.insert(0, str(ROOT / "bench"))
    try:
        import both
        import checks
        import data
        import equal
        from peers import generate
    finally:
        sys.path.remove(str(ROOT / "bench"))
    folder = tmp_path_factory.mktemp("bench")
    plan = both.plan(both.both(both.build_root(folder / "packs")))
    facts = data.write(plan, HOUSEHOLDS, folder / "facts")
    return type("Bench", (), {
        "checks": checks, "data": data, "equal": equal, "generate": generate, "plan": plan, "folder": folder, "facts": facts,
    })  # fmt: skip


@pytest.fixture(scope="module")
def assessed(bench):
    from zhikun.engine.run import assess_files

    assess_files(bench.plan, bench.facts, bench.folder / "ours", threads=2)
    return bench.equal.results(bench.folder / "ours")


def test_facts_are_the_same_every_time_and_fewer_households_are_the_first_of_more(bench):
    again = bench.data.write(bench.plan, 300, bench.folder / "again")
    for entity, path in bench.facts.items():
        whole, some = pq.read_table(path), pq.read_table(again[entity])
        assert some.equals(whole.slice(0, some.num_rows))
    ids = pq.read_table(bench.facts["household"]).column("household").to_numpy()
    assert ids.dtype == np.int64
    assert (np.diff(ids) == 1).all()
    members = pq.read_table(bench.facts["member"]).column("household").to_numpy()
    assert (np.diff(members) >= 0).all()
    assert 3.0 < len(members) / HOUSEHOLDS < 3.4


def test_one_household_in_twenty_stands_exactly_on_a_limit(bench):
    tables = {entity: pq.read_table(path) for entity, path in bench.facts.items()}
    assert bench.checks.on_a_threshold(bench.plan, tables).sum() >= HOUSEHOLDS / 20


def test_every_branch_of_the_main_decisions_is_taken(assessed):
    for name, count in (("assessment_category", 3), ("need_class", 3), ("main_cause", 10)):
        assert len(assessed.column(name).unique()) == count, name


def test_households_declare_the_rows_they_list_and_nothing_of_theirs_is_undetermined(bench, assessed):
    household = pq.read_table(bench.facts["household"])
    ids = household.column("household").to_pylist()
    for entity in ("supporter", "dwelling", "vehicle"):
        listed = Counter(pq.read_table(bench.facts[entity]).column("household").to_pylist())
        declared = household.column(f"{entity}_count_declared").to_pylist()
        assert declared == [listed[i] for i in ids], entity
    assert {name for name in assessed.column_names if assessed.column(name).null_count} == set()
    for name in (n for n in assessed.column_names if n.endswith("__undetermined")):
        assert not any(assessed.column(name).to_pylist()), name


def test_five_per_cent_unknown_means_five_per_cent_of_every_fact_but_never_the_place(bench):
    paths = bench.data.write(bench.plan, HOUSEHOLDS, bench.folder / "unknown", unknown=0.05)
    for entity, path in paths.items():
        table = pq.read_table(path)
        for name in table.column_names:
            share = table.column(name).null_count / table.num_rows
            assert share == 0 if name in ("household", "place") else 0.02 < share < 0.09, (entity, name)


def test_one_changed_value_and_one_lost_value_are_found(bench, assessed):
    place = assessed.column_names.index("hardship_index")
    numbers = assessed.column("hardship_index").to_pylist()
    numbers[7] = numbers[7] + 0.01
    numbers[9] = None
    other = assessed.set_column(place, "hardship_index", pa.array(numbers))
    assert bench.equal.differences(assessed, other)[0] == {"hardship_index": 2}
    assert bench.equal.differences(assessed, assessed)[0] == {}


def test_bit_for_bit_tells_zero_from_negative_zero(bench):
    for name, number in (("a", 0.0), ("b", -0.0)):
        (bench.folder / name).mkdir()
        pq.write_table(pa.table({"household": [1], "x": [number]}), bench.folder / name / "household.parquet")
    assert bench.checks.same_bits(bench.folder / "a", bench.folder / "b") == ["x"]
    assert bench.checks.same_bits(bench.folder / "a", bench.folder / "a") == []


@pytest.mark.skipif(not PEERS.exists(), reason="the peers' environment is made by `make bench`")
@pytest.mark.parametrize("name", ["pandas", "openfisca"])
def test_peers_compute_every_value_of_every_household_as_we_do(bench, assessed, name):
    folder = bench.generate.generate(bench.plan, bench.folder / "peers")
    out = bench.folder / f"{name}.parquet"
    subprocess.run(
        [PEERS, folder / f"run_{name}.py", bench.folder / "facts", out], check=True, cwd=folder, capture_output=True
    )
    unequal, columns = bench.equal.differences(assessed, pq.read_table(out))
    assert unequal == {}
    assert columns == 1 + len(bench.generate.schema(bench.generate.program(bench.plan))["results"])


def test_the_sql_shows_every_result(bench):
    folder = bench.generate.generate(bench.plan, bench.folder / "peers")
    shown = (folder / "rules.sql").read_text(encoding="utf-8").rpartition("\nSELECT ")[2]
    for name in bench.generate.schema(bench.generate.program(bench.plan))["results"]:
        assert name in shown


def test_a_month_killed_from_receipt_to_warnings_ends_as_if_nothing_had_happened():
    command = [sys.executable, str(ROOT / "bench" / "kills.py"), "--people", "1500", "--kills", "6", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["different"] == 0
    assert found["killed"] == 6
    assert found["finished"] >= 1
