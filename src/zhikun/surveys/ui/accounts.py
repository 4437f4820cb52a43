"""What firms are paid for: their contracts and statements of account."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer, Organisation
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import shown_in
from zhikun.pages.forms import DayInput
from zhikun.pages.render import render_page
from zhikun.pages.tables import Column, Table
from zhikun.places.models import Area, Level
from zhikun.registry.models.household import within
from zhikun.surveys import events
from zhikun.surveys.account import Statement, statement
from zhikun.surveys.models import Engagement
from zhikun.surveys.services import rounds
from zhikun.surveys.ui.office import choose, form_page, way


def day_or(text: str, otherwise: date) -> date:
    """The day that an address names; what is no day is the other one."""
    try:
        return parse_date(text) or otherwise
    except ValueError:
        return otherwise


class EngagementForm(forms.Form):
    """A firm's contract."""

    firm = forms.ModelChoiceField(label=gettext_lazy("受托机构"), queryset=Organisation.objects.none())
    area = forms.ModelChoiceField(label=gettext_lazy("地区"), queryset=Area.objects.none())
    contract = forms.CharField(label=gettext_lazy("合同编号"), max_length=60, required=False)
    price = forms.DecimalField(label=gettext_lazy("每户单价（元）"), min_value=0, max_digits=8, decimal_places=2)
    sample_reason = forms.CharField(
        label=gettext_lazy("单价是示例时写明来由"), max_length=200, required=False,
        help_text=gettext_lazy("照合同填的留空。写了来由的，结算单上注明是示例参数。"),
    )  # fmt: skip
    begins = forms.DateField(label=gettext_lazy("委托开始日期"), widget=DayInput)
    ends = forms.DateField(label=gettext_lazy("委托结束日期"), widget=DayInput)

    def __init__(self, officer: Officer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reach = officer.reach(Right.SURVEY_MANAGE)
        kinds = (Organisation.Kind.FIRM, Organisation.Kind.SOCIAL)
        choose(self, "firm", Organisation.objects.filter(within("area_id", reach), kind__in=kinds, is_active=True))
        choose(self, "area", Area.objects.within(reach).filter(level__in=(Level.COUNTY, Level.TOWNSHIP)))


@requires(Right.SURVEY_MANAGE)
def new_engagement(request: HttpRequest) -> HttpResponse:
    """Enter a contract."""
    officer = officer_of(request)
    form = EngagementForm(officer, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            told = dict(form.cleaned_data)
            rounds.engage(
                told["firm"], told["area"], told["price"], told["begins"], told["ends"], contract=told["contract"],
                sample_reason=told["sample_reason"], acting_officer=officer,
            )  # fmt: skip
            messages.success(request, _("已登记委托。组成小组时可以选择它。"))
            return HttpResponseRedirect(resolve_url("surveys:engagements"))
    return form_page(request, _("登记第三方委托"), form, _("登记"), (_("第三方结算"), reverse("surveys:engagements")))


@requires(Right.SURVEY_MANAGE, methods=("GET", "HEAD"))
def engagements(request: HttpRequest) -> HttpResponse:
    """The firms engaged in my area."""
    found = Engagement.objects.visible_to(officer_of(request)).select_related("firm", "area")
    columns = [
        Column("firm", _("受托机构"), heading=True, link=lambda one: reverse("surveys:engagement", args=[one.pk])),
        Column("area", _("地区")),
        Column("contract", _("合同编号"), value=lambda one: one.contract or _("没有编号")),
        Column("price", _("每户单价"), kind="money"),
        Column("begins", _("委托开始日期"), kind="day"),
        Column("ends", _("委托结束日期"), kind="day"),
    ]
    table = Table(
        request,
        found,
        columns,
        caption=_("第三方委托"),
        empty=_("还没有登记第三方委托。"),
        remedy=_("登记委托后，组成小组时选它，结算单按通过的户数计算。"),
    )
    return render_page(request, "surveys/engagements.html", {"title": _("第三方结算"), "table": table})


@requires(Right.SURVEY_MANAGE, methods=("GET", "HEAD"))
def engagement(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The statement of account of a firm for a period, on the screen, for the printer, or as a file."""
    officer = officer_of(request)
    one = get_object_or_404(Engagement.objects.visible_to(officer).select_related("firm", "area"), pk=pk)
    today = timezone.localdate()
    last = day_or(request.GET.get("last", ""), today)
    first = day_or(request.GET.get("first", ""), last.replace(day=1))
    told = statement(one, first, last)
    note(
        events.STATED, by=officer, subject=str(one.firm), area=one.area_id, looks=True,
        details={"engagement": str(one.pk), "first": first.isoformat(), "last": last.isoformat()},
    )  # fmt: skip
    if request.GET.get("as") == "csv":
        name = _("结算单-{firm}-{first}至{last}.csv").format(
            firm=one.firm, first=first.isoformat(), last=last.isoformat()
        )
        return _as_csv(told, name)
    context = {
        "title": _("结算单"), "engagement": one, "told": told, "first": first, "last": last,
        "crumbs": way((_("第三方结算"), reverse("surveys:engagements")), (_("结算单"), "")),
    }  # fmt: skip
    return render_page(request, "surveys/engagement.html", context)


def _as_csv(told: Statement, name: str) -> HttpResponse:
    """The statement as CSV that spreadsheets open with its letters right, and in which no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("户编号"), _("村（社区）"), _("日期"), _("事项"), _("金额（元）"), _("说明")])
    for line in told.lines:
        writer.writerow(
            [*map(_plain, (line.number, line.village, line.on.isoformat(), line.what)), line.amount, _plain(line.why)]
        )
    writer.writerow([_("合计"), "", "", "", told.total, ""])
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, name)
    return answer


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(tuple("=+-@\t\r")) else text
