"""Objects of the household file, of imports, of the record and of areas for the permission table (permission_objects.py)."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from itertools import count
from typing import Any

from PIL import Image
from tests import factories

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Role
from zhikun.audit.services import record
from zhikun.registry.models import (
    Contradiction,
    Document,
    Household,
    HouseholdFacts,
    ImportBatch,
    ImportRow,
    Membership,
    Recording,
)  # fmt: skip
from zhikun.registry.services import document as documents
from zhikun.registry.services import importing_files

INSIDE = factories.VILLAGE
OUTSIDE = 150422100001
_numbers = count(1)


def household(in_scope: bool) -> Household:
    return factories.household(INSIDE if in_scope else OUTSIDE, n=next(_numbers))


def person(held: Household) -> uuid.UUID:
    return Membership.objects.filter(household=held).order_by("position").first().person_id


def recording(held: Household) -> uuid.UUID:
    return Recording.objects.filter(household=held).first().pk


def contradiction(held: Household) -> uuid.UUID:
    said = recording(held)
    sides = [
        {"recording": str(said), "source": "survey", "value": value, "observed_on": "2026-11-02"} for value in (0, 1200)
    ]
    made = Contradiction.objects.create(
        household=held, entity="member", row=str(person(held)), fact="wage_income_year", sides=sides
    )
    return made.pk


def document(held: Household) -> uuid.UUID:
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), (next(_numbers) % 256, 90, 120)).save(picture, "JPEG")
    acting = factories.officer(Role.COUNTY_REVIEWER, held.area_id // 10**6 * 10**6)
    upload = documents.Upload(picture.getvalue(), Document.Kind.DWELLING)
    return documents.add(held, upload, acting_officer=acting).pk


def thing(held: Household) -> str:
    facts = HouseholdFacts.objects.get(household=held)
    facts.values |= {"dwelling": {"1": {}}}
    facts.save()
    return "1"


def batch(in_scope: bool, asking: Officer) -> ImportBatch:
    code = INSIDE if in_scope else OUTSIDE
    made = ImportBatch.objects.create(
        file_name="调查.xlsx", sha256=uuid.uuid4().hex * 2, size=1, pack="yuanzhou", area=code, observed_on=factories.DAY,
        state=ImportBatch.State.CHECKED, uploaded_by=asking,
    )  # fmt: skip
    importing_files.keep(made.pk, "rejects", io.BytesIO(b"a workbook"))
    ImportRow.objects.create(batch=made, position=1, number="A1", area=code, state=ImportRow.State.READY)
    return made


def entry(in_scope: bool) -> int:
    """An entry of the record about the village."""
    return record("accounts.officer_added", by=None, subject="table", area=INSIDE if in_scope else OUTSIDE).number


def of_household(**more: Callable[[Household], Any] | str) -> Callable[[bool], dict[str, Any]]:
    """The household's key, and further arguments worked out from it."""

    def make(in_scope: bool) -> dict[str, Any]:
        held = household(in_scope)
        return {"pk": held.pk, **{name: one(held) if callable(one) else one for name, one in more.items()}}

    return make


PLAIN = ("household", "timeline", "as-of", "privacy", "unmask", "hide", "help", "categories", "add-document")

OBJECTS: dict[str, Callable[..., dict[str, Any]]] = {
    **{f"registry:{name}": of_household() for name in PLAIN},
    "registry:settle": of_household(one=contradiction),
    "registry:recording": of_household(one=recording),
    "registry:edit": of_household(entity="household"),
    "registry:edit-row": of_household(entity="member", row=lambda held: str(person(held))),
    "registry:add-thing": of_household(entity="dwelling"),
    "registry:remove-thing": of_household(entity="dwelling", row=thing),
    "registry:correct": of_household(person=person),
    "registry:change": of_household(kind="birth"),
    "registry:document": of_household(one=document),
    "registry:thumbnail": of_household(one=document),
    "registry:withdraw-document": of_household(one=document),
    "imports:batch": lambda in_scope, asking: {"pk": batch(in_scope, asking).pk},
    "imports:progress": lambda in_scope, asking: {"pk": batch(in_scope, asking).pk},
    "imports:rejects": lambda in_scope, asking: {"pk": batch(in_scope, asking).pk},
    "imports:row": lambda in_scope, asking: {"pk": batch(in_scope, asking).pk, "position": 1},
    "imports:act": lambda in_scope, asking: {"pk": batch(in_scope, asking).pk, "verb": "submit"},
    "audit:entry": lambda in_scope: {"number": entry(in_scope)},
    # The codes of areas are published; whoever keeps them sees all. Outside: a code that is none.
    "places:children": lambda in_scope: {"code": factories.COUNTY if in_scope else 999999000000},
    "places:follow": lambda in_scope: {"code": factories.COUNTY if in_scope else 999999000000},
}
