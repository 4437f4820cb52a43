"""Every number of households on the page of a proxy means test opens the list it counts, as long as it says, and so is the file."""

import re
from dataclasses import replace
from html import unescape

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.analytics.runs import made_run
from tests.analytics.test_means import QUESTION, ROWS, WHOLE, asked, fitted, reviewer, surveyed
from tests.assessments.test_list_exports import exported, rows_of
from tests.assessments.test_pages import anchors, counted
from tests.officers import signed_in

from zhikun.accounts.models import Appointment
from zhikun.accounts.roles import RIGHTS, Right, Role
from zhikun.analytics import fit_lists, fitting, trials
from zhikun.analytics.fit_lists import Chosen
from zhikun.analytics.fits import Fit
from zhikun.analytics.fitting import Question
from zhikun.analytics.services import fit as fits
from zhikun.audit.models import Entry
from zhikun.jobs.models import Job
from zhikun.jobs.worker import work_off
from zhikun.measures.targeting import SHARES, errors
from zhikun.places.models import Area
from zhikun.registry.models import Export
from zhikun.registry.services import exporting, structure
from zhikun.registry.services.change import Change
from zhikun.tables import read_sheets
from zhikun.wording import SAMPLE_MARK

pytestmark = pytest.mark.django_db

MAY = [role for role in Role if Right.POLICY_TRY in RIGHTS[role]]
UNKNOWNS = {"income": {0: None, 1: 0.0, 4: None}, "residence": {2: None, 3: None, 4: None}}
COLUMNS = ["fit.actual", "fit.told", "fit.fitted"]


def page_of(browser, one):
    return browser.get(reverse("analytics:means", args=[one.run_id]), {"fit": str(one.pk)}).content.decode()


def list_of(one):
    return reverse("analytics:means-households", args=[one.run_id, one.pk])


def kept_of(one):
    return pq.read_table(fitting.households_file(one.pk))


def export_of(one, **query):
    told = {"list": "fit", "fit": str(one.pk), **query}
    return f"{reverse('exports:new')}?{'&'.join(f'{name}={value}' for name, value in told.items())}"


def numbers_of(page):
    """Every number of households of the page: (number, its link, the words around it). Coefficients, rates and points are none."""
    errors_of = page[page.index("推算低于多少列入") :]
    cells = re.findall(r'<td class="zk-right"[^>]*>(.*?)</td>', errors_of[: errors_of.index("</table>")], re.DOTALL)
    cells += re.findall(r'<(?:a|div) class="zk-figure(?: [^"]*)?"[^>]*>.*?</(?:a|div)>', page, re.DOTALL)
    start = page.find("没有参加估计的家庭")
    cells += re.findall(r"<li>.*?</li>", page[start : page.index("</section>", start)]) if start >= 0 else []
    found = []
    for cell in cells:
        words = " ".join(unescape(re.sub(r"<[^>]*>", " ", cell)).split())
        link = re.search(r'href="([^"]*)"', cell)
        told = re.search(r"(?<![\d.,])(\d[\d,]*)(?: 户|$)", words)
        if told is not None and "R²" not in words and "%" not in words:
            found.append((int(told[1].replace(",", "")), link[1].replace("&amp;", "&") if link else "", words))
    return found


@pytest.mark.parametrize("role", MAY)
def test_each_number_is_the_length_of_its_list_and_of_its_file(role, monkeypatch, tmp_path):
    monkeypatch.setattr(trials, "PER_PAGE", 50)
    one = fitted(surveyed(**UNKNOWNS))
    officer = factories.officer(role)
    browser = signed_in(officer)
    found = numbers_of(page_of(browser, one))
    assert len(found) >= 11 * 6 + 4 + 3
    lists = {}
    for number, link, words in found:
        assert bool(number) == bool(link), words
        if number:
            assert lists.setdefault(link, number) == number, words
    for link, number in lists.items():
        assert counted(browser, link) == (number, number), link
    kinds = {re.search(r"which=([\w-]+)", link)[1] for link in lists}
    assert kinds == {
        "all", "fitted", "left", "left-0", "left-1", "left-2", "poor", "poor-told", "reached", "missed", "leaked", "untold",
        "untold-poor",
    }  # fmt: skip
    may_export = officer.may(Right.HOUSEHOLD_EXPORT)
    for link in (next(url for url in lists if f"which={kind}" in url) for kind in ("fitted", "left-2", "missed")):
        offered = [url for url, words in anchors(browser.get(link).content.decode()) if words == "导出"]
        assert bool(offered) == may_export
        if may_export:
            made = exported(browser, offered[0], columns=["number", *COLUMNS])
            assert (made.rows, len(rows_of(made, tmp_path)[1])) == (lists[link], lists[link]), link


@pytest.mark.parametrize("role", [role for role in Role if role not in MAY])
def test_who_may_not_try_policies_finds_neither_the_list_nor_its_file(role):
    one = fitted(surveyed())
    browser = signed_in(factories.officer(role))
    assert browser.get(list_of(one), {"which": "all"}).status_code in {403, 404}
    assert browser.get(export_of(one, which="all")).status_code in {403, 404}
    assert not Export.objects.exists()


def test_a_list_over_more_than_ones_own_area_is_not_there():
    run = surveyed()
    one = fitted(run)
    township = factories.officer(Role.COUNTY_APPROVER, factories.TOWNSHIP)
    for officer in (township, factories.officer(Role.COUNTY_REVIEWER, factories.OTHER_COUNTY)):
        browser = signed_in(officer)
        assert browser.get(list_of(one), {"which": "all"}).status_code == 404
        assert browser.get(export_of(one, which="all")).status_code == 404
    mine, _new = fits.start(QUESTION, run, Area.objects.get(pk=factories.TOWNSHIP).range, acting_officer=township)
    work_off()
    browser = signed_in(township)
    assert counted(browser, f"{list_of(mine)}?which=all") == (ROWS // 2, ROWS // 2)
    assert browser.get(list_of(mine), {"which": "all", "place": factories.OTHER_VILLAGE}).status_code == 404
    other = surveyed()
    address = reverse("analytics:means-households", args=[other.pk, one.pk])
    assert signed_in(reviewer()).get(address, {"which": "all"}).status_code == 404, "the fit of another run"


def test_a_place_cuts_the_list_and_the_places_make_up_the_whole():
    one = fitted(surveyed())
    browser = signed_in(reviewer())
    link = f"{list_of(one)}?which=reached&at=100"
    whole = fit_lists.counts(one)[Chosen("reached")]
    parts = [counted(browser, f"{link}&place={place}") for place in (factories.VILLAGE, factories.OTHER_VILLAGE)]
    assert all(said == lines > 0 for said, lines in parts)
    assert sum(said for said, _lines in parts) == whole


def test_places_to_choose_from_are_those_that_the_model_covers():
    run = surveyed()
    township = Area.objects.get(pk=factories.TOWNSHIP).range
    one, _new = fits.start(QUESTION, run, township, acting_officer=reviewer())
    work_off()
    page = signed_in(factories.officer(Role.COUNTY_REVIEWER)).get(list_of(one), {"which": "all"}).content.decode()
    offered = re.search(r'<select name="place".*?</select>', page, re.DOTALL)[0]
    codes = [int(code) for code in re.findall(r'value="(\d+)"', offered)]
    assert codes
    assert all(township.first <= code <= township.last for code in codes)


@pytest.mark.parametrize("weight", ["", "member_count"])
def test_lists_are_what_the_errors_count(weight):
    """The figures of the workbook and the lists of the page come to the same, also where households have weights."""
    one = fitted(surveyed(**UNKNOWNS), replace(QUESTION, weight=weight))
    kept, counts = fitting.kept(one.pk), fit_lists.counts(one)
    table = kept_of(one)
    actual, told = (table.column(name).to_numpy(zero_copy_only=False) for name in ("actual", "told"))
    for point, at in zip(errors(actual, told, [400 * at / 100 for at in SHARES], line=400), SHARES, strict=True):
        assert (point.reached, point.missed, point.leaked) == tuple(
            counts[Chosen(which, at)] for which in ("reached", "missed", "leaked")
        )
        assert (point.poor, point.untold, point.untold_poor) == tuple(
            counts[Chosen(which)] for which in ("poor-told", "untold", "untold-poor")
        )
    if weight:
        assert kept["cutoffs"][5]["poor"] > counts[Chosen("poor-told")], "people, not households"


def test_with_weights_the_households_stand_beside_the_sum_and_open_the_list():
    one = fitted(surveyed(), Question("income_per_head", (("residence", ()),), line=400.0, weight="member_count"))
    browser = signed_in(reviewer())
    page = page_of(browser, one)
    n = fit_lists.counts(one)[Chosen("poor-told")]
    link = next(url for url, words in anchors(page) if "which=poor-told" in url and f"{n}" in words)
    assert counted(browser, link) == (n, n)
    people = fitting.kept(one.pk)["cutoffs"][0]["poor"]
    assert f'{people:,.0f}</span>（<a href="' in page
    assert "括号里是户数" in page
    assert "家庭人口" in browser.get(link).content.decode()


@pytest.mark.parametrize(
    ("line", "income", "at"),
    [(400.0, 280.0, 70), (411.1, 287.77, 70), (333.3, 366.63, 110), (0.7, 0.49, 70), (123.45, 135.795, 110)],
)
def test_exactly_at_a_line_is_not_below_it(line, income, at):
    """Everybody of a residence has one income, and is told it by the others: exactly at a cut-off, or actually at the line."""
    urban = [n % 2 == 0 for n in range(40)]
    values = [line if one else income for one in urban]
    residence = pa.array(["urban" if one else "rural" for one in urban], pa.string())
    run = made_run(
        {"income_per_head": pa.array(values), "member_count": pa.array([1.0] * 40)}, facts={"residence": residence}
    )
    one = fitted(run, Question("income_per_head", (("residence", ()),), line=line, log=False))
    counts = fit_lists.counts(one)
    rural_poor = 20 if income < line else 0
    assert counts[Chosen("poor")] == rural_poor, "who has just the line is not poor"
    urban_below = 20 if at > 100 else 0
    assert counts[Chosen("reached", at)] == urban_below, "who is told just the cut-off is not reached"
    assert counts[Chosen("reached", at + 10)] == urban_below + 20
    assert counts[Chosen("reached", 100)] == rural_poor, "the line itself as the cut-off"
    told = fitting.kept(one.pk)["cutoffs"]
    assert [point["reached"] for point in told] == [counts[Chosen("reached", share)] for share in SHARES]
    assert sum(point["cutoff"] == point["line"] for point in told) == 1


def test_who_was_left_out_stands_in_the_list_of_each_reason():
    one = fitted(surveyed(**UNKNOWNS))
    reasons = dict(zip(fit_lists.reasons(one), range(9), strict=False))
    expected = {
        "“家庭人均月收入”不清楚": [0, 4], "“家庭人均月收入”是零或负数，没有对数": [1],
        "“城乡类别”不清楚，或参加估计的户里没有这种情况": [2, 3, 4],
    }  # fmt: skip
    assert reasons.keys() == expected.keys()
    for reason, rows in expected.items():
        part = fit_lists.part_of(one, [WHOLE], Chosen(f"left-{reasons[reason]}"), -1, 50)
        assert [values["position"] for _who, values in part] == rows
    part = fit_lists.part_of(one, [WHOLE], Chosen("left"), -1, 50)
    assert [values["position"] for _who, values in part] == [0, 1, 2, 3, 4]
    assert part[4][1]["reasons"] == [reason for reason in reasons if 4 in expected[reason]]
    assert part[0][1]["told"] is not None, "of whom only the income is unknown, it can be told"
    assert (part[4][1]["actual"], part[4][1]["told"]) == (None, None)
    fitted_ones = fit_lists.part_of(one, [WHOLE], Chosen("fitted"), -1, 500)
    assert len(fitted_ones) == ROWS - 5 == one.households
    page = signed_in(reviewer()).get(list_of(one), {"which": "left"}).content.decode()
    assert page.count("推算不了</span>") == 3
    assert "尚不能确定" in page


@pytest.mark.parametrize(
    "query",
    [{"which": "zzz"}, {"which": "left-9"}, {"which": "left_0"}, {"which": "missed", "at": "55"}, {"which": "missed", "at": "1e2"},
     {"which": "fitted", "at": "9"}, {"which": "leaked' OR '1'='1"}, {"which": ""}],
)  # fmt: skip
def test_a_list_or_cut_off_that_there_is_not_is_refused_and_not_exported(query):
    one = fitted(surveyed())
    browser = signed_in(reviewer())
    answer = browser.get(list_of(one), query)
    assert answer.status_code == 422
    assert "没有列出" in answer.content.decode()
    assert browser.get(reverse("exports:new"), {"list": "fit", "fit": str(one.pk)} | query).status_code == 404
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    "more", [{"fit": "7"}, {"place": "1 OR 1=1"}, {"place": str(factories.OTHER_COUNTY)}, {"place": "640402999999"}]
)
def test_what_is_not_there_is_neither_listed_nor_exported(more):
    one = fitted(surveyed())
    browser = signed_in(reviewer())
    query = {"list": "fit", "fit": str(one.pk), "which": "all"} | more
    assert browser.get(reverse("exports:new"), query).status_code == 404
    if "place" in more:
        assert browser.get(list_of(one), {"which": "all"} | more).status_code == 404


def test_filters_put_back_lead_to_the_page_of_the_model():
    one = fitted(surveyed())
    answer = signed_in(reviewer()).get(list_of(one))
    assert answer["Location"] == f"{reverse('analytics:means', args=[one.run_id])}?fit={one.pk}"


def test_a_model_of_an_older_version_says_that_it_has_no_lists_and_is_worked_out_again():
    one = fitted(surveyed())
    fitting.households_file(one.pk).unlink()
    browser = signed_in(reviewer())
    page = page_of(browser, one)
    assert "没有留下各户的推算" in page
    assert "再估计一次" in page
    assert list_of(one) not in page
    assert f"{fitting.kept(one.pk)['cutoffs'][5]['missed']:.0f}" in page, "its figures are still shown"
    home = f"{reverse('analytics:means', args=[one.run_id])}?fit={one.pk}"
    assert browser.get(list_of(one), {"which": "all"})["Location"] == home
    refused = browser.get(export_of(one, which="all"))
    assert (refused.status_code, "没有留下各户的推算" in refused.content.decode()) == (422, True)
    answer = browser.post(home, {"again": "1"})
    work_off()
    new = Fit.objects.get()
    assert answer["Location"].endswith(f"fit={new.pk}")
    assert new.pk != one.pk
    page = page_of(browser, new)
    assert "没有留下各户的推算" not in page
    assert list_of(new) in page
    browser.post(home.replace(str(one.pk), str(new.pk)), {"again": "1"})
    assert (Fit.objects.get().pk, Job.objects.filter(kind=fits.KIND).count()) == (new.pk, 2), (
        "whole, it is the fit there is"
    )


def test_an_older_model_whose_value_the_pack_has_lost_is_not_thrown_away_for_a_new_one():
    one = fitted(surveyed())
    fitting.households_file(one.pk).unlink()
    Fit.objects.filter(pk=one.pk).update(asked={**one.asked, "target": "no_longer_there"})
    browser = signed_in(reviewer())
    page = page_of(browser, one)
    assert "已经没有其中的“no_longer_there”" in page
    assert 'name="again"' not in page
    browser.post(f"{reverse('analytics:means', args=[one.run_id])}?fit={one.pk}", {"again": "1"})
    assert Fit.objects.get().pk == one.pk


def with_homes():
    """A run with three households that are on file among those that are not."""
    factories.areas()
    homes = [factories.household(n=n) for n in range(1, 4)]
    size = pa.array([2.0, 3.0, 4.0, 2.0, 3.0, 4.0, 5.0, 1.0])
    income = pa.array([900.0, 350.0, 300.0, 410.0, 390.0, 330.0, 280.0, 500.0])
    ids = [str(one.pk) for one in homes] + [f"00000000-0000-4000-8000-{n:012d}" for n in range(5)]
    run = made_run({"income_per_head": income, "member_count": size}, households=ids)
    return homes, fitted(run, Question("income_per_head", (("member_count", ()),), line=400.0))


def test_the_list_shows_whom_it_may_and_opens_them_as_the_run_found_them():
    homes, one = with_homes()
    browser = signed_in(reviewer())
    page = browser.get(list_of(one), {"which": "all"}).content.decode()
    assert page.count("已迁出管辖地区") == 5, "who is not the officer's (any more) stays a row"
    for home in homes:
        assert f"{reverse('assessments:household', args=[home.pk])}?run={one.run_id}" in page
        assert home.number in page
    assert "不能凭推算给予或拒绝救助" in page
    assert Entry.objects.filter(event="analytics.fit_listed").count() == 1
    entry = Entry.objects.get(event="analytics.fit_listed")
    assert (entry.details["asked"], entry.details["count"]) == ("which=all", 8)


def test_the_file_has_actual_and_told_and_says_what_it_may_be_used_for(tmp_path):
    homes, one = with_homes()
    browser = signed_in(reviewer())
    export = exported(browser, export_of(one, which="poor"), form="xlsx", columns=["number", "head", *COLUMNS])
    headings, rows = rows_of(export, tmp_path)
    assert [heading.split("：")[-1] for heading in headings[2:]] == ["实际", "推算", "参加估计"]
    assert (rows[0][0], float(rows[0][2]), rows[0][4]) == (homes[1].number, 350.0, "参加")
    assert "**" in rows[0][1] or "*" in rows[0][1]
    kept = kept_of(one).to_pylist()
    assert float(rows[0][3]) == pytest.approx(kept[1]["told"], abs=0.006)
    path = tmp_path / "about.xlsx"
    path.write_bytes(b"".join(exporting.content(export)))
    about = {row[0]: row[1] for row in read_sheets(path)[1].head(30)}
    assert "不能凭推算给予或拒绝救助" in about["准家计调查模型"]
    assert about["名单"] == "实际低于困难线"
    assert about["参数"] == SAMPLE_MARK
    for entry in Entry.objects.filter(event="registry.exported", subject=str(export.pk)):
        assert (entry.details["fit"], entry.details["asked"]) == (str(one.pk), "which=poor")


def test_who_moved_away_since_stays_a_row_without_particulars(tmp_path):
    homes, one = with_homes()
    place = structure.Home(Area.objects.get(pk=factories.FAR_VILLAGE), "")
    city = factories.officer(Role.COUNTY_REVIEWER, 640400000000, username="of-the-city")
    structure.move(homes[1], place, Change(timezone.localdate(), "搬家", homes[1].version), acting_officer=city)
    browser = signed_in(reviewer())
    assert homes[1].number not in browser.get(list_of(one), {"which": "poor"}).content.decode()
    export = exported(browser, export_of(one, which="poor"), columns=["number", "village"])
    assert rows_of(export, tmp_path)[1][0] == ["已迁出管辖地区", ""]


def test_who_sees_more_than_they_may_export_gets_only_that(tmp_path):
    one = fitted(surveyed())
    city = factories.officer(Role.CITY_SUPERVISOR)
    Appointment.objects.create(officer=city, role=Role.TOWNSHIP_CLERK, area_id=factories.OTHER_TOWNSHIP)
    browser = signed_in(city)
    page = browser.get(export_of(one, which="all")).content.decode()
    assert f"按下面的条件共 {ROWS // 2} 户" in page
    assert f"另有 {ROWS // 2} 户在您没有导出权限的地区" in page


def test_the_number_of_another_model_of_the_run_opens_its_list():
    run = surveyed(**UNKNOWNS)
    one = fitted(run)
    browser = signed_in(reviewer())
    browser.post(reverse("analytics:means", args=[run.pk]), asked(line="450"))
    work_off()
    other = Fit.objects.exclude(pk=one.pk).get()
    ((link, words),) = [
        found for found in anchors(page_of(browser, other)) if str(one.pk) in found[0] and "户" in found[1]
    ]
    assert words.split()[0] == str(one.households)
    assert counted(browser, link) == (one.households, one.households)


def test_what_is_kept_of_households_has_no_id():
    one = fitted(surveyed(**UNKNOWNS))
    names = kept_of(one).column_names
    assert names == ["_position", "_area", "actual", "told", "weight", "fitted", "left_0", "left_1", "left_2"]


def test_a_list_asks_the_database_little(django_assert_num_queries):
    _homes, one = with_homes()
    browser = signed_in(reviewer())
    browser.get(list_of(one), {"which": "all"})
    with django_assert_num_queries(QUERIES):
        browser.get(list_of(one), {"which": "all"})


#: Session, officer, appointments, the run, the fit, its area, the places to choose from, the households of the page.
QUERIES = 8
