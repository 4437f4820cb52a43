"""Changing facts: what is recorded, what is never overwritten, what is said when it does not stand."""

import html
import re

import pytest
from django.urls import reverse
from tests import factories
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.registry.facts import REMOVED
from zhikun.registry.models import HouseholdFacts, Recording
from zhikun.registry.selectors.known import personal_now
from zhikun.registry.services import recording
from zhikun.registry.sources import SourceKind, Told

pytestmark = pytest.mark.django_db


def fields_of(answer):
    """What a browser would post if somebody pressed the button: hidden fields, typed texts, chosen options, ticked boxes."""
    text = answer.content.decode()
    form = next(one for one in re.findall(r"<form.*?</form>", text, re.DOTALL) if 'name="version"' in one)
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attrs = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attrs.get("type") in {"checkbox", "radio"} and " checked" not in tag:
            continue
        if "name" in attrs:
            found.setdefault(attrs["name"], []).append(html.unescape(attrs.get("value", "")))
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = [chosen[1] if chosen else ""]
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def edit(made, entity="household", row="", dimension=""):
    name = "edit-row" if row else "edit"
    args = [made.pk, entity, row] if row else [made.pk, entity]
    return reverse(f"registry:{name}", args=args) + (f"?dimension={dimension}" if dimension else "")


def values(made):
    return HouseholdFacts.objects.get(household=made).values["household"][""]


def test_only_what_was_changed_is_recorded():
    made = factories.household(business_income_year=500, pens=2)
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    posted = fields_of(clerk.get(edit(made))) | {"planted_area": "3.5"}
    assert clerk.post(edit(made), posted).status_code == 302
    last = Recording.objects.filter(household=made, source=SourceKind.OFFICER).get()
    assert last.facts == {"household": {"": {"planted_area": 3.5}}}
    assert values(made) == {"business_income_year": 500, "pens": 2, "planted_area": 3.5}


def test_a_form_that_was_not_touched_records_nothing():
    made = factories.household(business_income_year=500, special_situations=[], livestock_kinds=["sheep"])
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    version = made.version
    assert clerk.post(edit(made), fields_of(clerk.get(edit(made)))).status_code == 302
    made.refresh_from_db()
    assert made.version == version


def test_two_officers_at_once_the_second_sees_both_versions_and_nothing_is_lost():
    made = factories.household()
    one, two = (signed_in(factories.officer(role)) for role in (Role.TOWNSHIP_CLERK, Role.COUNTY_REVIEWER))
    first, second = fields_of(one.get(edit(made))), fields_of(two.get(edit(made)))
    # Both change the pens; each changes one thing that the other does not touch.
    assert one.post(edit(made), first | {"pens": "3", "planted_area": "7"}).status_code == 302
    conflict = two.post(edit(made), second | {"pens": "5", "livestock_count": "40"})
    assert conflict.status_code == 409
    assert values(made).get("livestock_count") is None
    text = conflict.content.decode()
    assert "双方都改了" in text
    assert "测试员" in text
    again = fields_of(conflict)
    assert two.post(edit(made), again | {"choose-pens": "saved"}).status_code == 302
    assert values(made) == {"pens": 3, "planted_area": 7, "livestock_count": 40}


def test_in_a_conflict_the_officer_may_take_over_their_own_value():
    made = factories.household()
    one, two = (signed_in(factories.officer(role)) for role in (Role.TOWNSHIP_CLERK, Role.COUNTY_REVIEWER))
    first, second = fields_of(one.get(edit(made))), fields_of(two.get(edit(made)))
    one.post(edit(made), first | {"pens": "3"})
    again = fields_of(two.post(edit(made), second | {"pens": "5"}))
    assert two.post(edit(made), again | {"choose-pens": "mine"}).status_code == 302
    assert values(made)["pens"] == 5


def test_a_third_change_during_the_choice_is_shown_again():
    made = factories.household()
    clerk, two = factories.officer(Role.TOWNSHIP_CLERK), signed_in(factories.officer(Role.COUNTY_REVIEWER))
    second = fields_of(two.get(edit(made)))
    told = Told(SourceKind.OFFICER, factories.DAY)
    recording.record(made, told, {"household": {"": {"pens": 3}}}, acting_officer=clerk)
    again = fields_of(two.post(edit(made), second | {"pens": "5"}))
    recording.record(made, told, {"household": {"": {"pens": 4}}}, acting_officer=clerk)
    assert two.post(edit(made), again | {"choose-pens": "mine"}).status_code == 409
    assert values(made)["pens"] == 4


def test_a_value_that_does_not_stand_because_a_stronger_source_says_otherwise_is_named():
    made = factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    recording.record(
        made, Told(SourceKind.DEPARTMENT, factories.DAY), {"household": {"": {"pens": 3}}}, acting_officer=clerk
    )
    browser = signed_in(clerk)
    posted = fields_of(browser.get(edit(made))) | {"pens": "5"}
    text = browser.post(edit(made), posted, follow=True).content.decode()
    assert "圈舍数量：别的来源" in text
    assert values(made)["pens"] == 3


def test_a_number_out_of_range_is_refused_at_its_field():
    made = factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    answer = browser.post(edit(made), fields_of(browser.get(edit(made))) | {"pens": "-1"})
    assert answer.status_code == 422
    assert values_are_empty(made)


def values_are_empty(made):
    return HouseholdFacts.objects.get(household=made).values == {}


def test_an_emptied_field_says_asked_and_not_known():
    made = factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    browser.post(edit(made), fields_of(browser.get(edit(made))) | {"pens": "2"})
    browser.post(edit(made), fields_of(browser.get(edit(made))) | {"pens": ""})
    assert "pens" not in values_of_household(made)
    assert Recording.objects.filter(household=made, facts={"household": {"": {"pens": None}}}).exists()


def values_of_household(made):
    return HouseholdFacts.objects.get(household=made).values.get("household", {}).get("", {})


def test_a_member_is_edited_and_somebody_else_is_not_there():
    made, other = factories.household(), factories.household(n=2)
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    address = edit(made, "member", str(made.head_id), "健康状况")
    assert browser.post(address, fields_of(browser.get(address)) | {"health": "chronic"}).status_code == 302
    assert HouseholdFacts.objects.get(household=made).values["member"][str(made.head_id)] == {"health": "chronic"}
    for row in (str(other.head_id), "no-such-row"):
        assert browser.get(edit(made, "member", row)).status_code == 404
    for entity in ("nothing", "member"):
        assert browser.get(edit(made, entity)).status_code == 404


def test_an_account_is_added_masked_changed_and_removed():
    made = factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    browser = signed_in(clerk)
    add = reverse("registry:add-thing", args=[made.pk, "account"])
    posted = fields_of(browser.get(add)) | {"kind": "bank", "balance": "1200", "personal-number": "6222000011112222333"}
    assert browser.post(add, posted).status_code == 302
    shown = browser.get(reverse("registry:household", args=[made.pk])).content.decode()
    assert "2333" in shown
    assert "6222000011112222333" not in shown
    assert "6222000011112222333" not in str(Recording.objects.values_list("facts", "personal_sealed"))
    assert personal_now(Recording.objects.filter(household=made))["account"]["1"]["number"] == "6222000011112222333"
    change = edit(made, "account", "1")
    browser.post(change, fields_of(browser.get(change)) | {"balance": "900"})
    assert HouseholdFacts.objects.get(household=made).values["account"]["1"]["balance"] == 900
    remove = reverse("registry:remove-thing", args=[made.pk, "account", "1"])
    assert browser.post(remove, fields_of(browser.get(remove)) | {"reason": ""}).status_code == 422
    assert browser.post(remove, fields_of(browser.get(remove)) | {"reason": "已销户"}).status_code == 302
    assert HouseholdFacts.objects.get(household=made).values["account"]["1"][REMOVED] is True
    assert browser.get(change).status_code == 404
    browser.post(add, fields_of(browser.get(add)) | {"kind": "fund"})
    assert set(HouseholdFacts.objects.get(household=made).values["account"]) == {"1", "2"}


def test_nobody_edits_what_they_may_only_see():
    made = factories.household()
    for role, area in ((Role.TOWNSHIP_REVIEWER, None), (Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP)):
        browser = signed_in(factories.officer(role, area))
        assert browser.get(edit(made)).status_code == 404
        assert browser.post(edit(made), {"pens": "1"}).status_code == 404


def test_the_page_says_whose_facts_are_changed():
    made = factories.household()
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    assert "修改：马**（户主）" in clerk.get(edit(made, "member", str(made.head_id))).content.decode()
    correct = reverse("registry:correct", args=[made.pk, made.head_id])
    assert "更正基本信息：马**（户主）" in clerk.get(correct).content.decode()
