"""信息统计: the figures are the report's, each number is the length of the list it opens, and of what is saved."""

import csv
import io
import random
import re
import shutil
from dataclasses import replace

import openpyxl
import pytest
from django.urls import reverse
from tests import factories
from tests.analytics import made_runs, report_of
from tests.analytics.made_runs import CAUSES, home
from tests.assessments.test_pages import anchors
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.analytics import coded, counting
from zhikun.analytics.statistics import Statistics
from zhikun.analytics.ui.statistics_grids import shade
from zhikun.assessments.keeping import folder_of
from zhikun.assessments.results import pack_of
from zhikun.audit.models import Entry
from zhikun.documents.statistics import LEVELS
from zhikun.places.models import AreaRange

pytestmark = pytest.mark.django_db

COUNTY = [AreaRange(factories.COUNTY, factories.COUNTY + 999_999)]
READERS = {
    Role.COUNTY_REVIEWER: 8, Role.TOWNSHIP_CLERK: 6, Role.VILLAGE_ASSISTANT: 4, Role.CITY_SUPERVISOR: 8,
}  # fmt: skip


def world():
    """Eight households of three villages in two townships; two have a score that is not known, one no category."""
    return [
        home(illness=2.0, disability=2.0, category="several_needs", index=41.5),
        home(illness=1.5, disability=2.0, category="single_need", index=20.0),
        home(illness=2.0, disability=None, category=None, index=None),
        home(index=0.0),
        home(factories.VILLAGE + 1, illness=2.0, category="single_need", index=19.999999),
        home(factories.VILLAGE + 1, illness=2.0, disability=5.0, category="several_needs", index=70.0),
        home(factories.OTHER_VILLAGE, illness=5.0, disability=2.0, labour=2.0, category="several_needs", index=68.1),
        home(factories.OTHER_VILLAGE, illness=None, category="none", index=3.0),
    ]


def run(rows, *, causes=CAUSES, **fields):
    """A finished run whose index also has the name that the pack gives it."""
    named = [row | {"hardship_index": row["_index"]} for row in rows]
    return made_runs.run(named, causes=(*causes, "hardship_index"), **fields)


def told(one, ranges=COUNTY, unit=1000):
    return Statistics(one, pack_of(one), counting.counted(one, ranges, unit))


def page_of(browser, one, **query):
    return browser.get(reverse("analytics:statistics", args=[one.pk]), query).content.decode()


def numbers_of(page):
    """Addresses of lists with the number that each stands behind."""
    found = [
        (url, re.search(r"[\d,]+", re.sub(r"最多的致困因子：\S+|有一类.*分", "", words)))
        for url, words in anchors(page)
    ]
    return [(url, int(n[0].replace(",", ""))) for url, n in found if "/households" in url and n]


def test_a_small_world_counted_by_hand():
    found = told(run(world()))
    rows = {row.name: row for row in found.causes_table().rows}
    assert found.households == 8
    assert rows["illness"].counts == (1, 0, 0, 1, 4, 0, 0, 0, 0, 0, 1)
    assert (rows["illness"].total, rows["illness"].undetermined) == (7, 1)
    assert [n.households for n in found.cause_row(rows["disability"]).numbers[-3:]] == [7, 1, 4]
    levels, at_once = found.causes_at_once()
    assert levels == [1.0, 2.0]
    assert {row.title: [n.households for n in row.numbers] for row in at_once} == {
        "没有": [1, 1], "1个": [1, 2], "2个": [3, 2], "3个": [1, 1], "尚不能确定": [2, 2],
    }  # fmt: skip
    assert (found.with_causes(1).households, found.with_causes(2).households) == (5, 3)
    assert {row.title: row.numbers[0].households for _code, row in found.categories()} == {
        "没有达到致困线": 2, "单一需求（转介办理）": 2, "多元需求（个案会商）": 3, "尚不能确定": 1,
    }  # fmt: skip
    assert found.hardest()[0] == "因病"


def test_an_index_at_the_edge_of_a_bin_is_in_the_bin_that_begins_there():
    found = {row.title: row.numbers[0].households for row in told(run(world())).index()}
    assert (found["10 至不足 20"], found["20 至不足 30"]) == (1, 1)
    assert sum(found.values()) == 8
    assert found["尚不能确定"] == 1


def test_the_page_counts_as_the_county_s_report_does():
    chance = random.Random(7)
    score = lambda: chance.choice([None, *LEVELS, *LEVELS])  # noqa: E731 - one of the eleven, or not known
    index = lambda: chance.choice([None, round(chance.random() * 90, 2)])  # noqa: E731 - the same
    category = lambda: chance.choice([None, "none", "single_need", "several_needs"])  # noqa: E731 - the same
    villages = [factories.VILLAGE, factories.VILLAGE + 1, factories.OTHER_VILLAGE]
    rows = [
        home(chance.choice(villages), category=category(), index=index(), **{name: score() for name in CAUSES})
        for _household in range(400)
    ]
    one = run(rows)
    report_of.holds(one)
    assert report_of.lists_hold(one) > 3 * 100
    assert report_of.lists_hold(one, 1000) > 2 * 100


def test_part_of_a_township_is_counted_as_the_whole_is():
    one = run(world())
    whole = counting.counted(one, COUNTY, 1000)
    assert counting.counted(one, COUNTY, 1).whole == whole.whole
    parts = [counting.counted(one, [AreaRange(at, at)], 0) for at in (factories.VILLAGE, factories.VILLAGE + 1)]
    township = counting.counted(one, [AreaRange(factories.TOWNSHIP, factories.TOWNSHIP + 999)], 1)
    assert sum(part.households for part in parts) == township.households == 6
    assert set(township.places) == {factories.VILLAGE, factories.VILLAGE + 1}
    assert set(whole.places) == {factories.TOWNSHIP, factories.OTHER_TOWNSHIP}


def test_a_score_that_the_table_has_no_column_for_is_told_and_not_lost():
    one = run([home(illness=1.25), home(illness=2.0)])
    page = page_of(signed_in(factories.officer(Role.COUNTY_REVIEWER)), one)
    assert told(one).strange("illness") == 1
    assert "因病有1户的分数不在 0 至 5 分的十一档之中" in page


@pytest.mark.parametrize("role", READERS)
def test_every_number_is_the_length_of_its_list(role):
    one = run(world())
    browser = signed_in(factories.officer(role))
    found = numbers_of(page_of(browser, one))
    assert len(found) >= 50
    for url, n in dict(found).items():
        said = re.search(r"共 ([\d,]+) 户", browser.get(url).content.decode())
        assert said, url
        assert int(said[1].replace(",", "")) == n, url
    whole = re.search(r"评估的家庭.*?([\d,]+)", page_of(browser, one), re.DOTALL)
    assert whole
    assert dict(found)[reverse("assessments:households", args=[one.pk])] == READERS[role]


def test_the_same_address_never_stands_behind_two_numbers():
    page = page_of(signed_in(factories.officer(Role.COUNTY_REVIEWER)), run(world()))
    found = set(numbers_of(page))
    assert len(found) == len({url for url, _n in found})


def test_a_place_below_opens_its_own_page_and_one_outside_is_not_there():
    one = run(world())
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    page = page_of(clerk, one)
    assert "官厅镇信息统计" in page
    village = next(url for url, words in anchors(page) if words == "示例一村")
    below = clerk.get(village).content.decode()
    assert "示例一村信息统计" in below
    assert dict(numbers_of(below))[f"{reverse('assessments:households', args=[one.pk])}?place={factories.VILLAGE}"] == 4
    url = reverse("analytics:statistics", args=[one.pk])
    assert clerk.get(url, {"place": factories.OTHER_TOWNSHIP}).status_code == 404
    assert clerk.get(url, {"save": "causes", "place": factories.OTHER_TOWNSHIP}).status_code == 404
    assert signed_in(factories.officer(Role.COUNTY_REVIEWER, factories.OTHER_COUNTY)).get(url).status_code == 404


def test_the_newest_run_is_shown_and_another_can_be_chosen():
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    nothing = browser.get(reverse("analytics:newest")).content.decode()
    assert "还没有完成的评估" in nothing
    assert reverse("assessments:start") in nothing
    village = signed_in(factories.officer(Role.VILLAGE_ASSISTANT)).get(reverse("analytics:newest")).content.decode()
    assert reverse("assessments:start") not in village
    older, newer = run(world()), run(world()[:4])
    small = run(world()[6:], area=factories.OTHER_TOWNSHIP)
    url = reverse("analytics:statistics", args=[newer.pk])
    assert browser.get(reverse("analytics:newest"))["Location"] == url
    assert all(str(one.pk) in browser.get(url).content.decode() for one in (older, newer, small))
    chosen = browser.get(url, {"run": str(older.pk), "place": factories.TOWNSHIP})
    assert chosen["Location"] == reverse("analytics:statistics", args=[older.pk]) + f"?place={factories.TOWNSHIP}"


def test_a_table_is_saved_as_the_page_shows_it_with_whose_copy_it_is_and_on_record():
    one = run(world())
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    answer = browser.get(reverse("analytics:statistics", args=[one.pk]), {"save": "causes"})
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[0] == lines[-1]
    assert "官厅镇" in lines[0][0]
    assert "示例机构" in lines[0][0]
    assert lines[1][:3] == ["致困因子", "0", "0.5"]
    assert [int(n) for n in next(line for line in lines if line[0] == "因病")[1:12]] == [
        1,
        0,
        0,
        1,
        4,
        0,
        0,
        0,
        0,
        0,
        0,
    ]
    (entry,) = Entry.objects.filter(event="analytics.saved")
    assert (entry.looks, entry.details["run"], entry.details["rows"]) == (True, str(one.pk), 9)
    assert browser.get(reverse("analytics:statistics", args=[one.pk]), {"save": "nothing"}).status_code == 404
    refused = browser.get(reverse("analytics:statistics", args=[one.pk]), {"run": "zzz"})
    assert (refused.status_code, "没有“zzz”这一项" in refused.content.decode()) == (422, True)


def test_the_workbook_has_every_table_of_the_page_with_its_numbers():
    one = run(world())
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    answer = browser.get(reverse("analytics:statistics", args=[one.pk]), {"save": "workbook"})
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    titles = re.findall(r"<h2>(.*?)</h2>", page_of(browser, one))
    assert [name for name in titles if name != "这些数字的依据"] == book.sheetnames[:-1]
    rows = {row[0]: row for row in book["困难家庭致困原因统计表"].iter_rows(values_only=True)}
    assert rows["因病"][1:12] == (1, 0, 0, 1, 4, 0, 0, 0, 0, 0, 1)
    for sheet in book:
        words = " ".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell)
        assert "于 20" in words
        assert "另存" in (sheet.oddFooter.left.text or "")
    assert Entry.objects.filter(event="analytics.saved").count() == 1


def test_of_a_run_by_an_older_pack_what_it_lacks_is_left_out():
    one = run(world(), causes=CAUSES[:4])
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    page = page_of(browser, one)
    assert "因学" in page
    assert "劳动力" not in page
    for url, n in dict(numbers_of(page)).items():
        assert f"共 {n} 户" in browser.get(url).content.decode(), url


def test_shades_follow_the_share_and_nobody_is_not_shaded():
    assert [shade(n, 100) for n in (0, 1, 5, 6, 16, 31, 100)] == [0, 1, 1, 2, 3, 4, 4]
    assert shade(0, 0) == 0


@pytest.mark.parametrize(("query", "most"), [({}, 22), ({"place": factories.TOWNSHIP}, 24)])
def test_the_page_asks_the_database_a_fixed_number_of_times(query, most, django_assert_max_num_queries):
    one = run(world())
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    url = reverse("analytics:statistics", args=[one.pk])
    browser.get(url, query)
    with django_assert_max_num_queries(most):
        assert browser.get(url, query).status_code == 200


def test_what_was_counted_is_read_again_from_disk_by_another_process(monkeypatch):
    one = run(world())
    before = counting.counted(one, COUNTY, 1000)
    counting._counted.cache_clear()
    coded._read.cache_clear()
    monkeypatch.setattr(coded, "made", None)
    assert counting.counted(one, COUNTY, 1000) == before


def test_every_level_of_the_table_is_asked_for():
    found = told(run([home(illness=level) for level in LEVELS]))
    row = next(row for row in found.causes_table().rows if row.name == "illness")
    assert row.counts == (1,) * 11


def test_of_more_places_than_a_page_lists_the_largest_are_drawn_and_all_are_saved(monkeypatch):
    monkeypatch.setattr("zhikun.analytics.ui.statistics_grids.MOST_PLACES", 1)
    one = run(world())
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    page = page_of(browser, one)
    assert "还有 1 个没有列出" in page
    table = page.split('id="places"')[1].split("</table>")[0]
    assert re.findall(r'<th scope="row"[^>]*>(?:<a[^>]*>)?([^<]*)', table)[-1] == "合计"
    assert table.count('<th scope="row"') == 2
    saved = browser.get(reverse("analytics:statistics", args=[one.pk]), {"save": "places"}).content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(saved)))) >= 1 + 2 + 1, "every place, and their sum"


def test_who_has_an_unknown_score_is_in_no_number_of_causes_and_the_page_says_so():
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    assert "只数分数全部已知的家庭" in page_of(browser, run(world()))
    known = [row for row in world() if None not in row.values()]
    assert "只数分数全部已知的家庭" not in page_of(browser, run(known, on=made_runs.DAY.replace(day=1)))


@pytest.mark.parametrize("is_sample", [True, False])
def test_a_saved_table_of_sample_rules_says_so_as_the_page_does(monkeypatch, is_sample):
    monkeypatch.setattr(Statistics, "is_sample", lambda _self, *_names: is_sample)
    monkeypatch.setattr("zhikun.assessments.ui.common.pack_of", lambda one: replace(pack_of(one), sample=False))
    one = run(world())
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    saved = browser.get(reverse("analytics:statistics", args=[one.pk]), {"save": "causes"}).content.decode("utf-8-sig")
    assert ("示例参数" in saved) is is_sample


@pytest.mark.parametrize("view", ["statistics", "crossing", "poverty", "means"])
def test_a_page_about_a_run_whose_files_are_gone_says_so(view):
    one = run(world())
    shutil.rmtree(folder_of(one.pk))
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    for url in (reverse(f"analytics:{view}", args=[one.pk]), "/statistics/wall"):
        answer = browser.get(url)
        assert (answer.status_code, "结果文件已经不在了" in answer.content.decode()) == (404, True), url
    assert browser.get(reverse("analytics:trends")).status_code == 200


def test_a_run_by_a_pack_that_is_no_longer_used_is_told_by_its_own_code_and_not_under_the_title_of_todays():
    one, other = run(world()), run(world(), pack="former", pack_version="7.5")
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    ours = pack_of(one).title
    told = browser.get(reverse("analytics:statistics", args=[other.pk])).content.decode()
    assert "按“former”7.5" in told
    assert f"“{ours}”7.5" not in told
    compared = browser.get(reverse("assessments:compare", args=[one.pk, other.pk])).content.decode()
    assert "政策包 former 7.5" in compared
    assert f"政策包 {ours} " in compared
