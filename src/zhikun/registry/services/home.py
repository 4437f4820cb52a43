"""The address and the telephone of a household on file, as an accepted visit or an import found them; and back again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.registry.models import Household, HouseholdEvent, Person, Residence

#: What stood before and what came: {"address": [before, after], "phone": [before, after, person id]}; only what changed.
Before = dict[str, list[str]]


def differing(address: str, phone: str, *, on_file: tuple[str | None, str | None], has_head: bool) -> Iterator[str]:
    """Which of the two would change the file. Blank says nothing; without a head nobody has the telephone."""
    if address and address != (on_file[0] or ""):
        yield "address"
    if phone and has_head and phone != (on_file[1] or ""):
        yield "phone"


def found_at_home(
    household: Household, *, address: str, phone: str, on: date, officer: Officer, **details: Any
) -> Before:
    """Bring what differs into the file, with an event; blank says nothing. What stood before, of what changed.

    The caller holds the household's lock, records the source and notes the act. Where it lies elsewhere the household has
    moved, which is a verb of its own (structure.move). `details` go into the event: ids, no particulars.
    What was told for a later day than `on` stays: an old list does not take back what a visit found since.
    """
    later = _told_later(household, on)
    head = _person(household.head_id) if phone and household.head_id is not None else None
    on_file = (household.address, head.phone if head else None)
    before: Before = {}
    for name in differing(address, phone, on_file=on_file, has_head=head is not None):
        if name in later:
            continue
        if name == "address":
            before[name] = [household.address or "", address]
            _live_at(household, address)
        elif head is not None:
            before[name] = [head.phone or "", phone, str(head.pk)]
            _reached_by(head, phone)
    if before:
        HouseholdEvent.objects.create(
            household=household, kind=HouseholdEvent.Kind.CORRECTED, on=on, recorded_by=officer,
            details={**details, "fields": list(before)},
        )  # fmt: skip
    return before


def put_back(household: Household, before: Before) -> tuple[list[str], list[str]]:
    """What stood before stands again, unless somebody changed it since. What went back, and what was left as it is now.

    The caller holds the household's lock, writes the event and notes the act.
    """
    back: list[str] = []
    left: list[str] = []
    if "address" in before:
        was, came = before["address"]
        if (household.address or "") == came:
            _live_at(household, was)
        (back if (household.address or "") == was else left).append("address")
    if "phone" in before:
        was, came, person = before["phone"]
        who = Person.objects.select_for_update(no_key=True).filter(pk=person).first()
        if who is not None and (who.phone or "") == came:
            _reached_by(who, was)
        (back if who is not None and (who.phone or "") == was else left).append("phone")
    return back, left


def titles() -> Mapping[str, str]:
    """What people call the two."""
    return {"address": _("详细地址"), "phone": _("联系电话")}


def in_words(names: list[str]) -> str:
    """Which of the two, as people say it."""
    return "、".join(titles().get(name, name) for name in names)


def _told_later(household: Household, on: date) -> set[str]:
    events = HouseholdEvent.objects.filter(household=household, kind=HouseholdEvent.Kind.CORRECTED, on__gt=on)
    return {name for details in events.values_list("details", flat=True) for name in details.get("fields", ())}


def _live_at(household: Household, address: str) -> None:
    household.address = address or None
    household.save(update_fields=["address_sealed"])
    home = Residence.objects.select_for_update().filter(household=household, until__isnull=True).first()
    if home is not None:
        home.address = address or None
        home.save(update_fields=["address_sealed"])


def _reached_by(person: Person, phone: str) -> None:
    person.phone = phone or None
    person.save(update_fields=["phone_sealed"])


def _person(pk: Any) -> Person:
    return Person.objects.select_for_update(no_key=True).get(pk=pk)
