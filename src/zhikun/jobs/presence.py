"""Whether a worker of this machine still lives: each holds a lock that the system gives back when it is killed.

Without this the work of a killed worker waits for its lease to run out, though the next worker is there a second later.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from zhikun.disk import private_folder
from zhikun.jobs.models import Job


@contextmanager
def present(name: str) -> Iterator[None]:
    """From here to the end others of this machine see that the worker of this name lives."""
    path = _lock(name)
    private_folder(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def release_of_the_dead() -> int:
    """Ends the leases of workers of this machine that were killed, so that their work can be claimed now; how many.

    A worker of another machine, or one that left no lock, keeps its lease: nobody here can know.
    """
    now = timezone.now()
    held = Job.objects.filter(state=Job.State.RUNNING, lease_until__gt=now)
    released = 0
    for pk, lease, name in held.values_list("pk", "lease", "worker"):
        if _is_gone(name):
            # The number of the lease: somebody else may have claimed the work since we looked.
            released += Job.objects.filter(pk=pk, lease=lease, state=Job.State.RUNNING).update(lease_until=now)
            _lock(name).unlink(missing_ok=True)
    return released


def _is_gone(name: str) -> bool:
    if name.split(":", 1)[0] != socket.gethostname()[:60]:
        return False
    try:
        handle = os.open(_lock(name), os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held: it lives; or a drive without locks: nobody knows
        return False
    else:
        return True
    finally:
        os.close(handle)


def _lock(name: str) -> Path:
    """The lock of a worker; its name without the machine's, which may be no name of a file."""
    mark = "-".join(name.split(":")[1:]).replace("/", "-")
    return Path(settings.ZHIKUN_DATA) / "workers" / f".{mark}.lock"
