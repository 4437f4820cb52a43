"""A month screened in parts, here or on a cluster, is the month screened whole."""

import random
import shutil
import sys
from datetime import date

import pyarrow.parquet as pq
import pytest
from tests.screening.world import COUNTY_A, world

from zhikun.screening import Limits
from zhikun.screening.cluster import on_spark
from zhikun.screening.decisions import Decisions, Finding
from zhikun.workdays import Month

TABLES = ("warnings", "households", "state", "marks")
PEOPLE = 400
WHOLE, MANY = Limits(2, "500MB"), Limits(1, "500MB", rows=150)


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Three months of lists about four hundred people; in the second one list is missing and a person has decided."""
    place, chance = world(tmp_path_factory.mktemp("parts")), random.Random(7)
    for number, month in enumerate(("2026-01", "2026-02", "2026-03")):
        watched = [p for p in range(PEOPLE) if chance.random() > 0.05]
        rows = []
        for p in watched:
            groups = chance.sample(["dibao", "edge", "other"], chance.choice((1, 2)))
            rows.append((p, groups, f"h{p // 3}" if p % 7 else None, COUNTY_A if p % 11 else None))
        place.watch(month, rows)
        some = lambda share: [p for p in range(PEOPLE) if chance.random() < share]  # noqa: E731 - one line of a fixture
        place.deliver("stays", month, [{"person": p} for p in some(0.3)])
        if number != 1:
            place.deliver(
                "register", month, [{"person": p, "grade": chance.choice(["g1", "g2", None])} for p in some(0.3)]
            )
        place.deliver(
            "bills", month, [{"person": p, "amount": chance.choice([None, 900.0, 12_000.5])} for p in some(0.4)]
        )
        place.deliver("jobs", month, [{"person": p, "lost": chance.choice([True, True, None])} for p in some(0.1)])
        place.deliver("cars", month, [{"person": p, "price": 90_000.0} for p in some(0.05)])
    place.run("2026-01", limits=WHOLE)
    on = date(2026, 2, 5)
    told = [
        Finding(place.token(p), "county", Month(2026, 1), "hardship", ("illness",), "helped", "x", on, "甲", on)
        for p in range(0, PEOPLE, 9) if place.warning("2026-01", p)
    ]  # fmt: skip
    Decisions(place.data, place.ring).add(told)
    place.run("2026-02", limits=WHOLE)
    return place


def third_month(county, **more):
    """The third month run anew: its tables and what was counted."""
    shutil.rmtree(county.data / "screening/county/2026-03", ignore_errors=True)
    ran = county.run("2026-03", **more)
    tables = {name: pq.ParquetFile(ran.folder / f"{name}.parquet") for name in TABLES}
    return (
        ran,
        {name: file.read() for name, file in tables.items()},
        {name: file.num_row_groups for name, file in tables.items()},
    )


def test_the_result_does_not_depend_on_the_number_of_parts(county):
    whole, tables, groups = third_month(county, limits=WHOLE)
    ran, parts, parted = third_month(county, limits=MANY)
    assert groups["warnings"] == 1
    assert parted["warnings"] > 3, "this many parts were put together"
    assert all(len(tables[name]) for name in TABLES), "there is something to compare in every table"
    for name in TABLES:
        assert parts[name].to_pylist() == tables[name].to_pylist(), name
    assert {key: whole.run[key] for key in whole.run} == {key: ran.run[key] for key in ran.run}


def test_rows_stand_in_order_of_person(county):
    _ran, tables, _groups = third_month(county, limits=MANY)
    for name, then in (("warnings", "direction"), ("marks", "direction")):
        keys = [(row["person"], row[then]) for row in tables[name].to_pylist()]
        assert keys == sorted(keys)
    persons = tables["state"].column("person").to_pylist()
    assert persons == sorted(persons)
    assert all(row["members"] == sorted(row["members"]) for row in tables["households"].to_pylist())


def test_every_household_names_its_own_warned_members(county):
    _ran, tables, _groups = third_month(county, limits=MANY)
    members = {}
    for row in tables["warnings"].to_pylist():
        if row["level"]:
            key = (
                row["household"] or row["person"].hex(),
                row["place"] and row["place"] // 1_000_000,
                row["direction"],
            )
            members.setdefault(key, []).append(row["person"])
    found = tables["households"].to_pylist()
    assert {(r["household"], r["county"], r["direction"]): r["members"] for r in found if r["level"]} == members
    assert any(len(row["members"]) > 1 for row in found)


def content(folder):
    return {name: (folder / f"{name}.parquet").read_bytes() for name in (*TABLES,)}


def test_parts_worked_on_elsewhere_give_the_same_bytes(county):
    here = content(third_month(county, limits=MANY)[0].folder)
    ran, _tables, _groups = third_month(county, limits=MANY, carry=lambda one, parts: [one(part) for part in parts])
    assert content(ran.folder) == here
    assert not (ran.folder / "parts").exists(), "nothing of the parts is left"


@pytest.mark.spark
def test_spark_gives_the_same_bytes(county, monkeypatch):
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYSPARK_DRIVER_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    here = content(third_month(county, limits=MANY)[0].folder)
    session = (
        SparkSession.builder.master("local[2]").config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1").config("spark.ui.enabled", "false").getOrCreate()
    )  # fmt: skip
    try:
        ran, _tables, _groups = third_month(county, limits=MANY, carry=on_spark(session))
    finally:
        session.stop()
    assert content(ran.folder) == here
