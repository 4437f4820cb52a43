"""Every kind of fault in a pack answers with its place, what it is and the way out, and all faults come at once.

Beside each broken pack under `bad/` stands `expected.txt` with the messages: reading the folder is reading our manners.
"""

from pathlib import Path

import pytest

from zhikun.engine.packs import PackErrors, load
from zhikun.engine.packs.cases import cases_of

BAD = Path(__file__).parent / "bad"
FAULTS = sorted(path.name for path in BAD.iterdir() if path.is_dir())


def messages(root: Path) -> list[str]:
    try:
        cases_of(load("broken", root), root)
    except PackErrors as errors:
        return [str(error) for error in errors.errors]
    return []


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_answered_with_exactly_the_expected_messages(fault):
    expected = (BAD / fault / "expected.txt").read_text(encoding="utf-8").splitlines()
    assert expected
    assert messages(BAD / fault) == expected


def test_every_kind_of_fault_is_shown():
    assert len(FAULTS) >= 35


def test_every_message_leads_to_an_existing_line():
    for fault in FAULTS:
        for line in (BAD / fault / "expected.txt").read_text(encoding="utf-8").splitlines():
            file, number, _text = line.split(":", 2)
            path = BAD / fault / file
            if path.is_file():
                lines = path.read_bytes().count(b"\n") + 1
                assert 1 <= int(number) <= lines, line
