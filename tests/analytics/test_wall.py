"""The wall screen: numbers of the officer's place, none so small that neighbours know who is meant, renewed without keeping
anybody signed in."""

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.analytics.made_runs import DAY, home, run
from tests.assessments.test_pages import anchors, counted
from tests.monitoring.conftest import a_warning
from tests.officers import signed_in
from tests.surveys.factory import a_round, a_team, assigned

from zhikun.accounts import sessions
from zhikun.accounts.models import Appointment
from zhikun.accounts.roles import Right, Role
from zhikun.analytics.limits import SMALL_NUMBER
from zhikun.analytics.ui.statistics import newest_for
from zhikun.analytics.wall import chosen, picture
from zhikun.analytics.withholding import Form, protected
from zhikun.assessments.models import Run
from zhikun.assessments.results import pack_of
from zhikun.assessments.selectors import reach
from zhikun.assessments.ui.common import Asked
from zhikun.places.models import Area
from zhikun.registry import vocabulary as words

pytestmark = pytest.mark.django_db

URL = "/statistics/wall"
QUERIES = 9
EXACT, SMALL, APART = Form.EXACT, Form.SMALL, Form.APART
POLL = {"HX-Request": "true", "X-Zhikun-Poll": "1"}


def homes(n, area=factories.VILLAGE, **given):
    return [home(area, **{"category": "single_need", **given}) for _n in range(n)]


def screen(who, url=URL, **headers):
    return signed_in(who).get(url, headers=headers)


def body(answer):
    """The screen's words without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def reviewer():
    return factories.officer(Role.COUNTY_REVIEWER)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([0, 5, 100], [EXACT, EXACT, EXACT]),
        ([4, 40, 100], [SMALL, APART, EXACT]),  # 4 alone would be the sum less the others
        ([1, 1, 100, 9], [SMALL, SMALL, EXACT, APART]),  # two whose sum is 2 are one each
        ([4, 1, 100], [SMALL, SMALL, EXACT]),
        ([4, 4, 100], [SMALL, SMALL, APART]),  # two whose sum is 8 are four each
        ([1, 5, 100], [SMALL, APART, APART]),  # of 6 at least 5 are the other's
        ([1, 1, 1, 1, 1], [APART, SMALL, SMALL, SMALL, SMALL]),  # five whose sum is 5 would be one each
        ([3, 0, 0], [SMALL, EXACT, EXACT]),  # nothing is left to leave out; the sum itself is a small number
    ],
)
def test_small_numbers_are_not_told_and_do_not_follow_from_the_others(numbers, told):
    assert SMALL_NUMBER.value == 5
    alone = [SMALL if 0 < n < 5 else EXACT for n in numbers]
    assert (protected(numbers, alone, sum_known=True) if SMALL in alone else alone) == told


def test_where_the_sum_is_not_told_one_number_left_out_is_enough_if_it_is_no_small_one():
    assert protected([40, 100], [EXACT, EXACT], sum_known=False) == [APART, EXACT]
    assert protected([3, 40], [SMALL, EXACT], sum_known=False) == [SMALL, EXACT]


def test_every_number_of_the_screen_is_the_length_of_its_list():
    who = reviewer()
    run([
        *homes(7, illness=2.0), *homes(6, factories.OTHER_VILLAGE, illness=3.5, labour=2.0),
        *homes(5, factories.OTHER_VILLAGE, illness=None, category=None, index=None),
    ])  # fmt: skip
    browser = signed_in(who)
    links = [one for one in anchors(browser.get(URL).content.decode()) if "/households" in one[0]]
    assert len(links) > 10
    for url, number in links:
        said, lines = counted(browser, url)
        assert said == lines == int(number.replace(",", "")), url


def test_fewer_than_five_households_are_not_told_and_the_number_next_to_them_neither():
    run([*homes(40), *homes(3, factories.OTHER_VILLAGE), *homes(9, factories.VILLAGE + 1)])
    told = body(screen(reviewer()))
    assert "少于5" in told
    assert "开城镇 少于5" in told
    assert "官厅镇 不单列" in told
    assert "不足 5 户的写“少于5”，能推算出它的写“不单列”" in told
    assert "示例参数，须由本地填报" in told
    assert not re.search(r"\b(3|49)\b", told.split("各地")[1].split("读取于")[0])


def test_no_name_and_no_number_of_a_household_stands_on_the_screen():
    made = factories.household(factories.VILLAGE, n=3)
    run(homes(8))
    page = screen(reviewer()).content.decode()
    assert made.number not in page
    assert str(made.pk) not in page


def test_a_clerk_sees_the_township_and_of_others_nothing():
    run([*homes(20), *homes(11, factories.OTHER_VILLAGE), *homes(7, factories.VILLAGE + 1)])
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    told = body(screen(clerk))
    assert "官厅镇社会救助驾驶舱" in told
    assert "评估的家庭 27" in told
    assert "示例一村 20" in told
    assert "开城镇" not in told
    assert screen(clerk, f"{URL}?place={factories.OTHER_TOWNSHIP}").status_code == 404
    assert screen(clerk, f"{URL}?place={factories.OTHER_COUNTY}").status_code == 404


def test_a_village_is_called_by_its_place_so_that_the_name_fits():
    run([*homes(20), *homes(7, factories.VILLAGE + 1)])
    Area.objects.filter(pk=factories.VILLAGE).update(name="西湖路社区居委会")
    told = body(screen(factories.officer(Role.TOWNSHIP_CLERK)))
    assert "西湖路社区 20" in told


def test_who_has_no_business_with_households_has_no_screen():
    assert screen(factories.officer(Role.AUDITOR)).status_code == 404


@pytest.mark.parametrize(
    "query", ["run=nonsense", "run=aea511f0-6557-401f-a546-9b171550caa8", "place=1", "place=640402999999", "place=x"]
)
def test_a_run_or_place_that_nobody_knows_is_not_there(query):
    run(homes(5))
    assert screen(reviewer(), f"{URL}?{query}").status_code == 404


def test_a_run_of_another_county_is_not_there_and_one_under_way_has_its_own_page():
    elsewhere = run(homes(5, factories.FAR_VILLAGE), area=factories.OTHER_COUNTY)
    who = reviewer()
    assert screen(who, f"{URL}?run={elsewhere.pk}").status_code == 404
    going = run(homes(5))
    Run.objects.filter(pk=going.pk).update(state=Run.State.ACTIVE)
    answer = screen(who, f"{URL}?run={going.pk}")
    assert answer.url == reverse("assessments:run", args=[going.pk])


def test_without_a_run_the_screen_says_who_begins():
    told = body(screen(reviewer()))
    assert "这里还没有评估过。" in told
    assert "发起一次评估" in told
    assert "由县级审查人员发起评估" in body(screen(factories.officer(Role.TOWNSHIP_CLERK)))


def test_the_run_asked_for_is_shown_and_a_newer_one_over_a_part_does_not_take_its_place():
    older = run(homes(30), on=date(2026, 1, 1))
    run(homes(40), on=date(2026, 2, 1))
    run(homes(9), on=date(2026, 3, 1), area=factories.TOWNSHIP)
    who = reviewer()
    assert "评估的家庭 40" in body(screen(who))
    assert "评估的家庭 30" in body(screen(who, f"{URL}?run={older.pk}"))
    assert "评估的家庭 9" in body(screen(who, f"{URL}?place={factories.TOWNSHIP}"))


def test_a_run_whose_pack_had_other_causes_says_what_is_missing():
    run(homes(6), causes=["illness"])
    told = body(screen(reviewer()))
    assert "这次评估没有：" in told
    assert "两个及以上致困原因" not in told
    run(homes(6), on=date(2026, 11, 21), causes=[])
    assert "这次评估用的政策包版本没有致困原因" in body(screen(reviewer()))


def test_a_run_by_a_pack_without_causes_says_so_in_a_sentence(settings):
    settings.ZHIKUN_FURTHER_PACKS = ["national"]
    words.packs_in_force.cache_clear()
    try:
        pack = words.packs_in_force()["national"]
        given = {"pack": pack.id, "pack_version": pack.version, "pack_hash": pack.hash}
        other = run(homes(9, category="dibao"), causes=[], **given)
        who = reviewer()
        told = body(screen(who, f"{URL}?run={other.pk}"))
        assert "最低生活保障家庭 9" in told
        assert "政策包没有规定致困原因。" in told
        assert "有致困原因" not in told
        assert "这里还没有评估过。" in body(screen(who)), "a trial of another pack does not hang in the hall by itself"
    finally:
        settings.ZHIKUN_FURTHER_PACKS = []
        words.packs_in_force.cache_clear()


def test_warnings_of_the_month_by_colour_are_those_of_the_list():
    run(homes(8))
    here = factories.household(factories.VILLAGE, n=1)
    for _n in range(6):
        a_warning(here, level=4, due=timezone.localdate() - timedelta(days=1))
    for _n in range(5):
        a_warning(here, level=2, due=timezone.localdate() + timedelta(days=3))
    a_warning(here, level=1, due=timezone.localdate())
    a_warning(factories.household(factories.FAR_VILLAGE, n=2), level=4)
    browser = signed_in(reviewer())
    answer = browser.get(URL)
    told = body(answer)
    assert re.search(r"红色 6 橙色 0 黄色 5 蓝色 少于5 已超期 6", told)
    links = {told: url for url, told in anchors(answer.content.decode()) if "/warnings/" in url}
    for number in ("6", "5"):
        listed = browser.get(links[number]).content.decode()
        assert f"共 {number} 件" in re.sub(r"<[^>]*>", "", listed)


def test_without_a_published_month_the_screen_says_so():
    run(homes(8))
    assert "没有可以显示的预警" in body(screen(reviewer()))


def test_a_round_of_visits_shows_how_far_it_is_in_the_place():
    run(homes(8))
    round_, team = a_round(), a_team()
    for n in range(5):
        assigned(factories.household(factories.VILLAGE, n=10 + n), round_=round_, team=team)
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    told = body(screen(clerk))
    assert "已通过 0 / 5 户" in told


def test_runs_of_several_days_make_a_line_and_a_small_number_is_a_gap():
    run([*homes(30), *homes(6, category=None, index=None)], on=date(2026, 1, 1))
    run([*homes(40), *homes(2, category=None, index=None)], on=date(2026, 2, 1))
    page = screen(reviewer()).content.decode()
    assert "历次评估" in page
    assert '"values": [6.0, null]' in page
    assert "少于5，图中没有画出：2026-02-01（尚不能确定）" in page


def test_the_screen_asks_again_with_the_header_that_keeps_nobody_signed_in(settings):
    run(homes(8))
    browser = signed_in(reviewer())
    page = browser.get(URL).content.decode()
    assert '"X-Zhikun-Poll": "1"' in page
    long_ago = int(timezone.now().timestamp()) - settings.ZHIKUN_IDLE_MINUTES * 60 + 30
    session = browser.session
    session[sessions.SEEN] = long_ago
    session.save()
    answer = browser.get(URL, headers=POLL)
    assert answer.status_code == 200
    assert browser.session[sessions.SEEN] == long_ago
    session = browser.session
    session[sessions.SEEN] = long_ago - 60
    session.save()
    ended = browser.get(URL, headers=POLL)
    assert ended.status_code == 204
    assert "sign-in" in ended["HX-Redirect"]


def test_an_answer_that_would_change_nothing_is_empty_and_says_when_it_was_read():
    run(homes(8))
    browser = signed_in(reviewer())
    seen = re.search(r'"X-Zhikun-Seen": "([0-9a-f]+)"', browser.get(URL).content.decode())[1]
    same = browser.get(URL, headers=POLL | {"X-Zhikun-Seen": seen})
    assert (same.status_code, same.content) == (204, b"")
    assert re.fullmatch(r"\d\d:\d\d", same["X-Zhikun-Read"])
    run(homes(9), on=date(2026, 11, 21))
    changed = browser.get(URL, headers=POLL | {"X-Zhikun-Seen": seen})
    assert changed.status_code == 200
    assert changed.content.decode().startswith('<div id="wall"')
    assert "评估的家庭 9" in body(changed)


def test_the_screen_costs_as_many_queries_for_many_places_as_for_few(django_assert_num_queries):
    browser = signed_in(reviewer())
    for n, villages in enumerate(
        ([factories.VILLAGE], [factories.VILLAGE, factories.VILLAGE + 1, factories.OTHER_VILLAGE])
    ):
        run([one for village in villages for one in homes(8, village)], on=date(2026, 10, 1 + n))
        browser.get(URL)
        with django_assert_num_queries(QUERIES):
            browser.get(URL, headers=POLL)


def test_a_place_opens_its_own_screen_of_the_same_run():
    shown = run([*homes(8), *homes(8, factories.OTHER_VILLAGE)])
    browser = signed_in(reviewer())
    links = {told: url for url, told in anchors(browser.get(URL).content.decode())}
    assert links["官厅镇"] == f"{URL}?run={shown.pk}&place={factories.TOWNSHIP}"
    assert "官厅镇社会救助驾驶舱" in body(browser.get(links["官厅镇"]))


def test_who_has_no_category_yet_stands_on_top_too_and_so_hides_no_small_number_beside_it():
    found = run([
        *homes(30, category="none"), *homes(3), *homes(9, category="several_needs"),
        *homes(7, category=None, index=None),
    ])  # fmt: skip
    officer = reviewer()
    at = Asked(
        officer,
        found,
        Area.objects.get(pk=found.area),
        None,
        reach(officer, found),
        pack_of(found),
        Right.HOUSEHOLD_VIEW,
        [found.range],
    )
    told = {line.code: line.numbers[0].form for line in picture(at).categories if line.numbers[0].number}
    assert told == {"none": EXACT, "single_need": SMALL, "several_needs": APART, None: EXACT}


def test_it_says_among_whom_numbers_of_causes_are_counted():
    run([*homes(8, illness=2.0, labour=2.0), *homes(6, factories.OTHER_VILLAGE, illness=None)])
    assert "“两个及以上”“有致困原因”只数各原因都已查清的家庭。" in body(screen(reviewer()))
    assert "“两个及以上”只数各原因都已查清的家庭。" in body(screen(reviewer(), f"{URL}?place={factories.VILLAGE}"))


def of_two(one=factories.TOWNSHIP, other=factories.OTHER_TOWNSHIP, role=Role.TOWNSHIP_CLERK):
    """An officer of two places whose codes follow one another."""
    who = factories.officer(role, one)
    Appointment.objects.create(officer=who, role=role, area_id=other)
    return who


def test_an_officer_of_two_neighbouring_townships_has_one_screen_of_both_with_what_is_kept_back_in_each():
    run(
        [
            *homes(20),
            *homes(11, factories.OTHER_VILLAGE),
            *homes(6, category="none"),
            *homes(7, factories.OTHER_VILLAGE, category="none"),
        ]
    )
    told = body(screen(of_two()))
    assert "评估的家庭 44" in told
    assert "官厅镇 26" in told
    assert "开城镇 18" in told
    run([*homes(20), *homes(11, factories.OTHER_VILLAGE), *homes(2, category="none"), *homes(7, factories.OTHER_VILLAGE, category="none")],
        on=DAY + timedelta(days=1))  # fmt: skip
    kept_back = body(screen(of_two()))
    assert "评估的家庭 40" in kept_back
    assert not re.search(r"\b9\b", kept_back.split("各地")[0]), "2 in one township would follow from the 9 of both"


def test_an_officer_of_two_villages_has_one_screen_of_both():
    run([*homes(20), *homes(9, factories.VILLAGE + 1), *homes(11, factories.OTHER_VILLAGE)])
    told = body(screen(of_two(factories.VILLAGE, factories.VILLAGE + 1, Role.VILLAGE_ASSISTANT)))
    assert "评估的家庭 29" in told
    assert "示例二村 9" in told


def test_many_newer_runs_over_a_part_do_not_take_the_place_of_the_one_over_all():
    whole = run(homes(9))
    for _n in range(31):
        run(homes(3), area=factories.TOWNSHIP, on=DAY + timedelta(days=1))
    who = reviewer()
    assert chosen(who, who.reach(Right.HOUSEHOLD_VIEW)) == whole
    assert newest_for(who) == whole
