"""Whoever reads all wall screens of a run, adds and subtracts, learns no small number from them."""

import random

import numpy as np
import pytest
from scipy.optimize import linprog
from tests import factories
from tests.analytics.made_runs import CAUSES, home, run

from zhikun.accounts.roles import Right
from zhikun.analytics.limits import SMALL_NUMBER
from zhikun.analytics.wall import picture
from zhikun.analytics.withholding import (
    HOUSEHOLDS,
    SEVERAL,
    SOME,
    UNDETERMINED,
    Form,
    Screen,
    category,
    cause,
    forms,
    over,
)
from zhikun.assessments.results import pack_of
from zhikun.assessments.selectors import reach
from zhikun.assessments.ui.common import Asked
from zhikun.places.models import Area, AreaRange

pytestmark = pytest.mark.django_db

EXACT, SMALL, APART = Form.EXACT, Form.SMALL, Form.APART
VILLAGES = (factories.VILLAGE, factories.VILLAGE + 1, factories.OTHER_VILLAGE)
TOWNSHIPS = {
    factories.TOWNSHIP: (factories.VILLAGE, factories.VILLAGE + 1), factories.OTHER_TOWNSHIP: (factories.OTHER_VILLAGE,),
}  # fmt: skip
SIZE = SMALL_NUMBER.value


def span(code):
    return Area.objects.get(pk=code).range


def screen_of(found):
    return Screen(found, CAUSES, 2.0, whole=True)


def told(found, code):
    """The forms of a place's numbers; those that nobody has there are told."""
    return forms(screen_of(found), span(code))


def truth(rows):
    """Number by name of some households, all of whose scores are known unless their category is open."""
    counts = {HOUSEHOLDS: len(rows), UNDETERMINED: 0, SOME: 0, SEVERAL: 0}
    for row in rows:
        reached = [name for name in CAUSES if (row[name] or 0) >= 2]
        known = all(row[name] is not None for name in CAUSES)
        named = [category(row["_category"]), *map(cause, reached)]
        named += [UNDETERMINED] if row["_category"] is None else []
        named += [SOME] if known and reached else []
        named += [SEVERAL] if known and len(reached) > 1 else []
        for name in named:
            counts[name] = counts.get(name, 0) + 1
    return counts


def learned(found, rows):
    """Small numbers that somebody works out who knows every screen, from the county's to each village's."""
    by_village = {v: truth([row for row in rows if row["_area"] == v]) for v in VILLAGES}
    names = sorted({name for counts in by_village.values() for name in counts})
    at = {(v, name): n for n, (v, name) in enumerate((v, name) for v in VILLAGES for name in names)}
    equal, sums, bounds = [], [], [(0, None)] * len(at)
    places = {factories.COUNTY: VILLAGES, **TOWNSHIPS, **{v: (v,) for v in VILLAGES}}
    asked = []
    for code, villages in places.items():
        shown = told(found, code)
        for name in names:
            if name == SOME and code == factories.COUNTY:
                continue  # stands on no screen
            row = np.zeros(len(at))
            row[[at[v, name] for v in villages]] = 1
            number = sum(by_village[v].get(name, 0) for v in villages)
            form = shown.get(name, EXACT)
            if form is EXACT:
                assert not 0 < number < SIZE
                equal.append(row), sums.append(number)
            elif 0 < number < SIZE:
                asked.append((code, name, row))
            if len(villages) == 1 and form is not EXACT:
                bounds[at[villages[0], name]] = (1, SIZE - 1) if form is SMALL else (0, None)
    for v in VILLAGES:  # categories make up all households
        row = np.zeros(len(at))
        for name in names:
            row[at[v, name]] = 1 if name.startswith("category:") else -1 if name == HOUSEHOLDS else 0
        equal.append(row), sums.append(0)
    found_out = []
    for code, name, row in asked:
        low, high = (linprog(sign * row, A_eq=np.array(equal), b_eq=np.array(sums), bounds=bounds) for sign in (1, -1))
        if low.status == 0 and high.status == 0 and -high.fun - low.fun < 0.5:
            found_out.append((code, name))
    return found_out


def some_households(seed):
    dice = random.Random(seed)
    rows = []
    for village in VILLAGES:
        for _n in range(dice.choice((6, 12, 30, 45))):
            scores = {name: 2.5 for name in CAUSES[:4] if dice.random() < 0.12}
            open_ = dice.random() < 0.1
            if open_:
                rows.append(home(village, category=None, index=None, labour=None, **scores))
            else:
                rows.append(
                    home(village, category=dice.choice(("none", "none", "single_need", "several_needs")), **scores)
                )
    return rows


@pytest.mark.parametrize("seed", range(12))
def test_all_screens_together_give_no_small_number_away(seed):
    rows = some_households(seed)
    assert learned(run(rows), rows) == []


def test_a_small_number_of_a_township_does_not_follow_from_the_countys_and_the_other_townships():
    rows = [
        *[home(illness=2.0) for _n in range(9)], *[home() for _n in range(20)],
        *[home(factories.OTHER_VILLAGE, illness=2.0) for _n in range(2)],
        *[home(factories.OTHER_VILLAGE) for _n in range(20)],
    ]  # fmt: skip
    found = run(rows)
    name = cause("illness")
    assert told(found, factories.COUNTY)[name] is EXACT
    assert told(found, factories.OTHER_TOWNSHIP)[name] is SMALL
    assert told(found, factories.TOWNSHIP)[name] is APART, "11 less 9 would be the 2 of the other township"
    assert told(found, factories.VILLAGE)[name] is APART, "nor may the villages add up to it"
    assert learned(found, rows) == []


def test_exactly_one_cause_does_not_follow_from_one_or_more_less_several():
    rows = [
        *[home(illness=2.0, labour=2.0) for _n in range(12)], *[home(illness=2.0) for _n in range(3)],
        *[home() for _n in range(20)],
    ]  # fmt: skip
    found = run(rows)
    assert told(found, factories.COUNTY)[SEVERAL] is APART


def test_those_determined_do_not_follow_from_all_less_those_undetermined():
    rows = [*[home(category=None, index=None) for _n in range(30)], *[home(category="single_need") for _n in range(3)]]
    found = run(rows)
    shown = told(found, factories.COUNTY)
    assert (shown[category("single_need")], shown[UNDETERMINED], shown[category(None)]) == (SMALL, APART, APART)


def test_an_officer_of_some_villages_is_told_no_more_than_the_villages_screens():
    rows = [
        *[home(illness=2.0) for _n in range(9)], *[home(factories.VILLAGE + 1, illness=2.0) for _n in range(2)],
        *[home(factories.OTHER_VILLAGE, illness=2.0) for _n in range(7)],
    ]  # fmt: skip
    found, name = run(rows), cause("illness")
    both = [span(factories.VILLAGE), span(factories.OTHER_VILLAGE)]
    assert over(screen_of(found), both, name, 16) is APART
    assert over(screen_of(found), [AreaRange(found.area, found.area_last)], name, 18) is EXACT


def test_the_screen_of_a_township_and_its_trend_leave_out_what_the_countys_would_give_away():
    small = [home(factories.OTHER_VILLAGE, category=None, index=None) for _n in range(2)]
    rows = [*[home(category=None, index=None) for _n in range(8)], *[home() for _n in range(9)], *small]
    rows += [home(factories.OTHER_VILLAGE) for _n in range(9)]
    before = run([home() for _n in range(9)], on=run(rows).on.replace(year=2025))
    found = type(before).objects.exclude(pk=before.pk).get()
    officer = factories.officer(factories.Role.COUNTY_REVIEWER)
    place = Area.objects.get(pk=factories.TOWNSHIP)
    at = Asked(
        officer,
        found,
        Area.objects.get(pk=found.area),
        place,
        reach(officer, found, place),
        pack_of(found),
        Right.HOUSEHOLD_VIEW,
        [found.range],
    )
    shown = picture(at)
    assert shown.undetermined.form is APART
    assert [(run_.pk, open_.form) for run_, _all, open_ in shown.trend] == [(before.pk, EXACT), (found.pk, APART)]
