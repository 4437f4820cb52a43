"""A place from one assessment to the next: which runs stand in the line, what each found, and what does not compare."""

import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.analytics.made_runs import CAUSES, home, run
from tests.assessments.test_assessing import DAY, well_known
from tests.assessments.test_pages import anchors, counted
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.analytics import coded, trends
from zhikun.assessments import selectors
from zhikun.assessments.results import has_category
from zhikun.assessments.services import run as running
from zhikun.audit.models import Entry
from zhikun.places.models import Area, AreaRange
from zhikun.registry import vocabulary
from zhikun.registry.vocabulary import pack_in_force

pytestmark = pytest.mark.django_db

COUNTY = AreaRange(factories.COUNTY, factories.COUNTY + 999_999)
TOWNSHIP = AreaRange(factories.TOWNSHIP, factories.TOWNSHIP + 999)
MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)
URL = "analytics:trends"


def homes(ill, well=1, area=factories.VILLAGE):
    """Some households in hardship through illness, some in none, one of which nothing is known yet."""
    code = next(iter(category_codes()))
    return [
        *(home(area, illness=2.0, category=code, index=30.5) for _n in range(ill)),
        *(home(area, category=code, index=0.0) for _n in range(well)),
        home(area, category=None, index=None, illness=None),
        home(factories.OTHER_VILLAGE, illness=1.5, category=code, index=10.0),
    ]


def category_codes():
    pack = pack_in_force()
    return pack.rules["household", pack.results.category].choices


def points(officer, ranges):
    runs, more = trends.runs_over(officer, ranges)
    return trends.trend(runs, more, ranges, CAUSES, 2.0).points


def assess(made, on):
    made(n=1)
    return running.assess(Area.objects.get(pk=factories.COUNTY), on, acting_officer=reviewer())[0]


def page_of(who, **query):
    return signed_in(who).get(reverse(URL), query).content.decode()


def reviewer():
    return factories.officer(Role.COUNTY_REVIEWER)


def clerk():
    return factories.officer(Role.TOWNSHIP_CLERK)


def test_what_runs_found_counted_by_hand_in_the_order_of_their_days():
    run(homes(3), on=JULY)
    run(homes(1), on=MAY)
    earlier, later = (point.found for point in points(reviewer(), [COUNTY]))
    assert (earlier.households, later.households) == (4, 6)
    assert (earlier.undetermined, earlier.indexless) == (1, 1)
    assert (earlier.causes["illness"], later.causes["illness"]) == (1, 3)
    assert (earlier.mean, earlier.median) == (13.5, 10.0)
    assert (later.mean, later.median) == (20.3, 30.5)
    assert later.categories == {next(iter(category_codes())): 5, None: 1}


def test_the_mean_and_the_middle_lie_on_the_grid_and_nobody_known_is_unknown():
    run([home(index=0.000001), home(index=0.000002), home(index=None, category=None)], on=MAY)
    run([home(index=None)], on=JUNE)
    first, second = (point.found for point in points(reviewer(), [COUNTY]))
    assert (first.mean, first.median) == (0.000002, 0.000002)  # 1.5 millionths, half away from zero
    assert (second.mean, second.median, second.indexless) == (None, None, 1)


def test_of_several_on_a_day_the_newest_counts():
    now = timezone.now()
    newest = run(homes(2), on=MAY, current_at=now)
    run(homes(1), on=MAY, current_at=now - timedelta(hours=1))
    assert [point.run for point in points(reviewer(), [COUNTY])] == [newest]


def test_a_run_over_a_part_is_left_out_of_the_whole_and_stands_in_the_line_of_its_part():
    whole = run(homes(2), on=MAY)
    part = run([home(illness=2.0)], on=JUNE, area=factories.TOWNSHIP)
    run([home(factories.FAR_VILLAGE)], on=JULY, area=factories.OTHER_COUNTY)
    assert [point.run for point in points(reviewer(), [COUNTY])] == [whole]
    assert [point.run for point in points(clerk(), [TOWNSHIP])] == [whole, part]
    assert points(clerk(), [TOWNSHIP])[0].found.households == 4
    page = page_of(reviewer())
    assert "有 1 次评估只覆盖其中一部分地区" in page
    assert f"?place={factories.TOWNSHIP}" in page
    assert "没有列入的评估" not in page_of(clerk())
    supervisor = page_of(factories.officer(Role.CITY_SUPERVISOR))
    assert "没有覆盖整个地区的评估" in supervisor
    assert "有 3 次评估只覆盖其中一部分地区" in supervisor


def test_with_fewer_than_two_days_there_is_no_line_but_a_way_out():
    empty = page_of(reviewer())
    assert "没有覆盖整个地区的评估" in empty
    assert "data-chart" not in empty
    run(homes(1), on=MAY)
    assert "只有一个评估日的结果" in page_of(reviewer())
    assert page_of(reviewer()).count("谁变了，为什么") == 0
    assert signed_in(reviewer()).get(reverse(URL), {"save": "trend"}).status_code == 404


@pytest.mark.parametrize("measure", ["", "categories", "causes", "index"])
@pytest.mark.parametrize("role", [Role.COUNTY_REVIEWER, Role.TOWNSHIP_CLERK, Role.VILLAGE_ASSISTANT])
def test_every_number_is_the_length_of_its_list_in_its_run(measure, role, monkeypatch):
    monkeypatch.setattr(selectors, "PER_PAGE", 3)
    run(homes(2), on=MAY)
    run([*homes(4), home(factories.VILLAGE + 1, illness=2.0)], on=JULY)
    browser = signed_in(factories.officer(role))
    page = browser.get(reverse(URL), {"measure": measure}).content.decode()
    numbers = [(url, words) for url, words in anchors(page) if "/households" in url and re.search(r"\d", words)]
    assert len({url for url, _words in numbers}) >= 4
    for url, words in numbers:
        number = int(words.replace(",", ""))
        assert counted(browser, url) == (number, number), url


def test_neighbours_lead_to_who_changed_and_why():
    first, second, third = (run(homes(n), on=day) for n, day in ((1, MAY), (2, JUNE), (3, JULY)))
    page = page_of(clerk(), place=str(factories.VILLAGE))
    for earlier, later in ((first, second), (second, third)):
        url = reverse("assessments:compare", args=[earlier.pk, later.pk])
        assert f"{url}?place={factories.VILLAGE}" in page
    assert page.count("谁变了，为什么") == 2
    assert signed_in(clerk()).get(url, {"place": factories.VILLAGE}).status_code == 200


def test_runs_of_another_pack_are_marked_and_what_they_do_not_know_is_not_zero():
    run(homes(1), on=MAY, pack="elsewhere", pack_version="3.1", pack_hash="x", causes=CAUSES[:2])
    run(homes(2), on=JUNE)
    run(homes(3), on=JULY)
    page = page_of(reviewer(), measure="causes")
    assert "2026-06-01＊" in page
    assert "2026-05-01＊" not in page
    assert "2026-07-01＊" not in page
    assert page.count("与前一次不同</span>") == 1
    assert "elsewhere 3.1" in page
    points_ = points(reviewer(), [COUNTY])
    assert [point.found.causes.get("illness") for point in points_] == [None, 2, 3]
    assert "不是同一个政策包版本" in page


@pytest.mark.parametrize("measure", ["categories", "causes"])
def test_what_an_older_version_did_not_have_is_told_as_not_there_and_never_as_zero(measure):
    codes = list(category_codes())
    run([home(category=codes[0])], on=MAY, pack_version="0.9", pack_hash="older", causes=CAUSES[:2])
    run([home(category=codes[0])], on=JUNE)
    run([home(category=codes[1], illness=2.0)], on=JULY)
    browser = signed_in(reviewer())
    page = browser.get(reverse(URL), {"measure": measure}).content.decode()
    table = page.split("data-chart-table")[1].split("</details>")[0]
    names = [re.sub("<[^>]*>", "", one) for one in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table)]
    rows = [[re.sub("<[^>]*>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
            for row in re.findall(r"<tr>(.*?)</tr>", table.split("<tbody>")[1], re.DOTALL)]  # fmt: skip
    of = category_codes()[codes[1]] if measure == "categories" else "因病"
    assert [row[names.index(of) - 1] for row in rows] == ["没有此项", "0", "1"]
    assert "间隔的长短不代表时间" in page
    saved = browser.get(reverse(URL), {"measure": measure, "save": "trend"}).content.decode("utf-8-sig").splitlines()
    at = saved[1].split(",").index(of)
    assert [line.split(",")[at] for line in saved[2:-1]] == ["没有此项", "0", "1"]


def test_a_run_keeps_which_categories_its_pack_had():
    of_now = list(category_codes())
    one = assess(well_known, DAY)
    assert has_category(one, of_now[1])
    one.pack_hash = "older"
    assert has_category(one, of_now[1]), "nobody is in it, but the file says that the pack had it"
    assert not has_category(one, "zzz")


def test_a_place_outside_and_a_measure_that_is_none_are_not_there():
    run(homes(1), on=MAY)
    browser = signed_in(clerk())
    assert browser.get(reverse(URL), {"place": factories.OTHER_TOWNSHIP}).status_code == 404
    assert browser.get(reverse(URL), {"place": "1"}).status_code == 404
    assert browser.get(reverse(URL), {"measure": "names"}).status_code == 404
    assert browser.get(reverse(URL), {"place": factories.VILLAGE}).status_code == 200


def test_the_latest_days_are_shown_and_the_page_says_that_there_are_more(monkeypatch):
    monkeypatch.setattr(trends, "MOST", 2)
    runs = [run(homes(1), on=day) for day in (MAY, JUNE, JULY)]
    shown, more = trends.runs_over(reviewer(), [COUNTY])
    assert (shown, more) == (runs[1:], True)
    assert "只显示最近 2 个评估日" in page_of(reviewer())


def test_the_line_is_saved_as_a_table_and_on_record():
    run(homes(1), on=MAY)
    run(homes(3), on=JULY)
    browser = signed_in(clerk())
    answer = browser.get(reverse(URL), {"measure": "causes", "save": "trend"})
    rows = answer.content.decode("utf-8-sig").splitlines()[1:-1]
    at = rows[0].split(",").index("因病")
    assert [(row.split(",")[0], row.split(",")[at]) for row in rows[1:]] == [("2026-05-01", "1"), ("2026-07-01", "3")]
    (entry,) = Entry.objects.filter(event="analytics.saved")
    assert entry.details["rows"] == 2


def test_finished_runs_are_counted_once(django_assert_max_num_queries, monkeypatch):
    for n, day in enumerate((MAY, JUNE, JULY)):
        run(homes(n), on=day)
    browser = signed_in(reviewer())
    browser.get(reverse(URL))
    monkeypatch.setattr(coded, "coded", None)
    with django_assert_max_num_queries(16):
        assert browser.get(reverse(URL), {"measure": "categories"}).status_code == 200


@pytest.fixture
def national(settings):
    """A platform of yuanzhou on which the law's own tests may be run as well."""
    settings.ZHIKUN_FURTHER_PACKS = ["national"]
    for kept in (vocabulary.packs_in_force, vocabulary.vocabulary):
        kept.cache_clear()
    yield
    for kept in (vocabulary.packs_in_force, vocabulary.vocabulary):
        kept.cache_clear()


def test_a_further_pack_has_a_line_of_its_own(national):
    own = [run(homes(1), on=day) for day in (MAY, JULY)]
    further = [run(homes(2), on=day, pack="national", causes=()) for day in (MAY, JUNE)]
    browser = signed_in(reviewer())
    page = browser.get(reverse(URL)).content.decode()
    other = browser.get(reverse(URL), {"pack": "national"}).content.decode()
    assert [str(one.pk) in page for one in (*own, *further)] == [True, True, False, False]
    assert [str(one.pk) in other for one in (*own, *further)] == [False, False, True, True]
    assert browser.get(reverse(URL), {"pack": "national", "measure": "causes"}).status_code == 404
    assert browser.get(reverse(URL), {"pack": "taoyuan"}).status_code == 404
