"""The work behind an import: its dry run, and the committing of what was approved. Killed anywhere, it goes on where it was."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.roles import Right
from zhikun.audit.services import Act, record_many
from zhikun.audit.services import record as note
from zhikun.identity.sealing import seal_many
from zhikun.intake import survey
from zhikun.privacy import algorithm, ring
from zhikun.privacy.rows import insert
from zhikun.registry import events
from zhikun.registry.models import Household, ImportBatch, ImportRow
from zhikun.registry.services import importing_files as files
from zhikun.registry.services.bulk_rows import Come, facts_of, new_ids, open_files
from zhikun.registry.services.guard import hold
from zhikun.registry.services.home import found_at_home
from zhikun.registry.services.importing import range_of
from zhikun.registry.services.importing_check import AgainstRegistry, message_json
from zhikun.registry.services.importing_judge import Bounds, Problem, Verdict, judge
from zhikun.registry.services.importing_told import ToldHousehold, told_households
from zhikun.registry.services.recording import bump, kept, refresh
from zhikun.registry.sources import SourceKind, Told
from zhikun.registry.vocabulary import pack_in_force, said_badly
from zhikun.tables import RowMessage, Severity, UnreadableFile

CHUNK = 200
_MOST_MESSAGES = 5_000
ROW = ("id", "batch", "position", "number", "area", "adds", "payload_sealed", "state", "problem", "household",
        "version_after", "before_sealed")  # fmt: skip
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
Pair = tuple[ImportRow, ToldHousehold, Verdict]


class Step(Protocol):
    """What work asks of who runs it: jobs.Progress, or a command."""

    def expect(self, total: int | None, unit: str = "") -> None: ...
    def checkpoint(self, state: dict[str, Any], *, advance: int = 0) -> None: ...
    def check(self) -> None: ...


def check(batch_id: uuid.UUID, step: Step) -> dict[str, Any]:
    """The dry run: nothing of the registry changes. Begun again after a kill it does the same anew."""
    batch = ImportBatch.objects.select_related("uploaded_by").get(pk=batch_id)
    if batch.state != ImportBatch.State.CHECKING:
        return {}
    officer = batch.uploaded_by
    bounds = Bounds.of([range_of(batch)], timezone.localdate(), lambda area: officer.may(Right.HOUSEHOLD_VIEW, area))
    against = AgainstRegistry(bounds)
    try:
        with files.opened(batch.pk, batch.file_name) as path:
            found = survey.read(path, pack_in_force(), today=batch.observed_on, check=against)
    except UnreadableFile as error:
        return _unreadable(batch, error.messages)
    step.check()
    told = list(told_households(found.tables, pack_in_force()))
    _keep_rejects(batch, found)
    with transaction.atomic():
        held = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if held.state != ImportBatch.State.CHECKING:
            return {}
        adds = _keep_rows(held, told, against)
        held.counts = {
            **held.counts,
            "households": found.counts["households"], "ready": len(told), "rejected": found.counts["rejected"],
            "people": sum(len(one.people) for one in told), "adds": adds, "onto": len(told) - adds,
            "messages": dict(Counter(m.severity.value for m in found.messages)),
            "summary": found.summary()[:50], "loose_rows": found.counts["loose_rows"],
        }  # fmt: skip
        held.messages = _shown(found.messages)
        held.state = ImportBatch.State.CHECKED
        held.save()
        step.checkpoint({}, advance=len(told))
    return {"text": _("可入库 {a} 户，退回 {b} 户").format(a=len(told), b=found.counts["rejected"])}


def _unreadable(batch: ImportBatch, messages: Sequence[RowMessage]) -> dict[str, Any]:
    batch.state, batch.messages = ImportBatch.State.UNREADABLE, _shown(messages)
    batch.save(update_fields=["state", "messages"])
    files.remove(batch.pk, "file")
    return {"text": _("文件读不了，原因见批次页面")}


def _shown(messages: Sequence[RowMessage]) -> list[dict[str, Any]]:
    """Errors first; more of them than anybody reads are not kept: the rejects workbook has them all."""
    return [message_json(one) for one in sorted(messages, key=lambda m: _ORDER[m.severity])[:_MOST_MESSAGES]]


def _keep_rejects(batch: ImportBatch, found: survey.Survey) -> None:
    if not any(sheet.rows for sheet in found.rejects.values()):
        return
    with files.workbench(batch.pk, "rejects.xlsx") as path:
        survey.write_rejects(found, pack_in_force(), path)
        with path.open("rb") as plain:
            files.keep(batch.pk, "rejects", plain)


def _keep_rows(batch: ImportBatch, told: Sequence[ToldHousehold], against: AgainstRegistry) -> int:
    """The accepted households, sealed; how many of them open a new file."""
    ids = new_ids(len(told))
    field = ImportRow.payload
    sealed = seal_many(
        ring(), field.purpose, [field.binding(ImportRow, id_) for id_ in ids], [one.text() for one in told], algorithm()
    )
    adds = [against.verdicts[one.number].household is None for one in told]
    insert(
        ImportRow,
        ROW,
        [
            (id_, batch.pk, n, one.number, one.area, new, text, ImportRow.State.READY.value, "", None, None, None)
            for n, (id_, one, new, text) in enumerate(zip(ids, told, adds, sealed, strict=True), start=1)
        ],
    )
    return sum(adds)


def commit(batch_id: uuid.UUID, step: Step) -> dict[str, Any]:
    """Commit the approved households in chunks, each one transaction with its audit entries and checkpoint.

    What has changed since the dry run counts: a household that cannot come in any more is marked with the reason, the
    others go on.
    """
    batch = ImportBatch.objects.select_related("uploaded_by", "decided_by").get(pk=batch_id)
    if batch.state != ImportBatch.State.APPROVED:
        return {}
    step.expect(batch.rows.count(), _("户"))
    bounds = Bounds.of([range_of(batch)], timezone.localdate())
    while _chunk(batch, bounds, step, CHUNK):
        step.check()
    return _finish(batch)


def _chunk(batch: ImportBatch, bounds: Bounds, step: Step, size: int) -> int:
    """The next households; of a chunk that somebody else got in the way of, one after another."""
    try:
        with transaction.atomic():
            if not still(batch, ImportBatch.State.APPROVED):
                return 0
            rows = list(batch.rows.filter(state=ImportRow.State.READY).order_by("position")[:size])
            if rows:
                _commit_rows(batch, rows, bounds)
                step.checkpoint({}, advance=len(rows))
            return len(rows)
    except IntegrityError:
        if size > 1:
            for _each in range(size):
                if not _chunk(batch, bounds, step, 1):
                    break
            return size
    with transaction.atomic():
        row = None
        if still(batch, ImportBatch.State.APPROVED):
            row = batch.rows.filter(state=ImportRow.State.READY).order_by("position").first()
        if row is None:
            return 0
        row.state, row.problem = ImportRow.State.REJECTED, _("同一个人或同一个户编号正由别人登记，没有入库。")
        row.save(update_fields=["state", "problem"])
        step.checkpoint({}, advance=1)
    return 1


def still(batch: ImportBatch, state: ImportBatch.State) -> bool:
    """Whether the batch is in this state, and nobody else's until the caller's transaction ends: chunks come one by one."""
    return ImportBatch.objects.select_for_update().only("state").get(pk=batch.pk).state == state


def _judged(told: Sequence[ToldHousehold], bounds: Bounds) -> list[Verdict]:
    """The verdicts with the files they name held: nobody closes, merges or moves one between judging and recording."""
    files_ = {one.household for one in judge(told, bounds) if one.household is not None}
    hold(files_)
    found = judge(told, bounds)
    return [
        one if one.household is None or one.household in files_ else Verdict((_being_changed(),), one.notes)
        for one in found
    ]


def _being_changed() -> Problem:
    return Problem(_("这一户的档案正由别人变更"), "", _("请稍后重新上传这一户"))


def _commit_rows(batch: ImportBatch, rows: Sequence[ImportRow], bounds: Bounds) -> None:
    """Judge anew, write, and say of each row what became of it."""
    told = [ToldHousehold.of_text(row.payload or "") for row in rows]
    pairs = list(zip(rows, told, _judged(told, bounds), strict=True))
    new: list[Pair] = []
    acts: list[Act] = []
    for row, one, verdict in pairs:
        problem = _problem(one, verdict)
        if problem:
            row.state, row.problem = ImportRow.State.REJECTED, problem[:300]
        elif verdict.household is None:
            new.append((row, one, verdict))
        else:
            held, act, before = recorded_onto(batch, one, verdict.persons, verdict.household)
            row.state, row.household_id, row.version_after = ImportRow.State.COMMITTED, held.pk, held.version
            row.adds, row.payload_sealed, row.before = False, None, before
            acts.append(act)
    come = Come(told_with(batch), batch.uploaded_by, timezone.now(), bool(batch.counts.get("generated")))
    ids = open_files([(one, verdict) for _row, one, verdict in new], come)
    for (row, _one, _verdict), id_ in zip(new, ids, strict=True):
        row.state, row.household_id, row.version_after = ImportRow.State.COMMITTED, id_, 1
        row.adds, row.payload_sealed = True, None
    ImportRow.objects.bulk_update(
        rows,
        ["state", "problem", "household", "version_after", "adds", "payload_sealed", "before_sealed"],
        batch_size=100,
    )
    registered = [
        Act(
            id_,
            one.number,
            one.area,
            {"source": str(SourceKind.IMPORT), "people": len(one.people), "batch": str(batch.pk)},
        )
        for (_row, one, _verdict), id_ in zip(new, ids, strict=True)
    ]
    record_many(events.REGISTERED, registered, by=batch.decided_by)
    record_many(events.RECORDED, acts, by=batch.decided_by)


def _problem(one: ToldHousehold, verdict: Verdict) -> str:
    """Why the household cannot come in now; '' when it can."""
    if verdict.problems:
        return verdict.problems[0].text()
    facts = {"household": {"": one.facts}, "member": {str(n): person.facts for n, person in enumerate(one.people)}}
    facts |= {entity: {str(n): row for n, row in enumerate(rows)} for entity, rows in one.rows.items()}
    misfits = said_badly(facts)
    if misfits:
        return _("“{t}”：{e}。政策包在检查之后改过，请重新上传。").format(t=misfits[0].title, e=misfits[0].expected)
    return ""


def recorded_onto(
    batch: ImportBatch, one: ToldHousehold, persons: Sequence[uuid.UUID | None], file: uuid.UUID
) -> tuple[Household, Act, str | None]:
    """One more recording of a household that has its file, in the caller's transaction; its address and telephone come in.

    With its entry for the record, and what stood before as JSON (None: nothing changed), to be kept for undoing.
    """
    held = Household.objects.select_for_update(of=("self",)).get(pk=file)
    people = [id_ for id_ in persons if id_ is not None]
    personal = {"household": {"": {"address": one.address, "phone": one.phone}}}
    recording = kept(held, told_with(batch), facts_of(one, people), personal=personal, by=batch.uploaded_by)
    before = found_at_home(
        held, address=one.address, phone=one.phone, on=batch.observed_on, officer=batch.uploaded_by,
        recording=str(recording.pk),
    )  # fmt: skip
    refresh(held)
    bump(held)
    details = {"source": str(SourceKind.IMPORT), "recording": str(recording.pk), "batch": str(batch.pk)}
    if before:
        details["fields"] = "、".join(before)
    text = json.dumps(before, ensure_ascii=False) if before else None
    return held, Act(held.pk, held.number, held.area_id, details), text


def told_with(batch: ImportBatch) -> Told:
    """What every recording of the batch carries."""
    return Told(SourceKind.IMPORT, batch.observed_on, batch.file_name[:100], f"import:{batch.pk}")


def _finish(batch: ImportBatch) -> dict[str, Any]:
    with transaction.atomic():
        held = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if held.state != ImportBatch.State.APPROVED:
            return {}
        states = Counter(held.rows.values_list("state", "adds"))
        done = {
            "opened": states[ImportRow.State.COMMITTED.value, True],
            "recorded": states[ImportRow.State.COMMITTED.value, False],
            "late": sum(n for (state, _adds), n in states.items() if state == ImportRow.State.REJECTED),
        }
        held.counts = {**held.counts, **done}
        held.state, held.committed_at = ImportBatch.State.COMMITTED, timezone.now()
        held.save()
        note(events.IMPORT_COMMITTED, by=held.decided_by, subject=str(held.pk), area=held.area, details=done)
        transaction.on_commit(lambda: files.remove(held.pk, "file"))
    text = _("新建档案 {a} 户，补充记录 {b} 户，入库时退回 {c} 户")
    return {"text": text.format(a=done["opened"], b=done["recorded"], c=done["late"])}
