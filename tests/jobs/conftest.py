"""Officers of a small county, and kinds of work for the length of a test."""

import pytest
from tests import officers as people

from zhikun.accounts.roles import Role
from zhikun.jobs import kinds


@pytest.fixture
def officers(db):
    """By name: clerk and neighbour in one township, manager of the county, stranger who manages another county."""
    return {
        "clerk": people.officer(Role.TOWNSHIP_CLERK, where=people.township()),
        "neighbour": people.officer(Role.TOWNSHIP_CLERK, where=people.township()),
        "manager": people.officer(Role.ADMINISTRATOR, where=people.county()),
        "stranger": people.officer(Role.ADMINISTRATOR, where=people.other_county()),
    }


@pytest.fixture
def new_kind(monkeypatch):
    """Registers kinds of work for the length of a test."""

    def add(name, work, **about):
        monkeypatch.setitem(kinds.KINDS, name, kinds.Kind(name, about.pop("title", "测试任务"), work, **about))

    return add
