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


@pytest.mark.parametrize(
    ("kind", "said"),
    [("death", ["死亡日期", "死亡证明"]), ("birth", ["出生日期", "出生医学证明"]), ("marry", ["结婚证"])],
)
def test_each_change_asks_for_its_own_day_and_papers(kind, said):
    made = factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    form = str(browser.get(reverse("registry:change", args=[made.pk, kind])).context["form"])
    assert all(one in form for one in said)
    assert ("结婚证" in form) is (kind == "marry")


def posted_to(made, kind, **typed):
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    asked = {"on": "2026-11-02", "reason": "户口簿变更", "version": str(made.version), **typed}
    return browser.post(reverse("registry:change", args=[made.pk, kind]), asked)


@pytest.mark.parametrize("phone", ["1234", "1390000111", "家里没有"])
def test_a_telephone_number_that_reaches_nobody_is_told_at_its_field(phone):
    made = factories.household()
    answer = posted_to(made, "birth", name_of="马试三", id_kind="resident", relation="20", sex="male", phone=phone)
    assert answer.status_code == 422
    assert "这不是一个电话号码" in str(answer.context["form"]["phone"].errors)


@pytest.mark.parametrize(
    "phone", ["13900001111", "139 0000 1111", "+86 139-0000-1111", "0954-2088123", "4001234567", ""]
)
def test_telephone_numbers_are_written_in_many_ways(phone):
    made = factories.household()
    answer = posted_to(made, "birth", name_of="马试三", id_kind="resident", relation="20", sex="male", phone=phone)
    assert answer.status_code == 302


@pytest.mark.parametrize("code", ["123", "工农巷社区", "6404020010010"])
def test_where_a_household_moves_to_is_a_code_of_twelve_digits(code):
    answer = posted_to(factories.household(), "move", code=code)
    assert answer.status_code == 422
    assert "12 位数字" in str(answer.context["form"]["code"].errors)


def test_a_split_says_which_of_the_two_households_has_no_head():
    made = factories.household(members=[factories.member("马试一", "02", 31), factories.member("苏试二", "10", 32)])
    other = made.memberships.get(relation="10").person_id
    going = {"area": str(made.area_id), f"goes-{other}": "on"}
    new = posted_to(made, "split", **going)
    assert "分出去的新户应有且只有一位户主，现在有 0 位" in new.content.decode()
    going = {"area": str(made.area_id), f"goes-{made.head_id}": "on"}
    old = posted_to(made, "split", **going)
    assert "留下的原户应有且只有一位户主，现在有 0 位" in old.content.decode()


def test_a_reason_with_a_mobile_number_is_not_kept():
    made = factories.household()
    answer = posted_to(made, "close", reason="电话 139 0000 1111 核实")
    assert answer.status_code == 422
    assert "说明里有手机号码" in answer.content.decode()
