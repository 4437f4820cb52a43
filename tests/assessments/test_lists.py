"""The list behind a number, and its export: as many lines as the number says, for each officer in their own place."""

from urllib.parse import urlencode

import pytest
from django.urls import reverse
from tests import factories
from tests.assessments.test_assessing import reviewer, well_known
from tests.assessments.test_pages import anchors, counted, run_now
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.assessments import selectors
from zhikun.assessments.results import causes_of, results_in
from zhikun.assessments.selectors import reach
from zhikun.assessments.wanted import ANY, OPEN, Causes, Term, Wanted
from zhikun.audit.models import Entry
from zhikun.registry.vocabulary import pack_in_force

pytestmark = pytest.mark.django_db

VILLAGE_ASSISTANT, CLERK, CITY = Role.VILLAGE_ASSISTANT, Role.TOWNSHIP_CLERK, Role.CITY_SUPERVISOR
#: Several kinds of figures: each has somebody in the county and leaves somebody out.
FIGURES = {
    "category": Wanted("none"),
    "open category": Wanted(OPEN),
    "any flag": Wanted(flag=ANY),
    "undetermined": Wanted(undetermined=True),
    "missing": Wanted(missing="household.medical_expense_year"),
    "one score": Wanted(terms=(Term("housing", "=", 3.5),)),
    "at least": Wanted(terms=(Term("housing", ">=", 2.0),)),
    "unknown score": Wanted(terms=(Term("illness", "=", None),)),
    "two causes": Wanted(terms=(Term("housing", ">=", 2.0), Term("illness", "<", 2.0))),
    "number of causes": Wanted(terms=(Causes(2.0, "=", 1),)),
    "number unknown": Wanted(terms=(Causes(2.0, "=", None),)),
    "item of a list": Wanted(terms=(Term("needs", "~", "housing"),)),
    "main cause": Wanted(terms=(Term("main_cause", "=", "housing"),)),
    "both": Wanted("single_need", terms=(Term("housing", ">=", 2.0),)),
}


def office():
    """Households of two villages of a township and of another township: known, open, with a flag, with causes."""
    made = [
        well_known(n=1, housing_safety="d"),
        well_known(n=2, medical_expense_year=30000, medicine_expense_year=9000),
        well_known(factories.VILLAGE + 1, n=3, housing_safety="d"),
        well_known(factories.OTHER_VILLAGE, n=4, housing_safety="d"),
        well_known(factories.OTHER_VILLAGE, n=5, disaster_loss_year=50000, disaster_effects=["crops"]),
    ]
    return [*made, factories.household(n=6), factories.household(factories.OTHER_VILLAGE, n=7)]


def number_of(run, officer, wanted):
    """What a page of figures says of it."""
    return (
        results_in(run, reach(officer, run))
        .filter(wanted.condition(causes_of(run)))
        .aggregate("count(*)")
        .fetchall()[0][0]
    )


def address_of(run, wanted):
    return reverse("assessments:households", args=[run.pk]) + "?" + urlencode(wanted.query())


@pytest.mark.parametrize("role", [VILLAGE_ASSISTANT, CLERK, Role.COUNTY_REVIEWER, CITY])
def test_each_number_is_the_length_of_its_list(role, monkeypatch):
    monkeypatch.setattr(selectors, "PER_PAGE", 2)
    office()
    run, officer = run_now(), factories.officer(role)
    browser = signed_in(officer)
    whole = {VILLAGE_ASSISTANT: 3, CLERK: 4}.get(role, 7)
    numbers = {}
    for name, wanted in FIGURES.items():
        numbers[name] = number_of(run, officer, wanted)
        assert counted(browser, address_of(run, wanted)) == (numbers[name], numbers[name]), name
        assert 0 < numbers[name] < whole, name


def test_further_conditions_are_told_in_words_kept_by_the_form_and_taken_away_one_by_one(monkeypatch):
    monkeypatch.setattr(selectors, "PER_PAGE", 1)
    office()
    run = run_now()
    browser = signed_in(reviewer())
    wanted = Wanted(terms=(Term("housing", ">=", 2.0), Term("illness", "<", 2.0)))
    url = address_of(run, wanted)
    page = browser.get(url).content.decode()
    assert "因房 ≥ 2 分" in page
    assert "因病 &lt; 2 分" in page
    assert page.count('<input type="hidden" name="which"') == 2
    assert 'value="housing&gt;=2"' in page
    links = {words: url for url, words in anchors(page) if "which=" in url}
    assert "which=illness%3C2" in links["下一页"]
    without = [url for url, _words in anchors(page) if url.count("which=") == 1]
    fewer, more = counted(browser, url)[0], counted(browser, without[0])[0]
    assert fewer < more


@pytest.mark.parametrize("which", ["nothing>=2", "housing>=a", "causes(2)~1", "household=1", "housing>=2' OR 1=1"])
def test_a_condition_that_cannot_be_read_lists_nobody_and_says_so(which):
    office()
    run = run_now()
    browser = signed_in(reviewer())
    url = reverse("assessments:households", args=[run.pk])
    answer = browser.get(url, {"which": ["housing>=2", which], "place": factories.COUNTY})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "没有列出家庭" in page
    assert '<th scope="row"' not in page
    assert not Entry.objects.filter(event="assessments.listed").exists()
    (way_out,) = [url for url, words in anchors(page) if "去掉" in words]
    assert "which=housing%3E%3D2&place=" in way_out
    assert browser.get(way_out).status_code == 200


def test_the_record_says_in_codes_what_was_listed():
    office()
    run = run_now()
    signed_in(reviewer()).get(address_of(run, FIGURES["both"]))
    (entry,) = Entry.objects.filter(event="assessments.listed")
    assert entry.details["asked"] == "category=single_need&which=housing%3E%3D2"


def test_a_category_that_nobody_here_has_stays_chosen():
    office()
    run = run_now()
    clerk = signed_in(factories.officer(CLERK))
    page = clerk.get(address_of(run, Wanted("several_needs"))).content.decode()
    assert "没有符合条件的家庭" in page
    assert '<option value="several_needs" selected>' in page


@pytest.mark.parametrize(
    "strange",
    [{"category": "zzz"}, {"flag": "zzz"}, {"missing": "household.zzz"}, {"undetermined": "zzz"}, {"which": "main_cause=zzz"},
     {"which": "needs~zzz"}],
)  # fmt: skip
def test_a_code_that_neither_the_pack_nor_anybody_knows_is_named_and_lists_nobody(strange):
    office()
    run = run_now()
    browser = signed_in(reviewer())
    answer = browser.get(reverse("assessments:households", args=[run.pk]), strange)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "没有列出家庭" in page
    assert 'scope="row"' not in page
    assert browser.get(reverse("exports:new"), {"list": "run", "run": run.pk, **strange}).status_code == 404


def test_a_code_that_only_the_run_has_is_listed_and_one_of_the_pack_that_nobody_has_is_an_empty_list(monkeypatch):
    office()
    run = run_now()
    browser = signed_in(reviewer())
    url = reverse("assessments:households", args=[run.pk])
    empty = browser.get(url, {"category": "several_needs"})
    assert (empty.status_code, "没有符合条件的家庭" in empty.content.decode()) == (200, True)
    whole, alone = selectors.unknown, Wanted("of_an_older_pack")
    monkeypatch.setattr(selectors, "count_of", lambda _run, _ranges, wanted: int(wanted == alone))
    assert whole(run, [run.range], pack_in_force(), alone) is None
    assert whole(run, [run.range], pack_in_force(), Wanted("zzz")) == "zzz"
