"""The words of warnings: what was measured reads as amounts do everywhere."""

from decimal import Decimal

import pytest

from zhikun.screening.words import value_words


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        ("85928.60", "元", "85,928.60 元"),
        ("12000", "元", "12,000 元"),
        ("2.50", "次", "2.5次"),
        ("3", "", "3"),
        (None, "元", "–元"),
    ],
)
def test_what_was_measured_is_told_with_its_unit(value, unit, said):
    assert value_words(None if value is None else Decimal(value), unit) == said
