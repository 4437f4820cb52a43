"""The second factor: set up by the officer, asked at sign-in, reset by an administrator."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.errors import CodeLocked, NotAsItWas, WrongCode, WrongSetUpCode
from zhikun.accounts.events import Event
from zhikun.accounts.limits import CODE_FAILURES, CODE_LOCK_MINUTES
from zhikun.accounts.models import Officer, RecoveryCode
from zhikun.accounts.second_factor import RECOVERY_CODES, new_secret, plain_recovery, recovery_code, step_of
from zhikun.accounts.services.guards import a_reason, locked, manages, may_give_set_up_code
from zhikun.audit.services import record

_FIELDS = [
    "second_factor_sealed", "second_factor_since", "second_factor_step", "second_factor_failures",
    "second_factor_locked_until",
]  # fmt: skip


@transaction.atomic
def offer(officer: Officer) -> str:
    """The secret for the telephone; the same one until it is confirmed. Raises NotAsItWas when one is in use.

    Not before the officer has a password of their own: whoever gave the first one could look at the secret and wait.
    """
    held = locked(officer)
    if held.must_change_password:
        raise NotAsItWas(_("请先修改初始密码，再设置动态口令。"))
    if held.second_factor_since is not None:
        raise NotAsItWas(_("动态口令已经启用。"))
    if held.second_factor_secret is None:
        held.second_factor_secret = new_secret()
        held.save(update_fields=["second_factor_sealed"])
    return held.second_factor_secret or ""


@transaction.atomic
def confirm(officer: Officer, *, code: str, set_up_code: str = "") -> list[str]:
    """The telephone shows the right code: the second factor is in use. Returns the recovery codes, told once.

    Where somebody else has had the password, or the last factor was reset, it takes the code that another administrator gave.
    Raises WrongSetUpCode, WrongCode, NotAsItWas.
    """
    held = locked(officer)
    secret = held.second_factor_secret
    if held.second_factor_since is not None or secret is None or held.must_change_password:
        raise NotAsItWas(_("动态口令已经启用，或还没有开始设置。"))
    if held.needs_set_up_code and not (
        held.set_up_digest and check_password(plain_recovery(set_up_code) or "", held.set_up_digest)
    ):
        raise WrongSetUpCode
    now = timezone.now()
    step = step_of(secret, code, now, 0)
    if step is None:
        raise WrongCode(None)
    held.second_factor_since, held.second_factor_step = now, step
    held.second_factor_failures, held.second_factor_locked_until = 0, None
    held.password_from, held.set_up_from, held.set_up_digest = None, None, ""
    held.save(update_fields=[*_FIELDS, "password_from", "set_up_from", "set_up_digest"])
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
def reset(officer: Officer, *, reason: str, acting_officer: Officer | None) -> str:
    """The telephone is lost: the officer sets up a new one, against the code that is returned and told once. Every session ends.

    `acting_officer` None: a command on the server. Raises OneHand, NotAsItWas, OwnAccount, OutOfReach, ReasonMissing.
    """
    held, reason = _held_for_set_up(officer, reason, acting_officer)
    if held.second_factor_since is None:
        raise NotAsItWas(_("该账号没有启用动态口令。"))
    held.second_factor_secret, held.second_factor_since = None, None
    held.second_factor_failures, held.second_factor_locked_until = 0, None
    held.sessions_from = timezone.now()
    held.save(update_fields=[*_FIELDS, "sessions_from"])
    held.recovery_codes.all().delete()
    return _new_set_up_code(held, Event.SECOND_FACTOR_RESET, acting_officer, reason)


@transaction.atomic
def give_set_up_code(officer: Officer, *, reason: str, acting_officer: Officer | None) -> str:
    """The code for setting up a second factor where none is in use: returned, told once, and the one before is void.

    The officer may be sitting at that page meanwhile: nothing else changes.
    Raises OneHand, NotAsItWas, OwnAccount, OutOfReach, ReasonMissing.
    """
    held, reason = _held_for_set_up(officer, reason, acting_officer)
    if held.second_factor_since is not None or not held.is_active:
        raise NotAsItWas(_("该账号已经启用动态口令，或账号已经停用。"))
    return _new_set_up_code(held, Event.SET_UP_CODE_GIVEN, acting_officer, reason)


def _held_for_set_up(officer: Officer, reason: str, acting_officer: Officer | None) -> tuple[Officer, str]:
    reason = a_reason(reason)
    held = locked(officer)
    if acting_officer is not None:
        manages(acting_officer, held)
    may_give_set_up_code(acting_officer, held)
    return held, reason


def _new_set_up_code(held: Officer, event: Event, acting_officer: Officer | None, reason: str) -> str:
    code = recovery_code()
    held.set_up_from, held.set_up_digest = acting_officer, make_password(code)
    held.save(update_fields=["set_up_from", "set_up_digest"])
    record(event, by=acting_officer, subject=held.username, area=held.organisation.area_id, reason=reason)
    return code


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
