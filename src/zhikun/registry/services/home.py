"""The address and the telephone of a household on file, as an accepted visit found them."""

from __future__ import annotations

from datetime import date

from zhikun.accounts.models import Officer
from zhikun.registry.models import Household, HouseholdEvent, Person, Residence


def found_at_home(household: Household, *, address: str, phone: str, on: date, officer: Officer) -> list[str]:
    """Bring what differs into the file, with an event; blank says nothing. The names of what changed.

    The caller holds the household's lock, records the visit and notes the act. Where it lies elsewhere the household has
    moved, which is a verb of its own (structure.move).
    """
    changed = []
    if address and address != (household.address or ""):
        household.address = address
        household.save(update_fields=["address_sealed"])
        home = Residence.objects.select_for_update().filter(household=household, until__isnull=True).first()
        if home is not None:
            home.address = address
            home.save(update_fields=["address_sealed"])
        changed.append("address")
    if phone and household.head_id is not None:
        head = Person.objects.select_for_update(no_key=True).get(pk=household.head_id)
        if phone != (head.phone or ""):
            head.phone = phone
            head.save(update_fields=["phone_sealed"])
            changed.append("phone")
    if changed:
        HouseholdEvent.objects.create(
            household=household, kind=HouseholdEvent.Kind.CORRECTED, on=on, recorded_by=officer, details={"fields": changed}
        )  # fmt: skip
    return changed
