"""The pages of areas: the tree with search and history, and the import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from zhikun.pages.access import requires
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Detail, Event, Figure
from zhikun.pages.render import render_page, wants_fragment
from zhikun.places import incoming, selectors
from zhikun.places.checks import Plan
from zhikun.places.models import Area, Level
from zhikun.places.services import areas
from zhikun.places.services.areas import MANAGE, Keeper, import_areas
from zhikun.places.ui.forms import ImportForm, SearchForm
from zhikun.places.uses import uses, weighed
from zhikun.tables import Severity, UnreadableFile

_LONGEST = 12
_SHOWN = 200
_TONES = {
    Severity.ERROR: ("danger", gettext_lazy("须改正")),
    Severity.WARNING: ("warning", gettext_lazy("请核对")),
    Severity.NOTE: ("neutral", gettext_lazy("说明")),
}


@requires()
@require_GET
def tree(request: HttpRequest) -> HttpResponse:
    """All areas as a tree, opened at one of them (`at`), or those that a text finds (`q`)."""
    form = SearchForm(request.GET)
    text = form.cleaned_data["q"] if form.is_valid() else ""
    every = "all" in request.GET
    area = _area(request.GET.get("at", "")) or (None if every else _home(request))
    found = selectors.found(text) if text else []
    names = selectors.full_names(one.code for one in found)
    context = {
        "title": _("行政区划"), "form": form, "text": text, "area": area,
        "found": [(one, names[one.code]) for one in found], "most": selectors.MOST_FOUND,
        "nodes": [] if text else selectors.tree(area.code if area else None), "every": every,
        "may_import": _may_import(request), "lines": _details(area) if area else [], "history": _history(area) if area else [],
        "behind": _behind(request, area) if area else None,
    }  # fmt: skip
    return render_page(request, "places/tree.html", context, fragment="results")


@requires()
@require_GET
def children(request: HttpRequest, code: int) -> HttpResponse:
    """The areas below one, for the tree that is open; without HTMX the tree opened there."""
    if not Area.objects.filter(pk=code).exists():
        raise Http404
    if not wants_fragment(request):
        return redirect(f"{reverse('places:tree')}?at={code}")
    return render_page(request, "places/branch.html", {"nodes": selectors.branch(code)})


@requires(MANAGE)
@require_POST
def follow(request: HttpRequest, code: int) -> HttpResponse:
    """Who still stands at a code that ended goes over to the code that it became."""
    area = _area(str(code))
    if area is None or not _manages(request, area.code):
        raise Http404
    moved = areas.follow(area.code, acting_officer=cast("Keeper", request.user))
    messages.success(request, _("已把 {n} 条记录改到现代码。").format(n=moved))
    return redirect(f"{reverse('places:tree')}?at={code}")


@requires(MANAGE)
def import_page(request: HttpRequest) -> HttpResponse:
    """Upload, see what would happen, import. Nothing is written before the second step."""
    keeper = cast("Keeper", request.user)
    if request.method == "POST" and "ticket" in request.POST:
        return _apply(request, keeper)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    plan, ticket = None, ""
    if request.method == "POST" and form.is_valid():
        held, changes = (incoming.hold(form.cleaned_data[name]) for name in ("areas", "changes"))
        try:
            plan = import_areas(
                held.source if held else None,
                changes.source if changes else None,
                acting_officer=keeper,
                dry_run=True,
            )
            ticket = incoming.ticket(held, changes)
        except UnreadableFile as error:
            form.add_error(None, str(error))
    return _import_answer(request, form, plan, ticket)


def _apply(request: HttpRequest, keeper: Keeper) -> HttpResponse:
    held = incoming.redeem(request.POST["ticket"])
    if held is None:
        messages.error(request, _("检查过的文件已经不在了（保留一天），没有导入。请重新上传。"))
        return redirect("places:import")
    first, changes = held
    plan = import_areas(first.source if first else None, changes.source if changes else None, acting_officer=keeper)
    if plan.faults:
        return _import_answer(request, ImportForm(), plan, "")
    done = _("已导入：新增 {a} 个，修改 {b} 个，停用 {c} 个，变更 {d} 条，随代码改到新区划的记录 {e} 条。")
    said = done.format(
        a=len(plan.new), b=len(plan.changed), c=len(plan.ended), d=len(plan.changes), e=sum(plan.followed.values())
    )
    messages.success(request, _("文件里的内容都已经有了，没有变化。") if plan.does_nothing else said)
    return redirect("places:tree")


def _import_answer(request: HttpRequest, form: ImportForm, plan: Plan | None, ticket: str) -> HttpResponse:
    context = {
        "title": _("导入行政区划"), "form": form, "plan": plan, "ticket": ticket, "figures": _figures(plan) if plan else [],
        "rows": [(*_TONES[one.severity], one.where(), one.problem()) for one in plan.messages[:_SHOWN]] if plan else [],
        "shown": _SHOWN, "crumbs": [Crumb(_("行政区划"), reverse("places:tree")), Crumb(_("导入"))],
    }  # fmt: skip
    return render_page(request, "places/import.html", context, status=422 if form.errors else 200)


def _figures(plan: Plan) -> list[Figure]:
    return [
        Figure(_("新增"), len(plan.new)),
        Figure(_("修改"), len(plan.changed)),
        Figure(_("停用"), len(plan.ended)),
        Figure(_("变更记录"), len(plan.changes)),
        Figure(_("随代码改动的记录"), sum(plan.followed.values())),
        Figure(_("没有变化"), plan.unchanged),
        Figure(_("须改正"), plan.faults, tone="danger" if plan.faults else ""),
    ]


def _area(text: str) -> Area | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST):
        raise Http404
    area = Area.objects.filter(pk=int(text)).first()
    if area is None:
        raise Http404
    return area


def _details(area: Area) -> list[Detail]:
    today = timezone.localdate()
    ended = area.valid_until is not None and area.valid_until <= today
    current = selectors.current_of(area.code, today) if ended else []
    return [
        Detail(_("全称"), selectors.full_name(area.code)),
        Detail(_("区划代码"), str(area.code)),
        Detail(_("级别"), Level(area.level).label),
        Detail(_("状态"), ("neutral", _("已停用")) if ended else ("success", _("在用")), "status"),
        *([Detail(_("启用日期"), area.valid_from, "day")] if area.valid_from else []),
        *([Detail(_("停用日期"), area.valid_until, "day")] if area.valid_until else []),
        *([Detail(_("现在是"), "、".join(selectors.full_name(one.code) for one in current))] if current else []),
        Detail(_("下级"), selectors.inside(area.code), "count"),
        Detail(_("出处"), area.source or _("没有写明")),
    ]


def _history(area: Area) -> list[Event]:
    events = []
    for change in selectors.history(area.code):
        if change.old == change.new_id:
            title = _("由“{n}”更名").format(n=change.old_name)
        elif change.new_id == area.code:
            title = _("{k}：由 {n}（{c}）变来").format(k=change.get_kind_display(), n=change.old_name, c=change.old)
        else:
            title = _("{k}：变为 {n}（{c}）").format(k=change.get_kind_display(), n=change.new.name, c=change.new_id)
        url = f"{reverse('places:tree')}?at={change.new_id}" if change.new_id != area.code else ""
        events.append(Event(change.on, title, text=change.source, url=url))
    return events


@dataclass(frozen=True)
class Behind:
    """Who still stands at a code that ended, and where they can go."""

    count: int
    name: str


def _behind(request: HttpRequest, area: Area) -> Behind | None:
    if area.valid_until is None or not _manages(request, area.code):
        return None
    found = selectors.successor(area.code, timezone.localdate())
    count = uses([area.code], merged=weighed(found).merged).get(area.code, 0) if found else 0
    return (
        Behind(count, selectors.full_name(found.new.pk))
        if found and count and _manages(request, found.new.pk)
        else None
    )


def _home(request: HttpRequest) -> Area | None:
    """Where the officer's office is: the tree opens there unless told."""
    return cast("Area | None", getattr(getattr(request.user, "organisation", None), "area", None))


def _may_import(request: HttpRequest) -> bool:
    may = getattr(request.user, "may", None)
    return bool(may and may(MANAGE))


def _manages(request: HttpRequest, code: int) -> bool:
    may = getattr(request.user, "may", None)
    return bool(may and may(MANAGE, code))
