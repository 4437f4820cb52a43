"""A policy tried before it is published: hand counts, a full run under the changed pack, scope, bad values, the same again."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.assessments.test_assessing import DAY, county, reviewer, well_known
from tests.assessments.test_further_packs import national  # noqa: F401 - a fixture
from tests.assessments.test_pages import anchors, counted
from tests.officers import signed_in

from zhikun.accounts.models import Appointment
from zhikun.accounts.roles import RIGHTS, Right, Role
from zhikun.analytics import trials, trying
from zhikun.analytics.errors import CannotTry, NothingChanged, PackChangedSince
from zhikun.analytics.levers import levers, matching, read
from zhikun.analytics.models import Trial
from zhikun.analytics.services import whatif
from zhikun.assessments.models import Run
from zhikun.assessments.results import results_in
from zhikun.assessments.services import run as running
from zhikun.audit.models import Entry
from zhikun.jobs.models import Job
from zhikun.jobs.services import cancel
from zhikun.jobs.worker import work_off
from zhikun.places.models import Area
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.models import Household
from zhikun.registry.services import structure
from zhikun.registry.services.change import Change
from zhikun.registry.vocabulary import pack_in_force

pytestmark = pytest.mark.django_db

#: The line from which a cause counts is 2; the housing of two households is scored 3.5 and 2.
AT_THREE = "cause_threshold=3"


def office():
    """Five households of two townships: housing d and c are causes at 2, one household says nothing."""
    made = [well_known(n=1, housing_safety="d"), well_known(n=2), well_known(factories.OTHER_VILLAGE, n=3)]
    made.append(factories.household(n=4))
    made.append(well_known(factories.OTHER_VILLAGE, n=5, housing_safety="c"))
    return made


def run_now():
    return running.assess(county(), DAY, acting_officer=reviewer())[0]


def tried(run, *texts, by=None):
    return whatif.start(run, texts, acting_officer=by or reviewer())


def some(told, *names):
    return tuple(told[name] for name in names)


def test_a_higher_line_lets_one_household_leave_in_its_township_and_counts_who_is_open_apart():
    office()
    run = run_now()
    before = results_in(run, [run.range]).order("_position").fetchall()
    trial = tried(run, AT_THREE)
    assert trial.state == Trial.State.DONE
    whole, places = trials.sums(trial, trial.ranges, county())
    names = ("households", "covered", "enter", "leave", "open", "category", "index_up", "had_housing", "loss_housing")
    assert some(whole, *names) == (5, 2, 0, 1, 1, 1, 0, 2, 1)
    assert [(area.pk, some(told, *names)) for area, told in places] == [
        (factories.TOWNSHIP, (3, 1, 0, 0, 1, 0, 0, 1, 0)),
        (factories.OTHER_TOWNSHIP, (2, 1, 0, 1, 0, 1, 0, 1, 1)),
    ]
    assert trials.moves(trial, trial.ranges) == [trials.Move("single_need", "none", 1)]
    assert results_in(run, [run.range]).order("_position").fetchall() == before
    assert Run.objects.count() == 1


def test_a_weight_moves_the_index_and_nobodys_category():
    office()
    run = run_now()
    trial = tried(run, "weight_housing=0.2")
    whole, _places = trials.sums(trial, trial.ranges, county())
    assert some(whole, "enter", "leave", "category", "index_up", "index_down", "open") == (0, 0, 0, 4, 0, 1)
    listed = trials.listed(trial, trial.ranges, trials.Chosen("index_up"), reviewer())
    first = listed.lines[0].values
    # Housing d is 3.5 points: 12 x 3.5 + 8 x (0.1 x 3.5 + 0.06 x 0.5), and 8 x 0.1 x 3.5 more.
    assert (first["was_index"], first["is_index"]) == (45.04, 47.84)


def test_a_change_that_touches_nobody_says_so():
    office()
    trial = tried(run_now(), "line_urban=700")
    assert trial.totals["changed"] == 0
    page = signed_in(reviewer()).get(reverse("analytics:trial", args=[trial.pk])).content.decode()
    assert "没有家庭的类别有变化" in page
    assert "这个政策包不计算救助金额" in page


def test_every_number_is_the_length_of_its_list_and_leads_to_the_households_own_page(monkeypatch):
    monkeypatch.setattr(trials, "PER_PAGE", 2)
    office()
    trial = tried(run_now(), AT_THREE, "weight_housing=0.2")
    browser = signed_in(reviewer())
    url = reverse("analytics:trial", args=[trial.pk])
    checked = 0
    for address in (url, f"{url}?place={factories.OTHER_TOWNSHIP}"):
        page = browser.get(address).content.decode()
        assert "试算不改变任何家庭的结果" in page
        for link, words in anchors(page):
            if "/households" in link and re.search(r"\d", words):
                number = int(re.search(r"[\d,]+", words)[0].replace(",", ""))
                assert number
                assert counted(browser, link) == (number, number), link
                checked += 1
    assert checked > 15
    households = reverse("analytics:trial-households", args=[trial.pk])
    made = Household.objects.get(pk=_left())
    listed = browser.get(households, {"change": "leave"}).content.decode()
    assert reverse("assessments:household", args=[made.pk]) in listed
    assert "→" in listed
    assert Entry.objects.filter(event="analytics.trial_listed").count() >= 1
    assert Entry.objects.filter(event="analytics.tried").count() == 1


def _left():
    trial = Trial.objects.get()
    return trials.listed(trial, trial.ranges, trials.Chosen("leave"), reviewer()).lines[0].household.pk


def test_a_filter_nobody_offers_is_not_there_and_one_put_back_leads_to_the_result():
    office()
    trial = tried(run_now(), AT_THREE)
    browser = signed_in(reviewer())
    url = reverse("analytics:trial-households", args=[trial.pk])
    for asked in ({"change": "x' OR '1'='1"}, {"change": "amount_up"}, {"change": "category", "was": "zzz"},
                  {"change": "category", "was": "none", "now": "x' OR '1'='1"}):  # fmt: skip
        refused = browser.get(url, asked)
        assert (refused.status_code, "没有列出" in refused.content.decode()) == (422, True), asked
        assert 'scope="row"' not in refused.content.decode()
    assert browser.get(url, {"change": "leave", "place": factories.OTHER_COUNTY}).status_code == 404
    nobody = browser.get(url, {"change": "category", "was": "none", "now": "single_need"})
    assert (nobody.status_code, "没有这样的家庭" in nobody.content.decode()) == (200, True)
    assert browser.get(url)["Location"] == reverse("analytics:trial", args=[trial.pk])


def test_who_moved_away_since_is_counted_and_not_named():
    office()
    run = run_now()
    trial = tried(run, AT_THREE)
    made = Household.objects.get(pk=_left())
    factories.areas()
    home = structure.Home(Area.objects.get(pk=factories.FAR_VILLAGE), "")
    city = factories.officer(Role.COUNTY_REVIEWER, 640400000000, username="of-the-city")
    structure.move(made, home, Change(timezone.localdate(), "搬家", made.version), acting_officer=city)
    url = reverse("analytics:trial-households", args=[trial.pk]) + "?change=leave"
    page = signed_in(reviewer()).get(url).content.decode()
    assert "已迁出管辖地区" in page
    assert "共 1 户" in page
    assert made.number not in page


def test_each_sees_their_own_trials_in_their_own_areas_only():
    office()
    run = run_now()
    mine = tried(run, AT_THREE)
    url = reverse("analytics:trial", args=[mine.pk])
    other = factories.officer(Role.CITY_SUPERVISOR)
    assert signed_in(other).get(url).status_code == 404
    same = tried(run, AT_THREE, by=other)
    # A city reaches as much of this run as its county does: the files are the same, the trials are two.
    assert (same.pk == mine.pk, same.key == mine.key, same.state) == (False, True, Trial.State.DONE)
    assert same.totals == mine.totals
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    assert signed_in(clerk).get(reverse("analytics:trials")).status_code == 404
    with pytest.raises(NotAllowedHere):
        tried(run, AT_THREE, by=clerk)
    with pytest.raises(NotAllowedHere):
        tried(run, AT_THREE, by=factories.officer(Role.COUNTY_APPROVER, factories.OTHER_COUNTY))


def test_an_officer_of_a_part_tries_that_part_and_sees_of_it_what_is_theirs_now():
    office()
    run = run_now()
    by = factories.officer(Role.COUNTY_APPROVER, factories.OTHER_TOWNSHIP)
    trial = tried(run, AT_THREE, by=by)
    assert some(trial.totals, "households", "leave", "open") == (2, 1, 0)
    browser = signed_in(by)
    url = reverse("analytics:trial", args=[trial.pk])
    assert browser.get(url).status_code == 200
    held = Appointment.objects.get(officer=by)
    held.ends = timezone.now() - timedelta(minutes=1)
    held.save()
    Appointment.objects.create(officer=by, role=Role.COUNTY_APPROVER, area_id=factories.TOWNSHIP)
    assert signed_in(type(by).objects.get(pk=by.pk)).get(url).status_code == 404
    listed = signed_in(type(by).objects.get(pk=by.pk)).get(reverse("analytics:trials")).content.decode()
    assert "管辖地区有变动" in listed


def test_who_may_try_may_see_households():
    assert all(Right.HOUSEHOLD_VIEW in rights for rights in RIGHTS.values() if Right.POLICY_TRY in rights)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("line_rural=abc", "“农村困难线”是数字"),
        ("line_rural=nan", "“农村困难线”是数字"),
        ("line_rural=1e30", "“农村困难线”是数字"),
        ("line_rural=0.0000001", "最多六位小数"),
        ("line_rural=-1", "不能小于 0"),
        ("line_rural=500", "没有改动"),
        ("line_moon=500", "没有“line_moon”这一项"),
        ("labour_coefficient_table[full,17]=0.9", "没有"),
        ("line_rural", "没有"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_words(text, said):
    office()
    run = run_now()
    with pytest.raises(CannotTry, match=re.escape(said)):
        tried(run, text)
    assert not Trial.objects.exists()


def test_nothing_to_try_and_a_pack_changed_since_are_refused_with_the_way_out():
    office()
    run = run_now()
    with pytest.raises(NothingChanged):
        tried(run)
    Run.objects.update(pack_hash="another")
    run.refresh_from_db()
    with pytest.raises(PackChangedSince):
        tried(run, AT_THREE)
    page = signed_in(reviewer()).get(reverse("analytics:try"), {"run": run.pk})
    assert page.status_code == 422
    assert "重新评估" in page.content.decode()
    assert "开始试算" not in page.content.decode()


def test_the_same_again_is_the_trial_there_was_and_computes_nothing(monkeypatch):
    office()
    run = run_now()
    first = tried(run, AT_THREE, "weight_housing=0.2")
    monkeypatch.setattr(trying, "work", lambda *_told: pytest.fail("computed again"))
    assert tried(run, "weight_housing=0.20", "cause_threshold=3.0") == first
    assert Entry.objects.filter(event="analytics.tried").count() == 1
    colleague = factories.officer(Role.COUNTY_APPROVER)
    theirs = tried(run, AT_THREE, "weight_housing=0.2", by=colleague)
    assert (theirs.key, theirs.state, theirs.totals) == (first.key, Trial.State.DONE, first.totals)


def test_many_households_are_tried_in_the_background_once_however_often_it_is_asked(monkeypatch):
    monkeypatch.setattr(whatif, "AT_ONCE", 3)
    office()
    run = run_now()
    trial = tried(run, AT_THREE)
    assert (trial.state, tried(run, AT_THREE), Job.objects.count()) == (Trial.State.WAITING, trial, 1)
    browser = signed_in(reviewer())
    url = reverse("analytics:trial", args=[trial.pk])
    assert "排队等待" in browser.get(url).content.decode()
    assert browser.get(reverse("analytics:trial-households", args=[trial.pk]))["Location"] == url
    work_off()
    polled = browser.get(url, headers={"HX-Request": "true", "X-Zhikun-Poll": "1"})
    assert polled["HX-Redirect"] == url
    trial.refresh_from_db()
    assert some(trial.totals, "households", "leave", "open", "changed") == (5, 1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_who_ask_for_the_same_are_led_to_one_trial():
    office()
    run, by = run_now(), reviewer()
    gate = threading.Barrier(2)

    def ask(_n):
        gate.wait()
        try:
            return tried(run, AT_THREE, by=by).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        found = set(pool.map(ask, range(2)))
    trial = Trial.objects.get()
    assert (found, trial.state, trial.totals["leave"]) == ({trial.pk}, Trial.State.DONE, 1)
    assert Entry.objects.filter(event="analytics.tried").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_officers_of_the_same_reach_work_the_same_out_once(monkeypatch):
    monkeypatch.setattr(whatif, "AT_ONCE", 3)
    office()
    run = run_now()
    asked_for = [
        tried(run, AT_THREE, by=by).pk
        for by in (reviewer(), factories.officer(Role.COUNTY_REVIEWER, username="another"))
    ]
    gate, worked, work = threading.Barrier(2), [], trying.work

    def slowly(*told):
        worked.append(told[-1])
        time.sleep(0.3)
        work(*told)

    monkeypatch.setattr(trying, "work", slowly)

    def make(pk):
        gate.wait()
        try:
            return whatif.make(pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, asked_for))
    assert len(worked) == 1, "the second would have removed what the first was writing"
    assert {trial.state for trial in Trial.objects.all()} == {Trial.State.DONE}
    assert len({trial.pk for trial in Trial.objects.all()}) == 2


def test_clearing_leaves_alone_what_is_begun_while_it_goes_on(monkeypatch):
    office()
    run = run_now()
    tried(run, AT_THREE)
    before = Trial.objects.exclude

    def asked_meanwhile(*args, **kwargs):
        told = before(*args, **kwargs)
        (trying.folder() / "begun-since").mkdir(exist_ok=True)
        return told

    monkeypatch.setattr(Trial.objects, "exclude", asked_meanwhile, raising=False)
    whatif.clear()
    assert (trying.folder() / "begun-since").exists()


def test_cancelled_work_is_asked_for_anew_and_a_kill_leaves_nothing_half(monkeypatch):
    monkeypatch.setattr(whatif, "AT_ONCE", 3)
    office()
    run = run_now()
    trial = tried(run, AT_THREE)
    cancel(whatif.job_of(trial), acting_officer=reviewer())
    assert "已取消" in signed_in(reviewer()).get(reverse("analytics:trial", args=[trial.pk])).content.decode()
    assert tried(run, AT_THREE) == trial

    class Killed(BaseException):
        """What a SIGKILL is to the code."""

    def die(*_told):
        raise Killed

    monkeypatch.setattr(trying, "_added", die)  # between the first file and the second
    with pytest.raises(Killed):
        whatif.make(trial.pk)
    assert not trying.is_done(trial.key)
    monkeypatch.undo()
    work_off()
    trial.refresh_from_db()
    assert (trial.state, trial.attempt, trial.totals["leave"]) == (Trial.State.DONE, 2, 1)


@pytest.mark.parametrize("at_once", [True, False])
def test_an_error_that_nobody_foresaw_stands_on_the_page_with_its_number_and_can_be_tried_again(
    monkeypatch, caplog, at_once
):
    office()
    run = run_now()
    monkeypatch.setattr(whatif, "AT_ONCE", 30_000 if at_once else 3)
    browser, asked = signed_in(reviewer()), {"run": str(run.pk), "set": AT_THREE}

    def broken(*_told):
        raise ZeroDivisionError("马试一")

    with monkeypatch.context() as patched:
        patched.setattr(trying, "work", broken)
        answer = browser.post(reverse("analytics:try"), asked)
        assert answer.status_code == 302
        Job.objects.update(failures=9)  # no more retries
        work_off()
    page = browser.get(answer["Location"]).content.decode()
    assert "没有预料到的错误" in page
    assert "马试一" not in page
    numbers = {getattr(record, "reference", "") for record in caplog.records} - {""}
    assert at_once is any(number in page for number in numbers)
    assert browser.post(reverse("analytics:try"), asked)["Location"] == answer["Location"]
    work_off()
    trial = Trial.objects.get()
    assert (trial.state, trial.error, trial.attempt) == (Trial.State.DONE, "", 2)


def test_what_is_kept_long_enough_goes_and_can_be_tried_again(monkeypatch):
    office()
    run = run_now()
    trial = tried(run, AT_THREE)
    (trying.folder() / "left-by-a-kill").mkdir()
    assert whatif.clear() == {"trials": 0}
    assert [path.name for path in trying.folder().glob("*")] == [trial.key]
    assert whatif.clear(timezone.now() + whatif.LIFE) == {"trials": 1}
    assert not trying.folder_of(trial.key).exists()
    page = signed_in(reviewer()).get(reverse("analytics:trial", args=[trial.pk])).content.decode()
    assert "已到期清除" in page
    assert "set=cause_threshold%3D3" in page
    assert tried(run, AT_THREE).state == Trial.State.DONE


def test_the_way_through_the_pages_without_a_script():
    office()
    run = run_now()
    browser = signed_in(reviewer())
    new = reverse("analytics:try")
    page = browser.get(new, {"q": "致困"}).content.decode()
    assert "致困认定线" in page
    assert "农村困难线" not in page
    assert "示例参数" in browser.get(new, {"part": "-"}).content.decode()
    assert browser.get(new, {"part": "labour_coefficient_table"}).content.decode().count("以上、不满") > 3
    wrong = browser.get(new, {"run": run.pk, "edit": "cause_threshold", "value": "四"})
    assert (wrong.status_code, "是数字" in wrong.content.decode()) == (422, True)
    noted = browser.get(new, {"run": run.pk, "set": "line_rural=600", "edit": "cause_threshold", "value": "3"})
    assert noted.status_code == 302
    told = browser.get(noted["Location"]).content.decode()
    assert "500 元/月" in told
    assert "<strong>3 分</strong>" in told
    sent = browser.post(new, {"run": run.pk, "set": ["line_rural=600", "cause_threshold=3"]})
    trial = Trial.objects.get()
    assert sent["Location"] == reverse("analytics:trial", args=[trial.pk])
    assert [one["text"] for one in trial.changes] == ["line_rural=600", "cause_threshold=3"]
    bad = browser.post(new, {"run": run.pk, "set": ["line_moon=1"]})
    assert (bad.status_code, "没有“line_moon”这一项" in bad.content.decode()) == (422, True)
    assert browser.post(new, {"run": run.pk}).status_code == 422
    assert Trial.objects.count() == 1


def test_without_a_run_the_page_says_what_to_do_first():
    page = signed_in(reviewer()).get(reverse("analytics:try"))
    assert (page.status_code, "请先发起评估" in page.content.decode()) == (200, True)


def test_what_may_be_moved_is_named_once_and_read_back():
    pack = pack_in_force()
    known = levers(pack, DAY)
    for name, lever in known.items():
        if lever.type == "number":
            (change,) = read(known, [f"{name}={lever.value + 1:g}"])
            assert (change.lever, change.new) == (lever, lever.value + 1)
    assert [one.name for one in matching(known, "-", "困难线 农村")] == ["line_rural"]
    assert len(known) == len(pack.standards) + sum(len(table.versions[0].rows) for table in pack.tables.values())


@pytest.mark.usefixtures("national")
def test_money_is_compared_where_the_pack_has_an_amount_and_who_is_open_is_in_no_sum():
    office()
    run = running.assess(county(), DAY, "national", acting_officer=reviewer())[0]
    trial = tried(run, "dibao_standard_rural=900", "dibao_standard_urban=900")
    assert some(trial.totals, "households", "open", "enter", "amount_variant") == (5, 5, 0, 0)
    browser = signed_in(reviewer())
    page = browser.get(reverse("analytics:trial", args=[trial.pk])).content.decode()
    assert "每月相差" in page
    assert "进：改动后变为符合“符合低保条件”的家庭。出：改动后不再符合的家庭。" in page
    assert counted(browser, reverse("analytics:trial-households", args=[trial.pk]) + "?change=open") == (5, 5)
    offered = browser.get(reverse("analytics:try"), {"run": run.pk, "q": "低保标准"}).content.decode()
    assert "edit=dibao_standard_rural#" in offered
    assert not re.search(r"\b320105\b", offered), "another city's standard is nobody's here"


@pytest.mark.parametrize(
    ("view", "queries"), [("trial", 7), ("trial-households?change=leave", 7), ("trials", 6), ("try", 5)]
)
def test_a_page_asks_the_database_as_often_however_many_households_there_are(view, queries, django_assert_num_queries):
    office()
    trial = tried(run_now(), AT_THREE)
    name, _sign, query = view.partition("?")
    url = reverse(f"analytics:{name}", args=[trial.pk] if name in {"trial", "trial-households"} else [])
    browser = signed_in(reviewer())
    browser.get(f"{url}?{query}")
    with django_assert_num_queries(queries):
        browser.get(f"{url}?{query}")


@pytest.mark.parametrize(("told", "value"), [("1,200", 1200.0), ("1，200.5", 1200.5), ("2.5", 2.5)])
def test_commas_between_thousands_are_read(told, value):
    lever = levers(pack_in_force(), DAY)["cause_threshold"]
    assert lever.read(told) == value


@pytest.mark.parametrize("told", ["2，5", "2,5", "1,20", ",5"])
def test_a_comma_that_parts_no_thousands_is_refused_and_never_another_number(told):
    lever = levers(pack_in_force(), DAY)["cause_threshold"]
    with pytest.raises(CannotTry):
        lever.read(told)
