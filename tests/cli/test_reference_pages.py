"""The reference pages say what the code says."""

import pytest
from tools.reference import FOLDER, commands_page, functions_page

from zhikun.engine.formulas import FUNCTIONS


@pytest.mark.parametrize(("name", "reference"), [("functions.md", functions_page), ("commands.md", commands_page)])
def test_the_page_on_disk_is_fresh(name, reference):
    assert (FOLDER / name).read_text(encoding="utf-8") == reference(), "run make reference"


def test_every_function_and_every_command_has_its_line():
    functions, commands = functions_page(), commands_page()
    assert all(f"| `{name}(" in functions for name in FUNCTIONS)
    for command in ("assess", "whatif", "survey check", "survey template", "packs check", "packs cases", "demo county"):
        assert f"## zhikun {command}\n" in commands
    assert "| `--explain HOUSEHOLD` | " in commands
