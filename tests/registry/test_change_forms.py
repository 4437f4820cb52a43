"""Forms of what happens to people: what somebody only forgot to choose is asked for, never taken to be the first in the list."""

import pytest
from django.urls import reverse
from tests import factories
from tests.officers import signed_in

from zhikun.accounts.roles import Role

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "typed", "left_open"),
    [
        ("death", {}, "person"),
        ("leave", {"person": "head"}, "why"),
        ("birth", {"name_of": "马试三", "id_kind": "resident", "sex": "male"}, "relation"),
        ("birth", {"name_of": "马试三", "id_kind": "resident", "relation": "20"}, "sex"),
        ("join", {"name_of": "马试三", "id_kind": "resident"}, "relation"),
    ],
)
def test_nobody_dies_leaves_or_becomes_a_spouse_because_a_choice_was_forgotten(kind, typed, left_open):
    made = factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    address = reverse("registry:change", args=[made.pk, kind])
    form = browser.get(address).context["form"]
    shown = str(form[left_open])
    assert shown.index('<option value=""') < shown.index("请选择") < shown.index("</option>")
    assert " selected" not in shown.replace('<option value="" selected', "")
    posted = {name: str(made.head_id) if value == "head" else value for name, value in typed.items()}
    answer = browser.post(address, {**posted, "on": "2026-11-02", "reason": "户口簿变更", "version": str(made.version)})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [left_open]
    before = made.version
    made.refresh_from_db()
    assert made.version == before
