"""The page of a household: what it shows to whom, what it costs, what stands on record afterwards."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.registry import panels, vocabulary
from zhikun.registry.errors import WrongDay
from zhikun.registry.models import CategoryHeld, Contradiction, Help, Household, HouseholdFacts, Recording, Unmasking
from zhikun.registry.selectors import file
from zhikun.registry.selectors.known import masked_particulars
from zhikun.registry.services import members, recording, things
from zhikun.registry.services.change import Change
from zhikun.registry.services.household import NewMember
from zhikun.registry.services.person import Particulars
from zhikun.registry.sources import SourceKind, Told

pytestmark = pytest.mark.django_db


def page(browser, made, name="household", status=200, **data):
    answer = browser.get(reverse(f"registry:{name}", args=[made.pk]), data)
    assert answer.status_code == status
    return answer.content.decode()


def told(made, by, source=SourceKind.DEPARTMENT, **facts):
    return recording.record(
        made, Told(source, factories.DAY, source_text="人社局社保缴费"), {"household": {"": facts}}, acting_officer=by
    )


def test_every_value_shows_source_day_and_what_other_sources_say():
    made = factories.household(business_income_year=0, pens=3)
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    told(made, clerk, business_income_year=24000)
    text = page(signed_in(clerk), made)
    assert "24,000" in text
    assert "人社局社保缴费" in text
    assert "另有 1 个来源" in text
    assert "待核定" in text
    assert "还不知道" in text
    assert "马试一" not in text


def test_what_a_dimension_has_from_one_source_is_told_once_above_its_values():
    made = factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    browser = signed_in(clerk)
    before = page(browser, made).count("人社局社保缴费")
    told(made, clerk, planting="none", planted_area=0)
    assert page(browser, made).count("人社局社保缴费") - before == 2, "above the two values, and in the timeline"
    other = Told(SourceKind.OFFICER, factories.DAY, source_text="电话核实")
    recording.record(made, other, {"household": {"": {"land_let_area": 2}}}, acting_officer=clerk)
    text = page(browser, made)
    assert text.count("人社局社保缴费") - before == 3, "of two sources each value says which is its own"
    assert "（电话核实）" in text


def test_no_full_name_or_number_is_on_the_page_until_it_is_unmasked_and_then_only_for_that_officer():
    made = factories.household()
    clerk, reviewer = factories.officer(Role.TOWNSHIP_CLERK), factories.officer(Role.TOWNSHIP_REVIEWER)
    browser, other = signed_in(clerk), signed_in(reviewer)
    assert made.head.id_number not in page(browser, made)
    asked = browser.post(reverse("registry:unmask", args=[made.pk]), {"why": "contact", "text": "电话回访"})
    assert asked.status_code == 302
    assert made.head.id_number in page(browser, made)
    assert "马试一" in page(browser, made)
    assert made.head.id_number not in page(other, made)
    entry = Entry.objects.get(event="registry.unmasked")
    assert (entry.looks, entry.reason, entry.household) == (True, "电话联系本人：电话回访", made.pk)
    browser.post(reverse("registry:hide", args=[made.pk]))
    assert made.head.id_number not in page(browser, made)


@pytest.fixture
def with_national_pack(settings):
    kept = (vocabulary.packs_in_force, vocabulary.vocabulary, vocabulary.categories)
    settings.ZHIKUN_FURTHER_PACKS = ["national"]
    for one in kept:
        one.cache_clear()
    yield
    settings.ZHIKUN_FURTHER_PACKS = []
    for one in kept:
        one.cache_clear()


def test_of_a_supporters_birth_only_year_and_month_are_told_until_the_household_is_unmasked(with_national_pack):
    made = factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    for source, day in ((SourceKind.SURVEY, "1971-03-09"), (SourceKind.DEPARTMENT, "1971-03-19")):
        stated = {"supporter": {"1": {"birth_date": day}}}
        recording.record(made, Told(source, factories.DAY, source_text="户籍"), stated, acting_officer=clerk)
    browser = signed_in(clerk)
    text = page(browser, made)
    assert "1971-03-**" in text
    assert "1971-03-09" not in text
    assert "1971-03-19" not in text
    browser.post(reverse("registry:unmask", args=[made.pk]), {"why": "contact", "text": "电话回访"})
    assert "1971-03-19" in page(browser, made)


def test_a_supporters_birth_is_neither_in_the_recording_nor_in_the_form_nor_where_it_is_settled(with_national_pack):
    made = factories.household()
    clerk, reviewer = factories.officer(Role.TOWNSHIP_CLERK), factories.officer(Role.TOWNSHIP_REVIEWER)
    days = {SourceKind.SURVEY: "1971-03-09", SourceKind.DEPARTMENT: "1971-03-19"}
    for source, day in days.items():
        stated = {"supporter": {"1": {"birth_date": day, "own_income_year": 9000}}}
        one = recording.record(made, Told(source, factories.DAY, source_text="户籍"), stated, acting_officer=clerk)
    dispute = Contradiction.objects.get(household=made, fact="birth_date")
    pages = {
        reverse("registry:recording", args=[made.pk, one.pk]): clerk,
        reverse("registry:edit-row", args=[made.pk, "supporter", "1"]) + "?dimension=赡养情况": clerk,
        reverse("registry:settle", args=[made.pk, dispute.pk]): reviewer,
    }
    for address, officer in pages.items():
        text = signed_in(officer).get(address).content.decode()
        assert not any(day in text for day in days.values()), address
    for officer in (clerk, reviewer):
        browser = signed_in(officer)
        browser.post(reverse("registry:unmask", args=[made.pk]), {"why": "contact", "text": "核对户口簿"})
        for address in (one for one, by in pages.items() if by == officer):
            text = browser.get(address).content.decode()
            assert any(day in text for day in days.values()), address
    settled = {"choice": dispute.sides[0]["recording"], "reason": "看了户口簿"}
    assert signed_in(reviewer).post(reverse("registry:settle", args=[made.pk, dispute.pk]), settled).status_code == 302


def test_saving_a_supporter_whose_birth_was_not_shown_leaves_it_and_one_typed_in_is_not_lost(with_national_pack):
    made = factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    stated = {"supporter": {"1": {"birth_date": "1971-03-19", "own_income_year": 9000}}}
    recording.record(made, Told(SourceKind.OFFICER, factories.DAY), stated, acting_officer=clerk)
    browser, address = (
        signed_in(clerk),
        reverse("registry:edit-row", args=[made.pk, "supporter", "1"]) + "?dimension=赡养情况",
    )

    def save(**facts):
        made.refresh_from_db()
        form = browser.get(address).context["form"]
        said = {"version": made.version, "opened": form.initial["opened"], "observed_on": f"{factories.DAY}"}
        assert browser.post(address, said | facts).status_code == 302
        return HouseholdFacts.objects.get(household=made).values["supporter"]["1"]

    assert "出生日期已遮盖" in browser.get(address).content.decode()
    assert "出生日期已遮盖" not in browser.get(address.split("?")[0]).content.decode(), "a form that never asks it"
    assert save(own_income_year="12000") == {"birth_date": "1971-03-19", "own_income_year": 12000}
    assert save(own_income_year="12000", birth_date="1971-03-29")["birth_date"] == "1971-03-29"


def test_a_conflict_tells_no_birth_to_who_hid_it_again_and_keeps_what_was_typed(with_national_pack):
    made, clerk = factories.household(), factories.officer(Role.TOWNSHIP_CLERK)
    told = Told(SourceKind.OFFICER, factories.DAY)
    recording.record(made, told, {"supporter": {"1": {"birth_date": "1971-03-09"}}}, acting_officer=clerk)
    browser, address = (
        signed_in(clerk),
        reverse("registry:edit-row", args=[made.pk, "supporter", "1"]) + "?dimension=赡养情况",
    )
    browser.post(reverse("registry:unmask", args=[made.pk]), {"why": "contact", "text": "电话回访"})
    form = browser.get(address).context["form"]
    browser.post(reverse("registry:hide", args=[made.pk]))
    other = factories.officer(Role.COUNTY_REVIEWER)
    recording.record(made, told, {"supporter": {"1": {"birth_date": "1971-03-19"}}}, acting_officer=other)
    said = {name: form.initial[name] for name in ("version", "opened")} | {"observed_on": f"{factories.DAY}"}
    answer = browser.post(address, said | {"birth_date": "1971-03-29"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "1971-03-19" not in text
    assert 'value="1971-03-29"' in text


@pytest.mark.parametrize(
    ("plate", "shown"), [("宁D8K6T2", "宁D****2"), ("宁D8K6", "宁D**6"), ("宁D8K", "****"), ("123", "***"), ("", "")]
)
def test_of_a_short_plate_nothing_is_left(plate, shown):
    made, clerk = factories.household(), factories.officer(Role.TOWNSHIP_CLERK)
    row = things.add(
        made, "vehicle", {"kind": "car"}, Told(SourceKind.OFFICER, factories.DAY),
        personal={"plate": plate} if plate else None, acting_officer=clerk,
    )  # fmt: skip
    told = masked_particulars(Recording.objects.filter(household=made), "vehicle", row)
    assert told["plate"] == f"号牌|{shown}"


def test_reasons_that_stand_in_the_open_hold_no_number():
    made = factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    for number in (factories.id_number(2), "13900012345"):
        answer = browser.post(reverse("registry:unmask", args=[made.pk]), {"why": "other", "text": f"核对 {number}"})
        assert answer.status_code == 422
        assert "请去掉号码" in answer.content.decode()
    assert not Unmasking.objects.exists()
    made.refresh_from_db()
    said = {
        "kind": "临时救助",
        "provider": "民政局",
        "text": "米面",
        "on": f"{factories.DAY}",
        "reason": "发放表",
        "version": made.version,
    }
    for field in ("kind", "provider", "text"):
        answer = browser.post(reverse("registry:help", args=[made.pk]), said | {field: factories.id_number(2)})
        assert answer.status_code == 422
        assert "请去掉号码" in str(answer.context["form"].errors[field])
    assert browser.post(reverse("registry:help", args=[made.pk]), said).status_code == 302
    assert Help.objects.get().text == "米面"


def test_the_day_of_a_birth_in_the_household_is_told_to_who_has_unmasked_it():
    made = factories.household()
    clerk, auditor = factories.officer(Role.TOWNSHIP_CLERK), factories.officer(Role.AUDITOR)
    child = NewMember(Particulars("马试生", sex="female"), "20", {})
    members.born(made, child, Change(date(2026, 10, 9), "出生医学证明"), acting_officer=clerk)
    browser = signed_in(clerk)
    for name in ("household", "timeline", "as-of"):
        text = page(browser, made, name)
        assert "2026-10-09" not in text, name
        assert "2026-10-**" in text, name
    assert "2026-10-09" not in str([one.details for one in Entry.objects.filter(household=made.pk)])
    assert signed_in(auditor).get(reverse("registry:household", args=[made.pk])).status_code == 404
    browser.post(reverse("registry:unmask", args=[made.pk]), {"why": "contact", "text": "电话回访"})
    assert "2026-10-09" in page(browser, made)


def test_trying_days_of_death_does_not_tell_the_day_of_birth():
    made, clerk = factories.household(), factories.officer(Role.TOWNSHIP_CLERK)
    row = made.memberships.get(person=made.head)
    row.since = made.head.born_on + timedelta(30)
    row.save()
    told = set()
    for day in (made.head.born_on - timedelta(1), made.head.born_on, row.since - timedelta(1)):
        with pytest.raises(WrongDay) as refused:
            members.died(made, made.head_id, Change(day, "死亡证明"), acting_officer=clerk)
        told.add(refused.value.what)
    assert len(told) == 1


def test_a_correction_offers_the_full_birth_date_only_unmasked_and_keeps_it_where_nothing_is_said():
    without_number = Particulars("马试一", born_on=date(1968, 5, 12))
    made = factories.household(members=[NewMember(without_number, "02", {})])
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    browser = signed_in(clerk)
    address = reverse("registry:correct", args=[made.pk, made.head_id])
    masked = browser.get(address).content.decode()
    assert "1968-05-12" not in masked
    assert "1968-05-**" in masked
    said = {
        "on": f"{factories.DAY}",
        "reason": "户口簿",
        "version": made.version,
        "id_kind": made.head.id_kind,
        "sex": "male",
    }
    assert browser.post(address, said).status_code == 302
    made.refresh_from_db()
    assert (made.head.born_on, made.head.sex) == (date(1968, 5, 12), "male")
    browser.post(reverse("registry:unmask", args=[made.pk]), {"why": "contact", "text": "电话回访"})
    assert "1968-05-12" in browser.get(address).content.decode()
    assert browser.post(address, said | {"version": made.version}).status_code == 302
    made.head.refresh_from_db()
    assert made.head.born_on is None, "who sees the date and empties it takes it back"


def test_unmasking_ends_by_itself_and_needs_a_reason():
    made = factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    address = reverse("registry:unmask", args=[made.pk])
    assert browser.post(address, {"why": ""}).status_code == 422
    assert browser.post(address, {"why": "other", "text": ""}).status_code == 422
    assert Unmasking.objects.count() == 0
    browser.post(address, {"why": "verify"})
    Unmasking.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert made.head.id_number not in page(browser, made)


def test_unmasking_is_not_there_for_those_without_the_right_and_elsewhere():
    made = factories.household()
    for role, area in (
        (Role.SURVEYOR, None), (Role.CITY_SUPERVISOR, None), (Role.AUDITOR, None),
        (Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP),
    ):  # fmt: skip
        browser = signed_in(factories.officer(role, area))
        assert browser.get(reverse("registry:unmask", args=[made.pk])).status_code == 404, role
        assert browser.post(reverse("registry:unmask", args=[made.pk]), {"why": "verify"}).status_code == 404, role


def test_a_look_is_on_record_once_in_ten_minutes(monkeypatch):
    made = factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    for _again in range(3):
        page(browser, made)
    looks = Entry.objects.filter(event="registry.household_viewed", household=made.pk)
    assert looks.count() == 1
    monkeypatch.setattr(file, "SAME_LOOK", timedelta(0))  # entries cannot be made older: the record takes no changes
    page(browser, made)
    assert looks.count() == 2


def test_a_household_of_ten_costs_as_many_queries_as_one_of_two(django_assert_max_num_queries):
    ten = [
        factories.member("马试一", "02", 2),
        *(factories.member(f"马试{c}", "20", 3 + n) for n, c in enumerate("二三四五六七八九十")),
    ]
    made = factories.household(members=ten, business_income_year=0)
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    for n in range(4):
        told(made, clerk, pens=n)
    browser = signed_in(clerk)
    with django_assert_max_num_queries(22):
        page(browser, made)
    # Seventeen of the file itself, one of the month's warnings, one of the decisions on flags.
    with django_assert_max_num_queries(19):
        page(browser, made)


def test_a_contradiction_is_settled_by_form_with_a_reason():
    made = factories.household(business_income_year=0)
    told(made, factories.officer(Role.TOWNSHIP_CLERK), business_income_year=24000)
    clash = Contradiction.objects.get(household=made)
    address = reverse("registry:settle", args=[made.pk, clash.pk])
    assert signed_in(factories.officer(Role.TOWNSHIP_CLERK)).get(address).status_code == 404
    browser, side = signed_in(factories.officer(Role.TOWNSHIP_REVIEWER)), clash.sides[0]["recording"]
    assert browser.post(address, {"choice": side}).status_code == 422
    assert browser.post(address, {"choice": "other", "reason": "看流水"}).status_code == 422
    assert browser.post(address, {"choice": side, "reason": f"号码 {made.head.id_number}"}).status_code == 422
    assert Contradiction.objects.get(pk=clash.pk).state == Contradiction.State.OPEN
    assert browser.post(address, {"choice": "other", "other": "18000", "reason": "看了工资流水"}).status_code == 302
    assert HouseholdFacts.objects.get(household=made).values["household"][""]["business_income_year"] == 18000
    made.refresh_from_db()
    assert made.open_contradictions == 0
    assert "看了工资流水" in page(browser, made)


def test_the_privacy_page_says_who_looked_and_why_and_is_itself_a_look():
    made = factories.household()
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    page(clerk, made)
    clerk.post(reverse("registry:unmask", args=[made.pk]), {"why": "check"})
    auditor = signed_in(factories.officer(Role.AUDITOR))
    text = page(auditor, made, "privacy")
    assert "查看家庭档案" in text
    assert "向部门发起核对" in text
    assert "测试员" in text
    assert Entry.objects.filter(event="registry.privacy_viewed", household=made.pk, looks=True).count() == 1
    page(auditor, made, status=404)
    page(signed_in(factories.officer(Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP)), made, "privacy", status=404)
    page(signed_in(factories.officer(Role.ADMINISTRATOR)), made, "privacy", status=404)


def test_a_panel_of_a_room_above_is_shown_where_it_has_something_to_show():
    made = factories.household()
    seen = []
    panel = panels.Panel(
        "tests.panel", "困难评估", "pages/messages.html", lambda household, officer: seen.append(household.pk) or {}
    )
    panels.register(panel)
    try:
        text = page(signed_in(factories.officer(Role.TOWNSHIP_CLERK)), made)
    finally:
        del panels._panels["tests.panel"]
    assert "困难评估" in text
    assert seen == [made.pk]


def test_nobody_opens_a_file_of_another_place_or_without_the_right():
    made = factories.household()
    for name in ("household", "timeline", "as-of", "privacy"):
        for role, area in (
            (Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP), (Role.COUNTY_REVIEWER, factories.OTHER_COUNTY),
            (Role.SURVEYOR, None), (Role.ADMINISTRATOR, None), (None, None),
        ):  # fmt: skip
            page(signed_in(factories.officer(role, area)), made, name, status=404)


def test_a_recording_is_taken_back_with_a_reason_and_stays_in_the_timeline():
    made = factories.household(business_income_year=0)
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    wrong = told(made, clerk, business_income_year=24000)
    address = reverse("registry:recording", args=[made.pk, wrong.pk])
    assert signed_in(clerk).post(address, {"reason": "认错了人"}).status_code == 404, (
        "a check is not for the clerk to take back"
    )
    browser = signed_in(factories.officer(Role.TOWNSHIP_REVIEWER))
    assert "24,000" in browser.get(address).content.decode()
    assert signed_in(factories.officer(Role.CITY_SUPERVISOR)).post(address, {"reason": "不对"}).status_code == 404
    assert browser.post(address, {"reason": "认错了人"}).status_code == 302
    text = page(browser, made, "timeline")
    assert "已撤回：认错了人" in text
    assert HouseholdFacts.objects.get(household=made).values["household"][""]["business_income_year"] == 0


def test_the_record_is_searched_by_the_number_of_a_household(client):
    made = factories.household()
    factories.household(n=2)
    auditor = signed_in(factories.officer(Role.AUDITOR), client)
    page = auditor.get(reverse("audit:search"), {"household": made.number}).content.decode()
    assert page.count(made.number) >= 1
    assert Household.objects.exclude(pk=made.pk).get().number not in page


def test_lists_of_the_file_stand_in_their_order():
    """They are put in order after they were read: the day first, and of one day as they were added."""
    made = factories.household()
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    for day, kind in ((date(2026, 3, 1), "甲"), (date(2026, 5, 1), "乙"), (date(2026, 4, 1), "丙")):
        Help.objects.create(household=made, kind=kind, provider="民政局", on=day)
        CategoryHeld.objects.create(household=made, category=kind, since=day)
    found = file.file_of(file.visible(clerk, made.pk), clerk)
    assert [one.kind for one in found.helps] == ["乙", "丙", "甲"]
    assert [one.category for one in found.categories] == ["乙", "丙", "甲"]
    assert [row.position for row in found.members] == sorted(row.position for row in found.members)


def test_a_change_is_on_the_next_page():
    """What one page asked once is not kept for the next one."""
    made, clerk = factories.household(), factories.officer(Role.TOWNSHIP_CLERK)
    browser = signed_in(clerk)
    shown = '<span class="zk-number">37</span>'
    before = page(browser, made)
    told(made, clerk, pens=37)
    assert shown not in before
    assert shown in page(browser, made)


def test_the_timeline_says_who_died_and_who_came():
    made = factories.household(members=[factories.member("马试一", "02", 31), factories.member("苏试二", "10", 32)])
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    wife = made.memberships.get(relation="10").person_id
    members.died(made, wife, Change(factories.DAY, "死亡证明", None), acting_officer=clerk)
    text = page(signed_in(clerk), made)
    assert "死亡：苏**" in text
    assert "，0 项" not in text


def test_a_category_that_nobody_registered_is_not_told_as_none():
    """The family may receive it all the same: the visit says so."""
    made, clerk = factories.household(), factories.officer(Role.TOWNSHIP_CLERK)
    told(made, clerk, current_assistance=["dibao"])
    browser = signed_in(clerk)
    assert '未登记 <span class="zk-quiet">（家庭情况里填的是：最低生活保障）</span>' in page(browser, made)
    assert "未登记" in browser.get(reverse("registry:search")).content.decode()
