"""A session's life: when it began, when somebody last worked in it, whether the second factor was shown.

A session is over when nobody has worked in it for ZHIKUN_IDLE_MINUTES, when it began before the officer's `sessions_from`
(sign-out everywhere), or when a second factor was set up elsewhere that it has not shown.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.utils import timezone

from zhikun.accounts.limits import PENDING_MINUTES
from zhikun.accounts.models import Officer

BACKEND = "zhikun.accounts.backend.OfficerBackend"
STARTED = "zhikun_started"
SEEN = "zhikun_seen"
VERIFIED = "zhikun_verified"
PENDING = "zhikun_pending"
#: A request that a page makes by itself carries this header: nobody is at work, so it keeps no session alive.
POLL_HEADER = "X-Zhikun-Poll"
#: How often "last seen" is written, in seconds: once a minute, not with every request.
SEEN_EVERY = 60


class Over(StrEnum):
    """Why a session ended."""

    IDLE = "idle"
    EVERYWHERE = "everywhere"
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True)
class Pending:
    """Who has given the right password and still owes the code, and where they wanted to go."""

    officer: Officer
    wanted: str


def begin(request: HttpRequest, officer: Officer, *, verified: bool) -> None:
    """Sign in under a new session key, so that a key known before is worth nothing."""
    request.session.flush()
    login(request, officer, backend=BACKEND)
    mark_begun(request, verified=verified)


def mark_begun(request: HttpRequest, *, verified: bool) -> None:
    """Write into the session that it begins now."""
    now = timezone.now()
    request.session[STARTED] = now.isoformat()
    request.session[SEEN] = int(now.timestamp())
    request.session[VERIFIED] = verified


def over(request: HttpRequest, officer: Officer, now: datetime) -> Over | None:
    """Why the session is over; None while it goes on."""
    started = request.session.get(STARTED)
    if started is None:  # signed in by the framework itself (a test, a command): it begins with its first request
        mark_begun(request, verified=False)
        started = request.session[STARTED]
    if datetime.fromisoformat(started) < officer.sessions_from:
        return Over.EVERYWHERE
    if now.timestamp() - request.session[SEEN] > settings.ZHIKUN_IDLE_MINUTES * 60:
        return Over.IDLE
    if officer.second_factor_since is not None and not request.session.get(VERIFIED):
        return Over.SECOND_FACTOR
    return None


def touch(request: HttpRequest, now: datetime) -> None:
    """Somebody works in the session; a page that asks by itself does not count."""
    if POLL_HEADER not in request.headers and now.timestamp() - request.session[SEEN] >= SEEN_EVERY:
        request.session[SEEN] = int(now.timestamp())


def ask_for_code(request: HttpRequest, officer: Officer, wanted: str) -> None:
    """The password was right; the code is still to come. Nobody is signed in yet."""
    request.session.cycle_key()
    request.session[PENDING] = {"officer": str(officer.pk), "at": timezone.now().isoformat(), "wanted": wanted}


def pending(request: HttpRequest) -> Pending | None:
    """Who owes the code, unless it took them too long or their sessions were ended meanwhile."""
    given = request.session.get(PENDING)
    if given is None:
        return None
    at = datetime.fromisoformat(given["at"])
    officer = Officer.objects.select_related("organisation").filter(pk=uuid.UUID(given["officer"])).first()
    late = timezone.now() - at > timedelta(minutes=PENDING_MINUTES.value)
    if officer is None or late or at < officer.sessions_from or not officer.is_current(timezone.localdate()):
        del request.session[PENDING]
        return None
    return Pending(officer, given["wanted"])
