"""What a form says of a number out of its limits, and how many files the first page counts."""

import pytest
from django.core.exceptions import ValidationError
from tests import factories

from zhikun.accounts.roles import Role
from zhikun.pages import desk as pages_desk
from zhikun.registry import desk
from zhikun.registry.ui.fact_forms import field_of
from zhikun.registry.vocabulary import Known


@pytest.mark.parametrize(
    ("typed", "said"), [("-1", "工资收入不能小于 0 元/年。"), ("2000.5", "工资收入不能大于 2,000 元/年。")]
)
def test_a_number_out_of_its_limits_is_answered_with_title_and_unit(typed, said):
    field = field_of(Known("member", "wage", "工资收入", "number", unit="元/年", min=0.0, max=2000.0))
    with pytest.raises(ValidationError) as refused:
        field.clean(typed)
    assert refused.value.messages == [f"{said}请核对后重填。"]


def test_a_unit_of_percent_is_said_as_it_is():
    field = field_of(Known("member", "share", "比例", "number", unit="%", min=0.0, max=100.0))
    with pytest.raises(ValidationError) as refused:
        field.clean("101")
    assert refused.value.messages == ["比例不能大于 100 %。请核对后重填。"]


@pytest.mark.django_db
def test_files_in_use_are_counted_to_the_last(monkeypatch):
    monkeypatch.setattr(pages_desk, "MOST", -1)  # any number is more
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    found = desk.households(clerk)
    assert found is not None
    assert "以上" not in found.unit
