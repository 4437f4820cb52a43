"""Every named kind of damage has its answer, and no answer shows a number."""

import re
from datetime import date

import pytest
from tests.intake.lists.damages import DAMAGES, Held, Read, Refused, Rejected

from zhikun.intake import lists

LONG = re.compile(r"\d{17}[\dXx]|(?<!\d)\d{15}(?!\d)")


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_damage_is_answered(office, damage):
    path = office.put(damage.file, damage.content)
    if isinstance(damage.expected, Refused):
        with pytest.raises(lists.ListRefused) as refused:
            office.receive(path)
        assert damage.expected.says in str(refused.value)
        assert not LONG.search(str(refused.value))
        assert office.lists.periods("stays") == []
        return
    received = office.receive(path)
    receipt = received.file.receipt
    told = [finding.fault.text_without_cell() for finding in received.findings]
    assert not LONG.search("".join([*told, *receipt.notes, *(hold.text for hold in receipt.holds)]))
    if isinstance(damage.expected, Held):
        assert receipt.state is lists.State.HELD
        held = {hold.code: hold.text for hold in receipt.holds}
        assert damage.expected.says in held[damage.expected.code]
    elif isinstance(damage.expected, Rejected):
        rejected = damage.expected
        assert receipt.rejected == {rejected.reason: rejected.count}
        assert rejected.says in "".join([*told, *problems(received.rejects)])
        assert receipt.accepted == receipt.rows - rejected.count
    elif isinstance(damage.expected, Read):
        assert receipt.rejected == {}, told
        assert receipt.state is lists.State.ACCEPTED, receipt.holds
        assert receipt.accepted == damage.expected.rows
        first = office.rows(received).slice(0, 1).to_pylist()[0]
        for name, value in damage.expected.values.items():
            wanted = date.fromisoformat(value) if name == "admitted_on" and value else value
            assert first[name] == wanted
        assert damage.expected.note in "".join(receipt.notes)


def problems(rejects):
    """The problems as the workbook tells them."""
    from openpyxl import load_workbook

    sheet = load_workbook(rejects)["退回"]
    return [str(row[-1]) for row in sheet.iter_rows(min_row=2, values_only=True)]


def test_there_are_sixty_kinds_and_none_twice():
    names = [damage.name for damage in DAMAGES]
    assert len(names) == len(set(names)) >= 60
