"""The page of one household's assessment: figures that open, flags that people decide on, the report, those alike."""

import io
import re
import threading
from urllib.parse import unquote

import pypdf
import pytest
from django.db import connection
from django.urls import reverse
from tests import factories
from tests.assessments.test_assessing import DAY, HOME, PERSON, county, reviewer, well_known
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.assessments.errors import DecidedMeanwhile, FlagNotRaised
from zhikun.assessments.models import FlagDecision
from zhikun.assessments.neighbours import alike, main_cause
from zhikun.assessments.opening import opened
from zhikun.assessments.results import result_of
from zhikun.assessments.services.deciding import decide_flag, raised_now
from zhikun.assessments.services.run import assess
from zhikun.audit.models import Entry
from zhikun.registry.errors import NeedsReason, NotAllowedHere
from zhikun.registry.services import recording
from zhikun.registry.services.unmasking import unmask
from zhikun.registry.sources import SourceKind, Told

FLAG = "health_mismatch"
BORN = "1968-05-12"  # of the head, in the number too
CONFIRM, OVERRIDE = FlagDecision.Decision.CONFIRM, FlagDecision.Decision.OVERRIDE


def flagged(n=1, area=factories.VILLAGE, **facts):
    """A household that says its health is poor, and is on file as healthy."""
    head = factories.member("马试一", "02", 2 * n, **{**PERSON, "self_rated_health": "poor"})
    return factories.household(area, n, members=[head], **{**HOME, **facts})


def say(household, entity, row, **facts):
    told = Told(SourceKind.OFFICER, factories.DAY)
    household.refresh_from_db()
    recording.record(household, told, {entity: {row: facts}}, acting_officer=reviewer())


def page_of(household, who=None):
    url = reverse("assessments:household", args=[household.pk])
    return signed_in(who or reviewer()).get(url).content.decode()


def anchors_of(page):
    return re.findall(r'id="(step-[^"]+)"', page)


def decided(household, decision=OVERRIDE, by=None):
    seen = raised_now(household, FLAG).seen
    return decide_flag(
        household, FLAG, decision=decision, reason="看过体检表", seen=seen, acting_officer=by or reviewer()
    )


@pytest.mark.django_db
def test_a_figure_opens_down_to_who_recorded_the_fact_and_when():
    made = flagged(business_income_year=30000)
    page = page_of(made)
    assert "系统建议，由人决定" in page
    anchors = re.findall(r'href="#(step-[\w.]+)"', page)
    assert len(anchors) >= 10
    assert [one for one in anchors if f'id="{one}"' not in page] == []
    assert len(anchors_of(page)) == len(set(anchors_of(page)))
    above, below = page.split('id="step-business_income_year"')
    assert "30,000" in above.rpartition("<details")[2]
    leaf = below.split("</details>")[0]
    assert re.search(r"来源</span> 入户调查.*情况日期 2026-11-02；测试员（.*），\d{4}-\d\d-\d\d \d\d:\d\d 记录", leaf)
    assert "家庭档案本身" in page.split('id="step-member.birth_date.1"')[1].split("</details>")[0]
    assert "马试一" not in page
    assert "1·马**，户主" in page


@pytest.mark.django_db
def test_a_flag_opens_down_to_the_facts_of_those_whom_it_is_about():
    sick = factories.member("苏试二", "10", 91, "19700301", **{**PERSON, "self_rated_health": "poor"})
    made = factories.household(members=[factories.member("马试一", "02", 90, **PERSON), sick], **HOME)
    flags = page_of(made).split('id="flags"')[1].split("</section>")[0]
    assert "健康状况（自述）（2·苏**，配偶）" in flags
    assert "健康状况（自述）（1·" not in flags
    assert flags.count("来源</span> 入户调查，情况日期 2026-11-02") == 3
    assert "原州区28项指标第10项" in flags
    asked = signed_in(reviewer()).get(reverse("assessments:decide", args=[made.pk, FLAG])).content.decode()
    assert "健康状况（自述）（2·苏**，配偶）" in asked


@pytest.mark.django_db
def test_what_is_unknown_says_so_and_leads_to_its_form():
    made = factories.household()
    page = page_of(made)
    questions = page.split('id="questions"')[1].split("</section>")[0]
    urls = [url.replace("&amp;", "&") for url in re.findall(r'href="([^"]+)"', questions)]
    assert urls
    browser = signed_in(reviewer())
    for url in urls:
        field = url.partition("#")[2]
        form = browser.get(url.partition("#")[0])
        assert form.status_code == 200, url
        assert not field or f'id="{field}"' in form.content.decode() or f'id="{field}_0"' in form.content.decode(), url
    assert "未知" in page.split('id="proposal"')[1].split("</section>")[0]
    supervisor = page_of(made, factories.officer(Role.CITY_SUPERVISOR))
    assert "去填写" not in supervisor.split('id="questions"')[1].split("</section>")[0]


@pytest.mark.django_db
def test_a_decision_stands_beside_the_machines_figures_and_changes_none_of_them():
    made = flagged()
    before = opened(made, reviewer()).told
    one = decided(made)
    after = opened(made, reviewer())
    assert (after.told.category, after.told.index, after.told.causes, after.told.flags) == (
        before.category, before.index, before.causes, before.flags,
    )  # fmt: skip
    flag = next(flag for flag in after.flags if flag.code == FLAG)
    assert (flag.raised, flag.stands, flag.last) == (True, True, one)
    flags = page_of(made).split('id="flags"')[1].split("</section>")[0]
    assert "提示核实" in flags
    assert "予以排除" in flags
    assert "看过体检表" in flags
    timeline = signed_in(reviewer()).get(reverse("registry:timeline", args=[made.pk])).content.decode()
    assert "认定提示：自述健康与登记健康不一致" in timeline
    entry = Entry.objects.get(event="assessments.flag_decided")
    assert (entry.household, entry.reason, entry.details["decision"]) == (made.pk, "看过体检表", "override")


@pytest.mark.django_db
def test_a_decision_is_asked_again_only_when_the_facts_it_rests_on_change():
    made = flagged()
    decided(made)
    say(made, "household", "", pens=7)
    assert raised_now(made, FLAG).stands
    row = str(made.memberships.get().person_id)
    say(made, "member", row, lives_together=True, health="healthy")
    assert raised_now(made, FLAG).stands
    say(made, "member", row, self_rated_health="good")
    with pytest.raises(FlagNotRaised):
        raised_now(made, FLAG)
    assert "现在不再提示的" in page_of(made)
    new = factories.member("苏试二", "10", 77, "19700301", **{**PERSON, "self_rated_health": "poor"})
    other = factories.household(n=9, members=[factories.member("马试三", "02", 70, **PERSON), new], **HOME)
    decided(other)
    head = str(other.memberships.get(relation="02").person_id)
    say(other, "member", head, self_rated_health="poor")
    again = raised_now(other, FLAG)
    assert not again.stands
    assert again.last is not None
    page = page_of(other)
    assert "情况已变化，须重新认定" in page
    assert "看过体检表" in page


@pytest.mark.django_db
def test_who_comes_second_is_told_and_sees_what_the_first_decided():
    made = flagged()
    url = reverse("assessments:decide", args=[made.pk, FLAG])
    browser = signed_in(factories.officer(Role.TOWNSHIP_REVIEWER))
    seen = re.search(r'name="seen" value="([^"]+)"', browser.get(url).content.decode())[1]
    decided(made, CONFIRM)
    mine = {"decision": "override", "reason": "电话问过本人", "seen": seen}
    answer = browser.post(url, mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "别人已经作出认定" in page
    assert "予以确认" in page
    assert "电话问过本人" in page
    assert FlagDecision.objects.count() == 1
    fresh = re.search(r'name="seen" value="([^"]+)"', page)[1]
    assert browser.post(url, {**mine, "seen": fresh}).status_code == 302
    assert [one.decision for one in FlagDecision.objects.order_by("number")] == ["confirm", "override"]


@pytest.mark.django_db
def test_a_decision_needs_a_right_a_reason_and_a_flag():
    made = flagged()
    seen = raised_now(made, FLAG).seen
    good = {"decision": OVERRIDE, "reason": "看过体检表", "seen": seen}
    for role in (Role.TOWNSHIP_CLERK, Role.CITY_SUPERVISOR, Role.COUNTY_APPROVER):
        with pytest.raises(NotAllowedHere):
            decide_flag(made, FLAG, **good, acting_officer=factories.officer(role))
    away = factories.officer(Role.COUNTY_REVIEWER, factories.OTHER_COUNTY)
    with pytest.raises(NotAllowedHere):
        decide_flag(made, FLAG, **good, acting_officer=away)
    for bad in ({"reason": " "}, {"decision": "refuse"}):
        with pytest.raises(NeedsReason):
            decide_flag(made, FLAG, **{**good, **bad}, acting_officer=reviewer())
    with pytest.raises(FlagNotRaised):
        decide_flag(made, "minor_alone", **good, acting_officer=reviewer())
    assert "确认或排除" not in page_of(made, factories.officer(Role.TOWNSHIP_CLERK))
    assert FlagDecision.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.database
def test_two_officers_at_once_one_decision():
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL lets two write at once")
    made = flagged()
    people = [reviewer(), factories.officer(Role.TOWNSHIP_REVIEWER)]
    seen, told, gate = raised_now(made, FLAG).seen, [], threading.Barrier(2)

    def act(officer):
        try:
            gate.wait(60)
            decide_flag(made, FLAG, decision=OVERRIDE, reason="看过体检表", seen=seen, acting_officer=officer)
            told.append("won")
        except DecidedMeanwhile:
            told.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(one,)) for one in people]
    [one.start() for one in threads]
    [one.join(60) for one in threads]
    assert sorted(told) == ["told", "won"]
    assert FlagDecision.objects.count() == 1


def text_of(answer):
    assert answer["Content-Type"] == "application/pdf"
    pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pages))


@pytest.mark.fonts
@pytest.mark.django_db
def test_the_reports_figures_are_the_pages_digit_by_digit_and_it_is_masked():
    made = flagged(business_income_year=31234.56, housing_safety="d")
    decided(made, CONFIRM)
    browser = signed_in(reviewer())
    page = browser.get(reverse("assessments:household", args=[made.pk])).content.decode()
    answer = browser.get(reverse("assessments:report", args=[made.pk]))
    assert unquote(answer["Content-Disposition"]).endswith(f"综合评估报告-{made.number}.pdf")
    text = text_of(answer)
    figures = re.findall(
        r"<strong>([^<]+)</strong>(?: ([^<]+))?", page.split('id="proposal"')[1].split('id="flags"')[0]
    )
    assert len(figures) >= 12
    missing = [(value, unit) for value, unit in figures if re.sub(r"\s", "", value + unit) not in text]
    assert missing == []
    assert "31,234.56" in text
    assert made.number in text
    assert "看过体检表" in text
    assert "马**" in text
    person = made.memberships.get().person
    assert person.name not in text
    assert person.id_number not in text
    entry = Entry.objects.get(event="assessments.report_made")
    assert (entry.looks, entry.details["full"], entry.household) == (True, False, made.pk)


@pytest.mark.fonts
@pytest.mark.django_db
def test_the_day_of_a_birth_which_the_masked_number_hides_stands_nowhere_beside_it():
    made = flagged()
    earlier, _new = assess(county(), DAY, acting_officer=reviewer())
    browser = signed_in(reviewer())
    page = reverse("assessments:household", args=[made.pk])
    for url in (page, f"{page}?run={earlier.pk}", reverse("assessments:decide", args=[made.pk, FLAG])):
        told = browser.get(url).content.decode()
        assert BORN not in told, url
        assert url.endswith(FLAG) or f"周岁（{BORN[:7]}-**" in told, "the age still opens into the month"
    assert BORN not in text_of(browser.get(reverse("assessments:report", args=[made.pk]))).replace("\n", "")


@pytest.mark.fonts
@pytest.mark.django_db
def test_full_particulars_stand_in_the_report_only_with_right_and_reason():
    made = flagged()
    url = reverse("assessments:report", args=[made.pk]) + "?full"
    who = reviewer()
    browser = signed_in(who)
    assert browser.get(url)["Location"] == reverse("registry:unmask", args=[made.pk])
    assert signed_in(factories.officer(Role.CITY_SUPERVISOR)).get(url).status_code == 404
    assert not Entry.objects.filter(event="assessments.report_made").exists()
    unmask(made, why="document", acting_officer=who)
    text = text_of(browser.get(url))
    person = made.memberships.get().person
    assert person.name in text
    assert person.id_number in text
    assert "含完整个人信息" in text
    assert Entry.objects.get(event="assessments.report_made").details["full"] is True
    assert BORN in text_of(browser.get(url)).replace("\n", "")
    assert BORN in browser.get(reverse("assessments:household", args=[made.pk])).content.decode()
    # The other report stays masked, whoever asks for it.
    assert BORN not in text_of(browser.get(reverse("assessments:report", args=[made.pk]))).replace("\n", "")
    assert person.id_number not in text_of(browser.get(reverse("assessments:report", args=[made.pk])))


@pytest.mark.django_db
def test_those_alike_are_told_from_five_on_in_the_smallest_place_and_only_where_one_may_see_it():
    made = [well_known(n=n, housing_safety="d", medical_expense_year=1000 * n) for n in range(1, 5)]
    elsewhere = well_known(factories.VILLAGE + 1, n=5, housing_safety="d")
    other = factories.household(  # two people: another size
        n=6, **{**HOME, "housing_safety": "d"},
        members=[factories.member("马试七", "02", 90, **PERSON), factories.member("苏试八", "10", 91, "19700301", **PERSON)],
    )  # fmt: skip
    run = assess(county(), factories.DAY, acting_officer=reviewer())[0]
    kept = result_of(made[0])
    assert kept.run == run
    assert main_cause(kept) == main_cause(result_of(elsewhere)) != ""
    group = alike(kept, reviewer())
    indices = sorted((result_of(one).index for one in [*made, elsewhere]), reverse=True)
    assert (group.place.pk, group.households, group.median) == (factories.TOWNSHIP, 5, indices[2])
    assert group.rank == indices.index(kept.index) + 1
    # Four in the village are too few, and more than the village is not theirs to see.
    assert alike(kept, factories.officer(Role.VILLAGE_ASSISTANT)).place is None
    assert alike(result_of(other), reviewer()).place is None
    assert "不足 5 户" in page_of(made[0], factories.officer(Role.VILLAGE_ASSISTANT))
    well_known(n=8, housing_safety="d")
    assess(county(), factories.DAY, acting_officer=reviewer())
    group = alike(result_of(made[0]), factories.officer(Role.VILLAGE_ASSISTANT))
    assert (group.place.pk, group.households) == (factories.VILLAGE, 5)


@pytest.mark.django_db
def test_the_page_costs_the_same_for_one_person_as_for_many(django_assert_num_queries):
    """And one more where somebody decided on a flag: who that was."""
    people = [
        factories.member(f"马试{c}", "02" if n == 0 else "20", 100 + n, **PERSON) for n, c in enumerate("甲乙丙丁戊己")
    ]
    small, large = flagged(), factories.household(n=50, members=people, **HOME)
    decided(small)
    assess(county(), factories.DAY, acting_officer=reviewer())
    browser = signed_in(reviewer())
    for one, queries in ((small, 14), (large, 13)):
        url = reverse("assessments:household", args=[one.pk])
        browser.get(url)
        with django_assert_num_queries(queries):
            browser.get(url)


@pytest.mark.django_db
def test_another_countys_household_is_not_there():
    made = flagged(area=factories.FAR_VILLAGE)
    browser = signed_in(reviewer())
    for view, more in (("household", []), ("report", []), ("decide", [FLAG])):
        assert browser.get(reverse(f"assessments:{view}", args=[made.pk, *more])).status_code == 404


@pytest.mark.django_db
def test_of_a_closed_file_nothing_is_worked_out_for_nobody():
    """A household without people is not one without income."""
    made = well_known()
    assert "困难状况" in signed_in(reviewer()).get(reverse("registry:household", args=[made.pk])).content.decode()
    type(made).objects.filter(pk=made.pk).update(state="closed")
    assert "困难状况" not in signed_in(reviewer()).get(reverse("registry:household", args=[made.pk])).content.decode()
    page = page_of(made)
    assert "不再评估" in page
    assert "家庭人口" not in page
    assert signed_in(reviewer()).get(reverse("assessments:report", args=[made.pk])).status_code == 422
