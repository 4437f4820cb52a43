"""Passwords: changed by their owner, or replaced by an administrator with a random first one."""

from __future__ import annotations

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.errors import PasswordRefused, WrongPassword
from zhikun.accounts.events import Event
from zhikun.accounts.models import Officer
from zhikun.audit.services import record

#: Letters and digits that nobody mistakes for one another when reading them aloud; 31 of them.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def random_password() -> str:
    """A first password such as kq4m-x7wd-9hps: 12 of 31 letters, 59 bits."""
    letters = "".join(secrets.choice(LETTERS) for _unused in range(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))


@transaction.atomic
def change_own(officer: Officer, *, current: str, new: str) -> None:
    """The officer's own new password. Other sessions of the officer are over, because their password hash is.

    With a second factor in use the account is the officer's alone from now on. Without one, a secret that was offered under
    the old password is worth nothing any more: whoever gave that password may have seen it.
    """
    held = Officer.objects.select_for_update(of=("self",)).get(pk=officer.pk)
    if not held.check_password(current):
        raise WrongPassword
    if held.check_password(new):
        raise PasswordRefused([_("新密码和当前密码相同。")])
    try:
        validate_password(new, held)
    except ValidationError as error:
        raise PasswordRefused(error.messages) from None
    officer.set_password(new)
    officer.must_change_password, officer.password_changed_at = False, timezone.now()
    fields = ["password", "must_change_password", "password_changed_at"]
    if held.second_factor_since is not None:
        officer.password_from = None
        fields.append("password_from")
    else:
        officer.second_factor_secret = None
        fields.append("second_factor_sealed")
    officer.save(update_fields=fields)
    record(Event.PASSWORD_CHANGED, by=officer, subject=officer.username)
