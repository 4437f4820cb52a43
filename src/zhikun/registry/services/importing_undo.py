"""Taking back a whole batch: what it opened and nobody touched since is taken out of use, what it added is withdrawn.

Nothing is deleted: the files stay for reading, closed and empty, with the event that says why; their people are free to be
registered again, and so are their numbers.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.audit.services import Act, record_many
from zhikun.audit.services import record as note
from zhikun.registry import events
from zhikun.registry.models import (
    CategoryHeld,
    Document,
    Help,
    Household,
    HouseholdEvent,
    ImportBatch,
    ImportRow,
    Membership,
    Recording,
)
from zhikun.registry.services.guard import hold
from zhikun.registry.services.home import in_words, put_back
from zhikun.registry.services.importing_work import Step, still
from zhikun.registry.services.recording import bump, copies_of, refresh, withdraw_copies

CHUNK = 100
ENDED_BY = "import_undone"


def undo(batch_id: uuid.UUID, step: Step) -> dict[str, Any]:
    """Take the batch back in chunks, each one transaction; killed anywhere, it goes on where it was."""
    batch = ImportBatch.objects.select_related("undone_by").get(pk=batch_id)
    if batch.state != ImportBatch.State.UNDOING:
        return {}
    step.expect(batch.rows.exclude(state=ImportRow.State.REJECTED).count(), _("户"))
    while _chunk(batch, step):
        step.check()
    return _finish(batch)


def _chunk(batch: ImportBatch, step: Step) -> int:
    with transaction.atomic():
        if not still(batch, ImportBatch.State.UNDOING):
            return 0
        rows = batch.rows.filter(state=ImportRow.State.COMMITTED).order_by("position")[:CHUNK]
        _hold_files(batch, rows)
        acts = [act for row in rows for act in _undone(batch, row)]
        record_many(events.IMPORT_UNDONE, acts, by=batch.undone_by, reason=batch.undone_why)
        if rows:
            step.checkpoint({}, advance=len(rows))
        return len(rows)


def _hold_files(batch: ImportBatch, rows: Iterable[ImportRow]) -> None:
    """Lock the households of these rows, and those into which what the batch said of them was copied."""
    homes = {row.household_id for row in rows if row.household_id is not None}
    told = Recording.objects.filter(household__in=homes, came_with=f"import:{batch.pk}").values_list("pk", flat=True)
    hold({*homes, *copies_of(told).values()})


def _undone(batch: ImportBatch, row: ImportRow) -> list[Act]:
    """Take back one household's part, with the copies of it; nothing where it stays as it is, with the reason in the row."""
    files = Household.objects.select_for_update(of=("self",))
    household = files.filter(pk=row.household_id).first() if row.household_id else None
    kept = _("档案已经不在。") if household is None else _why_kept(batch, row, household)
    if household is None or kept:
        row.state, row.problem = ImportRow.State.KEPT, kept
        row.save(update_fields=["state", "problem"])
        return []
    now = timezone.now()
    of_batch = Recording.objects.filter(household=household, came_with=f"import:{batch.pk}", withdrawn_at__isnull=True)
    told = list(of_batch.values_list("pk", flat=True))
    of_batch.update(withdrawn_at=now, withdrawn_by=batch.undone_by, withdrawn_why=batch.undone_why)
    others = withdraw_copies(told, reason=batch.undone_why, by=batch.undone_by, besides=household)
    contact = {} if row.adds else _contact_put_back(batch, row, household)
    if row.adds:
        _take_out_of_use(batch, household)
    refresh(household)
    bump(household)
    row.state, row.version_after = ImportRow.State.UNDONE, household.version
    row.save(update_fields=["state", "version_after", "problem", "before_sealed"])
    own = Act(household.pk, row.number, household.area_id, {"batch": str(batch.pk), "opened": row.adds, **contact})
    about = {"batch": str(batch.pk), "opened": False}
    return [own, *(Act(one.pk, one.number, one.area_id, about) for one in others)]


def _contact_put_back(batch: ImportBatch, row: ImportRow, household: Household) -> dict[str, str]:
    """Address and telephone as they stood before the batch; what somebody changed since stays, and the row says so."""
    if not row.before:
        return {}
    back, left = put_back(household, json.loads(row.before))
    row.before_sealed = None
    if left:
        row.problem = _("{what}入库后又改过，保留现在的，请核对。").format(what=in_words(left))
    if back:
        HouseholdEvent.objects.create(
            household=household, kind=HouseholdEvent.Kind.UNDONE, on=timezone.localdate(), recorded_by=batch.undone_by,
            reason=batch.undone_why, details={"batch": str(batch.pk), "fields": back},
        )  # fmt: skip
    return {name: "、".join(some) for name, some in (("put_back", back), ("left", left)) if some}


def _why_kept(batch: ImportBatch, row: ImportRow, household: Household) -> str:
    if household.state != Household.State.OPEN:
        return _("档案已经停用，没有撤销。")
    if not row.adds:
        return ""
    others = Recording.objects.filter(household=household).exclude(came_with=f"import:{batch.pk}")
    touched = (
        household.version != row.version_after
        or others.exists()
        or any(model.objects.filter(household=household).exists() for model in (Document, CategoryHeld, Help))
    )
    return _("入库后已有改动，没有撤销，请逐户核对。") if touched else ""


def _take_out_of_use(batch: ImportBatch, household: Household) -> None:
    """Closed, without people; its number goes back to the office with a mark behind it."""
    today = timezone.localdate()
    Membership.objects.filter(household=household, until__isnull=True).update(until=today, ended_by=ENDED_BY)
    household.state, household.people, household.head = Household.State.CLOSED, 0, None
    household.number = f"{household.number}-X{batch.pk.hex[:8]}"
    household.save()
    HouseholdEvent.objects.create(
        household=household, kind=HouseholdEvent.Kind.UNDONE, on=today, recorded_by=batch.undone_by,
        reason=batch.undone_why, details={"batch": str(batch.pk)},
    )  # fmt: skip


def _finish(batch: ImportBatch) -> dict[str, Any]:
    with transaction.atomic():
        held = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if held.state != ImportBatch.State.UNDOING:
            return {}
        states = Counter(held.rows.values_list("state", flat=True))
        done = {"undone": states[ImportRow.State.UNDONE.value], "kept": states[ImportRow.State.KEPT.value]}
        held.counts = {**held.counts, **done}
        held.state, held.undone_at = ImportBatch.State.UNDONE, timezone.now()
        held.save()
        note(
            events.IMPORT_UNDONE, by=held.undone_by, subject=str(held.pk), area=held.area, reason=held.undone_why,
            details={"step": "done", **done},
        )  # fmt: skip
    return {"text": _("撤销 {a} 户，保留 {b} 户").format(a=done["undone"], b=done["kept"])}
