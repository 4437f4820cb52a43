"""The one page of a household, and its timeline."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.registry import events
from zhikun.registry.models import Contradiction, Household, Membership
from zhikun.registry.panels import panels_for, shared
from zhikun.registry.selectors.file import File, file_of, visible
from zhikun.registry.selectors.known import told_value
from zhikun.registry.sources import SourceKind, in_order
from zhikun.registry.ui.structure import offered_changes
from zhikun.registry.vocabulary import categories, entity_title, title_of, vocabulary

LATEST = 8
PER_PAGE = 40


@requires(Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def household(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """一户一档: who they are, hardship, help, facts with their sources, contradictions, timeline, documents, who has looked."""
    officer = officer_of(request)
    found = shared(visible(officer, pk, also=["facts"]))
    file = file_of(found, officer)
    context = {
        "title": _("{n} 号家庭档案").format(n=found.number),
        "crumbs": crumbs(found),
        "file": file,
        "household": found,
        "claimed": claimed(file),
        "unmasked": file.unmasking is not None,
        "minutes_left": minutes_left(file),
        "panels": panels_for(found, officer),
        "events": file.events(0, LATEST),
        "more_events": len(file.entries) > LATEST,
        "disputes": [dispute(one, file.members, unmasked=file.unmasking is not None) for one in file.contradictions],
        "sources": in_order(),
        "changes": offered_changes(found),
        **allowed(officer, found),
    }
    if not file.looks.lately:
        note(
            events.VIEWED, by=officer, household=found.pk, subject=found.number, area=found.area_id, looks=True,
            details={"unmasked": file.unmasking is not None},
        )  # fmt: skip
    return render_page(request, "registry/household.html", context)


@requires(Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def timeline(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Everything that happened, forty at a time."""
    officer = officer_of(request)
    found = visible(officer, pk)
    file = file_of(found, officer)
    asked = request.GET.get("page", "1")
    page = int(asked) if asked.isascii() and asked.isdigit() and 0 < int(asked) < 1000 else 1
    context = {
        "title": _("{n} 号家庭的全部经过").format(n=found.number),
        "crumbs": [*crumbs(found, link=True), Crumb(_("全部经过"))],
        "household": found,
        "events": file.events((page - 1) * PER_PAGE, PER_PAGE),
        "older": page + 1 if len(file.entries) > page * PER_PAGE else 0,
        "newer": page - 1,
    }
    return render_page(request, "registry/timeline.html", context)


def crumbs(found: Household, *, link: bool = False) -> list[Crumb]:
    """The way to a household's page."""
    here = reverse("registry:household", args=[found.pk]) if link else ""
    return [Crumb(_("家庭档案"), reverse("registry:search")), Crumb(found.number, here)]


def allowed(officer: Officer, found: Household) -> dict[str, bool]:
    """What the officer may do here: for which buttons are drawn. The verbs ask again."""
    open_file = found.state == Household.State.OPEN
    area = found.area_id
    return {
        "may_edit": open_file and officer.may(Right.HOUSEHOLD_EDIT, area),
        "may_reopen": found.state == Household.State.CLOSED and officer.may(Right.HOUSEHOLD_EDIT, area),
        "may_settle": open_file and officer.may(Right.HOUSEHOLD_SETTLE, area),
        "may_unmask": officer.may(Right.HOUSEHOLD_UNMASK, area),
    }


def minutes_left(file: File) -> int:
    """How long the full particulars stay open, in whole minutes, at least one."""
    if file.unmasking is None:
        return 0
    return max(1, int((file.unmasking.until - timezone.now()).total_seconds() // 60))


def claimed(file: File) -> str:
    """What assistance visits and reports name, where no category is registered: a reader needs both to understand either."""
    if file.household.category:
        return ""
    named = file.known.values.get("household", {}).get("", {}).get("current_assistance")
    titles = categories()
    return "、".join(titles[code] for code in named or () if code in titles)


def dispute(one: Contradiction, members: Sequence[Membership], *, unmasked: bool) -> dict[str, Any]:
    """A contradiction as the page shows it: what each side says, and what stands until somebody decides."""
    known = vocabulary().get((one.entity, one.fact))
    who = next((row for row in members if str(row.person_id) == one.row), None)
    return {
        "one": one,
        "title": title_of(one.entity, one.fact),
        "entity": entity_title(one.entity),
        "member": who,
        "sides": [
            {
                "value": told_value(known, side["value"], unmasked=unmasked),
                "source": SourceKind(side["source"]).label,
                "observed_on": side["observed_on"],
            }
            for side in one.sides
        ],
    }
