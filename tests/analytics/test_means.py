"""The proxy means test: its coefficients are statsmodels' own, its errors a hand count, and no page loads pandas."""

import io
import re
import sys

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from django.urls import reverse
from tests import factories
from tests.analytics.runs import made_run
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.analytics import fitting
from zhikun.analytics.fits import Fit
from zhikun.analytics.fitting import Question
from zhikun.analytics.services import fit as fits
from zhikun.audit.models import Entry
from zhikun.jobs.models import Job
from zhikun.jobs.worker import work_off
from zhikun.measures.cards import read_card
from zhikun.places.models import AreaRange
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.vocabulary import pack_in_force
from zhikun.tables.pandas_out import leave_pandas_out

pytestmark = pytest.mark.django_db

WHOLE = AreaRange(factories.COUNTY, factories.COUNTY + 999_999)
ROWS = 120
QUESTION = Question("income_per_head", (("member_count", ()), ("residence", ())), line=400.0)


def surveyed(**changed):
    """Households whose income follows their size and residence, with something that nobody can see."""
    chance = np.random.default_rng(7)
    size = chance.integers(1, 7, ROWS).astype(float)
    urban = chance.random(ROWS) < 0.4
    income = np.round(np.exp(6.4 - 0.12 * size + 0.35 * urban + chance.normal(0, 0.3, ROWS)), 2)
    values = {"income_per_head": income.tolist(), "member_count": size.tolist()}
    residence = ["urban" if one else "rural" for one in urban]
    for at, value in changed.get("income", {}).items():
        values["income_per_head"][at] = value
    for at, value in changed.get("residence", {}).items():
        residence[at] = value
    columns = {name: pa.array(told, pa.float64()) for name, told in values.items()}
    areas = [factories.VILLAGE if at % 2 else factories.OTHER_VILLAGE for at in range(ROWS)]
    return made_run(columns, areas=areas, facts={"residence": pa.array(residence, pa.string())})


def reviewer():
    return factories.officer(Role.COUNTY_REVIEWER)


def fitted(run, question=QUESTION):
    made, _new = fits.start(question, run, WHOLE, acting_officer=reviewer())
    work_off()
    made.refresh_from_db()
    return made


def asked(**changed):
    return {"target": "income_per_head", "line": "400", "log": "on", "unknowns": "leave-out", "weight": "",
            "fact": ["member_count", "residence"]} | changed  # fmt: skip


def test_coefficients_are_statsmodels_own():
    import statsmodels.api as sm

    run = surveyed()
    found = fitting.kept(fitted(run).pk)
    table = fitting.observed(run, [WHOLE], ["income_per_head", "member_count", "residence"]).to_pydict()
    # The pack lists urban before rural, or the other way round: the first level that occurs is compared with.
    first = next(code for code in pack_in_force().facts["household", "residence"].choices if code in table["residence"])
    columns = sm.add_constant(np.column_stack([
        table["member_count"], [float(one != first) for one in table["residence"]],
    ]))  # fmt: skip
    theirs = sm.OLS(np.log(table["income_per_head"]), columns).fit(cov_type="HC1")
    assert [one["value"] for one in found["coefficients"]] == pytest.approx(theirs.params.tolist(), abs=1e-12)
    assert [one["error"] for one in found["coefficients"]] == pytest.approx(theirs.bse.tolist(), abs=1e-12)
    assert found["r_squared"] == pytest.approx(theirs.rsquared, abs=1e-12)
    assert found["households"] == ROWS


def test_weighted_by_people_they_are_statsmodels_own_too():
    import statsmodels.api as sm

    run = surveyed()
    question = Question("income_per_head", (("residence", ()),), line=400.0, log=False, weight="member_count")
    found = fitting.kept(fitted(run, question).pk)
    table = fitting.observed(run, [WHOLE], ["income_per_head", "member_count", "residence"]).to_pydict()
    first = next(code for code in pack_in_force().facts["household", "residence"].choices if code in table["residence"])
    columns = sm.add_constant(np.array([float(one != first) for one in table["residence"]]))
    theirs = sm.WLS(table["income_per_head"], columns, weights=table["member_count"]).fit(cov_type="HC1")
    assert [one["value"] for one in found["coefficients"]] == pytest.approx(theirs.params.tolist())


def test_errors_are_a_hand_count():
    from zhikun.measures import means, targeting
    from zhikun.measures.design import Predictor
    from zhikun.measures.values import named

    run, pack = surveyed(), pack_in_force()
    found = fitting.kept(fitted(run).pk)
    table = fitting.observed(run, [WHOLE], ["income_per_head", "member_count", "residence"])
    target = means.Target(named(pack, "income_per_head"))
    predictors = [Predictor(named(pack, name)) for name in ("member_count", "residence")]
    told = targeting.cross_validate(table, target, predictors, folds=5, seed=1).told.tolist()
    actual = table["income_per_head"].to_pylist()
    for point in found["cutoffs"]:
        missed = leaked = poor = reached = 0
        for truly, guess in zip(actual, told, strict=True):
            poor += truly < 400
            reached += guess < point["cutoff"]
            missed += truly < 400 and not guess < point["cutoff"]
            leaked += guess < point["cutoff"] and not truly < 400
        assert (point["poor"], point["reached"], point["missed"], point["leaked"]) == (poor, reached, missed, leaked)
        assert point["undercoverage"] == pytest.approx(missed / poor)
    assert any(point["missed"] and point["leaked"] for point in found["cutoffs"]), "an example in which both happen"


def test_asked_on_the_page_worked_out_behind_it_and_recognised_when_asked_again():
    run = surveyed()
    browser = signed_in(reviewer())
    url = reverse("analytics:means", args=[run.pk])
    answer = browser.post(url, asked())
    one = Fit.objects.get()
    assert answer["Location"] == f"{url}?fit={one.pk}"
    assert "排队等待" in browser.get(answer["Location"]).content.decode()
    work_off()
    polled = browser.get(answer["Location"], headers={"HX-Request": "true", "X-Zhikun-Poll": "1"})
    assert polled["HX-Redirect"] == answer["Location"]
    page = browser.get(answer["Location"]).content.decode()
    assert "不能凭推算给予或拒绝救助" in page
    assert f"{fitting.kept(one.pk)['coefficients'][1]['value']:.6g}" in page
    again = browser.post(url, asked(fact=["residence", "member_count"]), follow=True)
    assert "没有再估计一次" in again.content.decode()
    assert (Fit.objects.count(), Job.objects.filter(kind=fits.KIND).count()) == (1, 1)
    assert Entry.objects.filter(event="analytics.fit_started").count() == 1
    browser.post(url, asked(line="500"))
    assert Fit.objects.count() == 2


def test_viewing_loads_neither_pandas_nor_statsmodels(monkeypatch):
    """The pages are answered by processes that never fit: they would grow by what only background work needs."""
    run = surveyed()
    one = fitted(run)
    leave_pandas_out()  # as the server does before it answers
    heavy = [name for name in sys.modules if name.partition(".")[0] in {"pandas", "statsmodels", "scipy", "patsy"}]
    assert heavy, "the fit above, in this very process, has loaded them"
    for name in heavy:
        monkeypatch.delitem(sys.modules, name)
    browser = signed_in(reviewer())
    url = reverse("analytics:means", args=[run.pk])
    assert browser.get(url, {"fit": str(one.pk)}).status_code == 200
    assert browser.post(url, asked(line="450")).status_code == 302
    assert browser.get(reverse("analytics:means-file", args=[run.pk, one.pk, "means.xlsx"])).status_code == 200
    assert browser.get(reverse("analytics:poverty", args=[run.pk])).status_code == 200
    assert not {"pandas", "statsmodels"} & set(sys.modules)


def test_who_was_left_out_is_told_with_the_reason():
    run = surveyed(income={0: None, 1: 0.0}, residence={2: None, 3: None})
    found = fitting.kept(fitted(run).pk)
    assert found["households"] == ROWS - 4
    assert dict(found["left_out"]) == {
        "“家庭人均月收入”不清楚": 1, "“家庭人均月收入”是零或负数，没有对数": 1,
        "“城乡类别”不清楚，或参加估计的户里没有这种情况": 2,
    }  # fmt: skip
    untold = [point["untold"] for point in found["cutoffs"]]
    assert set(untold) == {2.0}, "the two without a residence; of the first the income is not known either"
    page = signed_in(reviewer()).get(reverse("analytics:means", args=[run.pk]), {"fit": str(Fit.objects.get().pk)})
    assert "没有对数" in page.content.decode()


def test_a_question_that_these_households_cannot_answer_fails_with_its_reason_and_may_be_asked_anew():
    run = made_run(
        {"income_per_head": [300.0, 400.0], "member_count": [1.0, 2.0]}, facts={"residence": ["rural", "urban"]}
    )
    browser = signed_in(reviewer())
    url = reverse("analytics:means", args=[run.pk])
    answer = browser.post(url, asked())
    work_off()
    page = browser.get(answer["Location"]).content.decode()
    assert "估不出来" in page
    first = Fit.objects.get().pk
    browser.post(url, asked())
    assert Fit.objects.get().pk != first


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"fact": []}, "勾选"),
        ({"fact": ["illness"]}, "勾选"),
        ({"target": "illness"}, "illness"),
        ({"line": "-1"}, "大于或等于"),
        ({"bands-member_count": "4,2"}, "从小到大"),
        ({"bands-member_count": "inf"}, "从小到大"),
        ({"unknowns": "own-level"}, "不能自成一级"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(changed, text):
    run = surveyed()
    answer = signed_in(reviewer()).post(reverse("analytics:means", args=[run.pk]), asked(**changed))
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not Fit.objects.exists()


def test_the_files_say_what_the_page_says(tmp_path):
    run = surveyed()
    one = fitted(run)
    found = fitting.kept(one.pk)
    browser = signed_in(reviewer())

    def saved(name):
        return browser.get(reverse("analytics:means-file", args=[run.pk, one.pk, name]))

    lines = saved("coefficients.csv").content.decode("utf-8-sig").splitlines()
    assert lines[2].split(",")[1] == f"{round(found['coefficients'][1]['value'], 6):g}"
    book = openpyxl.load_workbook(io.BytesIO(saved("means.xlsx").content))
    assert book.sheetnames == ["系数", "漏保和误保", "评分卡"]
    (tmp_path / "card.csv").write_bytes(saved("card.csv").content)
    card = read_card(tmp_path / "card.csv", pack_in_force())
    assert card.base == found["card"]["base"], "the command reads the card that the page gave"
    assert saved("other.csv").status_code == 404
    assert Entry.objects.filter(event="analytics.saved").count() == 3, "what leaves the platform is on record"


def noise(run_of=surveyed):
    """Facts that say nothing of income: the incomes of one household stand with the residence of another."""
    chance = np.random.default_rng(3)
    return run_of(income=dict(enumerate(chance.permutation(np.linspace(200, 2000, ROWS)).round(2).tolist())))


def test_what_r_squared_says_is_told_in_plain_words_and_a_useless_model_is_called_so():
    browser = signed_in(reviewer())
    pages = {}
    for name, run in (("good", surveyed()), ("useless", noise())):
        one = fitted(run)
        pages[name] = browser.get(reverse("analytics:means", args=[run.pk]), {"fit": str(one.pk)}).content.decode()
        told = fitting.kept(one.pk)["unseen_r_squared"]
        assert f"大约说明 {max(0.0, told):.0%}" in pages[name]
        assert (told < 0.2) == (name == "useless")
    assert "几乎没有用" not in pages["good"]
    warned = pages["useless"]
    assert "几乎没有用，不要据它安排走访" in warned
    assert "示例参数" in warned[warned.index("几乎没有用") :][:900]


def test_the_line_is_written_as_people_do_with_its_unit():
    run = surveyed()
    browser = signed_in(reviewer())
    empty = browser.get(reverse("analytics:means", args=[run.pk])).content.decode()
    field = empty[empty.index('name="line"') - 200 : empty.index('name="line"') + 200]
    assert 'value="500"' in field
    assert "元/月" in empty[empty.index("困难线") :][:600]
    page = browser.get(reverse("analytics:means", args=[run.pk]), {"fit": str(fitted(run).pk)}).content.decode()
    assert "困难线 400 元" in page
    assert not re.search(r"400\.0\b", page), "an amount has no decimal or two"
    assert "400.00" in page, "in the column of lines"


def test_the_forms_are_not_printed_and_the_statistics_lead_to_both_pages():
    run = surveyed()
    for name in ("means", "poverty"):
        page = signed_in(reviewer()).get(reverse(f"analytics:{name}", args=[run.pk])).content.decode()
        for fold in re.findall(r"<details class=\"zk-panel[^>]*>", page):
            assert "zk-screen-only" in fold
    for role, both in ((Role.COUNTY_REVIEWER, True), (Role.TOWNSHIP_CLERK, False)):
        page = signed_in(factories.officer(role)).get(reverse("analytics:statistics", args=[run.pk])).content.decode()
        assert reverse("analytics:poverty", args=[run.pk]) in page
        assert (reverse("analytics:means", args=[run.pk]) in page) == both


def test_a_fit_over_more_than_ones_own_area_is_not_there():
    run = surveyed()
    one = fitted(run)
    url = reverse("analytics:means", args=[run.pk])
    other = signed_in(factories.officer(Role.COUNTY_REVIEWER, factories.OTHER_COUNTY))
    assert other.get(url).status_code == 404
    assert signed_in(factories.officer(Role.TOWNSHIP_CLERK)).get(url).status_code == 404, "no right to try policies"
    township = signed_in(factories.officer(Role.COUNTY_APPROVER, factories.TOWNSHIP))
    assert township.get(url).status_code == 200
    assert township.get(url, {"fit": str(one.pk)}).status_code == 404
    assert township.get(reverse("analytics:means-file", args=[run.pk, one.pk, "card.csv"])).status_code == 404
    township.post(url, asked())
    work_off()
    assert Fit.objects.latest("started_at").households == ROWS // 2
    with pytest.raises(NotAllowedHere):
        fits.start(QUESTION, run, WHOLE, acting_officer=factories.officer(Role.COUNTY_APPROVER, factories.TOWNSHIP))


def test_nothing_that_rests_on_income_is_offered_to_tell_income():
    computed = (
        "income_per_head",
        "income_ratio",
        "income_year",
        "hardship_line",
        "member_count",
        "worker_count",
        "illness",
    )
    facts = {"residence": ["rural"], "business_income_year": [1.0]}
    run = made_run({name: [1.0] for name in computed}, facts=facts)
    pack = pack_in_force()
    assert [one.name for one in fitting.targets(pack, run)] == ["income_per_head", "income_year"]
    offered = [one.name for one in fitting.predictors(pack, run)]
    assert offered == ["member_count", "worker_count", "residence"]


def test_a_page_of_a_fit_asks_the_database_little(django_assert_num_queries):
    run = surveyed()
    one = fitted(run)
    browser = signed_in(reviewer())
    url = reverse("analytics:means", args=[run.pk])
    browser.get(url, {"fit": str(one.pk)})
    with django_assert_num_queries(QUERIES):
        browser.get(url, {"fit": str(one.pk)})


#: Session, officer, appointments, the run, the places to choose from, the fit, the other fits, their areas.
QUERIES = 8


def test_a_fit_whose_value_the_pack_has_lost_is_named_by_its_code_and_breaks_no_page():
    run = surveyed()
    one = fitted(run)
    Fit.objects.filter(pk=one.pk).update(asked={**one.asked, "target": "no_longer_there"})
    browser = signed_in(reviewer())
    url = reverse("analytics:means", args=[run.pk])
    for address in (url, f"{url}?fit={one.pk}"):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert "推算no_longer_there" in answer.content.decode()


def test_figures_that_the_data_folder_has_lost_are_told_and_worked_out_anew():
    run = surveyed()
    one = fitted(run)
    fitting.file_of(one.pk).unlink()
    fitting.kept.cache_clear()
    browser = signed_in(reviewer())
    url = reverse("analytics:means", args=[run.pk])
    assert "找不到了" in browser.get(f"{url}?fit={one.pk}").content.decode()
    assert browser.get(reverse("analytics:means-file", args=[run.pk, one.pk, "card.csv"])).status_code == 404
    again = fitted(run)
    assert (again.pk != one.pk, again.finished_at is not None, fitting.is_kept(again.pk)) == (True, True, True)
