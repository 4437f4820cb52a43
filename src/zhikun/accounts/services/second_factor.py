"""The second factor: set up by the officer, asked at sign-in, reset by an administrator."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.errors import CodeLocked, NotAsItWas, WrongCode
from zhikun.accounts.events import Event
from zhikun.accounts.limits import CODE_FAILURES, CODE_LOCK_MINUTES
from zhikun.accounts.models import Officer, RecoveryCode
from zhikun.accounts.second_factor import RECOVERY_CODES, new_secret, plain_recovery, recovery_code, step_of
from zhikun.accounts.services.guards import a_reason, locked, manages
from zhikun.audit.services import record

_FIELDS = [
    "second_factor_sealed", "second_factor_since", "second_factor_step", "second_factor_failures",
    "second_factor_locked_until",
]  # fmt: skip


@transaction.atomic
def offer(officer: Officer) -> str:
    """The secret for the telephone; the same one until it is confirmed. Raises NotAsItWas when one is in use."""
    held = locked(officer)
    if held.second_factor_since is not None:
        raise NotAsItWas(_("动态口令已经启用。"))
    if held.second_factor_secret is None:
        held.second_factor_secret = new_secret()
        held.save(update_fields=["second_factor_sealed"])
    return held.second_factor_secret or ""


@transaction.atomic
def confirm(officer: Officer, *, code: str) -> list[str]:
    """The telephone shows the right code: the second factor is in use. Returns the recovery codes, told once."""
    held = locked(officer)
    secret = held.second_factor_secret
    if held.second_factor_since is not None or secret is None:
        raise NotAsItWas(_("动态口令已经启用，或还没有开始设置。"))
    now = timezone.now()
    step = step_of(secret, code, now, 0)
    if step is None:
        raise WrongCode(None)
    held.second_factor_since, held.second_factor_step = now, step
    held.second_factor_failures, held.second_factor_locked_until = 0, None
    held.save(update_fields=_FIELDS)
    codes = _new_codes(held)
    record(Event.SECOND_FACTOR_SET_UP, by=held, subject=held.username)
    officer.second_factor_since = now
    return codes


def check(officer: Officer, *, code: str) -> None:
    """The code at sign-in: of the telephone, or one of the recovery codes. Raises WrongCode, CodeLocked.

    A wrong one is counted even though the verb refuses: the count is written before the refusal is raised.
    """
    refused = _checked(officer, code, recovery=True)
    if refused is not None:
        raise refused


def renew_codes(officer: Officer, *, code: str) -> list[str]:
    """Ten new recovery codes against a code of the telephone; the old ones are worth nothing. Raises WrongCode, CodeLocked."""
    refused = _checked(officer, code, recovery=False)
    if refused is not None:
        raise refused
    with transaction.atomic():
        held = locked(officer)
        codes = _new_codes(held)
        record(Event.RECOVERY_CODES_RENEWED, by=held, subject=held.username)
    return codes


@transaction.atomic
def reset(officer: Officer, *, reason: str, acting_officer: Officer) -> None:
    """The telephone is lost: the officer sets up a new one at the next sign-in. Every session ends."""
    reason = a_reason(reason)
    held = locked(officer)
    manages(acting_officer, held)
    if held.second_factor_secret is None:
        raise NotAsItWas(_("该账号没有启用动态口令。"))
    held.second_factor_secret, held.second_factor_since = None, None
    held.second_factor_failures, held.second_factor_locked_until = 0, None
    held.sessions_from = timezone.now()
    held.save(update_fields=[*_FIELDS, "sessions_from"])
    held.recovery_codes.all().delete()
    area = held.organisation.area_id
    record(Event.SECOND_FACTOR_RESET, by=acting_officer, subject=held.username, area=area, reason=reason)


@transaction.atomic
def _checked(officer: Officer, code: str, *, recovery: bool) -> WrongCode | CodeLocked | None:
    held = locked(officer)
    now = timezone.now()
    until = held.second_factor_locked_until
    if until is not None and until > now:
        _failed(held, Event.SIGN_IN_FAILED)
        return CodeLocked(_minutes(until - now))
    step = step_of(held.second_factor_secret or "", code, now, held.second_factor_step)
    spent = _spend(held, code, now) if step is None and recovery else None
    if step is None and spent is None:
        return _count(held, now)
    held.second_factor_step = max(step or 0, held.second_factor_step)
    held.second_factor_failures, held.second_factor_locked_until = 0, None
    held.save(update_fields=_FIELDS)
    if spent is not None:
        left = held.recovery_codes.filter(used_at__isnull=True).count()
        record(Event.RECOVERY_CODE_USED, by=held, subject=held.username, details={"left": left})
    return None


def _count(held: Officer, now: datetime) -> WrongCode | CodeLocked:
    held.second_factor_failures += 1
    left = CODE_FAILURES.value - held.second_factor_failures
    if left <= 0:
        held.second_factor_failures = 0
        held.second_factor_locked_until = now + timedelta(minutes=CODE_LOCK_MINUTES.value)
    held.save(update_fields=_FIELDS)
    _failed(held, Event.SIGN_IN_FAILED if left > 0 else Event.LOCKED)
    return WrongCode(left) if left > 0 else CodeLocked(CODE_LOCK_MINUTES.value)


def _failed(held: Officer, event: Event) -> None:
    area = held.organisation.area_id
    record(event, by=held, subject=held.username, area=area, details={"why": "code"})


def _spend(held: Officer, code: str, now: datetime) -> RecoveryCode | None:
    plain = plain_recovery(code)
    if plain is None:
        return None
    for one in held.recovery_codes.filter(used_at__isnull=True):
        if check_password(plain, one.digest):
            one.used_at = now
            one.save(update_fields=["used_at"])
            return one
    return None


def _new_codes(held: Officer) -> list[str]:
    held.recovery_codes.all().delete()
    codes = [recovery_code() for _unused in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(officer=held, digest=make_password(code)) for code in codes)
    return codes


def _minutes(left: timedelta) -> int:
    return max(1, ceil(left / timedelta(minutes=1)))
