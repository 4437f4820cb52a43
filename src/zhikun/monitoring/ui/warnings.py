"""The work list of warnings, and one warning opened."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.monitoring import events, selectors
from zhikun.monitoring.explained import explained
from zhikun.monitoring.models import RaisedWarning, WarningMonth
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Tab
from zhikun.pages.render import render_page
from zhikun.places.models import Area
from zhikun.registry.selectors.places import offered
from zhikun.registry.selectors.search import scope
from zhikun.registry.ui.asked import first_time

EVERY = "all"
NOWHERE = "none"
_KEPT = ("of", "place", "state", "direction", "overdue", "filed", "level")


class ListForm(forms.Form):
    """What narrows the list; all of it stands in the address."""

    of = forms.ChoiceField(label=gettext_lazy("月份"), required=False)
    place = forms.TypedChoiceField(label=gettext_lazy("地区"), required=False, coerce=int, empty_value=None)
    direction = forms.ChoiceField(
        label=gettext_lazy("方向"),
        required=False,
        choices=[("", gettext_lazy("全部")), *RaisedWarning.Direction.choices],
    )
    state = forms.ChoiceField(label=gettext_lazy("状态"), required=False)
    filed = forms.ChoiceField(
        label=gettext_lazy("家庭档案"), required=False,
        choices=[("", gettext_lazy("在家庭档案里")), (NOWHERE, gettext_lazy("不在任何家庭档案里"))],
    )  # fmt: skip
    overdue = forms.BooleanField(label=gettext_lazy("只看已超期"), required=False)

    def __init__(self, officer: Officer, data: Any, months: list[WarningMonth], place: Area | None) -> None:
        super().__init__(data)
        several = len({one.pack for one in months}) > 1
        titles = [(str(one), f"{one.month} {one.pack_title}" if several else one.month) for one in months]
        waiting, answered = RaisedWarning.State.WAITING, RaisedWarning.State.ANSWERED
        states = [("", waiting.label), (answered, answered.label), (EVERY, _("全部"))]
        for name, choices in (
            ("of", titles),
            (
                "place",
                [
                    ("", _("全部管辖地区")),
                    *((one.code, one.title) for one in offered(officer, place, Right.WARNING_VIEW)),
                ],
            ),
            ("state", states),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]  # choice fields, all three


@requires(Right.WARNING_VIEW, methods=("GET", "HEAD"))
def warnings(request: HttpRequest) -> HttpResponse:
    """The month's warnings: what is overdue first, of one day the gravest first."""
    officer = officer_of(request)
    months = selectors.months()
    place = _place(officer, request.GET.get("place", ""))
    context: dict[str, Any] = {"title": _("预警"), "months": months}
    if months:
        asked = request.GET.copy()
        month = next((one for one in months if str(one) == asked.get("of", "")), months[0])
        asked["of"] = str(month)
        form = ListForm(officer, asked, months, place)
        wanted = _wanted(officer, form, month, place, request.GET.get("level", ""))
        after = selectors.cursor(request.GET.get("after", ""))
        found = selectors.find(officer, wanted, after)
        _on_record(request, officer, wanted, found, place)
        context |= {
            "form": form, "month": month, "found": found, "wanted": wanted, "tabs": _tabs(request, wanted, found),
            "next": _address(request, after=str(found.next)) if found.next else "",
            "first": _address(request, after="") if after else "",
            "late": _address(request, after="", overdue="on"), "elsewhere": _address(request, after="", level="", filed=NOWHERE),
            "places": [] if wanted.filed else selectors.by_place(officer, wanted),
        }  # fmt: skip
    return render_page(request, "monitoring/warnings.html", context, fragment="results")


@requires(Right.WARNING_VIEW, methods=("GET", "HEAD"))
def warning(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One warning: who, why, by when; every indicator with its value, file and arithmetic; what is not known; other months."""
    officer = officer_of(request)
    one = selectors.one_of(officer, pk)
    if one is None:
        raise Http404
    if first_time(request.session, f"warning:{one.pk}"):
        note(
            events.VIEWED, by=officer, household=one.household_id, area=one.area_now, looks=True,
            subject=one.household.number if one.household else "", details={"month": one.of.month, "warning": str(one.pk)},
        )  # fmt: skip
    shown = selectors.shown(one)
    context = {
        "title": _("{l}预警").format(l=shown.words.level) if one.level else _("已解除的预警"),
        "crumbs": [Crumb(_("预警"), reverse("monitoring:warnings")), Crumb(one.of.month)],
        "shown": shown, "one": one, "why": explained(one), "sample": one.of.sample,
        "may_open": one.household is not None and officer.may(Right.HOUSEHOLD_VIEW, one.household.area_id),
    }  # fmt: skip
    return render_page(request, "monitoring/warning.html", context)


def _wanted(officer: Officer, form: ListForm, month: WarningMonth, place: Area | None, level: str) -> selectors.Wanted:
    chosen = form.cleaned_data if form.is_valid() else {}
    state = chosen.get("state", "")
    return selectors.Wanted(
        month=month, ranges=scope(officer, place.range if place else None, Right.WARNING_VIEW),
        level=int(level) if level in {"1", "2", "3", "4"} else 0,
        state="" if state == EVERY else state or RaisedWarning.State.WAITING,
        direction=chosen.get("direction", ""), overdue=bool(chosen.get("overdue")), filed=chosen.get("filed") != NOWHERE,
    )  # fmt: skip


def _tabs(request: HttpRequest, wanted: selectors.Wanted, found: selectors.Found) -> list[Tab]:
    """All, and each colour with how many there are: the list behind it has as many."""
    every = Tab(_("全部"), _address(request, after="", level=""), not wanted.level, sum(found.counts.values()))
    colours = (
        Tab(
            level.label,
            _address(request, after="", level=str(level.value)),
            wanted.level == level,
            found.counts.get(level, 0),
        )
        for level in reversed(RaisedWarning.Level)
        if level
    )
    return [every, *colours]


def _address(request: HttpRequest, **changed: str) -> str:
    query = {key: request.GET.get(key, "") for key in (*_KEPT, "after")} | changed
    said = urlencode({key: value for key, value in query.items() if value})
    return reverse("monitoring:warnings") + (f"?{said}" if said else "")


def _place(officer: Officer, text: str) -> Area | None:
    """The area asked for, if the officer holds the right in it or in a part of it; else it is not there."""
    if not text:
        return None
    area = Area.objects.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) == 12 else None
    if area is None or not scope(officer, area.range, Right.WARNING_VIEW):
        raise Http404
    return area


def _on_record(
    request: HttpRequest, officer: Officer, wanted: selectors.Wanted, found: selectors.Found, place: Area | None
) -> None:
    """A list is a look at many: on record with its kind and size. A reloaded page is the same look."""
    if not first_time(request.session, f"warnings:{request.META.get('QUERY_STRING', '')}"):
        return
    details = {
        "month": wanted.month.month, "level": wanted.level, "state": wanted.state, "filed": wanted.filed,
        "count": found.total, "shown": len(found.rows),
    }  # fmt: skip
    note(events.LISTED, by=officer, area=place.pk if place else None, looks=True, details=details)
