"""A page of statistics notices that a newer assessment goes on and is done; of an old pack it says so."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.analytics.made_runs import DAY, home, run
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.assessments.models import Run
from zhikun.assessments.services import run as running
from zhikun.jobs.models import Job
from zhikun.places.models import Area

pytestmark = pytest.mark.django_db

PAGES = ["statistics", "crossing"]


def reviewer():
    return factories.officer(Role.COUNTY_REVIEWER)


def begun(who, area=factories.COUNTY):
    """Somebody has asked for an assessment, and work is waiting."""
    return running.start(Area.objects.get(pk=area), timezone.localdate(), acting_officer=who)[0]


def done(one):
    """The run has found something."""
    Job.objects.filter(key=f"{running.KIND}:{one.pk}").update(state=Job.State.DONE)
    made = run([home()], on=one.on)
    Run.objects.filter(pk=one.pk).delete()
    return made


def asks(browser, url, page):
    """What the open page is answered when it asks by itself, as it said it would; None: it does not ask."""
    watched = re.search(r'<div id="newer"[^>]*hx-get="([^"]*)"[^>]*hx-headers=\'([^\']*)\'', page)
    if not watched:
        return None
    seen = re.search(r'"X-Zhikun-Seen": "([^"]*)"', watched[2])[1]
    headers = {"HX-Request": "true", "X-Zhikun-Poll": "1", "X-Zhikun-Seen": seen}
    return browser.get(watched[1].replace("&amp;", "&") or url, headers=headers)


@pytest.mark.parametrize("view", PAGES)
def test_who_opens_the_page_while_an_assessment_goes_on_gets_its_numbers_by_themselves(view):
    who, old = reviewer(), run([home(), home()])
    browser = signed_in(who)
    going_on = begun(who)
    url = reverse(f"analytics:{view}", args=[old.pk]) + f"?place={factories.TOWNSHIP}"
    page = browser.get(url).content.decode()
    assert "完成后，这里自动换成最新的结果" in page
    assert asks(browser, url, page).status_code == 204
    new = done(going_on)
    answer = asks(browser, url, page)
    assert answer["HX-Redirect"] == reverse(f"analytics:{view}", args=[new.pk]) + f"?place={factories.TOWNSHIP}"
    assert "这里是最新的结果" in browser.get(answer["HX-Redirect"]).content.decode()


@pytest.mark.parametrize("view", PAGES)
def test_who_was_reading_when_it_began_is_told_and_goes_there_themselves(view):
    who, old = reviewer(), run([home(), home()])
    browser = signed_in(who)
    url = reverse(f"analytics:{view}", args=[old.pk])
    page = browser.get(url).content.decode()
    assert asks(browser, url, page).status_code == 204
    going_on = begun(who)
    told = asks(browser, url, page).content.decode()
    assert "有人发起了新的评估" in told
    assert asks(browser, url, told).status_code == 204
    new = done(going_on)
    answer = asks(browser, url, told)
    assert "HX-Redirect" not in answer
    offered = answer.content.decode()
    assert reverse(f"analytics:{view}", args=[new.pk]) in offered
    assert asks(browser, url, offered) is None, "there is nothing more to ask"


def test_the_first_assessment_of_all_opens_its_statistics():
    who = reviewer()
    browser = signed_in(who)
    going_on = begun(who)
    url = reverse("analytics:newest")
    page = browser.get(url).content.decode()
    assert "还没有完成的评估" in page
    new = done(going_on)
    assert asks(browser, url, page)["HX-Redirect"] == reverse("analytics:statistics", args=[new.pk])


@pytest.mark.parametrize("ended", [Job.State.FAILED, Job.State.CANCELLED, Job.State.DONE])
def test_an_assessment_that_ends_with_nothing_new_is_told_once_and_the_page_stays(ended):
    who, old = reviewer(), run([home()])
    browser = signed_in(who)
    going_on = begun(who)
    url = reverse("analytics:statistics", args=[old.pk])
    page = browser.get(url).content.decode()
    Job.objects.filter(key=f"{running.KIND}:{going_on.pk}").update(state=ended)
    told = asks(browser, url, page).content.decode()
    assert "没有更新的结果" in told
    assert asks(browser, url, told).status_code == 204


def test_an_older_run_that_was_chosen_stays_and_other_places_and_packs_do_not_matter():
    who, old, new = reviewer(), run([home()], on=DAY.replace(day=1)), run([home()])
    browser = signed_in(who)
    begun(who)
    assert asks(browser, "", browser.get(reverse("analytics:statistics", args=[old.pk])).content.decode()) is None
    url = reverse("analytics:statistics", args=[new.pk])
    assert "自动换成最新的结果" in browser.get(url).content.decode()
    Run.objects.filter(state=Run.State.ACTIVE).update(
        area=factories.OTHER_TOWNSHIP, area_last=factories.OTHER_TOWNSHIP + 999
    )
    assert "自动换成最新的结果" not in browser.get(url).content.decode()
    elsewhere = browser.get(url, {"place": factories.OTHER_TOWNSHIP}).content.decode()
    assert "自动换成最新的结果" in elsewhere


@pytest.mark.parametrize("view", PAGES)
def test_a_run_by_another_version_of_the_pack_says_whose_line_is_drawn(view):
    browser = signed_in(reviewer())
    old = run([home(illness=2.0)], pack_version="0.9", pack_hash="older")
    page = browser.get(reverse(f"analytics:{view}", args=[old.pk])).content.decode()
    assert "0.9”，现行的是" in page
    assert "致困认定线和各项的名称，按现行的政策包" in page
    new = run([home(illness=2.0)], on=DAY.replace(day=2))
    assert "现行的是" not in browser.get(reverse(f"analytics:{view}", args=[new.pk])).content.decode()
