"""Which request an entry belongs to: its number and the address it came from, kept for the length of the request."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True)
class Asked:
    """One request, or one run of a command or job."""

    id: uuid.UUID = field(default_factory=uuid.uuid4)
    address: str | None = None


_CURRENT: ContextVar[Asked | None] = ContextVar("zhikun_asked", default=None)


def in_hand() -> Asked | None:
    """The request in hand; None outside of one."""
    return _CURRENT.get()


def current() -> Asked:
    """The request in hand; outside of one, a number of its own."""
    return _CURRENT.get() or Asked()


class AskedMiddleware:
    """Gives each request its number, which the log, the error page and the audit entries share."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _CURRENT.set(Asked(address=request.META.get("REMOTE_ADDR") or None))
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = str(current().id)
            return response
        finally:
            _CURRENT.reset(token)
