"""Photos of accepted visits as part of a household's documents: for who may see the household, wherever the visit was made."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import record as note
from zhikun.identity.errors import SealRefused
from zhikun.pages.errors import DomainError
from zhikun.registry import events as registry_events
from zhikun.registry.models import Household
from zhikun.registry.selectors.file import looked_lately, visible
from zhikun.surveys import events
from zhikun.surveys.models import Visit, VisitFile
from zhikun.surveys.services import files


@requires(Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def photo(request: HttpRequest, pk: uuid.UUID, file: uuid.UUID) -> HttpResponse:
    """The photo itself. Each look is on record."""
    officer = officer_of(request)
    household = visible(officer, pk)
    found = _photo(household, file)
    answer = _answer(found, is_small=False)
    _seen(household, found, officer)
    return answer


@requires(Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def photo_small(request: HttpRequest, pk: uuid.UUID, file: uuid.UUID) -> HttpResponse:
    """The small picture on the household's page, whose opening is on record already; seen alone, it is a look of its own."""
    officer = officer_of(request)
    household = visible(officer, pk)
    found = _photo(household, file)
    answer = _answer(found, is_small=True)
    if not any(looked_lately(household, officer, event) for event in (registry_events.VIEWED, events.FILE_SEEN)):
        _seen(household, found, officer)
    return answer


def _photo(household: Household, file: uuid.UUID) -> VisitFile:
    """A photo of a visit to the household that was accepted and whose recording stands; else it is not there."""
    found = VisitFile.objects.filter(
        pk=file, kind=VisitFile.Kind.PHOTO, visit__household=household, visit__state=Visit.State.ACCEPTED,
        visit__recording__withdrawn_at__isnull=True,
    ).first()  # fmt: skip
    if found is None:
        raise Http404
    return found


def _seen(household: Household, file: VisitFile, officer: Officer) -> None:
    note(
        events.FILE_SEEN, by=officer, household=household.pk, subject=household.number, area=household.area_id, looks=True,
        details={"file": str(file.pk)},
    )  # fmt: skip


def _answer(file: VisitFile, *, is_small: bool) -> HttpResponse:
    try:
        content = files.small(file) if is_small else b"".join(files.content_of(file))
    except FileNotFoundError:
        raise Http404 from None
    except SealRefused:
        raise DomainError(
            _("这张照片打不开。"),
            why=_("文件被改动过，或密钥不对。"),
            remedy=_("请告诉系统管理员，从备份恢复。"),
        ) from None
    answer = HttpResponse(content, content_type="image/jpeg")
    answer["Content-Disposition"] = f'inline; filename="{file.pk.hex[:8]}.jpg"'
    answer["Cache-Control"] = "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
