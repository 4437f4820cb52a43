"""Figures about the running platform in Prometheus text: requests by page and status, how long they took, work waiting.

A server is several processes. Each counts for itself and puts its counts into a file of its own, at most once a second; the
process that is asked adds all of them up. `start_afresh` forgets the counts of the last run.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError

from zhikun.jobs import selectors as jobs

#: Upper bounds in seconds; the figures that are promised are 0.15 and 0.3.
BOUNDS = (0.025, 0.05, 0.1, 0.15, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
_EVERY = 1.0


def folder() -> Path:
    """Where the processes put their counts."""
    return Path(settings.ZHIKUN_DATA) / "run" / "metrics"


def start_afresh() -> None:
    """An empty folder; before the server's processes begin."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder().glob("*.json*"):
        old.unlink(missing_ok=True)


class Metrics:
    """The counts of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._written = 0.0

    def count(self, view: str, method: str, status: int, seconds: float) -> None:
        """One request was answered."""
        with self._lock:
            self._requests[view, method, status] += 1
            bound = next((bound for bound in BOUNDS if seconds <= bound), float("inf"))
            self._buckets[view, bound] += 1
            self._seconds[view] += seconds  # type: ignore[assignment]  # a sum of seconds is no whole number
            due = time.monotonic() - self._written >= _EVERY
        if due:
            self.write()

    def write(self) -> None:
        """Puts the counts where the other processes find them. A full disk must not stop the pages."""
        with self._lock, suppress(OSError):
            self._written = time.monotonic()
            path = folder() / f"{os.getpid()}.json"
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            text = json.dumps(
                [
                    [[*key, n] for key, n in self._requests.items()],
                    [[view, None if bound == float("inf") else bound, n] for (view, bound), n in self._buckets.items()],
                    list(self._seconds.items()),
                ]
            )
            beside = path.with_suffix(".json.part")
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)


METRICS = Metrics()


def text() -> str:
    """All figures, of all processes, in the text format of Prometheus."""
    METRICS.write()
    return "\n".join([*_request_lines(), *_work_lines()]) + "\n"


def _request_lines() -> Iterator[str]:
    requests: Counter[tuple[str, str, int]] = Counter()
    buckets: Counter[tuple[str, float]] = Counter()
    seconds: dict[str, float] = {}
    for path in sorted(folder().glob("*.json")):
        try:
            counted, timed, summed = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # a process that was killed while it wrote for the first time
        for view, method, status, n in counted:
            requests[view, method, status] += n
        for view, bound, n in timed:
            buckets[view, float("inf") if bound is None else bound] += n
        for view, total in summed:
            seconds[view] = seconds.get(view, 0.0) + total
    yield from _about("zhikun_requests_total", "counter", "Requests by page, method and status.")
    for (view, method, status), n in sorted(requests.items()):
        yield f'zhikun_requests_total{{view="{view}",method="{method}",status="{status}"}} {n}'
    yield from _about("zhikun_request_seconds", "histogram", "How long requests took, by page.")
    for view in sorted(seconds):
        below = 0
        for bound in (*BOUNDS, float("inf")):
            below += buckets[view, bound]
            name = "+Inf" if bound == float("inf") else f"{bound:g}"
            yield f'zhikun_request_seconds_bucket{{view="{view}",le="{name}"}} {below}'
        yield f'zhikun_request_seconds_sum{{view="{view}"}} {seconds[view]:.6f}'
        yield f'zhikun_request_seconds_count{{view="{view}"}} {below}'


def _work_lines() -> Iterator[str]:
    try:
        states, waiting, overdue, seen = (
            jobs.states_counted(), jobs.waiting_since(), jobs.lease_overdue(), jobs.worker_age()
        )  # fmt: skip
    except DatabaseError:
        yield from _about("zhikun_database_up", "gauge", "Whether the database answers.")
        yield "zhikun_database_up 0"
        return
    yield from _about("zhikun_database_up", "gauge", "Whether the database answers.")
    yield "zhikun_database_up 1"
    yield from _about("zhikun_jobs", "gauge", "Jobs by state.")
    for state, n in states.items():
        yield f'zhikun_jobs{{state="{state}"}} {n}'
    yield from _about("zhikun_jobs_waiting_seconds", "gauge", "For how long the oldest job that is due has waited.")
    yield f"zhikun_jobs_waiting_seconds {waiting or 0:.3f}"
    yield from _about("zhikun_job_lease_overdue_seconds", "gauge", "For how long the oldest lease has been over.")
    yield f"zhikun_job_lease_overdue_seconds {overdue:.3f}"
    if seen is not None:
        yield from _about("zhikun_worker_seen_seconds", "gauge", "How long ago a worker was last seen.")
        yield f"zhikun_worker_seen_seconds {seen.total_seconds():.3f}"


def _about(name: str, kind: str, what: str) -> tuple[str, str]:
    return f"# HELP {name} {what}", f"# TYPE {name} {kind}"
