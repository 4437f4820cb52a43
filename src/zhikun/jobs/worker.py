"""A worker: claims work, holds it by a lease while it runs, and ends it in one of the ways there are.

Several workers on several machines may run beside each other. One that is killed loses its lease at once where another runs on
the same machine (presence.py), else after a minute; that one goes on from the checkpoint.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Generator
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from zhikun.jobs.errors import JobCancelled, LeaseLost, UnknownKind, WorkerStopping
from zhikun.jobs.kinds import kind_of
from zhikun.jobs.models import Job, WorkerSeen
from zhikun.jobs.presence import present, release_of_the_dead
from zhikun.jobs.progress import Progress, lease_length
from zhikun.jobs.services import ask_daily
from zhikun.pages.errors import DomainError

logger = logging.getLogger("zhikun.jobs")

_IDLE = 0.25  # seconds between two looks at an empty queue: somebody sits before the page and waits
_AWAY = 2.0  # seconds before a database that was away is asked again
_DEAD = 1.0  # seconds between two looks for workers that were killed
_DAILY = 60.0  # seconds between two looks at the clock
_SEEN = 10.0  # seconds between two signs of life
_MOST_LOSSES = 10  # leases lost one after another without a checkpoint: the work itself kills its worker
_DATABASE_RETRIES = 5  # a database that was away for a moment is no fault of the work
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)


def claim(name: str) -> Job | None:
    """The oldest work that is due, now held by the worker of this name; None when there is nothing to do."""
    if not Job.objects.claimable(timezone.now()).exists():  # an idle worker takes no lock
        return None
    with transaction.atomic():
        now = timezone.now()
        job = Job.objects.claimable(now).select_for_update(skip_locked=True).first()
        if job is None:
            return None
        if job.state == Job.State.RUNNING:
            job.losses += 1
            logger.warning("job resumed", extra={"job": str(job.pk), "kind": job.kind, "losses": job.losses})
        job.state, job.worker = Job.State.RUNNING, name
        job.started_at = job.started_at or now
        job.attempts += 1
        job.lease += 1
        job.lease_until = now + lease_length()
        job.save()
    return job


def run(job: Job, stopping: threading.Event | None = None) -> None:
    """Do the work and end the job. Errors of the work are the job's; those of the database at the end are raised."""
    progress = Progress(job, stopping)
    with translation.override("zh-hans"), _Heartbeat(progress, job.worker):
        try:
            if job.losses > _MOST_LOSSES:
                _end(
                    progress,
                    Job.State.FAILED,
                    error=_("这项任务多次使后台进程中断，已停止尝试。"),
                    reference=_reference(None),
                )
                return
            progress.check()
            kind = kind_of(job.kind)
            result = _driven(kind.work(progress, **job.arguments), progress)
            _end(progress, Job.State.DONE, result=result if isinstance(result, dict) else {})
        except LeaseLost:
            logger.warning("lease lost", extra={"job": str(job.pk), "kind": job.kind})
        except JobCancelled:
            _end(progress, Job.State.CANCELLED)
        except WorkerStopping:
            progress.row.update(state=Job.State.WAITING, lease_until=None, worker="")
        except UnknownKind:
            _end(progress, Job.State.FAILED, error=_("这个版本的系统没有这种任务。"), reference=_reference(None))
        except DomainError as error:
            _end(progress, Job.State.FAILED, error=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the job must say that it failed
            _unforeseen(progress, job, error)


def _driven(outcome: Any, progress: Progress) -> Any:
    """The result of work; of a generator, what it returns, with a look at cancel and stop at each `yield`."""
    if not isinstance(outcome, Generator):
        return outcome
    try:
        while True:
            next(outcome)
            progress.check()
    except StopIteration as end:
        return end.value
    finally:
        outcome.close()


def _end(progress: Progress, state: Job.State, **fields: Any) -> None:
    progress.row.update(
        state=state,
        ended_at=timezone.now(),
        lease_until=None,
        done=progress.done,
        total=progress.total,
        unit=progress.unit,
        **fields,
    )


def _unforeseen(progress: Progress, job: Job, error: Exception) -> None:
    """Back to the queue with a pause, as long as retries are left; then failed, with a number and no word of the data."""
    known = kind_of(job.kind)
    allowed = max(known.retries, _DATABASE_RETRIES) if isinstance(error, OperationalError) else known.retries
    number = _reference(error, job)
    if isinstance(error, DatabaseError | InterfaceError):
        connection.close_if_unusable_or_obsolete()
    if job.failures < allowed:
        wait = min(_FIRST_WAIT * 4**job.failures, _LONGEST_WAIT)
        progress.row.update(
            state=Job.State.WAITING, failures=job.failures + 1, due_at=timezone.now() + wait, lease_until=None,
            reference=number,
        )  # fmt: skip
        return
    said = _("出了没有预料到的错误。已做完的部分已经保存；请把错误编号告诉系统管理员，排除后可以点“重做”接着做。")
    _end(progress, Job.State.FAILED, failures=job.failures + 1, error=said, reference=number)


def _reference(error: Exception | None, job: Job | None = None) -> str:
    """A number for people to quote; the log has it with the kind of error and where it arose (never its message)."""
    number = secrets.token_hex(4).upper()
    known = {"job": str(job.pk), "kind": job.kind} if job is not None else {}
    logger.error("job failed", exc_info=error, extra={"reference": number, **known})
    return number


class _Heartbeat:
    """Renews the lease of a run from a thread of its own, with a connection of its own, until the run ends."""

    def __init__(self, progress: Progress, worker: str) -> None:
        self._progress, self._worker = progress, worker
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="zhikun-lease", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_about: object) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        every = lease_length().total_seconds() / 4
        try:
            while not self._ended.wait(every):
                try:
                    self._progress.renew()
                    WorkerSeen.objects.filter(pk=self._worker).update(seen_at=timezone.now())
                except LeaseLost:
                    return
                except DatabaseError:  # busy or away: the lease lasts for three more tries
                    connection.close_if_unusable_or_obsolete()
        finally:
            connection.close()


class Worker:
    """The loop of a worker process."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(3)}"
        self.stopping = threading.Event()
        self._daily = self._seen = self._dead = float("-inf")

    def work(self, *, once: bool = False) -> int:
        """Works until it is told to stop; with `once` until nothing is left that is due. How many runs there were."""
        with present(self.name):
            return self._work(once=once)

    def _work(self, *, once: bool) -> int:
        runs = 0
        started = timezone.now()
        while not self.stopping.is_set():
            job: Job | None = None
            try:
                close_old_connections()
                self._look_around(started)
                job = claim(self.name)
                if job is not None:
                    runs += 1
                    run(job, self.stopping)
            except (OperationalError, InterfaceError) as error:
                logger.error("database away", exc_info=error)  # noqa: TRY400 - the formatter keeps the message back
                connection.close()
                self.stopping.wait(_AWAY)
            if job is None:
                if once:
                    break
                self.stopping.wait(_IDLE)
        self._leave()
        return runs

    def _look_around(self, started: Any) -> None:
        now = time.monotonic()
        if now - self._seen >= _SEEN:
            self._seen = now
            WorkerSeen.objects.update_or_create(
                pk=self.name, defaults={"seen_at": timezone.now(), "started_at": started}
            )
            WorkerSeen.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()
        if now - self._dead >= _DEAD:
            self._dead = now
            release_of_the_dead()
        if now - self._daily >= _DAILY:
            self._daily = now
            ask_daily()

    def _leave(self) -> None:
        try:
            WorkerSeen.objects.filter(pk=self.name).delete()
        except DatabaseError:
            logger.warning("left without saying so", extra={"worker": self.name})


def work_off() -> int:
    """Do in this process whatever is due now: for commands and tests. How many runs there were."""
    runs = 0
    while (job := claim("here")) is not None:
        runs += 1
        run(job)
    return runs
