"""The work behind a run: list, read, recognise, assess, write. Killed anywhere, it goes on with the first part that is missing.

Reading is most of it, and the database does most of that: while the next part's rows come out of it, those of the part before are
turned into columns, added to the file of the run's facts and, unless an earlier run may prove to be the same, assessed.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.assessments import events, followers, reading
from zhikun.assessments.bridge import ID
from zhikun.assessments.keeping import PART, AddFacts, Bench
from zhikun.assessments.models import Run
from zhikun.assessments.ranking import ranks_of, whole_places
from zhikun.assessments.results import is_kept
from zhikun.assessments.services.provisional import plan_on
from zhikun.audit.services import record as note
from zhikun.engine.plan import Plan
from zhikun.engine.run import PartsRun
from zhikun.jobs.errors import JobFailed
from zhikun.registry.vocabulary import packs_in_force

#: A list older than this is not gone on with after a stop: too much may have changed since.
FRESH = timedelta(hours=6)


class Step(Protocol):
    """What work asks of who runs it: jobs.Progress, or a command."""

    def expect(self, total: int | None, unit: str = "") -> None: ...
    def checkpoint(self, state: dict[str, Any], *, advance: int = 0) -> None: ...
    def check(self) -> None: ...


class Alone:
    """Work that nobody watches."""

    def expect(self, total: int | None, unit: str = "") -> None:
        """Nobody asks."""

    def checkpoint(self, state: dict[str, Any], *, advance: int = 0) -> None:
        """What is on disk says how far it is."""

    def check(self) -> None:
        """It cannot be stopped."""


class Counted:
    """How many households were read, assessed and written, told to who runs the work."""

    def __init__(self, step: Step, households: int) -> None:
        self._step = step
        self._counts = {"households": households, "read": 0, "assessed": 0, "written": 0}
        step.expect(households * 3, _("户次"))

    def more(self, name: str, by: int, *, before: bool = False) -> None:
        """So many more; `before`: they were done before the work was interrupted, and counted then."""
        self._counts[name] += by
        self._step.checkpoint(dict(self._counts), advance=0 if before else by)
        self._step.check()


def work(run_id: uuid.UUID, step: Step) -> dict[str, Any]:
    """Do the run, or go on with it. Answers with the sentence that the job's page shows."""
    run = Run.objects.get(pk=run_id)
    if run.state != Run.State.ACTIVE:
        return {"text": _("这次评估已经结束或被新的评估代替。"), "run": str(run.same_as_id or run.pk)}
    if run.pack not in packs_in_force():
        raise JobFailed(
            _("政策包 {p} 已不在平台使用，没有评估。").format(p=run.pack), remedy=_("请换一个政策包重新发起评估。")
        )
    plan, bench = plan_on(run.on, run.pack), Bench(run.pk)
    if plan.pack.hash != run.pack_hash:
        raise JobFailed(_("政策包在发起之后改过，没有评估。"), remedy=_("请重新发起评估。"))
    households = _households(run, bench)
    before = _before(seen=run.seen)
    if before is not None:
        return _same(run, before, bench)
    counted, engine = Counted(step, households.num_rows), PartsRun(plan)
    with bench.joined_facts(plan.pack.entities) as join:
        parts = Reading(engine, bench, join, ahead=not _may_be_same(run))
        run.fingerprint = _read(parts, run, households, counted)
    before = _before(fingerprint=run.fingerprint)
    if before is not None:
        return _same(run, before, bench)
    _assess(parts, households, counted)
    _write(engine, run, bench, households, counted)
    told = _finish(run, bench)
    for done in Run.objects.finished().filter(pk=run.pk):
        followers.follow(done)
    return told


def _households(run: Run, bench: Bench) -> pa.Table:
    """The households as they were listed: when the work was interrupted not long ago, the same list again."""
    kept = bench.listing
    if kept is not None and run.listed_at is not None and timezone.now() - run.listed_at < FRESH:
        bench.begin()
        return kept
    bench.clear()
    bench.begin()
    run.listed_at = timezone.now()
    households = reading.listed(run.range)
    told = hashlib.sha256(f"{run.pack_hash}|{run.on.isoformat()}|{run.area}".encode())
    for name in (ID, reading.AREA, "version"):
        column = households.column(name).combine_chunks()
        for buffer in column.buffers()[1:]:
            told.update(buffer or b"")
    run.seen = told.hexdigest()
    Run.objects.filter(pk=run.pk).update(listed_at=run.listed_at, seen=run.seen)
    bench.keep_listing(households)
    return households


def _before(**alike: str) -> Run | None:
    """The finished run that is the same. One whose results are gone gives way, or nobody could have them made again."""
    for run in Run.objects.finished().filter(**alike):
        if is_kept(run):
            return run
        Run.objects.filter(pk=run.pk).update(state=Run.State.STOPPED)
    return None


def _parts(households: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """The parts with their numbers; of no household one empty part, so that there are columns."""
    for number in range(max(1, -(-households.num_rows // PART))):
        yield number, households.slice(number * PART, PART)


def _may_be_same(run: Run) -> bool:
    """Whether what is read may prove to be what a finished run read: then nothing is assessed before that is known."""
    alike = {"pack_hash": run.pack_hash, "on": run.on, "area": run.area}
    return Run.objects.finished().filter(**alike).exists()


@dataclass(frozen=True)
class Reading:
    """What happens to a part once its rows are there."""

    engine: PartsRun
    bench: Bench
    join: AddFacts
    ahead: bool  # assessed at once
    assessed: set[int] = field(default_factory=set)  # the parts of which that is true

    def taken(self, number: int, part: pa.Table, said: reading.Said) -> None:
        """A part just read is kept, joined to those before it, and assessed."""
        facts = reading.columns(self.engine.plan.pack, part, said)
        self.bench.keep_facts(number, facts, reading.digest(part, said))
        self._joined(number, facts)

    def found(self, number: int) -> None:
        """So is one that was kept before the work was interrupted."""
        self._joined(number, self.bench.all_facts(number, self.engine.plan.pack.entities))

    def _joined(self, number: int, facts: Mapping[str, pa.Table]) -> None:
        self.join(facts)
        if self.ahead and not self.bench.has_results(number):
            _assess_part(self.engine, self.bench, number, facts)
            self.assessed.add(number)


def _read(work: Reading, run: Run, households: pa.Table, counted: Counted) -> str:
    """The facts of every part on disk; the hash of pack, day, area and everything the registry said."""
    bench = work.bench
    waiting: tuple[int, pa.Table, bool, Future[None]] | None = None

    def told() -> None:
        """The part before is done with: one waits at most, or memory would grow."""
        if waiting is None:
            return
        number, part, before, pending = waiting
        pending.result()
        counted.more("read", part.num_rows, before=before)
        if number in work.assessed:
            counted.more("assessed", part.num_rows)

    with ThreadPoolExecutor(1) as beside:  # one, so that parts are joined in their order
        for number, part in _parts(households):
            before = bench.digest(number) is not None
            said = None if before else reading.said_of(part)
            told()
            pending = (
                beside.submit(work.found, number) if said is None else beside.submit(work.taken, number, part, said)
            )
            waiting = (number, part, before, pending)
        told()
    whole = hashlib.sha256(f"{run.pack_hash}|{run.on.isoformat()}|{run.area}".encode())
    for number, _part in _parts(households):
        whole.update((bench.digest(number) or "").encode())
    return whole.hexdigest()


def _assess(work: Reading, households: pa.Table, counted: Counted) -> None:
    """The results of every part on disk."""
    for number, part in _parts(households):
        if number in work.assessed:
            continue
        done = work.bench.has_results(number)
        if not done:
            facts = work.bench.all_facts(number, work.engine.plan.pack.entities)
            _assess_part(work.engine, work.bench, number, facts)
        counted.more("assessed", part.num_rows, before=done)


def _assess_part(engine: PartsRun, bench: Bench, number: int, facts: Mapping[str, pa.Table]) -> None:
    made = engine.part(facts, targets_of(engine.plan))
    bench.keep_results(number, made.results, made.keys)


def targets_of(plan: Plan) -> list[str]:
    """What a household is undetermined without: its category and its index."""
    return [name for name in (plan.pack.results.category, plan.pack.results.index) if name]


def _write(engine: PartsRun, run: Run, bench: Bench, households: pa.Table, counted: Counted) -> None:
    """One file of all results with their ranks, one file an entity of the facts; how many are undetermined."""
    count = max(1, -(-households.num_rows // PART))
    ranks = engine.ranks([bench.keys(number) for number in range(count)])
    areas = households.column(reading.AREA).to_numpy()
    shown = engine.plan.pack.results
    places = ranks_of(ranks[shown.rank], areas) if shown.rank in ranks else {}
    places = {name: told for name, told in places.items() if name in whole_places(run.range)}
    open_ = 0

    def finished() -> Iterator[pa.Table]:
        nonlocal open_
        for number, part in _parts(households):
            first, length = number * PART, part.num_rows
            table = bench.results(number)
            for name, column in ranks.items():
                table = table.append_column(name, column.slice(first, length))
            for name, (rank, among) in places.items():
                table = table.append_column(f"_rank_{name}", rank.slice(first, length))
                table = table.append_column(f"_among_{name}", among.slice(first, length))
            table = _with_names(table, part, shown)
            open_ += pc.sum(table.column("_undetermined")).as_py() or 0
            yield table
            counted.more("written", length)

    bench.join_results(finished(), _categories(engine.plan))
    run.households, run.undetermined = households.num_rows, open_


def _categories(plan: Plan) -> list[str]:
    """The categories that the pack has."""
    rule = plan.pack.rules.get((ID, plan.pack.results.category))
    return list(rule.choices) if rule is not None else []


def _with_names(table: pa.Table, part: pa.Table, shown: Any) -> pa.Table:
    """The columns under which every run has its position, area, category, index and flags, whatever its pack calls them."""
    rows = table.num_rows
    nothing = pa.nulls(rows, pa.string())
    category = table.column(shown.category).cast(pa.string()) if shown.category in table.column_names else nothing
    index = table.column(shown.index) if shown.index in table.column_names else pa.nulls(rows, pa.float64())
    category = pc.if_else(pc.equal(category, ""), None, category)
    open_ = [column.is_null() for column, name in ((category, shown.category), (index, shown.index)) if name]
    undetermined: Any = np.zeros(rows, np.bool_)
    for one in open_:
        undetermined = undetermined | np.asarray(one)
    flags = [table.column(name) for name in shown.flags if name in table.column_names]
    named = {
        "_position": part.column(reading.POSITION), "_area": part.column(reading.AREA), "_category": category,
        "_index": index, "_undetermined": pa.array(undetermined, pa.bool_()),
        "_flags": _listed(flags, rows),
    }  # fmt: skip
    for name, column in named.items():
        table = table.append_column(name, column)
    return table


def _listed(columns: Sequence[pa.ChunkedArray], rows: int) -> pa.Array:
    """The codes of several columns of lists, household by household, in the order of the columns; unknown adds none."""
    whose, codes = [np.zeros(0, np.int64)], [pa.array([], pa.string())]
    for column in columns:
        first = 0
        for chunk in column.chunks:
            whose.append(pc.list_parent_indices(chunk).to_numpy() + first)
            codes.append(pc.list_flatten(chunk).cast(pa.string()))
            first += len(chunk)
    all_of = np.concatenate(whose)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(all_of, minlength=rows))]).astype(np.int32)
    ordered = pa.concat_arrays(codes).take(pa.array(np.argsort(all_of, kind="stable")))
    return pa.ListArray.from_arrays(pa.array(offsets), ordered)


@transaction.atomic
def _finish(run: Run, bench: Bench) -> dict[str, Any]:
    held = Run.objects.select_for_update().get(pk=run.pk)
    if held.state == Run.State.ACTIVE:
        held.state, held.fingerprint = Run.State.DONE, run.fingerprint
        held.households, held.undetermined = run.households, run.undetermined
        held.finished_at = timezone.now()
        # Facts are those of when the households were listed: what began later and was done sooner stays newer.
        held.current_at = held.listed_at or held.finished_at
        held.save()
        note(
            events.ASSESSED, by=held.started_by, area=held.area, subject=str(held.area),
            details={"run": str(held.pk), "pack": held.pack, "on": held.on.isoformat(), "households": held.households},
        )  # fmt: skip
        transaction.on_commit(bench.finish)
    text = _("评估 {n} 户，其中 {m} 户还不能确定").format(n=f"{held.households:,}", m=f"{held.undetermined:,}")
    return {"text": text, "run": str(held.pk)}


@transaction.atomic
def _same(run: Run, before: Run, bench: Bench) -> dict[str, Any]:
    """Nothing is computed: the results of the run there was are those of today's facts."""
    now = timezone.now()
    Run.objects.filter(pk=run.pk, state=Run.State.ACTIVE).update(
        state=Run.State.SAME, same_as=before, finished_at=now, seen=run.seen
    )
    # What the household files say now is what they said then, also by their versions: the next one need not read.
    at = run.listed_at or now
    Run.objects.filter(pk=before.pk, current_at__lt=at).update(current_at=at, seen=run.seen)
    transaction.on_commit(bench.clear)
    done = timezone.localtime(before.finished_at).strftime("%Y-%m-%d %H:%M") if before.finished_at else ""
    return {"text": _("情况与 {at} 的评估完全相同，没有重新计算。").format(at=done), "run": str(before.pk)}
