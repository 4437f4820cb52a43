"""Weights moved so that they no longer add up to what the pack has: told before the trial and after, and never refused."""

from fractions import Fraction

import pytest
from django.urls import reverse
from tests.analytics.test_whatif import AT_THREE, office, run_now, tried
from tests.assessments.test_assessing import DAY, reviewer
from tests.officers import signed_in

from zhikun.analytics import weights
from zhikun.analytics.levers import levers, read
from zhikun.analytics.models import Trial
from zhikun.analytics.services import whatif
from zhikun.assessments.services.provisional import plan_on

MOVED, KEPT = "weight_housing=0.2", "weight_illness=0.08"


def sums(*texts):
    plan = plan_on(DAY)
    return weights.moved(plan, read(levers(plan.pack, DAY), texts))


def test_the_packs_weighted_mean_is_found_by_its_formula():
    ((title, names),) = weights.groups_of(plan_on(DAY))
    assert title == "九项加权平均"
    assert (len(names), "weight_housing" in names, "cause_threshold" in names) == (9, True, False)


def test_a_sum_that_moves_is_told_and_one_that_comes_back_to_the_packs_own_is_not():
    (told,) = sums(MOVED)
    assert (told.was, told.now, told.weights) == (Fraction(1), Fraction(11, 10), 9)
    assert "由 1 变为 1.1" in told.words["what"]
    assert "偏高" in told.words["why"]
    (less,) = sums("weight_housing=0")
    assert "由 1 变为 0.9" in less.words["what"]
    assert "偏低" in less.words["why"]
    assert sums(MOVED, KEPT) == []
    assert sums(AT_THREE) == []


@pytest.mark.django_db
def test_it_is_told_before_and_after_the_trial_and_the_trial_goes_on():
    office()
    run = run_now()
    browser = signed_in(reviewer())
    before = browser.get(reverse("analytics:try"), {"run": run.pk, "set": [MOVED]})
    assert before.status_code == 200
    assert "权重合计由 1 变为 1.1" in before.content.decode().replace("9 个", "")
    assert "开始试算" in before.content.decode()
    assert (
        "个权重合计由"
        not in browser.get(reverse("analytics:try"), {"run": run.pk, "set": [MOVED, KEPT]}).content.decode()
    )
    sent = browser.post(reverse("analytics:try"), {"run": run.pk, "set": [MOVED]})
    assert sent.status_code == 302
    after = browser.get(sent["Location"]).content.decode()
    assert "个权重合计由 1 变为 1.1" in after
    assert "使合计回到 1" in after
    assert Trial.objects.get().state == Trial.State.DONE
    balanced = tried(run, MOVED, KEPT)
    assert "个权重合计由" not in browser.get(reverse("analytics:trial", args=[balanced.pk])).content.decode()


@pytest.mark.django_db
def test_a_pack_changed_since_tells_of_no_weights():
    office()
    run = run_now()
    run.pack_hash = "another"
    assert whatif.weights_of(run, [MOVED]) == []
