"""Organisations: added, renamed, closed and opened again."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.errors import NameTaken, NotAsItWas, StillInUse
from zhikun.accounts.events import Event
from zhikun.accounts.models import Officer, Organisation
from zhikun.accounts.services.guards import a_reason, manages_area, manages_organisation
from zhikun.audit.services import record
from zhikun.places.models import Area


@transaction.atomic
def add(*, code: str, name: str, kind: str, area: Area, acting_officer: Officer, line: str = "") -> Organisation:
    """A new organisation in the acting officer's area. `line` says which department. Raises NameTaken, OutOfReach."""
    manages_area(acting_officer, area)
    made = Organisation(code=code.strip(), name=name.strip(), kind=kind, area=area, line=line.strip())
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise NameTaken(code, "code") from None
    details = {"kind": kind, "name": made.name}
    record(Event.ORGANISATION_ADDED, by=acting_officer, subject=made.code, area=area.code, details=details)
    return made


@transaction.atomic
def edit(organisation: Organisation, *, name: str, line: str, acting_officer: Officer) -> None:
    """Another name. Kind and area stay: what its officers hold depends on them. Without a difference nothing happens."""
    held = _locked(organisation, acting_officer)
    before = {"name": held.name, "line": held.line}
    after = {"name": name.strip(), "line": line.strip()}
    if after == before:
        return
    Organisation.objects.filter(pk=held.pk).update(**after)
    details = {"before": before, "after": after}
    record(Event.ORGANISATION_EDITED, by=acting_officer, subject=held.code, area=held.area_id, details=details)


@transaction.atomic
def close(organisation: Organisation, *, reason: str, acting_officer: Officer) -> None:
    """No new officers any more, and none signs in. Raises StillInUse while it has open accounts, NotAsItWas."""
    reason = a_reason(reason)
    held = _locked(organisation, acting_officer)
    if not held.is_active:
        raise NotAsItWas(_("机构已经停用。"))
    count = held.officers.open(timezone.localdate()).count()
    if count:
        raise StillInUse(count)
    Organisation.objects.filter(pk=held.pk).update(is_active=False)
    record(Event.ORGANISATION_CLOSED, by=acting_officer, subject=held.code, area=held.area_id, reason=reason)


@transaction.atomic
def reopen(organisation: Organisation, *, reason: str, acting_officer: Officer) -> None:
    """A closed organisation works again. Raises NotAsItWas."""
    reason = a_reason(reason)
    held = _locked(organisation, acting_officer)
    if held.is_active:
        raise NotAsItWas(_("机构没有停用。"))
    Organisation.objects.filter(pk=held.pk).update(is_active=True)
    record(Event.ORGANISATION_REOPENED, by=acting_officer, subject=held.code, area=held.area_id, reason=reason)


def _locked(organisation: Organisation, acting_officer: Officer) -> Organisation:
    held = Organisation.objects.select_for_update().get(pk=organisation.pk)
    manages_organisation(acting_officer, held)
    return held
