"""Photos and scans: added, looked at, taken down. The files lie sealed in the data folder, each bound to its row."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.pages.errors import DomainError
from zhikun.privacy import clear_strays, open_file, seal_file
from zhikun.registry import events
from zhikun.registry.errors import NeedsReason
from zhikun.registry.models import Document, Household, Membership
from zhikun.registry.services.guard import locked
from zhikun.registry.services.images import Prepared, prepared
from zhikun.registry.services.recording import bump


@dataclass(frozen=True)
class Upload:
    """A file as it came: its bytes, what it shows, and what the device said about time and place, if it said so."""

    content: bytes
    kind: str
    title: str = ""
    person: uuid.UUID | None = None
    came_with: str = ""
    taken_at: datetime | None = None
    position: tuple[float, float, float] | None = None


@transaction.atomic
def add(
    household: Household, upload: Upload, *, acting_officer: Officer, right: Right = Right.HOUSEHOLD_EDIT
) -> Document:
    """Check, clean, seal and keep a file. Raises FileRefused. The same file twice is the first one."""
    ready = prepared(upload.content)
    held = locked(household.pk, officer=acting_officer, right=right)
    digest = hashlib.sha256(upload.content).hexdigest()
    same = Document.objects.filter(household=held, sha256=digest, withdrawn_at__isnull=True).first()
    if same is not None:
        return same
    if upload.kind not in Document.Kind.values:
        raise DomainError(_("没有选择材料类型。"), remedy=_("请从列表中选择。"), field="kind")
    if upload.person and not Membership.objects.filter(household=held, person_id=upload.person).exists():
        raise DomainError(_("这个人不在这一户。"), remedy=_("请刷新页面。"), field="person")
    made = _row(held, upload, ready, digest, acting_officer)
    seal_file(io.BytesIO(ready.content), path_of(made), purpose="document", binding=_binding(made))
    if ready.thumbnail is not None:
        seal_file(
            io.BytesIO(ready.thumbnail),
            path_of(made, thumbnail=True),
            purpose="document",
            binding=_binding(made, thumbnail=True),
        )
    bump(held)
    note(
        events.DOCUMENT_ADDED, by=acting_officer, household=held.pk, subject=held.number, area=held.area_id,
        details={"document": str(made.pk), "kind": made.kind, "size": made.size},
    )  # fmt: skip
    return made


def _row(household: Household, upload: Upload, ready: Prepared, digest: str, officer: Officer) -> Document:
    latitude, longitude, accuracy = upload.position or (ready.latitude, ready.longitude, None)
    return Document.objects.create(
        household=household, person_id=upload.person, kind=upload.kind, title=upload.title.strip()[:100],
        content_type=ready.content_type, size=len(ready.content), sha256=digest,
        taken_at=upload.taken_at or ready.taken_at, latitude=_six(latitude), longitude=_six(longitude), accuracy=accuracy,
        came_with=upload.came_with, added_by=officer,
    )  # fmt: skip


def read(document: Document, *, thumbnail: bool = False) -> Iterator[bytes]:
    """The content in chunks. Raises FileNotFoundError where it was lost, SealRefused where it was touched."""
    return open_file(
        path_of(document, thumbnail=thumbnail), purpose="document", binding=_binding(document, thumbnail=thumbnail)
    )


def seen(document: Document, *, acting_officer: Officer) -> None:
    """A look at a document is on record."""
    household = document.household
    note(
        events.DOCUMENT_SEEN, by=acting_officer, household=household.pk, subject=household.number, area=household.area_id,
        looks=True, details={"document": str(document.pk), "kind": document.kind},
    )  # fmt: skip


@transaction.atomic
def withdraw(document: Document, *, reason: str, acting_officer: Officer) -> None:
    """Take a document down: it is shown no more, its row and file stay for the record."""
    if not reason.strip():
        raise NeedsReason
    held = locked(document.household_id, officer=acting_officer)
    once = Document.objects.filter(pk=document.pk, withdrawn_at__isnull=True).update(
        withdrawn_at=timezone.now(), withdrawn_why=reason.strip()[:200]
    )
    if not once:
        raise DomainError(_("这份材料已经撤下了。"), remedy=_("请刷新页面。"))
    bump(held)
    note(
        events.CHANGED, by=acting_officer, household=held.pk, subject=held.number, area=held.area_id,
        reason=reason.strip(), details={"kind": "document_withdrawn", "document": str(document.pk)},
    )  # fmt: skip


def path_of(document: Document, *, thumbnail: bool = False) -> Path:
    """Where the sealed bytes lie: spread over folders by the first letters of the id."""
    name = f"{document.pk.hex}{'.small' if thumbnail else ''}.sealed"
    return folder() / document.pk.hex[:2] / name


def folder() -> Path:
    """Where the sealed photos and scans lie."""
    return Path(settings.ZHIKUN_DATA) / "documents"


def clear() -> int:
    """Remove what a server killed before the row was kept left of photos and scans. How many files."""
    return clear_strays(folder(), lambda ids: set(Document.objects.filter(pk__in=ids).values_list("pk", flat=True)))


def sealed_as(path: Path) -> tuple[str, str] | None:
    """Purpose and binding of a file below the folder; None for what is not sealed."""
    name, _dot, rest = path.name.partition(".")
    try:
        key = uuid.UUID(name)
    except ValueError:
        return None
    endings = {"sealed": "", "small.sealed": ":small"}
    return ("document", f"registry_document:{key}{endings[rest]}") if rest in endings and len(path.parts) == 2 else None


def _binding(document: Document, *, thumbnail: bool = False) -> str:
    return f"registry_document:{document.pk}{':small' if thumbnail else ''}"


def _six(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(round(value, 6)))
