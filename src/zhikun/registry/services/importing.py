"""Files of households on their way in: uploaded, checked, submitted, approved by another officer, undone whole."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Appointment, Officer
from zhikun.accounts.roles import RIGHTS, Right, Role
from zhikun.audit.services import record as note
from zhikun.jobs.services import ask
from zhikun.places.models import Area, AreaRange
from zhikun.registry import events
from zhikun.registry.errors import NeedsReason, NotAllowedHere
from zhikun.registry.models import ImportBatch, ImportRow
from zhikun.registry.services import importing_files as files
from zhikun.registry.services.guard import no_number_in
from zhikun.registry.services.importing_errors import (
    BatchMovedOn,
    FileRefused,
    NotAnotherPerson,
    NothingToCommit,
    NotYours,
)
from zhikun.registry.vocabulary import pack_in_force

State = ImportBatch.State
#: States of a batch that stands no more: the same file may come again.
GONE = (State.REFUSED, State.UNDONE, State.DROPPED, State.UNREADABLE)


@dataclass(frozen=True)
class Uploaded:
    """The batch of a file; `known`: the same file is here already, and this is its batch."""

    batch: ImportBatch
    known: bool


def upload(
    source: BinaryIO, *, name: str, area: Area, observed_on: date, generated: bool = False, acting_officer: Officer
) -> Uploaded:
    """Take a file, sealed, and ask for its check. The same file for the same area is recognised, also of two at once.

    `generated`: nobody in it exists.
    Raises FileRefused for another kind of file, one that is too large, or a day to come.
    """
    if not acting_officer.may(Right.HOUSEHOLD_IMPORT, area.pk):
        raise NotAllowedHere
    name = PurePosixPath(name.replace("\\", "/")).name[-200:]
    size, digest = _measured(source, name)
    if observed_on > timezone.localdate():
        raise FileRefused(_("情况日期在今天之后。"), remedy=_("请填写入户调查或登记的日期。"), field="observed_on")
    known = _standing(digest, area.pk)
    if known is not None:
        return Uploaded(known, known=True)
    batch = ImportBatch(
        id=uuid.uuid4(), file_name=name, sha256=digest, size=size, pack=pack_in_force().id, area=area.pk,
        observed_on=observed_on, uploaded_by=acting_officer, counts={"generated": True} if generated else {},
    )  # fmt: skip
    files.keep(batch.pk, "file", source)
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
            ask(
                "registry.import_check",
                arguments={"batch": str(batch.pk)},
                key=str(batch.pk),
                by=acting_officer,
                area=area.pk,
            )
            _note(events.IMPORT_UPLOADED, batch, acting_officer, details={"size": size, "sha256": digest})
    except IntegrityError:
        files.remove(batch.pk, "file")
        faster = _standing(digest, area.pk)
        if faster is None:
            raise
        return Uploaded(faster, known=True)
    return Uploaded(batch, known=False)


@transaction.atomic
def submit(batch: ImportBatch, *, acting_officer: Officer) -> None:
    """The maker has looked at the result of the check and asks for approval."""
    held = _locked(batch, State.CHECKED, State.RETURNED)
    if held.uploaded_by_id != acting_officer.pk:
        raise NotYours
    if not acting_officer.may(Right.HOUSEHOLD_IMPORT, held.area):
        raise NotAllowedHere
    if not held.rows.filter(state=ImportRow.State.READY).exists():
        raise NothingToCommit
    held.state = State.SUBMITTED
    held.decided_by, held.decided_at, held.decision_reason = None, None, ""
    held.save()
    _note(events.IMPORT_SUBMITTED, held, acting_officer, details={"households": held.counts.get("ready", 0)})


@transaction.atomic
def approve(batch: ImportBatch, *, acting_officer: Officer, reason: str = "") -> None:
    """A second person agrees: the households are committed in the background. Of two approvals at once one counts."""
    held = _decided(batch, State.APPROVED, acting_officer, no_number_in(reason))
    ask(
        "registry.import_commit", arguments={"batch": str(held.pk)}, key=str(held.pk), by=acting_officer, area=held.area
    )


@transaction.atomic
def send_back(batch: ImportBatch, *, acting_officer: Officer, reason: str) -> None:
    """Back to the maker, who may submit it again or drop it."""
    _decided(batch, State.RETURNED, acting_officer, _said(reason))


@transaction.atomic
def refuse(batch: ImportBatch, *, acting_officer: Officer, reason: str) -> None:
    """Not approved: nothing of it comes in, its file and rows go."""
    held = _decided(batch, State.REFUSED, acting_officer, _said(reason))
    _forget(held)


@transaction.atomic
def drop(batch: ImportBatch, *, acting_officer: Officer) -> None:
    """The maker gives it up, or somebody else who imports there: a mended file comes in its place."""
    held = _locked(batch, State.CHECKED, State.RETURNED, State.UNREADABLE)
    if not acting_officer.may(Right.HOUSEHOLD_IMPORT, held.area):
        raise NotAllowedHere
    held.state = State.DROPPED
    held.save()
    _forget(held)
    _note(events.IMPORT_DECIDED, held, acting_officer, details={"decision": State.DROPPED.value})


@transaction.atomic
def undo(batch: ImportBatch, *, reason: str, acting_officer: Officer) -> None:
    """Take back a batch that is committed, in the background. Of two at once one begins it."""
    held = _locked(batch, State.COMMITTED)
    may_approve(held, acting_officer)
    held.state, held.undone_by, held.undone_why = State.UNDOING, acting_officer, _said(reason)
    held.save()
    ask("registry.import_undo", arguments={"batch": str(held.pk)}, key=str(held.pk), by=acting_officer, area=held.area)
    _note(events.IMPORT_UNDONE, held, acting_officer, reason=held.undone_why, details={"step": "asked"})


def may_approve(batch: ImportBatch, officer: Officer) -> None:
    """Raises NotAllowedHere or NotAnotherPerson where the officer is not the second person for this batch.

    A right lent by the maker is the maker's; a maker who held the right only from this officer worked in their name.
    """
    if not officer.may(Right.IMPORT_APPROVE, batch.area):
        raise NotAllowedHere
    if officer.pk == batch.uploaded_by_id:
        raise NotAnotherPerson(_("这个批次是您自己上传的。"))
    own = [
        one
        for one in _giving(Right.IMPORT_APPROVE, officer.held, batch.area)
        if one.delegated_by_id != batch.uploaded_by_id
    ]
    if not own:
        raise NotAnotherPerson(_("您的审核权限是上传的人委托给您的。"))
    then = batch.uploaded_by.appointments.in_force(batch.uploaded_at).select_related("area")
    makers = _giving(Right.HOUSEHOLD_IMPORT, list(then), batch.area)
    if makers and all(one.delegated_by_id == officer.pk for one in makers):
        raise NotAnotherPerson(_("上传的人是受您委托办理的。"))


def can_approve(batch: ImportBatch, officer: Officer) -> bool:
    """Whether `may_approve` lets the officer: for the buttons of a page."""
    try:
        may_approve(batch, officer)
    except (NotAllowedHere, NotAnotherPerson):
        return False
    return True


def range_of(batch: ImportBatch) -> AreaRange:
    """The area of the batch with everything below it."""
    return Area.objects.get(pk=batch.area).range


def _giving(right: Right, appointments: list[Appointment], area: int) -> list[Appointment]:
    return [
        one
        for one in appointments
        if right in RIGHTS[Role(one.role)] and one.area.range.first <= area <= one.area.range.last
    ]


def _decided(batch: ImportBatch, state: ImportBatch.State, officer: Officer, reason: str) -> ImportBatch:
    held = _locked(batch, State.SUBMITTED)
    may_approve(held, officer)
    held.state, held.decided_by, held.decided_at, held.decision_reason = state, officer, timezone.now(), reason.strip()
    held.save()
    _note(events.IMPORT_DECIDED, held, officer, reason=reason, details={"decision": state.value})
    return held


def _locked(batch: ImportBatch, *states: ImportBatch.State) -> ImportBatch:
    held = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if held.state not in states:
        raise BatchMovedOn(str(State(held.state).label))
    return held


def _forget(batch: ImportBatch) -> None:
    """What was told of people is not kept longer than it is needed."""
    batch.rows.update(payload_sealed=None)
    transaction.on_commit(lambda: files.remove(batch.pk, "file", "rejects"))


def _said(reason: str) -> str:
    if not reason.strip():
        raise NeedsReason
    return no_number_in(reason.strip())[:200]


def _standing(digest: str, area: int) -> ImportBatch | None:
    return ImportBatch.objects.filter(sha256=digest, area=area).exclude(state__in=GONE).first()


def _measured(source: BinaryIO, name: str) -> tuple[int, str]:
    """Size and SHA-256 of the file, which is then at its beginning again."""
    if PurePosixPath(name).suffix.lower() not in files.SUFFIXES:
        raise FileRefused(
            _("不能导入这种文件。"),
            remedy=_("请选择 .xlsx 工作簿、.csv、.parquet，或装有几张 CSV、Parquet 的 .zip。"),
            field="file",
        )
    size, work = 0, hashlib.sha256()
    while chunk := source.read(1 << 20):
        size += len(chunk)
        work.update(chunk)
        if size > files.MOST_BYTES:
            raise FileRefused(
                _("文件超过 {n} MB。").format(n=files.MOST_BYTES // 1_000_000),
                remedy=_("请按乡镇分成几个文件；全县的数据请管理员用 zhikun registry import 导入。"),
                field="file",
            )
    if not size:
        raise FileRefused(_("文件是空的。"), remedy=_("请确认传输完整后再上传。"), field="file")
    source.seek(0)
    return size, work.hexdigest()


def _note(event: str, batch: ImportBatch, officer: Officer, *, reason: str = "", details: dict[str, object]) -> None:
    note(event, by=officer, subject=str(batch.pk), area=batch.area, reason=reason, details=details)
