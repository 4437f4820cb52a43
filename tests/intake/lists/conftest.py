"""An office of its own for every test."""

import pytest
from tests.intake.lists.factory import office as new_office


@pytest.fixture
def office(tmp_path):
    return new_office(tmp_path)
