"""Flags to confirm: what is still to be decided is counted, listed and exported alike, and what people decided is told apart."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.assessments.test_assessing import reviewer
from tests.assessments.test_list_exports import address_of_export, exported, rows_of
from tests.assessments.test_one_household import FLAG, HOME, PERSON, decided, flagged, say
from tests.assessments.test_pages import anchors, counted, run_now
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.assessments.decisions import FlagDecision
from zhikun.assessments.selectors import count_of, reach
from zhikun.assessments.wanted import ANY, DECIDED, TO_DECIDE, Unreadable, Wanted, read

pytestmark = pytest.mark.django_db


def number(run, decided_="", flag=FLAG, who=None):
    return count_of(run, reach(who or reviewer(), run), Wanted(flag=flag, decided=decided_))


def numbers(run, flag=FLAG):
    return [number(run, one, flag) for one in ("", TO_DECIDE, DECIDED)]


def test_what_a_person_decided_since_is_no_longer_to_be_decided():
    first, _second = flagged(1), flagged(2)
    run = run_now()
    assert numbers(run) == numbers(run, ANY) == [2, 2, 0]
    decided(first)
    assert numbers(run) == numbers(run, ANY) == [2, 1, 1]
    decided(first, FlagDecision.Decision.CONFIRM)
    assert numbers(run) == [2, 1, 1], "decided again is decided once"


def test_with_one_flag_of_two_decided_the_household_still_has_one_to_decide():
    made = flagged(1, business_income_year=-5)
    run = run_now()
    decided(made)
    codes = run_flags(run, made)
    left = 1 if len(codes) > 1 else 0
    assert numbers(run, ANY) == [1, left, 1 - left]
    assert numbers(run) == [1, 0, 1]


def run_flags(run, household):
    from zhikun.assessments.results import kept_in

    return kept_in(run, household.pk).flags


def test_a_decision_of_before_the_run_counts_while_it_rests_on_the_facts_that_the_run_used():
    spouse = factories.member("苏试二", "10", 77, "19700301", **{**PERSON, "self_rated_health": "poor"})
    other = factories.household(n=9, members=[factories.member("马试三", "02", 70, **PERSON), spouse], **HOME)
    for one in (flagged(1), other):
        decided(one)
    FlagDecision.objects.update(at=timezone.now() - timedelta(days=3))
    say(other, "member", str(other.head_id), self_rated_health="poor")
    run = run_now()
    assert numbers(run) == [2, 1, 1]
    decided(other)
    assert numbers(run) == [2, 0, 2]


def test_the_pages_number_its_list_and_its_export_are_one(tmp_path):
    homes = [flagged(1), flagged(2), flagged(3, factories.OTHER_VILLAGE)]
    run = run_now()
    decided(homes[0])
    browser = signed_in(reviewer())
    for page in (reverse("assessments:run", args=[run.pk]), reverse("analytics:statistics", args=[run.pk])):
        shown = browser.get(page).content.decode()
        assert "另有1户的提示已由人认定" in re.sub(r"<[^>]*>|\s", "", shown), page
        links = [(url, told) for url, told in anchors(shown) if "decided=" in url]
        assert links
        for url, told in links:
            said, lines = counted(browser, url)
            assert said == lines == int(re.search(r"\d+", told)[0]), url
    for which, expected in ((TO_DECIDE, 2), (DECIDED, 1)):
        wanted = Wanted(flag=FLAG, decided=which)
        made = exported(browser, address_of_export(run, wanted), columns=("number", "run._flags"))
        heads, rows = rows_of(made, tmp_path)
        assert len(rows) == made.rows == expected
        marked = ["（已认定）" in row[heads.index("须由人确认")] for row in rows]
        assert marked == [which == DECIDED] * expected


def test_the_statistics_page_says_at_once_what_was_decided_a_moment_ago():
    made = flagged(1)
    run = run_now()
    browser = signed_in(reviewer())
    url = reverse("analytics:statistics", args=[run.pk])
    assert "另有 1 户的提示已由人认定" not in browser.get(url).content.decode()
    decided(made)
    told = re.sub(r"<[^>]*>|\s", "", browser.get(url).content.decode())
    assert "另有1户的提示已由人认定" in told


def test_another_township_counts_its_own_only():
    made = flagged(1), flagged(2, factories.OTHER_VILLAGE)
    run = run_now()
    for one in made:
        decided(one)
    clerk = factories.officer(Role.TOWNSHIP_CLERK)
    assert [number(run, one, who=clerk) for one in ("", TO_DECIDE, DECIDED)] == [1, 0, 1]


def test_an_address_asks_for_decided_or_not_and_nothing_else(rf):
    types = {"household": "VARCHAR"}
    assert read(rf.get("/?decided=yes").GET, types, ()) == Wanted(flag=ANY, decided=DECIDED)
    with pytest.raises(Unreadable):
        read(rf.get("/?decided=maybe").GET, types, ())
