"""预警 on the household's page and in its timeline: what the newest month says of its people, and what earlier ones said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.monitoring.models import RaisedWarning, WarningMonth, WarningQuerySet
from zhikun.monitoring.selectors import Shown, shown, words_of
from zhikun.pages.parts import Event
from zhikun.registry.models import Household, Membership
from zhikun.registry.panels import Panel, once
from zhikun.registry.selectors.file import members_now

_LATEST = 100  # entries in a timeline: eight years of one person's monthly warnings
_OF_ONE_MONTH = 100  # warnings of one household in one month: far more than it has people and directions


def panel() -> Panel:
    """The panel, as the registry takes it."""
    return Panel("monitoring", _("预警（系统提示，由人核实）"), "monitoring/panel.html", context, order=20)


def about(household: Household, officer: Officer) -> WarningQuerySet:
    """The warnings about a household: of who belongs to it now, and of who did when they were placed and is in no other."""
    if not officer.may(Right.WARNING_VIEW, household.area_id):
        return RaisedWarning.objects.none()
    # The few people by name, and each of the others asked alone: a set of all members of a province is not gone through.
    members = [one.person_id for one in members_now(household)]
    elsewhere = Membership.objects.now().filter(person=OuterRef("person_id")).exclude(household=household)
    left_here = Q(household=household) & ~Exists(elsewhere)
    return RaisedWarning.objects.filter(Q(person__in=members) | left_here).select_related("of", "person")


def _newest(household: Household) -> WarningMonth | None:
    """The newest month, which the panel and the timeline of one page both want."""
    return once(household, "monitoring.newest", WarningMonth.newest)


def _told(household: Household, officer: Officer) -> list[RaisedWarning]:
    """What the newest month says of the household and what happened in earlier ones, the latest first: one question for both."""

    def ask() -> list[RaisedWarning]:
        wanted = Q(of=_newest(household)) | ~Q(change="continued")
        return list(about(household, officer).filter(wanted).order_by("-of__month", "pk")[: _LATEST + _OF_ONE_MONTH])

    return once(household, "monitoring.told", ask)


def context(household: Household, officer: Officer) -> dict[str, Any] | None:
    """What the panel's template draws; None where there is nothing in the newest month."""
    newest = _newest(household)
    if newest is None:
        return None
    rows = [
        one for one in _told(household, officer) if one.of_id == newest.pk and one.state != RaisedWarning.State.CLEARED
    ]
    found: list[Shown] = [shown(one) for one in sorted(rows, key=lambda one: (one.due, -one.level, one.pk))]
    return {"month": newest, "warnings": found} if found else None


def events(household: Household, officer: Officer) -> Iterable[tuple[datetime, Event]]:
    """What the months said: new, raised, lowered, cleared. That one went on is no event."""
    if _newest(household) is None:  # no month was taken in yet
        return
    for one in [one for one in _told(household, officer) if one.change != "continued"][:_LATEST]:
        words = words_of(one)
        on = one.raised if one.change in {"new", "raised"} and one.raised else one.of.sent_on
        title = (
            _("预警解除") if one.state == one.State.CLEARED else _("{l}预警：{c}").format(l=words.level, c=words.change)
        )
        text = f"{words.direction}。{words.cleared or words.reasons or words.causes}".rstrip("。")
        tone = "success" if one.state == one.State.CLEARED else words.tone
        at = timezone.make_aware(datetime.combine(on, time.min))
        yield at, Event(on, title, "", text, tone, reverse("monitoring:warning", args=[one.pk]))
