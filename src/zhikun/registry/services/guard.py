"""What stands at the beginning of every verb about a household: right, file in use, version, and the lock."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.identity.masks import holds_id_number, holds_phone_number
from zhikun.pages.errors import DomainError
from zhikun.registry.errors import EditConflict, FileNotInUse, NotAllowedHere
from zhikun.registry.models import Household


def locked(
    household_id: uuid.UUID, *, officer: Officer, right: Right = Right.HOUSEHOLD_EDIT, version: int | None = None
) -> Household:
    """The household, locked until the transaction ends, if the officer may do this there and nobody was faster.

    `version` is the one that the officer had on the screen; None: the verb adds and overwrites nothing.
    """
    # `of`: the head may be nobody yet, and an outer join cannot be locked.
    household = Household.objects.select_for_update(of=("self",)).select_related("area", "head").get(pk=household_id)
    if not officer.may(right, household.area_id):
        raise NotAllowedHere
    if household.state != Household.State.OPEN:
        raise FileNotInUse(household.number)
    if version is not None and version != household.version:
        raise EditConflict(version, household.version)
    return household


def hold(household_ids: Iterable[uuid.UUID]) -> None:
    """Lock these files until the caller's transaction ends, by id: two who hold the same wait for each other, none for ever."""
    list(Household.objects.select_for_update().filter(pk__in=set(household_ids)).order_by("pk").values_list("pk"))


def no_number_in(text: str, field: str = "reason") -> str:
    """The text, if it holds no identity or mobile number: reasons are kept and shown in the open."""
    what = _("证件号码") if holds_id_number(text) else _("手机号码") if holds_phone_number(text) else ""
    if what:
        raise DomainError(
            _("说明里有{what}。").format(what=what),
            why=_("说明会显示给查档的人。"),
            remedy=_("请去掉号码。"),
            field=field,
        )
    return text
