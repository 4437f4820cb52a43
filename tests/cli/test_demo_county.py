"""The demo county through the commands: a workbook of generated people that assesses to the published table."""

import csv
from collections import Counter
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from zhikun.intake.demo import NOTE

PUBLISHED = Path(__file__).parents[1] / "intake" / "published_causes.csv"
DAY = "2023-11-30"


@pytest.fixture(scope="module")
def county(zhikun, tmp_path_factory):
    """Generated once and assessed once, as `make demo` does it: this takes most of a minute."""
    folder = tmp_path_factory.mktemp("demo")
    made = zhikun("demo", "county", "--like", "yuanzhou", "--seed", 1, "--out", folder / "county.xlsx")
    assert made.code == 0, made.said
    done = zhikun("assess", folder / "county.xlsx", "--pack", "yuanzhou", "--on", DAY, "--out", folder / "results")
    return made, done, folder


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(line for line in lines if not line.startswith("#")))


def test_the_workbook_read_again_gives_the_published_table_cell_by_cell(county):
    made, done, folder = county
    assert "4803 户，" in made.out
    assert NOTE in made.out
    assert done.code == 0, done.said
    assert "接受 4803 户，退回 0 户" in done.out
    assert "提醒" not in done.out
    assert rows_of(folder / "results" / "causes.csv") == rows_of(PUBLISHED)
    results = pq.read_table(folder / "results" / "results.parquet")
    assert results.num_rows == 4803
    assert min(results["hardship_rank"].to_pylist()) == 1


def test_every_household_of_the_workbook_says_that_it_is_generated(county):
    _made, _done, folder = county
    book = openpyxl.load_workbook(folder / "county.xlsx", read_only=True)
    rows = book["家庭"].iter_rows(min_row=2, values_only=True)
    column = next(rows).index("备注")
    assert Counter(row[column] for row in rows) == {NOTE: 4803}
    members = book["成员"].iter_rows(min_row=2, values_only=True)
    column = next(members).index("身份证号")
    assert all(str(row[column]).startswith("99") for row in members)
