"""The list behind every number of a run: narrowed down by what stands in its address, fifty households at a time."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from zhikun.accounts.access import requires
from zhikun.accounts.roles import Right
from zhikun.assessments import events, selectors
from zhikun.assessments.decided import decided
from zhikun.assessments.exporting import SOURCE
from zhikun.assessments.models import Run
from zhikun.assessments.naming import category_words, fact_words, flag_words, flags_words, index_title, term_words
from zhikun.assessments.results import causes_of, types_of
from zhikun.assessments.selectors import Listed
from zhikun.assessments.ui.common import Asked, address, asked, found, further
from zhikun.assessments.ui.forms import ListForm
from zhikun.assessments.ui.runs import after
from zhikun.assessments.wanted import ANY, DECIDED, OPEN, TO_DECIDE, Unreadable, Wanted, read
from zhikun.audit.services import record as note
from zhikun.documents.values import number_text
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.registry.ui.asked import first_time


@requires(Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def households(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The households behind a figure of a run, fifty at a time."""
    one = found(request, pk)
    if one.state != Run.State.DONE:
        return HttpResponseRedirect(reverse("assessments:run", args=[pk]))
    at = asked(request, one)
    context = {
        "title": _("评估的家庭"),
        "crumbs": [
            Crumb(_("评估"), reverse("assessments:runs")),
            Crumb(_("{area}的评估").format(area=at.top.name), address("assessments:run", one, at.here)),
            Crumb(_("家庭名单")),
        ],
        "run": one,
    }
    try:
        wanted = _wanted(request, at)
    except Unreadable as error:
        # Listing them without it would show more households than the figure counted.
        told = {**context, "unreadable": error.text, "without": _without(request, error.text)}
        return render_page(request, "assessments/households.html", told, fragment="results", status=422)
    listed = selectors.listed(one, at.ranges, wanted, at.officer, after(request, -1))
    if first_time(request.session, request.get_full_path()):
        details = {"run": str(one.pk), "asked": urlencode(wanted.query()), "count": listed.count, "shown": len(listed.lines)}  # fmt: skip
        note(events.LISTED, by=at.officer, area=at.place.pk if at.place else None, looks=True, details=details)
    context |= {
        "form": _form(request, at, wanted),
        "chips": [(term_words(term, at.pack), _without(request, term.text)) for term in wanted.terms],
        "listed": listed,
        "total": f"{listed.count:,}",
        "export": _export(at, wanted) if listed.count else "",
        "lines": _lines(at, listed),
        "index_title": index_title(at.pack),
        "sample": at.pack.sample,
        "next": further(request, listed.next) if listed.next is not None else "",
        "first": further(request, None) if "after" in request.GET else "",
    }
    return render_page(request, "assessments/households.html", context, fragment="results")


def _wanted(request: HttpRequest, at: Asked) -> Wanted:
    """What the address asks for. Raises Unreadable, also for a code that neither the pack nor the run has."""
    wanted = read(request.GET, types_of(at.run), causes_of(at.run))
    strange = selectors.unknown(at.run, selectors.reach(at.officer, at.run), at.pack, wanted)
    if strange is not None:
        raise Unreadable(strange)
    return wanted


def _form(request: HttpRequest, at: Asked, wanted: Wanted) -> ListForm:
    """What can be chosen here, and what has been, also where nobody here has it."""
    # Of all that the officer may see of the run: counted once, whichever place of it is looked at.
    told = selectors.overview(at.run, selectors.reach(at.officer, at.run))
    pack = at.pack
    categories = [(c.code or OPEN, category_words(pack, c.code)) for c in told.categories]
    flags = [(ANY, _("有任何一项")), *((str(c.code), flag_words(pack, c.code)) for c in told.flags)]
    decisions = [(TO_DECIDE, _("还没有人认定")), (DECIDED, _("已由人认定"))]
    missing = [(str(c.code), fact_words(pack, c.code)) for c in told.missing]
    return ListForm(request.GET, {
        "place": at.places(),
        "category": _with(categories, wanted.category, category_words(pack, wanted.category)),
        "flag": _with(flags, wanted.flag, flag_words(pack, wanted.flag)),
        "decided": decisions,
        "missing": _with(missing, wanted.missing, fact_words(pack, wanted.missing)),
    })  # fmt: skip


def _with(choices: Sequence[tuple[str, str]], code: str, title: str) -> list[tuple[str, str]]:
    return [*choices, *([(code, title)] if code and code not in dict(choices) else [])]


def _lines(at: Asked, listed: Listed) -> list[tuple[object, ...]]:
    stand = decided(at.run) if any(line.flags for line in listed.lines) else {}
    return [
        (
            line, category_words(at.pack, line.category), "" if line.index is None else number_text(line.index),
            flags_words(at.pack, line.flags, stand.get(line.position, ())),
        )
        for line in listed.lines
    ]  # fmt: skip


def _export(at: Asked, wanted: Wanted) -> str:
    """Where the same list is exported; nowhere without the right here."""
    if not selectors.reach(at.officer, at.run, at.place, Right.HOUSEHOLD_EXPORT):
        return ""
    query = [("list", SOURCE), ("run", str(at.run.pk)), *at.here, *wanted.query()]
    return f"{reverse('exports:new')}?{urlencode(query)}"


def _without(request: HttpRequest, text: str) -> str:
    """The address without one condition, from the first page on."""
    query = request.GET.copy()
    query.pop("after", None)
    for name in ("category", "flag", "decided", "missing", "which"):
        if kept := query.getlist(name):
            query.setlist(name, [value for value in kept if value != text])
    return f"{request.path}?{query.urlencode()}" if query else request.path
