"""What stands between a session and a page: sessions end, and sign-in is finished before anything else is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts import sessions
from zhikun.accounts.access import is_early, is_public
from zhikun.accounts.models import Officer
from zhikun.accounts.services import signing_in

Handler = Callable[[HttpRequest], HttpResponse]


class GateMiddleware:
    """Ends sessions that are over; leads an officer who owes a password or a second factor there and nowhere else."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: Any,  # noqa: ARG002 - Django's signature
        kwargs: Any,  # noqa: ARG002 - Django's signature
    ) -> HttpResponse | None:
        officer = request.user
        if not isinstance(officer, Officer):
            return None
        now = timezone.now()
        ended = sessions.over(request, officer, now)
        if ended is not None:
            signing_in.end_session(officer, why=ended.value)
            logout(request)
            if is_public(view):
                return None
            messages.warning(request, _why(ended))
            return _to("accounts:sign-in", request)
        sessions.touch(request, now)
        if is_public(view) or is_early(view):
            return None
        if officer.owes_password(now):
            return _to("accounts:password", request)
        if officer.needs_second_factor and officer.second_factor_since is None:
            return _to("accounts:second-factor", request)
        return None


def _why(ended: sessions.Over) -> str:
    if ended is sessions.Over.IDLE:
        return _("您已超过 {n} 分钟没有操作，系统已自动退出。请重新登录，未保存的内容需要重新填写。").format(
            n=settings.ZHIKUN_IDLE_MINUTES
        )
    if ended is sessions.Over.SECOND_FACTOR:
        return _("您的账号刚刚启用了动态口令，请重新登录。")
    return _("您的账号已在全部设备上退出登录，请重新登录。")


def _to(name: str, request: HttpRequest) -> HttpResponse:
    """There, and after it back to the page that was asked for; what was sent in a form is not sent again."""
    query = f"?{urlencode({'next': request.get_full_path()})}" if request.method == "GET" else ""
    return HttpResponseRedirect(resolve_url(name) + query)
