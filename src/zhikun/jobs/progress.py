"""The handle by which work says how far it is, keeps its checkpoint, and hears that it was cancelled."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from zhikun.jobs.errors import JobCancelled, LeaseLost, WorkerStopping
from zhikun.jobs.models import Job

_EVERY = 1.0  # seconds between two looks at, or notes in, the job's row


def lease_length() -> timedelta:
    """How long a worker may be silent before its work is given to another."""
    return timedelta(seconds=settings.ZHIKUN_LEASE_SECONDS)


class Progress:
    """One run of one job, in the hands of the worker that holds its lease.

    `state` is the last checkpoint: what a killed run left behind, empty at the first start.
    """

    def __init__(self, job: Job, stopping: threading.Event | None = None) -> None:
        self.job_id = job.pk
        self.officer_id = job.officer_id
        self.state: dict[str, Any] = dict(job.checkpoint.get("state", {}))
        self.done: int = job.checkpoint.get("done", 0)
        self.total: int | None = job.total
        self.unit = job.unit
        self._lease = job.lease
        self._stopping = stopping or threading.Event()
        self._cancelled = False
        self._looked = self._noted = float("-inf")

    def expect(self, total: int | None, unit: str = "") -> None:
        """How much there is to do, and in what: 4,803 户."""
        self.total, self.unit = total, unit
        if not connection.in_atomic_block:
            self._write()

    def advance(self, by: int = 1) -> None:
        """So much more is done. Inside a transaction nothing is written: others see it at the checkpoint."""
        self.done += by
        self._note()

    def checkpoint(self, state: dict[str, Any], *, advance: int = 0) -> None:
        """Keeps from where to go on. Call it in the transaction that did the work, so that both stand or neither.

        Raises LeaseLost, which must end the transaction, where another worker has taken over.
        """
        self.done += advance
        self.state = dict(state)
        self._write(checkpoint={"state": self.state, "done": self.done}, losses=0)

    @property
    def cancelled(self) -> bool:
        """Whether the officer cancelled. Asks the database at most once a second."""
        if not self._cancelled and time.monotonic() - self._looked >= _EVERY:
            self._looked = time.monotonic()
            row = self.row.values_list("cancel_asked", flat=True).first()
            if row is None:
                raise LeaseLost
            self._cancelled = row
        return self._cancelled

    def check(self) -> None:
        """Call it where the work may stop: raises JobCancelled, WorkerStopping or LeaseLost."""
        if self.cancelled:
            raise JobCancelled
        if self._stopping.is_set():
            raise WorkerStopping

    @property
    def row(self) -> Any:
        """The job's row, as long as this run holds it."""
        return Job.objects.filter(pk=self.job_id, lease=self._lease, state=Job.State.RUNNING)

    def renew(self) -> None:
        """Prolongs the lease and shows how far the work is. Raises LeaseLost."""
        self._write()

    def _note(self) -> None:
        if time.monotonic() - self._noted >= _EVERY and not connection.in_atomic_block:
            self._write()

    def _write(self, **fields: Any) -> None:
        self._noted = time.monotonic()
        until = timezone.now() + lease_length()
        if not self.row.update(done=self.done, total=self.total, unit=self.unit, lease_until=until, **fields):
            raise LeaseLost
