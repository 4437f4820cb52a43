"""The officer's own account."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from zhikun.accounts import selectors
from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.forms import PasswordForm
from zhikun.accounts.limits import PASSWORD_DAYS
from zhikun.accounts.refusal import shown_in
from zhikun.accounts.services import passwords
from zhikun.accounts.ui.sign_in import wanted_page
from zhikun.pages.render import render_page


@requires()
def me(request: HttpRequest) -> HttpResponse:
    """My account: who I am here, what I may do where and until when, and when somebody signed in with my name."""
    return render_page(request, "accounts/me.html", selectors.own_account(officer_of(request)))


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
        "first": officer.must_change_password,
        "days": PASSWORD_DAYS,
    }
    return render_page(request, "accounts/password.html", context, status=200 if not form.errors else 422)
