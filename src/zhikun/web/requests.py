"""Around every request: where it came from, one line of the log when it is answered, its place in the figures."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from zhikun.web.metrics import METRICS

logger = logging.getLogger("zhikun.requests")

#: Probes ask every few seconds: their good answers are not worth a line.
QUIET = frozenset({"healthz", "readyz", "metrics", "static"})


class ProxyMiddleware:
    """The visitor's address where a proxy that we know passes it on; from anybody else the header means nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        known = settings.ZHIKUN_PROXIES
        peer = request.META.get("REMOTE_ADDR", "")
        if peer in known:
            passed = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
            # The last one that is no proxy of ours: what stands before it the visitor may have written.
            request.META["REMOTE_ADDR"] = next((one for one in reversed(passed) if one not in known), peer)
        else:
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self.get_response(request)


class TongueMiddleware:
    """One language and one clock, said at the beginning: whoever has to ask for the usual ones hundreds of times waits for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        translation.activate(settings.LANGUAGE_CODE)
        timezone.activate(timezone.get_default_timezone())
        return self.get_response(request)


class LogMiddleware:
    """One line for each request: which page, how it ended, how long it took, which officer. No address of a page, no query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - begun
        view = view_of(request)
        method = request.method if request.method in _METHODS else "OTHER"
        METRICS.count(view, method, response.status_code, seconds)
        if view not in QUIET or response.status_code >= 500:
            logger.info(
                "request",
                extra={
                    "view": view, "method": method, "status": response.status_code, "ms": round(seconds * 1000, 1),
                    "officer": _officer(request),
                },
            )  # fmt: skip
        return response


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def view_of(request: HttpRequest) -> str:
    """The name of the page that was asked for, never its address: `registry:household`, `static`, `unknown`."""
    match = request.resolver_match
    if match is not None:
        return match.view_name or "unnamed"
    probe: str | None = getattr(request, "zhikun_probe", None)
    if probe is not None:
        return probe
    return "static" if request.path_info.startswith(settings.STATIC_URL) else "unknown"


def _officer(request: HttpRequest) -> UUID | None:
    """Who asked, if the page needed to know; the log itself asks nothing of the database."""
    officer = getattr(request, "_cached_user", None)
    return officer.pk if officer is not None and officer.is_authenticated else None
