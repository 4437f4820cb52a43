"""Signing in and out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from zhikun.accounts import sessions
from zhikun.accounts.access import officer_of, public, requires
from zhikun.accounts.errors import AccountRefused, TooManyTries
from zhikun.accounts.forms import SignInForm
from zhikun.accounts.models import Officer
from zhikun.accounts.services import signing_in
from zhikun.pages.errors import Notice
from zhikun.pages.render import render_page


@public
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Name and password; then the code, if the officer has a second factor."""
    wanted = wanted_page(request)
    if isinstance(request.user, Officer):
        return HttpResponseRedirect(wanted)
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            officer = signing_in.check_password(request, **form.cleaned_data)
        except TooManyTries as refused:
            return _too_many(request, refused)
        except AccountRefused as refused:
            form.add_error(None, str(refused))
        else:
            return _next_step(request, officer, wanted)
    context = {"form": form, "wanted": wanted, "idle_minutes": settings.ZHIKUN_IDLE_MINUTES}
    return render_page(request, "accounts/sign_in.html", context, status=200 if not form.errors else 422)


def _next_step(request: HttpRequest, officer: Officer, wanted: str) -> HttpResponse:
    if officer.second_factor_since is not None:
        sessions.ask_for_code(request, officer, wanted)
        return HttpResponseRedirect(resolve_url("accounts:code"))
    sessions.begin(request, officer, verified=False)
    signing_in.signed_in(officer, factors=1)
    return HttpResponseRedirect(wanted)


def wanted_page(request: HttpRequest) -> str:
    """Where the officer wanted to go: a page of ours, else the first page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def locked(request: HttpRequest, response: HttpResponse, credentials: Any) -> HttpResponse:
    """For the setting AXES_LOCKOUT_CALLABLE: the page has already said that the account is locked, and for how long."""
    return response


def _too_many(request: HttpRequest, refused: TooManyTries) -> HttpResponse:
    notice = Notice(refused.what, refused.why, refused.remedy)
    response = render_page(request, "accounts/locked.html", {"notice": notice}, status=429)
    response["Retry-After"] = str(refused.minutes * 60)
    return response


@requires(early=True, methods=("POST",))
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the sign-in of this browser."""
    signing_in.end_session(officer_of(request), why="own")
    logout(request)
    messages.success(request, _("您已退出登录。"))
    return HttpResponseRedirect(resolve_url("accounts:sign-in"))


@requires(early=True, methods=("POST",))
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session of the officer, this one among them."""
    officer = officer_of(request)
    signing_in.sign_out_everywhere(officer, acting_officer=officer)
    logout(request)
    messages.success(request, _("您的账号已在全部设备上退出登录。"))
    return HttpResponseRedirect(resolve_url("accounts:sign-in"))
