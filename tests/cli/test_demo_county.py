"""The demo county through the commands: a workbook of generated people that assesses to the published table."""

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from tests.cli.people import fill

from zhikun import places
from zhikun.cli import EXIT_CODES
from zhikun.intake.demo import NOTE

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "tests" / "intake" / "published_causes.csv"
READMES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")}
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


#: How a county of one's own begins: another environment, and a server that does not end.
PLATFORM = re.compile(r"^```sh\nexport ZHIKUN_DATA.*?^```", re.MULTILINE | re.DOTALL)


def lines_of(readme: str) -> list[str]:
    """The commands of a README, as they are to be typed."""
    return re.findall(r"^zhikun [^\n]+", PLATFORM.sub("", READMES[readme]), re.MULTILINE)


def test_both_readmes_are_built_alike():
    shapes = []
    for text in READMES.values():
        tables = re.findall(r"^\| (`[^`]+`|\d+) \|", text, re.MULTILINE)
        shapes.append(
            (
                len(re.findall(r"^## ", text, re.MULTILINE)),
                re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)[2:],
                tables,
            )
        )
    assert shapes[0] == shapes[1]


def test_the_platform_of_the_readmes_begins_as_written(tmp_path):
    """Each command in a process of its own, as it is typed; `serve`, the last, is started by tests/web/test_serve.py."""
    block = PLATFORM.search(READMES["README.zh-CN.md"]).group()
    assert block == PLATFORM.search(READMES["README.md"]).group()
    lines = re.findall(r"^zhikun [^\n]+", block, re.MULTILINE)
    assert lines[-1] == "zhikun serve"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ZHIKUN_", "DJANGO_"))}
    # The county's own file of areas: here the one that comes with the platform.
    shutil.copy(Path(places.__file__).parent / "data" / "areas.csv", tmp_path)
    environment |= {"ZHIKUN_DATA": str(tmp_path / "data"), "ZHIKUN_KEYS": str(tmp_path / "keys" / "keys.json")}
    for line in lines[:-1]:
        command = [sys.executable, "-m", "zhikun.cli", *shlex.split(line)[1:]]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert (tmp_path / "data" / "zhikun.sqlite3").exists()


def test_the_exit_codes_stand_in_both_readmes():
    for name, text in READMES.items():
        table = dict(re.findall(r"^\| (\d+) \| ([^|]+) \|$", text, re.MULTILINE))
        assert [int(code) for code in table] == list(EXIT_CODES), name
    assert list(table.values()) == list(EXIT_CODES.values())


@pytest.mark.fonts
def test_every_command_of_the_readmes_works_as_written(county, zhikun, templates, tmp_path, monkeypatch):
    """In their order, in an empty folder; between template and check the survey is filled in, as its reader would."""
    _made, _done, folder = county
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZHIKUN_KEYS", str(tmp_path / "keys.json"))
    (tmp_path / "build" / "demo").mkdir(parents=True)
    shutil.copy(folder / "county.xlsx", tmp_path / "build" / "demo" / "county.xlsx")
    said = {}
    for line in lines_of("README.zh-CN.md"):
        answer = zhikun(*shlex.split(line)[1:])
        assert answer.code == 0, f"{line}\n{answer.said}"
        said[line] = answer.out
        if " template " in line:
            fill(tmp_path / "survey.xlsx", "yuanzhou", tmp_path / "survey.xlsx")
    assert {"household-YZ01459.html", "household-YZ01459.pdf"} <= {
        path.name for path in (tmp_path / "results").iterdir()
    }
    shown = re.findall(r"^```text\n(.*?)^```", READMES["README.zh-CN.md"], re.MULTILINE | re.DOTALL)
    real = [text for line, text in said.items() if line.endswith("--explain YZ01459") or " whatif " in f" {line} "]
    for example, text in zip(shown, real, strict=True):
        for line in filter(None, example.splitlines()):
            assert line in text.splitlines(), line
