"""Signing in and out. Each success, failure, lock and sign-out is an entry of the record."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_ip_address
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from zhikun.accounts.errors import AccountClosed, NotSignedIn, TooManyTries
from zhikun.accounts.events import Event
from zhikun.accounts.models import Officer, plain_username
from zhikun.audit.services import record


def check_password(request: HttpRequest, *, username: str, password: str) -> Officer:
    """The officer, if name and password are right and the account is open. Raises NotSignedIn, TooManyTries, AccountClosed."""
    username = plain_username(username)
    named = Officer.objects.select_related("organisation").filter(username=username).first()
    credentials = {"username": username}
    if AxesProxyHandler.is_locked(request, credentials):
        _failed(Event.SIGN_IN_FAILED, named, why="locked")
        raise TooManyTries(minutes_left(request, username))
    found = authenticate(request, username=username, password=password)
    if not isinstance(found, Officer):
        if AxesProxyHandler.is_locked(request, credentials):
            _failed(Event.LOCKED, named, why="password")
            raise TooManyTries(minutes_left(request, username))
        _failed(Event.SIGN_IN_FAILED, named, why="password")
        raise NotSignedIn
    if not found.is_current(timezone.localdate()):
        _failed(Event.SIGN_IN_FAILED, found, why="closed")
        raise AccountClosed(found.expires_on if found.is_active and found.organisation.is_active else None)
    return found


def lock_name(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str | None:
    """Under which name failures are counted: a keyed digest, because people type passwords into the field for the name."""
    name = (credentials or {}).get("username")
    return salted_hmac("zhikun.accounts.lock", plain_username(name)).hexdigest() if name else None


def lift_lock(officer: Officer) -> None:
    """Forget the wrong passwords of this account at every address: somebody has given it a new one."""
    AxesProxyHandler.reset_attempts(username=lock_name(None, {"username": officer.username}))


def minutes_left(request: HttpRequest, username: str) -> int:
    """How long the account stays locked for this address, in whole minutes, at least one."""
    last = (
        AccessAttempt.objects.filter(
            username=lock_name(None, {"username": username}), ip_address=get_client_ip_address(request)
        )
        .order_by("-attempt_time")
        .values_list("attempt_time", flat=True)
        .first()
    )
    whole = timedelta(hours=settings.AXES_COOLOFF_TIME)
    left = whole - (timezone.now() - last) if last is not None else whole
    return max(1, ceil(left / timedelta(minutes=1)))


def signed_in(officer: Officer, *, factors: int) -> None:
    """Record that the officer signed in with the password alone (1) or with the second factor (2)."""
    record(Event.SIGNED_IN, by=officer, subject=officer.username, details={"factors": factors})


def end_session(officer: Officer, *, why: str) -> None:
    """Record that a session ended: the officer's own doing (`own`), or the reason of `sessions.Over`."""
    record(Event.SIGNED_OUT, by=officer, subject=officer.username, details={"why": why})


@transaction.atomic
def sign_out_everywhere(officer: Officer, *, acting_officer: Officer, reason: str = "") -> None:
    """End every session of the officer that began before now, on every machine."""
    now = timezone.now()
    Officer.objects.filter(pk=officer.pk).update(sessions_from=now)
    officer.sessions_from = now
    record(Event.SIGNED_OUT_EVERYWHERE, by=acting_officer, subject=officer.username, reason=reason)


def _failed(event: Event, officer: Officer | None, *, why: str) -> None:
    """A failure is recorded under the account that was named, where there is one; else no name: people type passwords there."""
    record(
        event, by=officer, subject=officer.username if officer else "",
        area=officer.organisation.area_id if officer else None, details={"why": why},
    )  # fmt: skip
