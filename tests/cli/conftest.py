"""The command as people run it, and a small survey to run it on."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass

import pytest
from tests.cli.people import fill

from zhikun.cli import main

DAY = "2025-03-01"


@dataclass(frozen=True)
class Answer:
    """What a command said and with which code it ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


def run(*words: object) -> Answer:
    """`zhikun` with these words, in this process."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["zhikun", *map(str, words)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before
    return Answer(int(ended.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def zhikun():
    return run


@pytest.fixture(scope="session")
def templates(tmp_path_factory):
    """The path of a pack's empty template, made once."""
    folder, made = tmp_path_factory.mktemp("templates"), {}

    def template(pack: str):
        if pack not in made:
            made[pack] = folder / f"{pack}.xlsx"
            assert run("survey", "template", "--pack", pack, made[pack]).code == 0
        return made[pack]

    return template


@pytest.fixture(scope="session")
def good(templates, tmp_path_factory):
    """Four households of the national pack, everything answered; the first has 2,400 yuan a year from business."""
    path = tmp_path_factory.mktemp("good") / "四户.xlsx"
    changes = {"家庭__H01__经营净收入（年）": "2,400元", "家庭__H02__经营净收入（年）": 90000}
    return fill(templates("national"), "national", path, **changes)


@pytest.fixture(scope="session")
def flawed(templates, tmp_path_factory):
    """The same, with one household whose residence nobody understands, and one of which the income is not known."""
    path = tmp_path_factory.mktemp("flawed") / "有错.xlsx"
    changes = {
        "家庭__H02__城乡类别": "半城半乡",
        "成员__H03__身份证号": "990101196503080",
        "家庭__H04__经营净收入（年）": None,
    }
    return fill(templates("national"), "national", path, **changes)
