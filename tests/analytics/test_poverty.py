"""Multidimensional poverty on the page: the published example, unknowns, places, and that every number is its list."""

import re
from fractions import Fraction

import pyarrow as pa
import pytest
from django.urls import reverse
from tests import factories
from tests.analytics.runs import made_run
from tests.assessments.test_pages import READERS, anchors, counted
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.analytics import poverty as measured
from zhikun.assessments import selectors
from zhikun.assessments.wanted import Unreadable, lacks

pytestmark = pytest.mark.django_db

# Alkire and Foster (2011), section 2: four persons by income, schooling, self-rated health, health insurance.
EXAMPLE = {
    "income": [13.1, 15.2, 12.5, 20.0], "schooling": [14.0, 7.0, 10.0, 11.0], "health": [4.0, 5.0, 1.0, 3.0],
    "uninsured": [False, True, True, False],
}  # fmt: skip
DESIGN = "income<13;schooling<12;health<3;uninsured=true"
CAUSES = ("education", "housing", "illness", "disability", "disaster", "employment", "skills", "labour", "other")


def cells(page, caption):
    """The rows of the table under a heading, as texts."""
    table = re.search(rf'aria-label="{caption}".*?<tbody>(.*?)</tbody>', page, re.DOTALL)[1]
    return [
        [re.sub(r"<[^>]*>|\s+", "", cell) for cell in re.findall(r"<t[hd][^>]*>.*?</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)
    ]


def figures(page):
    told = re.findall(
        r'zk-figure-title">(.*?)</span>\s*<span class="zk-figure-value">(.*?)</span>\s*(?:<|$)', page, re.DOTALL
    )
    return {title: re.sub(r"<[^>]*>|&nbsp;|\s+", "", value) for title, value in told}


def page_of(browser, run, **query):
    answer = browser.get(reverse("analytics:poverty", args=[run.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def causes(*rows):
    """Households with scores of the pack's causes: those not named are 0, None is not known."""
    return {name: pa.array([row.get(name, 0.0) for row in rows], pa.float64()) for name in CAUSES}


def test_the_published_example_of_four_persons_and_four_dimensions():
    run = made_run(EXAMPLE)
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    page = page_of(browser, run, design=DESIGN, k="2")
    told = figures(page)
    assert told["贫困发生率 H"] == "50.00%"
    assert told["平均剥夺份额 A"] == "75.00%"
    assert told["多维贫困指数 M0"] == "0.3750"
    assert told["多维贫困家庭"] == "2户"
    lines = cells(page, "各项指标")
    assert [(one[0], one[3], one[4], one[5], one[6], one[7]) for one in lines[:4]] == [
        ("income", "1", "25.00%", "1", "25.00%", "16.67%"),
        ("schooling", "3", "75.00%", "2", "50.00%", "33.33%"),
        ("health", "1", "25.00%", "1", "25.00%", "16.67%"),
        ("uninsured", "2", "50.00%", "2", "50.00%", "33.33%"),
    ]
    assert lines[4][0] == "合计"
    assert lines[4][-2] == "100.00%"
    by_k = {one[0]: one[2:5] for one in cells(page, "不同的k".replace("k", " k"))}
    assert by_k["1"] == ["75.00%", "58.33%", "0.4375"]
    assert by_k["3"] == ["25.00%", "100.00%", "0.2500"]
    assert by_k["4"] == ["25.00%", "100.00%", "0.2500"]


@pytest.mark.parametrize("role", READERS)
def test_every_number_is_the_length_of_its_list_for_every_officer(role, monkeypatch):
    monkeypatch.setattr(selectors, "PER_PAGE", 2)
    rows = [
        {"illness": 2.0, "labour": 3.0}, {"illness": 5.0}, {"illness": None, "labour": 2.0}, {"illness": 1.5, "labour": 2.0},
        {"housing": 2.0, "other": 4.0, "skills": 2.5}, dict.fromkeys(CAUSES), {"illness": 2.0, "other": None, "labour": 2.0},
    ]  # fmt: skip
    places = [factories.VILLAGE] * 3 + [factories.VILLAGE + 1] + [factories.OTHER_VILLAGE] * 3
    run = made_run(causes(*rows), areas=places)
    browser = signed_in(factories.officer(role))
    page = page_of(browser, run, k="2")
    numbers = [(url, words) for url, words in anchors(page) if "/households" in url and re.search(r"\d", words)]
    assert len(numbers) > 8
    for url, words in numbers:
        number = int(re.search(r"[\d,]+", words)[0].replace(",", ""))
        assert counted(browser, url) == (number, number), (url, words)
    seen = {Role.TOWNSHIP_CLERK: 4, Role.VILLAGE_ASSISTANT: 3}.get(role, 7)
    assert figures(page)["评估的家庭"] == f"{seen}户"
    assert (seen, seen) in [counted(browser, url) for url, words in numbers if "评估的家庭" in words]
    for place, households, *_others in cells(page, "分地区") if role != Role.VILLAGE_ASSISTANT else []:
        linked = [url for url, words in numbers if words == households and "which=" not in url and "place=" in url]
        assert linked, f"the households of {place} have their list"


def test_unknown_is_never_counted_as_not_poor():
    run = made_run(causes(
        {"illness": 2.0, "labour": None}, {"illness": 2.0, "labour": 2.0}, {"illness": 0.0, "labour": None}, {},
    ))  # fmt: skip
    page = page_of(signed_in(factories.officer(Role.COUNTY_REVIEWER)), run, k="2")
    told = figures(page)
    assert told["多维贫困家庭"] == "1户"
    assert told["是否贫困尚不能确定"] == "1户", "the third lacks at most one thing, whatever the answer is"
    assert told["有指标未知"] == "2户"
    assert told["贫困发生率 H"] == "25.00%至50.00%"
    labour = next(one for one in cells(page, "各项指标") if one[0] == "劳动力")
    assert (labour[3], labour[4], labour[8]) == ("1", "25.00%至75.00%", "2")


def test_contributions_of_places_and_indicators_add_up_to_one():
    rows = [
        {"illness": 2.0, "labour": 3.0, "other": 2.0},
        {"illness": 2.0, "labour": 2.0},
        {"housing": 5.0, "labour": 2.0},
        {},
    ]
    run = made_run(
        causes(*rows), areas=[factories.VILLAGE, factories.OTHER_VILLAGE, factories.OTHER_VILLAGE, factories.VILLAGE]
    )
    page = page_of(signed_in(factories.officer(Role.COUNTY_REVIEWER)), run, k="2")

    def parts(caption, at):
        return [
            float(one[at].rstrip("%")) for one in cells(page, caption) if one[0] != "合计" and one[at].endswith("%")
        ]

    assert sum(parts("各项指标", 7)) == pytest.approx(100, abs=0.05)
    assert parts("分地区", 6) == [42.86, 57.14], "three sevenths of all that is lacked, and four"


def test_the_cutoff_and_the_weights_are_exact():
    run = made_run({"illness": [2.0], "labour": [2.0], "housing": [0.0]})
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    design = "illness>=2*1/10;labour>=2*2/10;housing>=2*7/10"
    for k in ("0.3", "3/10"):
        page = page_of(browser, run, design=design, k=k)
        assert figures(page)["多维贫困家庭"] == "1户", "with floats 0.1 + 0.2 and 0.3 are not the same number"
        url = next(url for url, words in anchors(page) if "/households" in url and "多维贫困家庭" in words)
        assert counted(browser, url) == (1, 1)


@pytest.mark.parametrize("k", ["0", "10", "-1", "二", "1e3", "1/0"])
def test_a_cutoff_that_makes_no_sense_is_refused_with_the_way_out(k):
    run = made_run(causes({"illness": 2.0}))
    answer = signed_in(factories.officer(Role.COUNTY_REVIEWER)).get(
        reverse("analytics:poverty", args=[run.pk]), {"k": k}
    )
    assert answer.status_code == 422
    assert "临界值 k" in answer.content.decode()


@pytest.mark.parametrize(
    "design",
    [
        "nothing>=2",
        "illness",
        "illness>=2;illness>=3",
        "uninsured>=1",
        "illness=true",
        "illness>=2*0",
        "') OR 1=1 -->=2",
    ],
)
def test_a_design_that_cannot_be_counted_is_not_there(design):
    run = made_run({**causes({}), "uninsured": [True]})
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    assert browser.get(reverse("analytics:poverty", args=[run.pk]), {"design": design}).status_code == 404


def test_a_design_of_ones_own_becomes_an_address():
    run = made_run({**causes({"illness": 2.0}), "income_ratio": [0.5]})
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    url = reverse("analytics:poverty", args=[run.pk])
    asked = {"use": ["illness", "income_ratio"], "line-illness": "3", "weight-illness": "1/3", "line-income_ratio": "1",
             "below-income_ratio": "on", "weight-income_ratio": "2/3"}  # fmt: skip
    page = browser.get(url, asked, follow=True)
    assert page.redirect_chain[-1][0].endswith("design=illness%3E%3D3%2A1%2F3%3Bincome_ratio%3C1%2A2%2F3")
    assert figures(page.content.decode())["多维贫困家庭"] == "0户"
    refused = browser.get(url, {"use": "illness", "line-illness": "三"})
    assert refused.status_code == 422
    assert "读不出来" in refused.content.decode()


def test_a_run_of_an_older_pack_leaves_out_what_it_does_not_have():
    run = made_run({"illness": [2.0, 0.0], "labour": [2.0, 2.0]})
    page = page_of(signed_in(factories.officer(Role.COUNTY_REVIEWER)), run)
    assert "这次评估用的政策包没有" in page
    assert figures(page)["多维贫困家庭"] == "1户"


def test_without_causes_the_page_says_so_and_offers_to_choose():
    run = made_run({"income_ratio": [0.5, 1.5]})
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    page = page_of(browser, run)
    assert "没有现成的指标方案" in page
    assert 'value="income_ratio"' in page


def test_out_of_scope_it_is_not_there():
    run = made_run(causes({"illness": 2.0}), areas=[factories.OTHER_VILLAGE])
    url = reverse("analytics:poverty", args=[run.pk])
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    assert clerk.get(url, {"place": factories.OTHER_TOWNSHIP}).status_code == 404
    assert clerk.get(url, {"place": factories.TOWNSHIP}).status_code == 200
    assert signed_in(factories.officer(Role.COUNTY_REVIEWER, factories.OTHER_COUNTY)).get(url).status_code == 404
    assert signed_in(factories.officer(Role.AUDITOR)).get(url).status_code == 404


def test_moving_k_reads_the_results_no_more(monkeypatch, django_assert_num_queries):
    run = made_run(causes({"illness": 2.0, "labour": 2.0}))
    browser = signed_in(factories.officer(Role.COUNTY_REVIEWER))
    page_of(browser, run)
    monkeypatch.setattr(measured, "results_in", None)
    page = page_of(browser, run, k="1")
    assert figures(page)["多维贫困家庭"] == "1户"
    with django_assert_num_queries(QUERIES):
        page_of(browser, run, k="3")


#: Session, officer, appointments, the run, its area, the places to choose from, the places below.
QUERIES = 7


def test_lacks_are_read_back_as_they_were_written():
    known = {"illness": "number", "uninsured": "truth"}
    for text in ("illness>=2;uninsured=true*1/6", "illness<0.5*3"):
        assert ";".join(one.text for one in lacks(text, known)) == text
    assert lacks("illness>=2*0.25", known)[0].weight == Fraction(1, 4)
    for text in (
        "illness>=2;;",
        "illness",
        "illness=2",
        "uninsured=false",
        "illness>=2*0",
        "illness>=2*1/0",
        "other>=2",
    ):
        with pytest.raises(Unreadable):
            lacks(text, known)
