"""Trials of a policy: the list of one's own, one while it goes on and what it came to, and the households behind each number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.roles import Right
from zhikun.analytics import events
from zhikun.analytics import trials as reading
from zhikun.analytics.errors import UnknownHere
from zhikun.analytics.exporting import SOURCE
from zhikun.analytics.models import Trial
from zhikun.analytics.services import whatif
from zhikun.analytics.trial_words import (
    change_words,
    chosen_words,
    covered_words,
    has_covered,
    kind_words,
    outcome_words,
    run_words,
)
from zhikun.analytics.trials import Chosen, Listed, Sums
from zhikun.analytics.trying import OF_CAUSES, is_done
from zhikun.assessments.naming import pack_words
from zhikun.assessments.selectors import cut
from zhikun.assessments.ui.common import Asked, asked, category_words, further
from zhikun.assessments.ui.forms import PlaceForm
from zhikun.assessments.ui.runs import after
from zhikun.assessments.wanted import OPEN
from zhikun.audit.services import record as note
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.jobs.models import Job
from zhikun.pages import formats
from zhikun.pages.errors import Notice
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Detail, Figure, JobState, Progress
from zhikun.pages.render import render_page, wants_fragment
from zhikun.pages.tables import Column, Table
from zhikun.places.models import Area
from zhikun.registry.selectors.search import scope
from zhikun.registry.ui.asked import first_time

_GET = ("GET", "HEAD")
_TONES = {"waiting": "progress", "done": "success", "failed": "danger", "gone": "neutral"}


@dataclass(frozen=True)
class At(Asked):
    """A trial as its officer asked for it."""

    trial: Trial

    def url(self, number: int, kind: str, place: Area | None = None, was: str = "", now: str = "") -> str:
        """The list behind a number; behind none there is nothing, nor where an older trial kept none."""
        if not number or kind not in self.kinds:
            return ""
        where = place or self.place
        told = {"place": str(where.pk) if where else "", "change": kind, "was": was, "now": now}
        return _address("analytics:trial-households", self.trial, told)

    @cached_property
    def kinds(self) -> set[str]:
        """What lists may be narrowed down to."""
        return reading.kinds(self.trial)


class KindForm(forms.Form):
    """Which households, and where."""

    place = forms.TypedChoiceField(label=gettext_lazy("地区"), required=False, coerce=int, empty_value=None)
    change = forms.ChoiceField(label=gettext_lazy("变化"))
    was = forms.CharField(widget=forms.HiddenInput, required=False)
    now = forms.CharField(widget=forms.HiddenInput, required=False)


@requires(Right.POLICY_TRY, methods=_GET)
def trials(request: HttpRequest) -> HttpResponse:
    """The officer's own trials, the newest first."""
    officer = officer_of(request)
    rows = Trial.objects.visible_to(officer).select_related("run")
    names = dict(Area.objects.filter(pk__in=rows.values("run__area")).values_list("pk", "name"))
    now = scope(officer, None, Right.POLICY_TRY)

    def is_whole(row: Trial) -> bool:
        """Whether all of it is still theirs to see."""
        return all(any(one.first <= a and b <= one.last for one in now) for a, b in row.reach)

    def outcome(row: Trial) -> str:
        """What came out, leading to the households that differ."""
        if not is_whole(row):
            return _("管辖地区有变动，打开后按现在的地区显示")
        if not row.totals.get("changed") or not is_done(row.key):
            return outcome_words(row)
        url = _address("analytics:trial-households", row, {"change": reading.CHANGED})
        return format_html('<a href="{}">{}</a>', url, outcome_words(row))

    columns = [
        Column("changes", _("改动"), value=lambda r: change_words(r.changes), wide=True, heading=True,
               link=lambda r: reverse("analytics:trial", args=[r.pk])),
        Column("run", _("评估"), value=lambda r: run_words(r.run, names), wide=True),
        Column("state", _("状态"), value=lambda r: formats.status(_TONES[r.state], r.get_state_display())),
        Column("totals", _("结果"), value=outcome, wide=True),
        Column("asked_at", _("试算时间"), kind="moment", sort="asked_at"),
    ]  # fmt: skip
    table = Table(
        request, rows, columns, caption=_("政策试算"), order="-asked_at", target="results", empty=_("还没有试算过。"),
        remedy=_("点“新的试算”，选一次评估，改一项标准或表里的分值。"),
    )  # fmt: skip
    context = {
        "title": _("政策试算"), "crumbs": [Crumb(_("政策试算"))], "table": table, "days": whatif.LIFE.days,
    }  # fmt: skip
    return render_page(request, "analytics/whatif_list.html", context, fragment="results")


@requires(Right.POLICY_TRY, methods=_GET)
def trial(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One trial: how far it is; when it is done, who enters and leaves and what it costs, by place."""
    at = _asked(request, pk)
    one = at.trial
    if one.state != Trial.State.DONE or not is_done(one.key):
        return _without_result(request, at)
    if wants_fragment(request) and request.headers.get("X-Zhikun-Poll"):
        response = HttpResponse()
        response["HX-Redirect"] = reverse("analytics:trial", args=[pk])
        return response
    whole, places = reading.sums(one, at.ranges, at.shown)
    moves = reading.moves(one, at.ranges)
    amount = bool(at.pack.results.amount)
    context = _frame(at) | {
        "figures": _figures(at, whole),
        "covered": covered_words(at.pack), "has_covered": has_covered(at.pack), "has_amount": amount,
        "has_index": bool(at.pack.results.index),
        "amount_title": shown_of(at.pack, at.pack.results.amount).heading if amount else "",
        "moves": [
            (
                category_words(at.pack, m.was), category_words(at.pack, m.now), m.households,
                at.url(m.households, "category", was=m.was or OPEN, now=m.now or OPEN),
            )
            for m in moves
        ],
        "causes": _causes(at, whole), "lines": _lines(one),
        "weights": [Notice(**told, tone="warning") for told in one.totals.get("weights", ())],
        "places": [_place_line(at, area, told) for area, told in places],
        "form": PlaceForm(request.GET, at.places()),
    }  # fmt: skip
    return render_page(request, "analytics/whatif.html", context, fragment="results")


@requires(Right.POLICY_TRY, methods=_GET)
def households(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The households behind a number of a trial, fifty at a time, each with what it has and what it would have."""
    at = _asked(request, pk)
    if at.trial.state != Trial.State.DONE or not is_done(at.trial.key):
        return HttpResponseRedirect(reverse("analytics:trial", args=[pk]))
    if "change" not in request.GET:  # the filters were put back
        return HttpResponseRedirect(_home(at))
    form = KindForm(request.GET)
    form.fields["place"].choices = [("", _("全部管辖地区")), *at.places()]  # type: ignore[attr-defined]  # a choice field
    form.fields["change"].choices = [  # type: ignore[attr-defined]  # the same
        (kind, kind_words(kind, at.pack)) for kind in _ordered(at.kinds, at.pack)
    ]
    if not form.is_valid():
        if "change" in form.errors:
            raise UnknownHere(request.GET["change"])
        raise Http404
    chosen = Chosen(form.cleaned_data["change"])
    if chosen.kind == "category":
        chosen = Chosen("category", form.cleaned_data["was"], form.cleaned_data["now"])
    if not reading.is_known(at.trial, chosen):
        known = reading.is_known(at.trial, Chosen("category", now=chosen.now))
        raise UnknownHere(chosen.was if known else chosen.now)
    listed = reading.listed(at.trial, at.ranges, chosen, at.officer, after(request, -1))
    if first_time(request.session, request.get_full_path()):
        details = {"trial": str(at.trial.pk), "count": listed.count, "shown": len(listed.lines)}
        note(events.TRIAL_LISTED, by=at.officer, area=at.place.pk if at.place else None, looks=True, details=details)
    context = _frame(at) | {
        "title": _("试算：{k}").format(k=chosen_words(chosen, at.pack)),
        "export": _export(at, chosen) if listed.count else "",
        "crumbs": [*_frame(at)["crumbs"][:-1], Crumb(_("结果"), _home(at)), Crumb(_("家庭名单"))],
        "form": form, "listed": listed, "total": f"{listed.count:,}", "lines": _household_lines(at, listed),
        "has_amount": bool(at.pack.results.amount), "has_index": bool(at.pack.results.index),
        "has_category": bool(at.pack.results.category),
        "amount_title": shown_of(at.pack, at.pack.results.amount).heading if at.pack.results.amount else "",
        "index_title": shown_of(at.pack, at.pack.results.index).heading if at.pack.results.index else "",
        "next": further(request, listed.next) if listed.next is not None else "",
        "first": further(request, None) if "after" in request.GET else "",
    }  # fmt: skip
    return render_page(request, "analytics/whatif_households.html", context, fragment="results")


def _asked(request: HttpRequest, pk: UUID) -> At:
    """The trial for who asks. Another's, or one in a place that is not theirs (any more), is not there (404)."""
    officer = officer_of(request)
    one = Trial.objects.visible_to(officer).select_related("run").filter(pk=pk).first()
    if one is None:
        raise Http404
    at = asked(request, one.run, Right.POLICY_TRY, one.ranges)
    return At(**vars(at), trial=one)


def _frame(at: At) -> dict[str, Any]:
    one = at.trial
    again = urlencode([("run", str(one.run_id)), *(("set", text) for text in one.asked_for)])
    return {
        "title": _("{area}的政策试算").format(area=at.top.name),
        "crumbs": [Crumb(_("政策试算"), reverse("analytics:trials")), Crumb(one.run.on.isoformat())],
        "trial": one, "sample": at.pack.sample, "changes": one.changes, "again": f"{reverse('analytics:try')}?{again}",
    }  # fmt: skip


def _without_result(request: HttpRequest, at: At) -> HttpResponse:
    one = at.trial
    job = whatif.job_of(one) if one.state == Trial.State.WAITING else None
    told = {
        Trial.State.FAILED: one.error, Trial.State.WAITING: _("这次试算中断了，没有算完。"),
    }.get(Trial.State(one.state), _("这次试算的结果已到期清除。"))  # fmt: skip
    context = _frame(at) | {"job": _progress(at, job) if job is not None else None, "told": told, "lines": _lines(one)}
    return render_page(request, "analytics/whatif_under_way.html", context, fragment="job")


def _progress(at: At, job: Job) -> Progress:
    mine = Job.objects.visible_to(at.officer).filter(pk=job.pk).exists()
    return Progress(
        job.title, cast("JobState", job.state), reverse("analytics:trial", args=[at.trial.pk]), message=job.error,
        cancel_url=reverse("jobs:cancel", args=[job.pk]) if mine and not job.has_ended else "",
        retry_url=reverse("jobs:retry", args=[job.pk]) if mine and job.state in {"failed", "cancelled"} else "",
    )  # fmt: skip


def _figures(at: At, whole: Sums) -> list[Figure]:
    shown = at.pack.results
    changed = reading.count_of(at.trial, at.ranges, Chosen(reading.CHANGED))
    told = [
        Figure(_("试算的家庭"), whole["households"], _("户"), url=at.url(whole["households"], reading.EVERY)),
        Figure(_("有变化的家庭"), changed, _("户"), url=at.url(changed, reading.CHANGED)),
    ]
    kinds = ["enter", "leave"] if has_covered(at.pack) else []
    kinds += ["category"] if shown.category else []
    kinds += ["index_up", "index_down"] if shown.index else []
    kinds += ["amount_up", "amount_down"] if shown.amount else []
    told += [Figure(kind_words(kind, at.pack), whole[kind], _("户"), url=at.url(whole[kind], kind)) for kind in kinds]
    if shown.index and whole["index_open"]:
        told.append(
            Figure(
                kind_words("index_open", at.pack), whole["index_open"], _("户"),
                url=at.url(whole["index_open"], "index_open"),
            )
        )  # fmt: skip
    told.append(
        Figure(
            kind_words("open", at.pack), whole["open"], _("户"), note=_("不计入进出和金额") if shown.amount else _("不计入进出"),
            tone="warning" if whole["open"] else "", url=at.url(whole["open"], "open"),
        )
    )  # fmt: skip
    if shown.amount:
        told += [
            Figure(_("现行每月金额"), whole["amount"], kind="money"),
            Figure(_("改动后每月金额"), whole["amount_variant"], kind="money"),
            Figure(_("每月相差"), round(whole["amount_variant"] - whole["amount"], 6), kind="money"),
        ]
    return told


def _causes(at: At, whole: Sums) -> list[dict[str, Any]]:
    """For each cause that may differ: how many are at the line now, who comes to it, who is no longer there, how many are afterwards."""
    return [
        {
            "title": shown_of(at.pack, name).title,
            "numbers": [(whole[kind + name], at.url(whole[kind + name], kind + name)) for kind in OF_CAUSES],
        }
        for name in at.pack.results.causes
        if f"had_{name}" in whole
    ]


def _place_line(at: At, area: Area, told: Sums) -> dict[str, Any]:
    """The line of a place: each number with its list."""
    kinds = ("enter", "leave", "category", "index_up", "index_down", "open")
    return {
        "area": area, "url": _address("analytics:trial", at.trial, {"place": str(area.pk)}), "sums": told,
        "all": (told["households"], at.url(told["households"], reading.EVERY, area)),
        "difference": round(told["amount_variant"] - told["amount"], 6),
        **{kind: (told[kind], at.url(told[kind], kind, area)) for kind in kinds},
    }  # fmt: skip


def _lines(one: Trial) -> list[Detail]:
    return [
        Detail(_("评估日"), one.run.on, "day"),
        Detail(_("政策包"), pack_words(one.run)),
        Detail(_("试算时间"), one.asked_at, "moment"),
        Detail(_("保存到"), one.asked_at + whatif.LIFE, "day", note=_("到期自动清除，这是平台自定的期限")),
    ]


def _household_lines(at: At, listed: Listed) -> list[dict[str, Any]]:
    found = []
    for line in listed.lines:
        told = {name: line.values.get(name) for name in ("was_index", "is_index", "was_amount", "is_amount")}
        was, now = (category_words(at.pack, line.values.get(name)) for name in ("was_category", "is_category"))
        found.append({"household": line.household, "was": was, "now": now, **told})
    return found


def _ordered(kinds: set[str], pack: Pack) -> list[str]:
    """The kinds that this pack may have, in the order of the page."""
    shown = pack.results
    told = [reading.EVERY, reading.CHANGED]
    told += ["enter", "leave"] if has_covered(pack) else []
    told += ["category"] if shown.category else []
    told += ["index_up", "index_down", "index_open"] if shown.index else []
    told += ["amount_up", "amount_down"] if shown.amount else []
    told += ["open"]
    for name in shown.causes:
        told += [kind + name for kind in OF_CAUSES]
    return [kind for kind in told if kind in kinds]


def _export(at: At, chosen: Chosen) -> str:
    """Where the same list is exported; nowhere without the right here."""
    if not cut(at.ranges, scope(at.officer, at.place.range if at.place else None, Right.HOUSEHOLD_EXPORT)):
        return ""
    told = [("list", SOURCE), ("trial", str(at.trial.pk)), ("place", str(at.place.pk) if at.place else "")]
    told += [("change", chosen.kind), ("was", chosen.was), ("now", chosen.now)]
    return f"{reverse('exports:new')}?{urlencode([pair for pair in told if pair[1]])}"


def _home(at: At) -> str:
    return _address("analytics:trial", at.trial, {"place": str(at.place.pk)} if at.place else {})


def _address(view: str, one: Trial, query: dict[str, str]) -> str:
    told = {key: value for key, value in query.items() if value}
    return reverse(view, args=[one.pk]) + (f"?{urlencode(told)}" if told else "")
