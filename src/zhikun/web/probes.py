"""Answers for machines: `/healthz` (this process lives), `/readyz` (the platform can work), `/metrics` (figures).

They stand above sessions and sign-in, need no officer, and say nothing that a stranger may not know.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseNotFound, JsonResponse
from django.utils.crypto import constant_time_compare

from zhikun.jobs.selectors import worker_age
from zhikun.web import metrics, start

logger = logging.getLogger("zhikun.probes")

#: A worker signs every ten seconds, and not while it waits for a lock.
_SILENT = timedelta(seconds=90)


class ProbeMiddleware:
    """Answers the probes before anything asks the database for a session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        request.zhikun_probe = request.path_info.strip("/")  # type: ignore[attr-defined]  # for the log's line
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = probe(request)
        response["Cache-Control"] = "no-store"
        return response


def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, tables, key ring, data folder and worker are as they must be, else 503; what failed, by name.

    The sentences with paths and addresses stand in the log.
    """
    faults = {name: check() for name, check in CHECKS.items()}
    failed = {name: text for name, text in faults.items() if text}
    for name, text in failed.items():
        logger.error("not ready", extra={"check": name, "fault": text})
    answer = {"ready": not failed, "checks": {name: "failed" if name in failed else "ok" for name in faults}}
    return JsonResponse(answer, status=503 if failed else 200)


def figures(request: HttpRequest) -> HttpResponse:
    """For this machine, or for whoever shows the token; for others there is nothing here."""
    if not (_from_here(request) or _shows_token(request)):
        return HttpResponseNotFound()
    return HttpResponse(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _from_here(request: HttpRequest) -> bool:
    """From this machine itself, and not passed on by a proxy that runs on it."""
    if any(name in request.META for name in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _shows_token(request: HttpRequest) -> bool:
    token = settings.ZHIKUN_METRICS_TOKEN
    return bool(token) and constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}")


def _tables() -> str:
    try:
        return start.tables_fault()
    except DatabaseError:
        return "unknown: the database is away"


def _worker() -> str:
    try:
        age = worker_age()
    except DatabaseError:
        return "unknown: the database is away"
    return "" if age is not None and age < _SILENT else "no worker was seen"


CHECKS: dict[str, Callable[[], str]] = {
    "database": start.database_fault,
    "tables": _tables,
    "keys": start.keys_fault,
    "folder": start.folder_fault,
    "worker": _worker,
}
PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": figures,
}
