"""Every number of households on the page of a trial: its list and its export are as long, for each officer in their own place."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.analytics.test_whatif import AT_THREE, office, run_now, tried
from tests.assessments.test_assessing import county, reviewer, well_known
from tests.assessments.test_list_exports import exported, rows_of
from tests.assessments.test_pages import anchors, counted
from tests.officers import signed_in

from zhikun.accounts.models import Appointment
from zhikun.accounts.roles import Role
from zhikun.analytics import trials
from zhikun.analytics.models import Trial
from zhikun.analytics.services import whatif
from zhikun.audit.models import Entry
from zhikun.documents.values import shown_of
from zhikun.jobs.worker import work_off
from zhikun.places.models import Area
from zhikun.registry.models import Export
from zhikun.registry.services import exporting, structure
from zhikun.registry.services.change import Change
from zhikun.registry.vocabulary import pack_in_force
from zhikun.tables import read_sheets

pytestmark = pytest.mark.django_db

CHANGES = (AT_THREE, "weight_housing=0.2")
COLUMNS = [f"trial.{side}_{name}" for name in ("category", "index") for side in ("was", "is")]


def wider_office():
    """Illness too, so that two causes are compared, and somebody at the line stays there."""
    return [*office(), well_known(n=6, medical_expense_year=30000, medicine_expense_year=9000)]


def numbers_of(page):
    """Every whole number that a cell or figure of the page shows, with its link; codes, money and days are no numbers of households."""
    results = page[page.index('id="results"') :]
    cells = re.findall(r'<td class="zk-right"[^>]*>(.*?)</td>', results, re.DOTALL)
    cells += re.findall(r'<(?:a|div) class="zk-figure(?: [^"]*)?"[^>]*>.*?</(?:a|div)>', results, re.DOTALL)
    found = []
    for cell in cells:
        words = " ".join(unescape(re.sub(r"<[^>]*>", " ", cell)).split())
        told = re.search(r"(?<![\d.,])(\d[\d,]*)(?: 户|$)", words)
        if told is None or "元" in words:
            continue
        link = re.search(r'href="([^"]*)"', cell)
        found.append((int(told[1].replace(",", "")), link[1].replace("&amp;", "&") if link else "", words))
    return found


def export_of(page):
    return next((url for url, words in anchors(page) if words == "导出"), "")


@pytest.mark.parametrize("area", [factories.COUNTY, factories.OTHER_TOWNSHIP])
def test_each_number_of_households_is_the_length_of_its_list_and_of_its_file(area, monkeypatch, tmp_path):
    monkeypatch.setattr(trials, "PER_PAGE", 2)
    wider_office()
    by = factories.officer(Role.COUNTY_REVIEWER, area)
    trial = tried(run_now(), *CHANGES, by=by)
    browser, url = signed_in(by), reverse("analytics:trial", args=[trial.pk])
    lists = set()
    for address in (url, f"{url}?place={factories.OTHER_TOWNSHIP}"):
        found = numbers_of(browser.get(address).content.decode())
        assert len(found) > 10
        for number, link, words in found:
            assert bool(number) == bool(link), words
            if number:
                assert counted(browser, link) == (number, number), words
                lists.add((link, number))
    kinds = {re.search(r"change=(\w+)", link)[1] for link, _number in lists}
    if area == factories.COUNTY:
        assert {
            "all",
            "changed",
            "open",
            "leave",
            "category",
            "index_up",
            "had_housing",
            "loss_housing",
            "will_housing",
        } <= kinds
    for link, number in sorted(lists):
        made = exported(browser, export_of(browser.get(link).content.decode()), columns=["number", *COLUMNS])
        assert (made.rows, len(rows_of(made, tmp_path)[1])) == (number, number), link


def test_the_number_in_the_list_of_trials_opens_those_that_differ():
    office()
    trial = tried(run_now(), AT_THREE)
    browser = signed_in(reviewer())
    ((link, words),) = [
        one for one in anchors(browser.get(reverse("analytics:trials")).content.decode()) if "户有变化" in one[1]
    ]
    assert words.startswith(f"{trial.totals['changed']} 户有变化")
    assert counted(browser, link) == (trial.totals["changed"],) * 2


def test_who_is_at_the_line_after_is_listed_and_whoever_stays_as_they_are_has_the_same_on_both_sides():
    made = wider_office()
    trial = tried(run_now(), AT_THREE)
    whole, _places = trials.sums(trial, trial.ranges, county())
    # Housing: 3.5 stays at a line of 3, 2 does not.
    assert (whole["had_housing"], whole["will_housing"]) == (2, 1)
    listed = trials.listed(trial, trial.ranges, trials.Chosen("will_housing"), reviewer())
    assert [line.household.pk for line in listed.lines] == [made[0].pk]
    everybody = trials.listed(trial, trial.ranges, trials.Chosen(trials.EVERY), reviewer())
    told = {line.household.pk: line.values for line in everybody.lines}
    assert (told[made[1].pk]["was_category"], told[made[1].pk]["is_category"]) == ("none", "none")
    assert told[made[1].pk]["was_index"] == told[made[1].pk]["is_index"]
    assert (told[made[4].pk]["was_category"], told[made[4].pk]["is_category"]) == ("single_need", "none")
    assert everybody.count == len(made) == whole["households"]


def test_the_file_says_before_and_after_that_it_is_a_trial_and_whose_it_is(tmp_path):
    made = office()
    trial = tried(run_now(), AT_THREE)
    browser = signed_in(reviewer())
    page = browser.get(reverse("analytics:trial-households", args=[trial.pk]), {"change": "leave"}).content.decode()
    form = browser.get(export_of(page)).content.decode()
    assert "按下面的条件共 1 户" in form
    assert "试算不改变任何家庭的结果" in form
    export = exported(browser, export_of(page), form="xlsx", columns=["number", "head", *COLUMNS])
    headings, rows = rows_of(export, tmp_path)
    told = dict(zip(headings, rows[0], strict=True))
    assert told["户编号"] == made[4].number
    assert "**" in told["户主"]
    pack = pack_in_force()
    category = shown_of(pack, pack.results.category).heading
    assert (told[f"{category}：现行"], told[f"{category}：改动后（试算）"]) == (
        "单一需求（转介办理）",
        "没有达到致困线",
    )
    path = tmp_path / "about.xlsx"
    path.write_bytes(b"".join(exporting.content(export)))
    about = {row[0]: row[1] for row in read_sheets(path)[1].head(30)}
    assert "致困认定线" in about["政策试算"]
    assert about["变化"] == "出"
    for entry in Entry.objects.filter(event="registry.exported", subject=str(export.pk)):
        assert (entry.details["trial"], entry.details["asked"]) == (str(trial.pk), "change=leave")


def test_unknown_is_told_as_unknown_and_not_as_nothing(tmp_path):
    office()
    trial = tried(run_now(), AT_THREE)
    browser = signed_in(reviewer())
    address = f"{reverse('exports:new')}?list=trial&trial={trial.pk}&change=open"
    _headings, rows = rows_of(exported(browser, address, columns=COLUMNS), tmp_path)
    assert rows == [["尚不能确定"] * 4]


@pytest.mark.parametrize(
    "more",
    [{"trial": "7"}, {"change": "zzz"}, {"change": "amount_up' OR '1'='1"}, {"change": "category", "was": "zzz"},
     {"change": "leave", "was": "none"}, {"place": "1 OR 1=1"}, {"place": str(factories.OTHER_COUNTY)}],
)  # fmt: skip
def test_what_is_not_there_or_cannot_be_read_is_not_exported(more):
    office()
    trial = tried(run_now(), AT_THREE)
    query = {"list": "trial", "trial": str(trial.pk), "change": "leave"} | more
    browser = signed_in(reviewer())
    assert browser.get(reverse("exports:new"), query).status_code == 404
    assert not Export.objects.exists()


def test_anothers_trial_is_not_there_and_who_may_not_export_is_not_offered_to():
    office()
    run = run_now()
    trial = tried(run, AT_THREE)
    address = f"{reverse('exports:new')}?list=trial&trial={trial.pk}&change=leave"
    assert signed_in(factories.officer(Role.COUNTY_REVIEWER, username="another")).get(address).status_code == 404
    city = factories.officer(Role.CITY_SUPERVISOR)
    theirs = tried(run, AT_THREE, by=city)
    browser = signed_in(city)
    page = browser.get(reverse("analytics:trial-households", args=[theirs.pk]), {"change": "leave"}).content.decode()
    assert (export_of(page), "共 1 户" in page) == ("", True)
    assert browser.get(address.replace(str(trial.pk), str(theirs.pk))).status_code == 404


def test_who_sees_more_than_they_may_export_is_told_and_gets_only_that(tmp_path):
    office()
    city = factories.officer(Role.CITY_SUPERVISOR)
    Appointment.objects.create(officer=city, role=Role.TOWNSHIP_CLERK, area_id=factories.OTHER_TOWNSHIP)
    trial = tried(run_now(), AT_THREE, by=city)
    browser = signed_in(city)
    address = f"{reverse('exports:new')}?list=trial&trial={trial.pk}&change=all"
    page = browser.get(address).content.decode()
    assert "按下面的条件共 2 户" in page
    assert "另有 3 户在您没有导出权限的地区" in page
    made = exported(browser, address, columns=["area"])
    assert [row[0] for row in rows_of(made, tmp_path)[1]] == [str(factories.OTHER_VILLAGE)] * 2


def test_who_moved_away_since_stays_a_row_without_particulars(tmp_path):
    made = office()
    trial = tried(run_now(), AT_THREE)
    factories.areas()
    home = structure.Home(Area.objects.get(pk=factories.FAR_VILLAGE), "")
    city = factories.officer(Role.COUNTY_REVIEWER, 640400000000, username="of-the-city")
    structure.move(made[4], home, Change(timezone.localdate(), "搬家", made[4].version), acting_officer=city)
    address = f"{reverse('exports:new')}?list=trial&trial={trial.pk}&change=leave"
    export = exported(signed_in(reviewer()), address, columns=["number", "head", "village"])
    assert rows_of(export, tmp_path)[1] == [["已迁出管辖地区", "", ""]]


def test_a_trial_cleared_before_its_export_is_written_ends_it_with_a_reason():
    office()
    trial = tried(run_now(), AT_THREE)
    browser = signed_in(reviewer())
    address = f"{reverse('exports:new')}?list=trial&trial={trial.pk}&change=leave"
    assert browser.post(address, {"columns": ["number"], "format": "csv", "purpose": "核查"}).status_code == 302
    whatif.clear(timezone.now() + whatif.LIFE + timedelta(days=1))
    assert Trial.objects.get().state == Trial.State.GONE
    work_off()
    made = Export.objects.get()
    assert (made.state, made.rows) == (Export.State.FAILED, None)
    assert "不在了" in made.error
    again = browser.get(address)
    assert (again.status_code, "不在了" in again.content.decode()) == (422, True)


def test_parts_of_a_list_make_one_file_in_its_order(monkeypatch, tmp_path):
    from zhikun.registry.services import exporting_lists

    monkeypatch.setattr(exporting_lists, "AT_ONCE", 2)
    made = office()
    trial = tried(run_now(), AT_THREE)
    address = f"{reverse('exports:new')}?list=trial&trial={trial.pk}&change=all"
    _headings, rows = rows_of(exported(signed_in(reviewer()), address, columns=["number"]), tmp_path)
    assert sorted(row[0] for row in rows) == sorted(home.number for home in made)
    listed = trials.listed(trial, trial.ranges, trials.Chosen(trials.EVERY), reviewer())
    assert [row[0] for row in rows] == [line.household.number for line in listed.lines]
