"""A folder of a million households into the registry by command: the checks of the page, in blocks, resumable.

Each block is one transaction: files, history, audit entries and how far the batch is. Killed anywhere, the next run with the
same folder goes on with the first block that is not there. Undone like every other batch.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.audit.services import Act, record_many
from zhikun.audit.services import record as note
from zhikun.intake import survey
from zhikun.pages.errors import Conflict, DomainError
from zhikun.places.models import Area
from zhikun.privacy.rows import insert
from zhikun.registry import events
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.models import ImportBatch, ImportRow
from zhikun.registry.services import bulk_source
from zhikun.registry.services import importing_files as files
from zhikun.registry.services.bulk_rows import Come, new_ids, open_files, sealed
from zhikun.registry.services.bulk_source import Block, Source
from zhikun.registry.services.guard import hold
from zhikun.registry.services.importing import GONE, may_approve
from zhikun.registry.services.importing_check import AgainstRegistry, message_json
from zhikun.registry.services.importing_judge import Bounds, Verdict, judge
from zhikun.registry.services.importing_told import ToldHousehold, told_households
from zhikun.registry.services.importing_work import ROW, recorded_onto, told_with
from zhikun.registry.sources import SourceKind
from zhikun.registry.vocabulary import pack_in_force
from zhikun.tables import RowMessage, Severity

BLOCK = 5_000
_MOST_MESSAGES = 5_000
_MOST_PROBLEMS = 200
_TRIES = 3
Report = Callable[[str, int, int], None]
State = ImportBatch.State


@dataclass(frozen=True)
class Asked:
    """What is to be imported, by whom, on whose approval (None: a dry run), what is known of it beside the files."""

    folder: Path
    area: Area
    by: Officer
    observed_on: date
    approver: Officer | None = None
    generated: bool = False
    rejects: Path | None = None
    block: int = BLOCK


@dataclass
class Done:
    """What became of the folder: counts of households and people, the first messages, the problems by frequency."""

    batch: ImportBatch | None = None
    counts: Counter[str] = field(default_factory=Counter)
    messages: list[RowMessage] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)

    def add(self, found: survey.Survey, offsets: dict[str, int]) -> None:
        """What was found in one block, with the row numbers of the files."""
        self.counts.update(
            households=found.counts["households"], ready=found.counts["accepted"], rejected=found.counts["rejected"]
        )
        for severity in (Severity.ERROR, Severity.WARNING):
            told = found.of(severity)
            self.counts[f"messages.{severity.value}"] += len(told)
            for one in told[: max(0, _MOST_MESSAGES - len(self.messages))]:
                self.messages.append(replace(one, row=one.row + offsets.get(one.sheet, 0)))
        self.problems.update(dict(found.summary()))
        self.problems = Counter(dict(self.problems.most_common(_MOST_PROBLEMS)))


class AnotherRun(Conflict):
    """Two processes work on one batch: the later one ends."""

    def __init__(self) -> None:
        super().__init__(
            _("另一个进程正在导入同一批数据。"), why=_("同一批只由一个进程写。"), remedy=_("请等它结束，或先停下它。")
        )


class AlreadyIn(DomainError):
    """The folder has been imported."""

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch
        super().__init__(
            _("这批数据已于 {d} 入库，没有再导入。").format(
                d=timezone.localtime(batch.committed_at).strftime("%Y-%m-%d %H:%M")
            )
            if batch.committed_at
            else _("同样的文件已经在页面上上传过，没有再导入。"),
            remedy=_("要重新导入，请先在“批量导入”页面撤销那个批次（{b}）。").format(b=batch.pk),
        )


def import_folder(asked: Asked, report: Report) -> Done:
    """Import the folder, or without an approver say what would become of it. Raises UnreadableFile, DomainError."""
    if not asked.by.may(Right.HOUSEHOLD_IMPORT, asked.area.pk):
        raise NotAllowedHere
    batch = _batch(asked) if asked.approver else None
    if batch is not None:
        asked = replace(asked, block=int(batch.counts["size"]))
    bounds = Bounds.of([asked.area.range], timezone.localdate(), lambda area: asked.by.may(Right.HOUSEHOLD_VIEW, area))
    with _opened(asked, batch) as source:
        done = Done(batch, Counter(loose_rows=source.loose))
        first = _resume(batch, done)
        for one in _checked(source.blocks(asked.block, first), asked, bounds):
            report(_("导入家庭"), one.block.number * asked.block, source.households)
            _one_block(one, asked, batch, bounds, done)
        report(_("导入家庭"), source.households, source.households)
    if batch is not None:
        _finish(batch, done)
    return done


@contextmanager
def _opened(asked: Asked, batch: ImportBatch | None) -> Iterator[Source]:
    bench = files.folder() / f"open-{batch.pk if batch else uuid.uuid4()}"
    with bulk_source.opened(asked.folder, pack_in_force(), bench) as source:
        yield source


def _batch(asked: Asked) -> ImportBatch:
    """The batch of this folder: begun by an earlier run, or now."""
    digest, size = bulk_source.fingerprint(asked.folder, pack_in_force())
    held = ImportBatch.objects.filter(sha256=digest, area=asked.area.pk).exclude(state__in=GONE).first()
    if held is not None:
        if held.state != State.APPROVED or "blocks" not in held.counts:
            raise AlreadyIn(held)
        return held
    approver = asked.approver
    batch = ImportBatch(
        file_name=asked.folder.name[:200], sha256=digest, size=min(size, 2**31 - 1), pack=pack_in_force().id, area=asked.area.pk,
        observed_on=asked.observed_on, state=State.APPROVED, counts={"blocks": 0, "size": asked.block}, uploaded_by=asked.by,
        uploaded_at=timezone.now(), decided_by=approver, decided_at=timezone.now(), decision_reason=_("用命令导入"),
    )  # fmt: skip
    with transaction.atomic():
        batch.save(force_insert=True)
        if approver is not None:
            may_approve(batch, approver)
        about: dict[str, Any] = {"subject": str(batch.pk), "area": batch.area}
        note(events.IMPORT_UPLOADED, by=asked.by, details={"size": size, "sha256": digest, "command": True}, **about)
        note(events.IMPORT_DECIDED, by=approver, details={"decision": State.APPROVED.value, "command": True}, **about)
    return batch


def _resume(batch: ImportBatch | None, done: Done) -> int:
    """The first block that is not in; what earlier runs counted."""
    if batch is None:
        return 0
    done.counts.update({key: n for key, n in batch.counts.get("told", {}).items() if key != "loose_rows"})
    done.problems.update(dict(map(tuple, batch.counts.get("summary", []))))
    return int(batch.counts["blocks"])


@dataclass(frozen=True)
class Checked:
    """A block as the check left it."""

    block: Block
    found: survey.Survey
    told: list[ToldHousehold]
    verdicts: dict[str, Verdict]


def _check(block: Block, asked: Asked, bounds: Bounds) -> Checked:
    against = AgainstRegistry(bounds)
    found = survey.read_sheets_given(block.sheets, pack_in_force(), today=asked.observed_on, check=against)
    return Checked(block, found, list(told_households(found.tables, pack_in_force())), against.verdicts)


def _checked(blocks: Iterator[Block], asked: Asked, bounds: Bounds) -> Iterator[Checked]:
    """Each block, checked. Where the database lets several connections work, the next one is checked while one is written."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield from (_check(block, asked, bounds) for block in blocks)
        return

    def following() -> Checked | None:
        try:
            block = next(blocks, None)
            return None if block is None else _check(block, asked, bounds)
        finally:
            connection.close()

    with ThreadPoolExecutor(1, "zhikun-check") as thread:
        ahead = thread.submit(following)
        while (one := ahead.result()) is not None:
            ahead = thread.submit(following)
            yield one


def _one_block(one: Checked, asked: Asked, batch: ImportBatch | None, bounds: Bounds, done: Done) -> None:
    """Commit the block. What has been registered since it was checked makes its check begin anew."""
    for attempt in range(1, _TRIES + 1):
        try:
            if batch is not None:
                _commit(batch, one, asked, bounds)
            break
        except (IntegrityError, _Changed):
            if attempt == _TRIES:
                raise
            one = _check(one.block, asked, bounds)
    done.add(one.found, one.block.offsets)
    done.counts["people"] += sum(len(told.people) for told in one.told)
    onto = sum(one.verdicts[told.number].household is not None for told in one.told)
    done.counts.update(opened=len(one.told) - onto, recorded=onto)
    if asked.rejects is not None and one.found.counts["rejected"]:
        asked.rejects.mkdir(parents=True, exist_ok=True)
        path = asked.rejects / _("退回-{n:04d}.xlsx").format(n=one.block.number + 1)
        survey.write_rejects(one.found, pack_in_force(), path)


class _Changed(Exception):
    """A file that a household of the block was to be recorded onto is not as it was when the block was checked."""


def _hold_files(one: Checked, bounds: Bounds) -> None:
    """Lock the files that the block is recorded onto. Raises _Changed where they are no longer as they were judged."""
    onto = [told for told in one.told if one.verdicts[told.number].household is not None]
    before = [one.verdicts[told.number] for told in onto]
    hold(known.household for known in before if known.household is not None)
    for then, now in zip(before, judge(onto, bounds), strict=True):
        if now.problems or (now.household, now.persons) != (then.household, then.persons):
            raise _Changed


def _commit(batch: ImportBatch, one: Checked, asked: Asked, bounds: Bounds) -> None:
    """One block in one transaction, with the mark that it is in."""
    with transaction.atomic():
        held = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if held.state != State.APPROVED or held.counts["blocks"] != one.block.number:
            raise AnotherRun
        _hold_files(one, bounds)
        new = [(told, one.verdicts[told.number]) for told in one.told if one.verdicts[told.number].household is None]
        ids = open_files(new, Come(told_with(held), asked.by, timezone.now(), asked.generated))
        rows = [_Row(told.number, told.area, True, id_, 1) for (told, _v), id_ in zip(new, ids, strict=True)]
        acts = []
        for told in one.told:
            known = one.verdicts[told.number]
            if known.household is not None:
                file, act, before = recorded_onto(held, told, known.persons, known.household)
                rows.append(_Row(told.number, told.area, False, file.pk, file.version, before))
                acts.append(act)
        insert(ImportRow, ROW, _import_rows(held, one.block.number * asked.block, rows))
        held.counts = _counted(held.counts, one, len(new))
        held.save(update_fields=["counts"])
        about = {"source": str(SourceKind.IMPORT), "batch": str(held.pk)}
        registered = [
            Act(id_, told.number, told.area, {**about, "people": len(told.people)})
            for (told, _verdict), id_ in zip(new, ids, strict=True)
        ]
        record_many(events.REGISTERED, registered, by=asked.approver)
        record_many(events.RECORDED, acts, by=asked.approver)


class _Row(NamedTuple):
    """What became of one household; `before` as services/home.py has it."""

    number: str
    area: int
    adds: bool
    file: uuid.UUID
    version: int
    before: str | None = None


def _import_rows(batch: ImportBatch, position: int, rows: list[_Row]) -> list[tuple[Any, ...]]:
    """What became of each household, so that the batch can be undone."""
    state = ImportRow.State.COMMITTED.value
    ids = new_ids(len(rows))
    befores = sealed(ImportRow, ImportRow.before, ids, [one.before for one in rows])
    return [
        (id_, batch.pk, position + n, one.number, one.area, one.adds, None, state, "", one.file, one.version, before)
        for n, (id_, one, before) in enumerate(zip(ids, rows, befores, strict=True), start=1)
    ]


def _counted(counts: dict[str, Any], one: Checked, new: int) -> dict[str, Any]:
    """The batch's counts with this block in: what a later run begins with."""
    sums = Counter(counts.get("told", {}))
    sums.update(
        households=one.found.counts["households"], ready=len(one.told), rejected=one.found.counts["rejected"],
        people=sum(len(told.people) for told in one.told), opened=new, recorded=len(one.told) - new,
    )  # fmt: skip
    problems = Counter(dict(map(tuple, counts.get("summary", []))))
    problems.update(dict(one.found.summary()))
    return {
        **counts, "blocks": one.block.number + 1, "told": dict(sums), "summary": problems.most_common(_MOST_PROBLEMS),
    }  # fmt: skip


def _finish(batch: ImportBatch, done: Done) -> None:
    with transaction.atomic():
        held = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if held.state != State.APPROVED:
            return
        told = held.counts.get("told", {})
        held.counts = {
            **held.counts, **told, "adds": told.get("opened", 0), "onto": told.get("recorded", 0), "late": 0,
            "loose_rows": done.counts["loose_rows"],
            "messages": {key.removeprefix("messages."): n for key, n in done.counts.items() if key.startswith("messages.")},
        }  # fmt: skip
        held.messages = [message_json(one) for one in done.messages]
        held.state, held.committed_at = State.COMMITTED, timezone.now()
        held.save()
        note(events.IMPORT_COMMITTED, by=held.decided_by, subject=str(held.pk), area=held.area, details=dict(told))
    done.batch = held
