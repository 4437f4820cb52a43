"""The officer's own account."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from zhikun.accounts import selectors
from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.events import Event as Kind
from zhikun.accounts.forms import PasswordForm
from zhikun.accounts.limits import PASSWORD_DAYS
from zhikun.accounts.services import passwords
from zhikun.accounts.ui.sign_in import wanted_page
from zhikun.identity import mask_phone
from zhikun.pages.errors import shown_in
from zhikun.pages.parts import Confirm, Detail, Event
from zhikun.pages.render import render_page


@requires()
def me(request: HttpRequest) -> HttpResponse:
    """My account: who I am here, what I may do where and until when, and when somebody signed in with my name."""
    context = selectors.own_account(officer_of(request))
    account = context["account"]
    since = account.second_factor_since
    context |= {
        "details": [
            Detail(_("姓名"), account.name, note=_("由管理员修改")),
            Detail(_("账号"), account.username),
            Detail(_("机构"), account.organisation.name),
            Detail(_("电话"), mask_phone(account.phone) if account.phone else _("未登记")),
            Detail(_("账号到期日"), account.expires_on, kind="day") if account.expires_on else Detail(_("账号到期日"), _("长期")),
            Detail(_("动态口令"), since, kind="moment", note=_("启用")) if since else Detail(_("动态口令"), _("未启用")),
        ],
        "events": [
            Event(entry["at"], entry["title"], text=_sign_in_text(entry), tone=_TONES.get(entry["event"], "neutral"))
            for entry in context["sign_ins"]
        ],
        "everywhere": Confirm(
            _("全部退出登录"), _("在所有设备上退出登录？"), reverse("accounts:sign-out-everywhere"),
            consequence=_("包括这一台，需要重新登录。"),
        ),
    }  # fmt: skip
    return render_page(request, "accounts/me.html", context)


_TONES = {str(Kind.SIGN_IN_FAILED): "warning", str(Kind.LOCKED): "danger"}


def _sign_in_text(entry: dict[str, Any]) -> str:
    """From where, and what was wrong."""
    wrong = {
        "password": _("密码不正确"), "code": _("动态口令不正确"), "closed": _("账号停用或到期"), "locked": _("锁定期间再试"),
    }.get(entry["details"].get("why", ""), "")  # fmt: skip
    return "，".join(part for part in (_("来自 {a}").format(a=entry["address"] or _("未知地址")), wrong) if part)


@requires(early=True)
@sensitive_post_parameters()
def password(request: HttpRequest) -> HttpResponse:
    """A new password; the first one must be changed before anything else is opened."""
    officer = officer_of(request)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            passwords.change_own(officer, current=form.cleaned_data["current"], new=form.cleaned_data["new"])
            update_session_auth_hash(request, officer)
            messages.success(request, _("密码已修改，其他设备上的登录已失效。"))
            return HttpResponseRedirect(wanted_page(request))
    context = {
        "form": form,
        "wanted": wanted_page(request),
        "username": officer.username,
        "first": officer.must_change_password,
        "due": officer.owes_password(timezone.now()),
        "days": PASSWORD_DAYS,
    }
    return render_page(request, "accounts/password.html", context, status=200 if not form.errors else 422)
