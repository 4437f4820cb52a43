"""Who looked at this household, and why."""

import uuid
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from zhikun.audit import registry, selectors
from zhikun.audit.registry import Event
from zhikun.audit.services import Act, record, record_many

pytestmark = pytest.mark.django_db


def test_looks_at_a_household_by_officer_and_day(clerk, auditor, django_assert_num_queries):
    household, other = uuid.uuid4(), uuid.uuid4()
    for reason in ("入户核查", "入户核查", "补充材料"):
        record("registry.household_viewed", by=clerk, household=household, reason=reason, looks=True)
    record("registry.household_viewed", by=clerk, household=other, looks=True)
    record("registry.household_changed", by=clerk, household=household)
    record_many("registry.exported", [Act(household), Act(other)], by=auditor, reason="上报", looks=True)
    with django_assert_num_queries(1):
        looks = selectors.looks_at(household)
    assert [(one.officer[:2], one.count, one.what, one.reasons) for one in looks] == [
        ("李某", 1, ("导出家庭名单",), ("上报",)),
        ("张某", 3, ("查看家庭档案",), ("补充材料", "入户核查")),
    ]
    assert looks[0].day == timezone.localdate()
    assert selectors.looks_at(household, timezone.localdate() + timedelta(days=1)) == []


def test_a_code_has_one_meaning():
    with pytest.raises(ValueError, match="two meanings"):
        registry.register(Event("audit.searched", "别的"))


def test_every_app_says_its_events_in_words():
    """No code reaches a page where an app knows the words; each code begins with its app."""
    known = {event.code: event for event in registry.known()}
    for code in ("registry.household_viewed", "accounts.sign_in_failed", "places.areas_imported", "jobs.asked"):
        assert not known[code].told("").isascii()
    ours = {app.label for app in apps.get_app_configs() if app.name.startswith("zhikun.")}
    assert {code.split(".")[0] for code in known} <= ours
    assert known["accounts.sign_in_failed"].noise
    assert Event("x", "查看了家庭 {subject} 的档案").told("H-1") == "查看了家庭 H-1 的档案"
