"""Asking for an assessment: one at a time of the same, in the background; and at once, for commands."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.assessments import comparing, events, keeping
from zhikun.assessments.keeping import Bench
from zhikun.assessments.models import Run
from zhikun.assessments.services import working
from zhikun.assessments.services.provisional import plan_on
from zhikun.audit.services import record as note
from zhikun.jobs.models import Job
from zhikun.jobs.services import ask
from zhikun.places.models import Area
from zhikun.registry.errors import NotAllowedHere
from zhikun.registry.vocabulary import packs_in_force

KIND = "assessments.run"
#: The key of a run's job, and the job's states in which nothing goes on any more.
_OVER = (Job.State.FAILED, Job.State.CANCELLED)
#: A folder whose run is not there is left alone for so long: its run may not be committed yet. A figure of ours.
_YOUNG = timedelta(days=1)
#: A day before which no assessment is asked for, counted back from today: facts are of today.
OLDEST = timedelta(days=5 * 366)


def job_of(run: Run) -> Job | None:
    """The work behind a run; None where it was made at once."""
    return Job.objects.filter(key=f"{KIND}:{run.pk}").first()


@transaction.atomic
def start(area: Area, on: date, pack: str = "", *, acting_officer: Officer) -> tuple[Run, bool]:
    """Ask for an assessment of an area in the background; the run, and whether it is a new one.

    `pack`: one of `packs_in_force()`; without it the platform's own. Where the same (area, day, pack) is under way already,
    that run is the answer. One whose work failed or was cancelled gives way. Raises NotAllowedHere without the right in the area.
    """
    run, new = _opened(area, on, pack, acting_officer)
    if new:
        named = packs_in_force()[run.pack].title
        title = _("评估：{area}，{on}，{pack}").format(area=area.name, on=on.isoformat(), pack=named)
        ask(
            KIND, title=title, arguments={"run": str(run.pk)},
            key=str(run.pk), by=acting_officer, area=area.pk,
        )  # fmt: skip
        note(
            events.STARTED, by=acting_officer, area=area.pk, subject=str(area),
            details={"run": str(run.pk), "pack": run.pack, "on": on.isoformat()},
        )  # fmt: skip
    return run, new


def assess(area: Area, on: date, pack: str = "", *, acting_officer: Officer) -> tuple[Run, bool]:
    """Assess every open household of the area by its current facts, here and now; the run, and whether it is a new one.

    The same pack, day, area and facts again are recognised: nothing is computed, and the run is the one there was.
    """
    with transaction.atomic():
        run, new = _opened(area, on, pack, acting_officer)
    if not new and job_of(run) is not None:
        return run, False
    working.work(run.pk, working.Alone())
    run.refresh_from_db()
    return (run.same_as, False) if run.same_as is not None else (run, True)


def _opened(area: Area, on: date, named: str, officer: Officer) -> tuple[Run, bool]:
    """An active run of the area on the day, and whether it was opened now."""
    if not officer.may(Right.ASSESSMENT_RUN, area.pk):
        raise NotAllowedHere
    pack = plan_on(on, named).pack
    same = Run.objects.select_for_update().filter(
        area=area.pk, on=on, pack_hash=pack.hash, state=Run.State.ACTIVE
    )  # fmt: skip
    before = same.first()
    if before is not None:
        job = job_of(before)
        if job is None or job.state not in _OVER:
            return before, False
        stop(before.pk)
    try:
        with transaction.atomic():
            made = Run.objects.create(
                pack=pack.id, pack_version=pack.version, pack_hash=pack.hash, on=on, area=area.pk,
                area_last=area.range.last, started_by=officer,
            )  # fmt: skip
    except IntegrityError:  # somebody else was quicker
        return same.get(), False
    return made, True


def stop(run: uuid.UUID) -> None:
    """A run that will not be finished: what was read for it goes with the transaction of the caller."""
    Run.objects.filter(pk=run, state=Run.State.ACTIVE).update(state=Run.State.STOPPED)
    transaction.on_commit(lambda: Bench(run).clear())


def clear(now: datetime | None = None) -> dict[str, Any]:
    """Removes what runs left behind that ended without results or are gone, and comparisons with them. For the night."""
    # Looked at before the runs are: a folder that is made meanwhile has one that asked for it.
    folders = keeping.folders()
    ended = Run.objects.filter(state__in=(Run.State.SAME, Run.State.STOPPED)).values_list("pk", flat=True)
    cleared = 0
    for run in ended.iterator():
        bench = Bench(run)
        if bench.folder.exists():
            bench.clear()
            cleared += 1
    # A process may have been killed between the end of a run and its tidying up.
    finished = set(Run.objects.finished().values_list("pk", flat=True))
    for run in finished:
        if Bench(run).is_untidy:
            Bench(run).finish()
    known = set(Run.objects.values_list("pk", flat=True))
    before = ((now or timezone.now()) - _YOUNG).timestamp()
    for run, folder in folders.items():
        if run not in known and folder.stat().st_mtime < before:
            Bench(run).clear()
            cleared += 1
    return {"runs": cleared, "compared": sum(comparing.clear(run, finished) for run in folders.keys() & known)}
