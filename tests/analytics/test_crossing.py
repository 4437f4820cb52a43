"""Causes crossed: counted by hand, and each number is the length of the list it opens, for each officer in their own place."""

import csv
import io
import re

import pytest
from django.urls import reverse
from tests import factories
from tests.analytics.made_runs import CAUSES, home, run
from tests.assessments.test_pages import anchors, counted
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.analytics import coded, crossing
from zhikun.assessments import selectors
from zhikun.audit.models import Entry
from zhikun.places.models import Area, AreaRange

pytestmark = pytest.mark.django_db

COUNTY = [AreaRange(factories.COUNTY, factories.COUNTY + 999_999)]
READERS = {
    Role.COUNTY_REVIEWER: 8, Role.TOWNSHIP_CLERK: 6, Role.VILLAGE_ASSISTANT: 4, Role.CITY_SUPERVISOR: 8,
}  # fmt: skip


def world():
    """Eight households of three villages in two townships; two of them have a score that is not known."""
    return [
        home(illness=2.0, disability=2.0),
        home(illness=1.5, disability=2.0),
        home(illness=2.0, disability=None),
        home(),
        home(factories.VILLAGE + 1, illness=2.0),
        home(factories.VILLAGE + 1, illness=2.0, disability=5.0),
        home(factories.OTHER_VILLAGE, illness=5.0, disability=2.0, labour=2.0),
        home(factories.OTHER_VILLAGE, illness=None),
    ]


def crossed(at=2.0, ranges=COUNTY, unit=1000):
    return crossing.crossed(run(world()), ranges, CAUSES, at, unit)


def page_of(role, one, **query):
    url = reverse("analytics:crossing", args=[one.pk])
    return signed_in(factories.officer(role)).get(url, query).content.decode()


def test_a_small_world_counted_by_hand():
    told = crossed()
    assert told.households == 8
    assert told.having(["illness"]) == 5
    assert told.having(["illness", "disability"]) == 3
    assert told.having(["illness", "disability", "labour"]) == 1
    assert told.having(["illness", "housing"]) == 0
    assert (told.unknown("illness"), told.unknown("disability"), told.unknown("labour")) == (1, 1, 0)
    assert {n: of for n, of in told.exactly.items() if of} == {0: 1, 1: 2, 2: 2, 3: 1, None: 2}
    assert told.at_least(2) == 3
    assert told.combinations == [
        (("illness", "disability"), 2), (("illness",), 1), (("disability",), 1), (("illness", "disability", "labour"), 1),
    ]  # fmt: skip
    assert {place: one.households for place, one in told.places.items()} == {
        factories.TOWNSHIP: 6, factories.OTHER_TOWNSHIP: 2
    }  # fmt: skip


@pytest.mark.parametrize(("at", "both"), [(0.5, 4), (1.5, 4), (2.0, 3), (2.5, 0), (5.0, 0)])
def test_a_score_at_the_line_counts_and_one_just_below_does_not(at, both):
    assert crossed(at).having(["illness", "disability"]) == both


def test_numbers_of_causes_add_up_to_all_who_were_assessed():
    for at in crossing.LINES:
        told = crossed(at)
        assert sum(told.exactly.values()) == told.households
        assert sum(n for _causes, n in told.combinations) == told.at_least(1)
        assert sum(one.households for one in told.places.values()) == told.households


def test_places_are_those_that_lie_apart_below_what_the_officer_may_see():
    factories.areas()
    county = Area.objects.get(pk=factories.COUNTY)
    village, other = factories.VILLAGE, factories.OTHER_VILLAGE
    assert crossing.unit_below(county, COUNTY) == 1000
    assert crossing.unit_below(county, [AreaRange(factories.TOWNSHIP, factories.TOWNSHIP + 999)]) == 1
    assert crossing.unit_below(county, [AreaRange(village, village), AreaRange(other, other)]) == 1000
    assert crossing.unit_below(county, [AreaRange(village, village)]) == 0


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize(
    "query",
    [{}, {"at": "1.5"}, {"pick": ["illness", "disability"]}, {"by": "place"}, {"place": str(factories.VILLAGE)}],
    ids=str,
)
def test_every_number_is_the_length_of_its_list(role, query, monkeypatch):
    monkeypatch.setattr(selectors, "PER_PAGE", 3)
    page = page_of(role, run(world()), **query)
    numbers = {url: words for url, words in anchors(page) if "/households" in url and re.search(r"\d", words)}
    assert len(numbers) >= 4
    browser = signed_in(factories.officer(role))
    for url, words in numbers.items():
        number = int(re.search(r"[\d,]+", words)[0].replace(",", ""))
        assert counted(browser, url) == (number, number), url


@pytest.mark.parametrize("role", READERS)
def test_an_officer_counts_the_households_of_their_own_place_only(role):
    one = run(world())
    page = page_of(role, one)
    whole = dict(anchors(page))[reverse("assessments:households", args=[one.pk])]
    assert int(re.search(r"\d+", whole)[0]) == READERS[role]


def test_a_run_outside_ones_own_place_and_a_place_outside_are_not_there():
    one = run(world())
    url = reverse("analytics:crossing", args=[one.pk])
    assert signed_in(factories.officer(Role.COUNTY_REVIEWER, factories.OTHER_COUNTY)).get(url).status_code == 404
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    assert clerk.get(url, {"place": factories.OTHER_TOWNSHIP}).status_code == 404
    assert clerk.get(url, {"place": "1 OR 1=1"}).status_code == 404
    assert clerk.get(url).status_code == 200
    assert signed_in(factories.officer(Role.ADMINISTRATOR)).get(url).status_code == 404


def test_a_run_of_a_pack_without_a_cause_leaves_it_out_and_says_so(monkeypatch):
    monkeypatch.setattr(selectors, "PER_PAGE", 3)
    one = run(world(), causes=[name for name in CAUSES if name != "labour"], pack_version="0.9")
    page = page_of(Role.COUNTY_REVIEWER, one)
    assert "没有列入：劳动力。" in page
    assert "labour" not in page
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    for url, words in anchors(page):
        if "/households" in url and re.search(r"\d", words):
            number = int(re.search(r"[\d,]+", words)[0])
            assert counted(browser, url) == (number, number), url


def test_a_run_of_a_pack_without_causes_says_why_there_is_no_table():
    page = page_of(Role.COUNTY_REVIEWER, run(world(), causes=[], pack="elsewhere"))
    assert "没有致困原因的分数" in page
    assert "0 户" not in page


def test_what_the_address_asks_for_wrongly_is_said_or_passed_over():
    one = run(world())
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    url = reverse("analytics:crossing", args=[one.pk])
    wrong = browser.get(url, {"at": "7"}).content.decode()
    assert "errorlist" in wrong
    assert "分数达到 2 分" in wrong
    for strange in ({"pick": "x' OR 1=1"}, {"pick": ["illness", "zzz"]}, {"by": "zzz"}, {"sort": "zzz"},
                    {"at": "99", "save": "matrix"}):  # fmt: skip
        refused = browser.get(url, strange)
        assert (refused.status_code, "没有列出" in refused.content.decode()) == (422, True), strange
    assert browser.get(url, {"save": "nothing"}).status_code == 404
    assert browser.get(url, {"save": "picked"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "query"),
    [("matrix", {}), ("numbers", {}), ("combinations", {}), ("picked", {"pick": ["illness", "labour"]}), ("places", {"by": "place"})],
)  # fmt: skip
def test_a_table_is_saved_with_the_numbers_of_the_page_and_on_record(name, query):
    one = run(world())
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    url = reverse("analytics:crossing", args=[one.pk])
    answer = browser.get(url, query | {"save": name})
    marked = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(marked[0]) == 1
    assert "官厅镇" in marked[0][0]
    assert marked[0] == marked[-1]
    rows = marked[1:-1]
    assert len({len(row) for row in rows}) == 1
    page = re.sub(r"<[^>]*>|\s|&nbsp;", "", browser.get(url, query).content.decode())
    for row in rows:
        assert row[0].replace(" ", "") in page
    if name == "matrix":
        told = {row[0]: dict(zip(rows[0][1:], map(int, row[1:]), strict=True)) for row in rows[1:]}
        assert (told["因病"]["因病"], told["因病"]["因残"], told["因残"]["因病"]) == (4, 2, 2)
        assert told["因残"]["分数未知"] == 1
    if name == "numbers":
        assert sum(int(row[1]) for row in rows[1:]) == 6
    (entry,) = Entry.objects.filter(event="analytics.saved")
    assert entry.details["rows"] == len(rows) - 1
    assert entry.looks


def test_places_can_be_ordered_by_the_share_of_a_cause():
    one = run(world())
    page = page_of(Role.COUNTY_REVIEWER, one, by="place", sort="labour")
    assert page.index("开城镇</a></th>") < page.index("官厅镇</a></th>")
    page = page_of(Role.COUNTY_REVIEWER, one, by="place")
    assert page.index("官厅镇</a></th>") < page.index("开城镇</a></th>")


def test_the_menu_leads_to_the_newest_run_and_says_so_where_there_is_none():
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    assert "还没有评估过" in browser.get(reverse("analytics:newest_crossing")).content.decode()
    one = run(world())
    assert browser.get(reverse("analytics:newest_crossing"))["Location"] == reverse("analytics:crossing", args=[one.pk])


def test_the_page_asks_the_database_a_few_times_and_the_results_once(django_assert_max_num_queries, monkeypatch):
    one = run(world() * 20)
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    url = reverse("analytics:crossing", args=[one.pk])
    browser.get(url)
    monkeypatch.setattr(coded, "coded", None)
    with django_assert_max_num_queries(18):
        assert browser.get(url, {"pick": ["illness", "labour"]}).status_code == 200


@pytest.mark.parametrize("at", ["99", "0.3", "x"])
def test_a_line_off_the_scale_is_named_and_the_choice_shows_the_one_that_counts(at):
    one = run(world())
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    answer = browser.get(reverse("analytics:crossing", args=[one.pk]), {"at": at})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "没有这一档分数线" in page
    assert re.search(r'<option value="2" selected', page)
