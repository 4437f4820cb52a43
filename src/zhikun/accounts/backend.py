"""How Django asks this room whether a password is right and who a session belongs to."""

from __future__ import annotations

import uuid

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from django.utils import timezone

from zhikun.accounts.models import Officer, plain_username
from zhikun.pages.asked import Asked

_officers = Asked(lambda pk: Officer.objects.filter(pk=pk).select_related("organisation"))


class OfficerBackend(BaseBackend):
    """Passwords of officers. A closed account has its password compared too: the verb then says that it is closed."""

    def authenticate(
        self,
        request: HttpRequest | None,  # noqa: ARG002 - Django's signature
        username: str | None = None,
        password: str | None = None,
        **kwargs: object,  # noqa: ARG002 - Django's signature
    ) -> Officer | None:
        """The officer of this name with this password; a name that does not exist costs the same time."""
        if not username or password is None:
            return None
        try:
            officer = Officer.objects.select_related("organisation").get(username=plain_username(username))
        except Officer.DoesNotExist:
            Officer().set_password(password)
            return None
        return officer if officer.check_password(password) else None

    def get_user(self, user_id: object) -> Officer | None:
        """The officer of a session, with the organisation; none any more when the account is closed or expired."""
        if not isinstance(user_id, uuid.UUID):
            return None
        officer = next(iter(_officers(user_id)), None)
        return officer if officer is not None and officer.is_current(timezone.localdate()) else None
