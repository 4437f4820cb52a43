"""Two runs side by side."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import requires
from zhikun.accounts.roles import Right
from zhikun.assessments import comparing, events
from zhikun.assessments.comparing import KINDS, Moved
from zhikun.assessments.models import Run
from zhikun.assessments.naming import category_words, pack_words
from zhikun.assessments.ui.common import Asked, asked, found
from zhikun.assessments.ui.forms import PlaceForm
from zhikun.assessments.ui.runs import after, moment
from zhikun.audit.services import record as note
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Tab
from zhikun.pages.render import render_page
from zhikun.places.models import AreaRange
from zhikun.registry.ui.asked import first_time

TITLES = {
    "category": gettext_lazy("类别变了"), "index": gettext_lazy("类别没变，指数变了"), "came": gettext_lazy("新进入评估"),
    "gone": gettext_lazy("不再评估"),
}  # fmt: skip


@requires(Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def compare(request: HttpRequest, pk: UUID, other: UUID) -> HttpResponse:
    """Who has another category or index than before, where, and why."""
    earlier, later = found(request, pk), found(request, other)
    if {earlier.state, later.state} != {Run.State.DONE} or earlier.pk == later.pk:
        raise Http404
    at = asked(request, later)
    rows = comparing.differences(earlier, later, _common(at, earlier))
    kind = request.GET.get("kind", "")
    if kind and kind not in KINDS:
        raise Http404
    told = comparing.summary(rows)
    counts = {name: sum(one.households for one in told if one.kind == name) for name in KINDS}
    moves = [one for one in told if one.kind == "category"]
    chosen = request.GET.get("move", "")
    if chosen and not (chosen.isascii() and chosen.isdigit() and int(chosen) < len(moves)):
        raise Http404
    shown = rows.filter(f"kind = '{kind}'") if kind else rows
    if chosen:
        shown = comparing.moved(rows, moves[int(chosen)])
    changes = comparing.changes((earlier, later), shown, at.pack, at.officer, after(request, 0))
    if first_time(request.session, request.get_full_path()):
        details = {
            "earlier": str(earlier.pk),
            "later": str(later.pk),
            "count": changes.count,
            "shown": len(changes.lines),
        }
        note(events.COMPARED, by=at.officer, area=at.place.pk if at.place else None, looks=True, details=details)
    context = {
        "title": _("比较两次评估"),
        "crumbs": [
            Crumb(_("评估"), reverse("assessments:runs")),
            Crumb(later.on.isoformat(), reverse("assessments:run", args=[later.pk])),
            Crumb(_("比较")),
        ],
        "earlier": earlier,
        "later": later,
        "moments": (moment(earlier), moment(later)),
        "sample": at.pack.sample,
        "packs": (pack_words(earlier), pack_words(later)),
        "form": PlaceForm(request.GET, at.places()),
        "tabs": _tabs(request, kind, counts),
        "moved": [
            (_from_to(at, one), one.households, _address(request, kind="", move=str(n))) for n, one in enumerate(moves)
        ],
        "places": [
            (area, n, _address(request, place=str(area.pk))) for area, n in comparing.by_place(shown, at.shown)
        ],
        "changes": changes,
        "total": f"{changes.count:,}",
        "lines": [
            (line, TITLES[line.kind], category_words(at.pack, line.was_category), category_words(at.pack, line.is_category))
            for line in changes.lines
        ],
        "next": _address(request, after=str(changes.next)) if changes.next is not None else "",
        "first": _address(request) if "after" in request.GET else "",
    }  # fmt: skip
    return render_page(request, "assessments/compare.html", context, fragment="results")


def _common(at: Asked, earlier: Run) -> list[AreaRange]:
    """What both runs have looked at, of the officer's areas: what only one of them knows is no difference."""
    ranges = [
        AreaRange(max(one.first, earlier.area), min(one.last, earlier.area_last))
        for one in at.ranges
        if one.first <= earlier.area_last and earlier.area <= one.last
    ]
    if not ranges:
        raise Http404
    return ranges


def _tabs(request: HttpRequest, kind: str, counts: dict[str, int]) -> list[Tab]:
    return [
        Tab(
            _("全部"),
            _address(request, kind="", move=""),
            current=not kind and "move" not in request.GET,
            count=sum(counts.values()),
        ),
        *(
            Tab(str(TITLES[name]), _address(request, kind=name, move=""), current=kind == name, count=counts[name])
            for name in KINDS
        ),
    ]


def _from_to(at: Asked, one: Moved) -> str:
    return f"{category_words(at.pack, one.was)} → {category_words(at.pack, one.now)}"


def _address(request: HttpRequest, **changed: str) -> str:
    """The same page with other filters, from its beginning."""
    query: QueryDict = request.GET.copy()
    query.pop("after", None)
    for name, value in changed.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path
