"""What the platform does every night."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from tests.officers import officer

from zhikun.accounts.roles import Role
from zhikun.audit import guards
from zhikun.audit import services as audit
from zhikun.audit.models import Entry
from zhikun.jobs import services
from zhikun.jobs.models import Job
from zhikun.jobs.worker import work_off

pytestmark = pytest.mark.django_db


def done(kind):
    services.ask(kind)
    work_off()
    return Job.objects.get(kind=kind)


def test_over_sessions_and_old_routine_go_what_officers_asked_for_stays():
    now = timezone.now()
    Session.objects.create(pk="over", session_data="", expire_date=now - timedelta(seconds=1))
    Session.objects.create(pk="open", session_data="", expire_date=now + timedelta(hours=1))
    clerk = officer(Role.TOWNSHIP_CLERK)
    for title, who, state, days in (
        ("routine", None, "done", 91), ("young", None, "done", 89), ("broken", None, "failed", 91), ("asked", clerk, "done", 400),
    ):  # fmt: skip
        Job.objects.create(kind="t", title=title, officer=who, state=state, ended_at=now - timedelta(days=days))
    assert done("web.housekeeping").state == "done"
    assert list(Session.objects.values_list("pk", flat=True)) == ["open"]
    assert set(Job.objects.filter(kind="t").values_list("title", flat=True)) == {"young", "broken", "asked"}


def test_a_whole_record_is_said_and_a_broken_one_fails_with_the_way_out():
    for _n in range(3):
        audit.record("t.act", by=None)
    first = done("web.record_check")
    assert (first.state, first.result) == ("done", {"text": "3 条留痕逐条相连。"})
    with guards.lifted(connection):
        Entry.objects.filter(number=2).update(reason="x")
    Job.objects.all().delete()
    second = done("web.record_check")
    assert second.state == "failed"
    assert "zhikun audit verify" in second.error
    assert second.reference == ""
