"""Run a command with a PostgreSQL of its own: started in a temporary folder, told by ZHIKUN_DATABASE, gone afterwards.

    python tools/with_postgres.py python -m pytest ...

Where the server's programs are missing it says so by name, with the way to get them, and ends with 0: the caller's other
runs stand. The cluster trusts loopback, has no durability, and belongs to nobody else.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
#: initdb refuses root: the cluster belongs to `nobody`.
NOBODY = 65534


def main() -> None:
    """Start, run, stop; the command's exit code is ours."""
    command = sys.argv[1:]
    if not command:
        sys.exit(__doc__)
    programs = server_programs()
    if programs is None:
        print(
            "未运行：PostgreSQL 上的测试。本机没有 PostgreSQL 服务端程序（Debian、Ubuntu：apt-get install postgresql）。",
            flush=True,
        )
        return
    # Told to end, the cluster ends too: without this it would outlive us.
    signal.signal(signal.SIGTERM, lambda *_about: sys.exit(143))
    with cluster(programs) as address:
        sys.exit(subprocess.run(command, check=False, env={**os.environ, "ZHIKUN_DATABASE": address}).returncode)


def server_programs() -> Path | None:
    """The folder with initdb and pg_ctl, the newest version there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3].split(".")[0]))
    if found:
        return found[-1].parent
    one = shutil.which("initdb")
    return Path(one).resolve().parent if one else None


@contextmanager
def cluster(programs: Path, options: str = OPTIONS) -> Iterator[str]:
    """A running cluster; its address as ZHIKUN_DATABASE takes it."""

    def run(*command: str) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    folder = Path(tempfile.mkdtemp(prefix="zhikun-postgres-"))
    try:
        as_nobody: list[str] = []
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
            as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        data = folder / "data"
        port = free_port()
        settings = ["-D", str(data), "-A", "trust", "-U", "zhikun", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        run(*as_nobody, str(programs / "initdb"), *settings)
        where = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 {options}"
        control = [*as_nobody, str(programs / "pg_ctl"), "-D", str(data)]
        run(*control, "-l", str(folder / "log"), "-w", "-t", "60", "-o", where, "start")
        try:
            run(*as_nobody, str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "zhikun", "zhikun")
            yield f"postgresql://zhikun@127.0.0.1:{port}/zhikun"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, cwd=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port of loopback that nobody listens on.

    Below those that the system gives to whoever asks for any: until it is used, no connection of another program gets it.
    """
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


if __name__ == "__main__":
    main()
