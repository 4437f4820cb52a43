"""Accounts of officers, as administrators keep them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from zhikun.accounts import selectors
from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.forms import OfficerEditForm, OfficerFilter, OfficerForm
from zhikun.accounts.models import Appointment, Officer, Organisation
from zhikun.accounts.roles import Right
from zhikun.accounts.services import officers, second_factor
from zhikun.accounts.services.guards import manages, may_give_password, may_give_set_up_code
from zhikun.identity import mask_phone
from zhikun.pages.errors import DomainError, shown_in
from zhikun.pages.formats import status
from zhikun.pages.frame import Crumb
from zhikun.pages.parts import Confirm, Detail
from zhikun.pages.render import render_page
from zhikun.pages.tables import Column, Table

MANAGE = Right.ACCOUNT_MANAGE

#: What the buttons of an account's page do. A verb that returns a text returns a first password, or a code for setting up.
VERBS: dict[str, Callable[..., str | None]] = {
    "close": officers.close,
    "reopen": officers.reopen,
    "reset-password": officers.reset_password,
    "reset-second-factor": second_factor.reset,
    "set-up-code": second_factor.give_set_up_code,
    "sign-out": officers.sign_out_everywhere,
}
#: Those of them that tell a code for setting up.
SET_UP = frozenset({"reset-second-factor", "set-up-code"})
#: What is said afterwards.
DONE = {
    "close": "账号已停用。",
    "reopen": "账号已恢复，请重新授予角色。",
    "reset-password": "密码已重置。",
    "reset-second-factor": "动态口令已重置，本人下次登录时凭启用码重新设置。",
    "set-up-code": "已给出启用码，本人设置动态口令时输入。",
    "sign-out": "此人在所有设备上已退出登录。",
}


def officer_columns() -> list[Column]:
    """The columns of a list of officers."""
    return [
        Column("username", _("账号"), link=url_of, sort="username"),
        Column("name", _("姓名"), sort="name"),
        Column("organisation", _("机构"), value="organisation.name", sort="organisation__name", wide=True),
        Column("roles", _("角色"), value=_roles, wide=True),
        Column("expires_on", _("到期日"), value=_expiry, sort="expires_on"),
        Column("state", _("状态"), value=state_mark),
    ]


@requires(MANAGE)
def listing(request: HttpRequest) -> HttpResponse:
    """The officers in the administrator's area."""
    form = OfficerFilter(request.GET)
    wanted = form.cleaned_data if form.is_valid() else None
    found = selectors.officers(officer_of(request), wanted or {})
    table = Table(
        request, found if wanted is not None else found.none(), officer_columns(), caption=_("人员"), order="username",
        target="results", remedy=_("请换个条件；新增人员请先打开其机构。"),
    )  # fmt: skip
    context = {"title": _("人员账号"), "form": form, "table": table}
    return render_page(request, "accounts/officers.html", context, fragment="results")


@requires(MANAGE)
@never_cache
def new(request: HttpRequest, organisation_id: uuid.UUID) -> HttpResponse:
    """A new account in an organisation; its first password is shown once."""
    officer = officer_of(request)
    office = get_object_or_404(Organisation.objects.visible_to(officer), pk=organisation_id)
    form = OfficerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            made, password = officers.add(**form.cleaned_data, organisation=office, acting_officer=officer)
            return _first_password(request, made, password, _("已新增账号“{name}”。").format(name=made.username))
    way = [
        Crumb(_("机构"), reverse("accounts:organisations")),
        Crumb(office.name, reverse("accounts:organisation", args=[office.pk])),
        Crumb(_("新增人员")),
    ]
    note = _("保存后会显示一次性的初始密码；本人首次登录必须修改。角色在下一步授予。")
    context = {"title": _("新增人员"), "form": form, "crumbs": way, "yes": _("新增账号"), "note": note}
    return render_page(request, "accounts/form.html", context, status=422 if form.errors else 200)


@requires(MANAGE)
def one(request: HttpRequest, officer_id: uuid.UUID) -> HttpResponse:
    """One account: what it may do where, and what the administrator can do with it."""
    acting = officer_of(request)
    held = find(acting, officer_id)
    refused = _refusal(manages, acting, held)
    context = {
        "title": held.name,
        "account": held,
        "details": _details(held),
        "appointments": [_line(acting, appointment) for appointment in selectors.appointments_of(held)],
        "acts": [] if refused else _acts(acting, held),
        "refused": refused,
        "kept_apart": [] if refused else _kept_apart(acting, held),
        "crumbs": [Crumb(_("人员账号"), reverse("accounts:officers")), Crumb(held.name)],
    }
    return render_page(request, "accounts/officer.html", context)


@requires(MANAGE)
def edit(request: HttpRequest, officer_id: uuid.UUID) -> HttpResponse:
    """Another name, organisation or last day."""
    acting = officer_of(request)
    held = find(acting, officer_id)
    form = OfficerEditForm(
        request.POST or None, organisations=Organisation.objects.visible_to(acting).open(),
        initial={"name": held.name, "organisation": held.organisation.code, "expires_on": held.expires_on},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            officers.edit(held, **form.cleaned_data, acting_officer=acting)
            messages.success(request, _("已保存。"))
            return HttpResponseRedirect(url_of(held))
    way = [
        Crumb(_("人员账号"), reverse("accounts:officers")), Crumb(held.name, url_of(held)), Crumb(_("修改")),
    ]  # fmt: skip
    context = {"title": _("修改账号"), "form": form, "crumbs": way, "yes": _("保存")}
    return render_page(request, "accounts/form.html", context, status=422 if form.errors else 200)


@requires(MANAGE, methods=("POST",))
@never_cache
def act(request: HttpRequest, officer_id: uuid.UUID, act: str) -> HttpResponse:
    """Close, open again, give a new first password, reset the second factor, give the code for it, sign out everywhere."""
    acting = officer_of(request)
    held = find(acting, officer_id)
    if act not in VERBS:
        raise Http404
    told = VERBS[act](held, reason=request.POST.get("reason", ""), acting_officer=acting)
    if told is not None and act in SET_UP:
        context = {"title": _("启用码"), "account": held, "code": told, "done": _(DONE[act]), "back": url_of(held)}
        return render_page(request, "accounts/set_up_code.html", context)
    if told is not None:
        return _first_password(request, held, told, _(DONE[act]))
    messages.success(request, _(DONE[act]))
    return HttpResponseRedirect(url_of(held))


def find(acting: Officer, officer_id: uuid.UUID) -> Officer:
    """The officer, if the administrator manages the organisation; else 404."""
    visible = Officer.objects.visible_to(acting).select_related("organisation__area")
    held: Officer = get_object_or_404(visible, pk=officer_id)
    return held


def url_of(held: Officer) -> str:
    """The page of an account."""
    return reverse("accounts:officer", args=[held.pk])


def state_mark(held: Officer) -> SafeString:
    """启用, 停用 or 已到期, as a mark."""
    if not held.is_active or not held.organisation.is_active:
        return status("neutral", _("停用"))
    if held.expires_on is not None and held.expires_on < timezone.localdate():
        return status("warning", _("已到期"))
    return status("success", _("启用"))


def _first_password(request: HttpRequest, held: Officer, password: str, done: str) -> HttpResponse:
    context = {"title": _("初始密码"), "account": held, "password": password, "done": done, "back": url_of(held)}
    return render_page(request, "accounts/first_password.html", context)


def _details(held: Officer) -> list[Detail]:
    since = held.second_factor_since
    return [
        Detail(_("账号"), held.username),
        Detail(_("机构"), held.organisation.name),
        Detail(_("状态"), None, html=state_mark(held)),
        Detail(_("电话"), mask_phone(held.phone) if held.phone else _("未登记")),
        Detail(_("账号到期日"), _expiry(held)),
        Detail(_("上次登录"), held.last_login, kind="moment") if held.last_login else Detail(_("上次登录"), _("从未")),
        Detail(_("密码"), _("初始密码，待本人修改") if held.must_change_password else _("本人已修改")),
        Detail(_("动态口令"), since, kind="moment", note=_("启用"))
        if since
        else Detail(_("动态口令"), _set_up_state(held)),
    ]


def _set_up_state(held: Officer) -> str:
    if held.set_up_digest:
        return _("未启用，已给出启用码，待本人设置")
    return _("未启用，设置时须有启用码") if held.needs_set_up_code else _("未启用")


def _line(acting: Officer, one: Appointment) -> dict[str, Any]:
    """An appointment as the page shows it, with the way to end it where this administrator may."""
    now = timezone.now()
    over = one.revoked_at is not None or (one.ends is not None and one.ends <= now)
    may_end = not over and one.officer_id != acting.pk and acting.may(MANAGE, one.area_id)
    question = _("终止“{area}”的“{role}”？").format(area=one.area.name, role=one.get_role_display())
    url = reverse("accounts:appointment-end", args=[one.pk])
    confirm = Confirm(
        _("终止"), question, url, consequence=_("立即生效；由此委托出去的职责一并终止。"), reason=_("终止理由")
    )
    return {"one": one, "state": _appointment_mark(one, over=over), "end": confirm if may_end else None}


def _appointment_mark(one: Appointment, *, over: bool) -> SafeString:
    if one.revoked_at is not None:
        return status("neutral", _("已终止"))
    if over:
        return status("neutral", _("已结束"))
    return status("info", _("未开始")) if one.begins > timezone.now() else status("success", _("在任"))


class _Half(NamedTuple):
    """One half of an account: what the button does, what asks whether this administrator may."""

    act: str
    label: str
    consequence: str
    guard: Callable[[Officer, Officer], None]


def _halves(held: Officer) -> list[_Half]:
    """Password and second factor, of which one administrator gives only one."""
    told_once = _("启用码只显示一次，本人重新设置动态口令时输入。")
    if not held.is_active:
        reopened = _("恢复后没有任何角色，须重新授予；会生成新的初始密码。")
        return [_Half("reopen", _("恢复账号"), reopened, may_give_password)]
    renewed = _("生成一次性的初始密码，本人下次登录必须修改；已有登录全部失效。")
    halves = [_Half("reset-password", _("重置密码"), renewed, may_give_password)]
    if held.second_factor_since is not None:
        lost = _("用于手机丢失。请先核实本人身份；备用码一并作废。") + told_once
        halves.append(_Half("reset-second-factor", _("重置动态口令"), lost, may_give_set_up_code))
    elif held.needs_set_up_code:
        new = _("请先核实本人身份。以前给出的启用码作废。") + told_once
        halves.append(_Half("set-up-code", _("给出启用码"), new, may_give_set_up_code))
    return halves


def _acts(acting: Officer, held: Officer) -> list[Confirm]:
    def ask(act: str, label: str, consequence: str, *, danger: bool = False) -> Confirm:
        url = reverse("accounts:officer-act", args=[held.pk, act])
        question = _("{label}：{name}（{username}）？").format(label=label, name=held.name, username=held.username)
        return Confirm(label, question, url, consequence=consequence, danger=danger, reason=_("理由"))

    acts = [
        ask(half.act, half.label, half.consequence)
        for half in _halves(held)
        if _refusal(half.guard, acting, held) is None
    ]
    if held.is_active:
        acts.append(ask("sign-out", _("全部退出登录"), _("此人在所有设备上的登录立即失效，可以重新登录。")))
        over = _("立即退出登录，全部角色和委托终止；可以恢复，但角色须重新授予。")
        acts.append(ask("close", _("停用账号"), over, danger=True))
    return acts


def _kept_apart(acting: Officer, held: Officer) -> list[dict[str, Any]]:
    """What this administrator cannot do since the other half came from them, and who can."""
    refused = ((half, _refusal(half.guard, acting, held)) for half in _halves(held))
    return [{"label": half.label, "why": why} for half, why in refused if why is not None]


def _refusal(guard: Callable[[Officer, Officer], None], acting: Officer, held: Officer) -> DomainError | None:
    try:
        guard(acting, held)
    except DomainError as refused:
        return refused
    return None


def _roles(held: Officer) -> str:
    here = getattr(held, "roles_held", [])
    return "、".join(f"{one.get_role_display()}（{one.area.name}）" for one in here) or _("无")


def _expiry(held: Officer) -> str:
    return held.expires_on.isoformat() if held.expires_on else _("长期")
