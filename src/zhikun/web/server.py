"""The server: granian serves the pages, and beside it runs one process that does the work in the background."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from zhikun import __file__ as package
from zhikun.disk import only_one, private_folder, replace_file
from zhikun.web import metrics
from zhikun.web.forking import close_every_connection
from zhikun.web.kept import leave_one_file

_RESTART = 2.0  # seconds before a worker that ended by itself is started again
_GRACE = 20.0  # seconds that a worker has for reaching its next checkpoint
_MADE = ".made-from"
_LOOK = 1.0  # seconds between two looks whether the server still lives
#: By this variable a process of the server knows the server; it is ours, not the installation's.
PARENT = "_ZHIKUN_SERVER"


@dataclass(frozen=True)
class Serving:
    """Where and how to serve. `worker`: also start a process for background work."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    threads: int = 4
    worker: bool = True


class PortTaken(Exception):
    """Something else listens where we should, or the address is not ours."""


def serve(serving: Serving, started: Callable[[], None], preparing: Callable[[bool], None]) -> None:
    """Serves until SIGTERM or SIGINT; then requests in hand are answered, the background process ends at its next checkpoint.

    `preparing` is told when files for browsers must be made (False) and when they are (True). Raises PortTaken.
    """
    _try_port(serving)
    collect_static(preparing)
    metrics.start_afresh()
    close_every_connection()
    os.environ[PARENT] = str(os.getpid())
    beside = _Beside() if serving.worker else None
    server = Granian(
        "zhikun.web.wsgi:application", address=serving.host, port=serving.port, interface=Interfaces.WSGI,
        workers=serving.workers, blocking_threads=serving.threads, backlog=2048, websockets=False, respawn_failed_workers=True,
        respawn_interval=0.5, workers_kill_timeout=10, log_access=False, log_level=LogLevels.warning, log_dictconfig=_server_log(),
    )  # fmt: skip
    server.on_startup(started)
    try:
        server.serve()
    finally:
        if beside is not None:
            beside.end()
        leave_one_file()


def _try_port(serving: Serving) -> None:
    try:
        family = socket.AF_INET6 if ":" in serving.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((serving.host, serving.port))
    except OSError:
        raise PortTaken from None


def end_with_server() -> None:
    """In a process of the server: ends it soon after the server itself was killed, so that no old page stays behind the port."""
    parent = os.environ.get(PARENT, "")
    if parent != str(os.getppid()):
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(_LOOK)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="zhikun-parent-watch", daemon=True).start()


def collect_static(preparing: Callable[[bool], None]) -> bool:
    """Puts what browsers load into one folder with fingerprinted names, if anything of it changed; whether it did.

    Each file is compressed, which takes a while: `preparing` hears before (False) and after (True).
    """
    if settings.DEBUG:
        return False
    root = private_folder(Path(settings.STATIC_ROOT))
    with only_one(root / "static"):
        wanted = _fingerprint()
        made = root / _MADE
        if made.exists() and made.read_text(encoding="ascii") == wanted:
            return False
        preparing(False)
        call_command("collectstatic", interactive=False, verbosity=0)
        replace_file(made, wanted.encode("ascii"))
        preparing(True)
    return True


def _fingerprint() -> str:
    """Of every file that would be collected: its name and what is in it. Not its time: installing the same again changes that."""
    digest = hashlib.sha256(str(settings.STORAGES["staticfiles"]["BACKEND"]).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            content = Path(storage.path(path)).read_bytes()
            digest.update(f"{path}\0{len(content)}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def _server_log() -> dict[str, Any]:
    """Granian's own lines go through our formatter; its access log stays off, ours says more and nothing personal."""
    return {**settings.LOGGING, "loggers": {"_granian": {"handlers": ["lines"], "level": "ERROR", "propagate": False},
                                            "granian.access": {"handlers": [], "propagate": False}}}  # fmt: skip


class _Beside:
    """The process for background work, started again whenever it ends before it was told to."""

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._process = self._start()
        self._watch = threading.Thread(target=self._keep, name="zhikun-worker-watch", daemon=True)
        self._watch.start()

    def _start(self) -> subprocess.Popen[bytes]:
        source = str(Path(package).resolve().parent.parent)
        paths = os.pathsep.join(dict.fromkeys([source, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]))
        return subprocess.Popen(
            [sys.executable, "-m", "zhikun.cli", "worker", "--with-parent"],
            stdin=subprocess.PIPE, start_new_session=True,  # Ctrl-C is for the server, which then ends the worker
            env={**os.environ, "PYTHONPATH": paths.strip(os.pathsep)},
        )  # fmt: skip

    def _keep(self) -> None:
        while True:
            self._process.wait()
            if self._ending.wait(_RESTART):
                return
            self._process = self._start()

    def end(self) -> None:
        """Tells it to end and waits; kills it where it does not reach a checkpoint. Its lease runs out then."""
        self._ending.set()
        self._process.terminate()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
