"""Search first: one box and a few filters; the page after sign-in for those who may see households."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.identity.pinyin import QueryKind
from zhikun.pages.render import render_page
from zhikun.places.models import Area
from zhikun.registry import events
from zhikun.registry.models import Household
from zhikun.registry.selectors.places import offered
from zhikun.registry.selectors.search import MOST_COUNTED, Found, Wanted, cursor, find, scope
from zhikun.registry.ui import asked as asking
from zhikun.registry.vocabulary import categories

KIND_TITLES = {
    QueryKind.NAME: _("姓名"),
    QueryKind.PINYIN: _("拼音"),
    QueryKind.INITIALS: _("拼音首字母"),
    QueryKind.ID_NUMBER: _("证件号码"),
    QueryKind.HOUSEHOLD_NUMBER: _("户编号"),
    QueryKind.NOTHING: _("看不懂的文字"),
}
ANY_STATE = "all"


class SearchForm(forms.Form):
    """The box and the filters. The text of the box is POSTed; the filters stand in the address."""

    text = forms.CharField(
        label=_("姓名、拼音首字母、证件号码或户编号"), required=False, max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True, "spellcheck": "false"}),
    )  # fmt: skip
    place = forms.TypedChoiceField(label=_("地区"), required=False, coerce=int, empty_value=None)
    category = forms.ChoiceField(label=_("救助类别"), required=False)
    state = forms.ChoiceField(
        label=_("档案状态"), required=False,
        choices=[("", Household.State.OPEN.label), (Household.State.CLOSED, Household.State.CLOSED.label),
                 (Household.State.MERGED, Household.State.MERGED.label), (ANY_STATE, _("全部"))],
    )  # fmt: skip
    contradictions = forms.BooleanField(label=_("只看申报与核对不符"), required=False)

    def __init__(self, officer: Officer, data: Any, *, place: Area | None) -> None:
        super().__init__(data)
        choices = [(one.code, one.title) for one in offered(officer, place)]
        self.fields["place"].choices = [("", _("全部管辖地区")), *choices]  # type: ignore[attr-defined]  # a choice field
        self.fields["category"].choices = [("", _("全部")), *categories().items()]  # type: ignore[attr-defined]  # the same


@requires(Right.HOUSEHOLD_VIEW)
@sensitive_post_parameters("text")
def search(request: HttpRequest) -> HttpResponse:
    """Households by what the officer typed and chose, fifty at a time."""
    officer = officer_of(request)
    if request.method == "POST":
        return _asked(request, officer)
    place = _place(officer, request.GET.get("place", ""))
    form = SearchForm(officer, request.GET, place=place)
    chosen = form.cleaned_data if form.is_valid() else {}
    asked = asking.asked(request.session, request.GET.get("q", ""))
    wanted = Wanted(
        ranges=scope(officer, place.range if place else None),
        query=asked.query if asked else None,
        category=chosen.get("category", ""),
        state="" if chosen.get("state") == ANY_STATE else chosen.get("state") or Household.State.OPEN,
        contradicted=bool(chosen.get("contradictions")),
    )
    after = cursor(request.GET.get("after", ""))
    found = find(officer, wanted, after)
    _on_record(request, officer, wanted, found, place)
    context = {
        "title": _("家庭档案"),
        "form": form,
        "asked": asked,
        "lost": bool(request.GET.get("q")) and asked is None,
        "kind": KIND_TITLES[asked.query.kind] if asked else "",
        "nothing": asked is not None and asked.query.kind is QueryKind.NOTHING,
        "found": found,
        "count": _count(found),
        "categories": categories(),
        "next": _address(request, str(found.next)) if found.next else "",
        "first": _address(request, "") if after else "",
        "may_register": officer.may(Right.HOUSEHOLD_EDIT),
        "may_export": officer.may(Right.HOUSEHOLD_EXPORT),
        "query": request.GET.urlencode(),
    }
    return render_page(request, "registry/search.html", context, fragment="results")


def _asked(request: HttpRequest, officer: Officer) -> HttpResponse:
    """Take the typed text out of the request and answer with an address that does not hold it."""
    text = request.POST.get("text", "").strip()[:60]
    before = asking.asked(request.session, request.POST.get("q", ""))
    query: dict[str, str] = {}
    if text:
        same = before is not None and text in {before.shown, before.text}
        query["q"] = before.token if same and before else asking.keep(request.session, text)
    for name in ("place", "category", "state", "contradictions"):
        if value := request.POST.get(name, ""):
            query[name] = value[:30]
    return HttpResponseRedirect(_search_address(query))


def _search_address(query: dict[str, str]) -> str:
    return reverse("registry:search") + (f"?{urlencode(query)}" if query else "")


def _address(request: HttpRequest, after: str) -> str:
    query = {key: str(value) for key, value in request.GET.items() if key != "after" and value}
    return _search_address(query | {"after": after} if after else query)


def _place(officer: Officer, text: str) -> Area | None:
    """The area asked for, if the officer holds the right in it or in a part of it."""
    if not (text.isascii() and text.isdigit() and len(text) == 12):
        return None
    area = Area.objects.filter(pk=int(text)).first()
    return area if area is not None and scope(officer, area.range) else None


def _count(found: Found) -> str:
    if found.over:
        return _("{n} 户以上").format(n=f"{MOST_COUNTED:,}")
    return _("共 {n} 户").format(n=f"{found.count:,}")


def _on_record(request: HttpRequest, officer: Officer, wanted: Wanted, found: Found, place: Area | None) -> None:
    """A search is a look at many: on record with its kind and size, never with the text. A reloaded page is the same look."""
    if not asking.first_time(request.session, request.META.get("QUERY_STRING", "")):
        return
    details = {
        "kind": wanted.query.kind if wanted.query else "list",
        "count": f">{MOST_COUNTED}" if found.over else found.count,
        "shown": len(found.hits),
        "category": wanted.category,
        "contradicted": wanted.contradicted,
    }
    note(events.SEARCHED, by=officer, area=place.pk if place else None, looks=True, details=details)
