"""Choosing what to try: a run, and the figures to move one after the other. All of it stands in the address until it is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.analytics.errors import CannotTry, PackChangedSince
from zhikun.analytics.levers import Change, Lever, levers, matching, parts, read
from zhikun.analytics.services import whatif
from zhikun.analytics.trial_words import is_current, run_words
from zhikun.assessments.models import Run
from zhikun.assessments.results import pack_of
from zhikun.pages.errors import DomainError, Notice, shown_in
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.places.models import Area
from zhikun.registry.vocabulary import pack_in_force

_MOST_RUNS, _MOST_LEVERS = 20, 40


class ChoiceForm(forms.Form):
    """Where to look, and for what."""

    part = forms.ChoiceField(label=gettext_lazy("查找范围"), required=False)
    q = forms.CharField(label=gettext_lazy("名称"), required=False, max_length=40)


class ValueForm(forms.Form):
    """The new value of one figure. A value is checked by the figure itself (`Lever.read`)."""

    value = forms.CharField(label=gettext_lazy("改为"), max_length=40)

    def __init__(self, lever: Lever, data: Any = None) -> None:
        super().__init__(data)
        told = _("现行值：{v}").format(v=lever.words(lever.value))
        if lever.type != "number":
            choices = {"true": _("是"), "false": _("否")} if lever.type == "boolean" else lever.choices
            self.fields["value"] = forms.ChoiceField(
                label=_("改为"), choices=list(choices.items()), initial=lever.written(lever.value)
            )
        elif lever.unit:
            told = _("现行值：{v}。只写数字，单位是{u}。").format(v=lever.words(lever.value), u=lever.unit)
        self.fields["value"].help_text = told


@dataclass(frozen=True)
class Wish:
    """What an address asks for: the run, the changes so far, where to look, and which figure is being changed."""

    run: Run
    texts: tuple[str, ...]
    part: str
    q: str
    edit: str

    def url(self, *, texts: tuple[str, ...] | None = None, edit: str = "") -> str:
        """The same page with other changes, or with one figure opened."""
        told = [("run", str(self.run.pk)), *(("set", one) for one in (self.texts if texts is None else texts))]
        told += [pair for pair in (("part", self.part), ("q", self.q), ("edit", edit)) if pair[1]]
        return f"{reverse('analytics:try')}?{urlencode(told)}"


@requires(Right.POLICY_TRY)
def new(request: HttpRequest) -> HttpResponse:
    """Choose a run and figures, see old and new side by side, and try them."""
    officer = officer_of(request)
    runs = list(Run.objects.visible_to(officer, Right.POLICY_TRY).finished()[:_MOST_RUNS])
    given = request.POST if request.method == "POST" else request.GET
    run = _chosen(officer, runs, given.get("run", ""))
    if run is None:
        return render_page(request, "analytics/whatif_new.html", _frame() | {"run": None})
    wish = Wish(run, tuple(given.getlist("set")), given.get("part", ""), given.get("q", "")[:40], given.get("edit", ""))
    known = levers(pack_of(run), run.on, run.range)
    changes, refusal = _changes(known, wish)
    if request.method == "POST" and refusal is None:
        try:
            made = whatif.start(run, wish.texts, acting_officer=officer)
        except DomainError as error:
            refusal = error
        else:
            return HttpResponseRedirect(reverse("analytics:trial", args=[made.pk]))
    form, done = _value(request, wish, known)
    if done:
        return HttpResponseRedirect(done)
    context = _frame() | _page(wish, runs, known, changes) | {"form": form}
    told = whatif.weights_of(run, [one.text for one in changes])
    context["weights"] = [Notice(**one.words, tone="warning") for one in told]
    if refusal is not None:
        context["refusal"] = Notice(refusal.what, refusal.why, refusal.remedy, "warning")
    wrong = refusal is not None or (form is not None and form.is_bound)
    return render_page(request, "analytics/whatif_new.html", context, status=422 if wrong else 200)


def _frame() -> dict[str, Any]:
    return {
        "title": _("新的试算"),
        "crumbs": [Crumb(_("政策试算"), reverse("analytics:trials")), Crumb(_("新的试算"))],
    }


def _chosen(officer: Officer, runs: list[Run], text: str) -> Run | None:
    """The run that is asked for (404 where there is none), else the newest that the pack of today made, else the newest."""
    if text:
        try:
            asked = UUID(text)
        except ValueError:
            raise Http404 from None
        found = Run.objects.visible_to(officer, Right.POLICY_TRY).finished().filter(pk=asked).first()
        if found is None:
            raise Http404
        return found
    own = [one for one in runs if one.pack == pack_in_force().id]
    return next(iter([*filter(is_current, own), *filter(is_current, runs), *runs]), None)


def _changes(known: dict[str, Lever], wish: Wish) -> tuple[list[Change], DomainError | None]:
    """The changes of the address; those that cannot be tried are left out, and the first of them is told."""
    if not is_current(wish.run):
        return [], PackChangedSince()
    found: dict[str, Change] = {}
    refusal = None
    for text in wish.texts:
        try:
            for change in read(known, [text]):
                found[change.lever.name] = change
        except CannotTry as error:
            refusal = refusal or error
    return list(found.values()), refusal


def _value(request: HttpRequest, wish: Wish, known: dict[str, Lever]) -> tuple[ValueForm | None, str]:
    """The form of the figure that is being changed; where a value was given that fits, the address with it instead."""
    lever = known.get(wish.edit)
    if lever is None or not is_current(wish.run):
        return None, ""
    form = ValueForm(lever, request.GET if "value" in request.GET else None)
    if form.is_bound and form.is_valid():
        text = f"{lever.name}={form.cleaned_data['value']}"
        with shown_in(form):
            change = read(known, [text])[0]
            others = tuple(one for one in wish.texts if one.rpartition("=")[0] != lever.name)
            return form, wish.url(texts=(*others, change.text))
    return form, ""


def _page(wish: Wish, runs: list[Run], known: dict[str, Lever], changes: list[Change]) -> dict[str, Any]:
    pack = pack_of(wish.run)
    names = dict(Area.objects.filter(pk__in=[one.area for one in (wish.run, *runs)]).values_list("pk", "name"))
    current = is_current(wish.run)
    where = parts(pack, wish.run.on) if current else []
    part = wish.part if wish.part in {name for name, _title in where} else ""
    found = matching(known, part, wish.q) if current else []
    search = ChoiceForm({"part": part, "q": wish.q})
    search.fields["part"].choices = [("", _("全部")), *where]  # type: ignore[attr-defined]  # a choice field
    if wish.run not in runs:
        runs = [wish.run, *runs]
    return {
        "run": wish.run, "current": current, "pack": pack,
        "runs": [(str(one.pk), run_words(one, names), one.pk == wish.run.pk) for one in runs],
        "texts": [one.text for one in changes],
        "changes": [
            (
                one, wish.url(edit=one.lever.name),
                wish.url(texts=tuple(text for text in wish.texts if text.rpartition("=")[0] != one.lever.name)),
            )
            for one in changes
        ],
        "lever": known.get(wish.edit) if current else None, "cancel": wish.url(), "search": search, "part": part,
        "q": wish.q, "found": [(one, wish.url(edit=one.name)) for one in found[:_MOST_LEVERS]],
        "more": max(0, len(found) - _MOST_LEVERS),
    }  # fmt: skip
