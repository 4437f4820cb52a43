"""The code at sign-in, and the page on which an officer sets up the second factor."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from zhikun.accounts import second_factor as codes
from zhikun.accounts import sessions
from zhikun.accounts.access import officer_of, public, requires
from zhikun.accounts.forms import CodeForm, SetUpForm, TelephoneCodeForm
from zhikun.accounts.limits import CODE_FAILURES
from zhikun.accounts.models import Officer
from zhikun.accounts.services import second_factor, signing_in
from zhikun.accounts.ui.sign_in import wanted_page
from zhikun.pages.errors import shown_in
from zhikun.pages.render import render_page


@public
@never_cache
@sensitive_post_parameters()
def code(request: HttpRequest) -> HttpResponse:
    """The second step of signing in. Who has not given a password is led to do so."""
    owed = sessions.pending(request)
    if owed is None:
        return HttpResponseRedirect(resolve_url("accounts:sign-in"))
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            second_factor.check(owed.officer, code=form.cleaned_data["code"])
            sessions.begin(request, owed.officer, verified=True)
            signing_in.signed_in(owed.officer, factors=2)
            return HttpResponseRedirect(owed.wanted)
    context = {"title": _("输入动态口令"), "form": form, "tries": CODE_FAILURES}
    return render_page(request, "accounts/code.html", context, status=422 if form.errors else 200)


@requires(early=True)
@never_cache
@sensitive_post_parameters()
def own_second_factor(request: HttpRequest) -> HttpResponse:
    """Set up the second factor, or see since when it is in use and take new recovery codes."""
    officer = officer_of(request)
    set_up = officer.second_factor_since is None
    if set_up and officer.must_change_password:
        own = urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(f"{resolve_url('accounts:password')}?{own}")
    form = (SetUpForm if set_up and officer.needs_set_up_code else TelephoneCodeForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            verb = second_factor.confirm if set_up else second_factor.renew_codes
            told = verb(officer, **form.cleaned_data)
            request.session[sessions.VERIFIED] = True
            context: dict[str, Any] = {"title": _("备用码"), "codes": told, "wanted": wanted_page(request)}
            return render_page(request, "accounts/recovery_codes.html", context)
    context = {
        "title": _("启用动态口令") if set_up else _("动态口令"),
        "form": form,
        "wanted": wanted_page(request),
        "set_up": set_up,
        "demanded": officer.needs_second_factor,
        "account": officer,
        "code_owed": officer.needs_set_up_code and not officer.set_up_digest,
        **(_offered(officer) if set_up else _in_use(officer)),
    }
    return render_page(request, "accounts/second_factor.html", context, status=422 if form.errors else 200)


def _offered(officer: Officer) -> dict[str, Any]:
    secret = second_factor.offer(officer)
    return {"picture": codes.picture(codes.address(officer, secret)), "secret": codes.grouped(secret)}


def _in_use(officer: Officer) -> dict[str, Any]:
    return {"codes_left": officer.recovery_codes.filter(used_at__isnull=True).count()}
