"""An installation of the platform of its own, for tests that start real processes: folder, keys, database, commands.

On PostgreSQL (ZHIKUN_DATABASE) it has a database of its own in that cluster, on SQLite a file of its own.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from zhikun.identity import init_keys
from zhikun.identity.keyring import today

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0


class Installation:
    """One platform: `run` a command of it, `start` one that stays, ask its database."""

    def __init__(self, folder: Path, settings: str = "tests.jobs.process_settings", database: str = "") -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self.keys = folder / "keys" / "keys.json"
        self.database = database
        self._asking: psycopg.Connection[Any] | None = None
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("ZHIKUN_", "DJANGO_", "COV"))
        } | {
            "ZHIKUN_DATA": str(self.data),
            "ZHIKUN_KEYS": str(self.keys),
            "DJANGO_SETTINGS_MODULE": settings,
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            **({"ZHIKUN_DATABASE": database} if database else {}),
        }

    def run(self, *words: str, code: int | None = 0, **more: str) -> subprocess.CompletedProcess[str]:
        """A command to its end; `code` is the exit code that is expected."""
        done = subprocess.run(
            self.command(words), env=self.environment | more, cwd=self.folder, capture_output=True, text=True,
            timeout=PATIENCE * 3, check=False,
        )  # fmt: skip
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done

    @contextmanager
    def start(self, *words: str, **more: str) -> Iterator[subprocess.Popen[str]]:
        """A command that stays, with its output in the file `<word>.log`; killed at the end if it still runs."""
        with (self.folder / f"{words[0]}.log").open("a+", encoding="utf-8") as log:
            process = subprocess.Popen(
                self.command(words), env=self.environment | more, cwd=self.folder, stdout=log, stderr=log, text=True
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait(PATIENCE)

    def log(self, word: str) -> str:
        return (self.folder / f"{word}.log").read_text(encoding="utf-8")

    def log_lines(self, word: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log(word).splitlines() if line.startswith("{")]

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the installation's database; `%s` stands for a value. Writes are committed."""
        if self.database:
            # One connection for all questions: whoever waits for something asks twenty times a second.
            if self._asking is None:
                self._asking = psycopg.connect(self.database, autocommit=True, prepare_threshold=None)
            cursor = self._asking.execute(sql, values)
            return cursor.fetchall() if cursor.description else []
        import sqlite3

        with closing(sqlite3.connect(self.data / "zhikun.sqlite3", timeout=20)) as connection:
            rows = connection.execute(sql.replace("%s", "?"), values).fetchall()
            connection.commit()
            return rows

    def command(self, words: tuple[str, ...]) -> list[str]:
        """The words as a process is started with them."""
        return [sys.executable, "-m", "zhikun.cli", *words]


def until(what: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """The first answer of `what` that says yes; fails after a minute."""
    end = time.monotonic() + patience
    while not (answer := what()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return answer


@contextmanager
def own_database(address: str, like: str = "") -> Iterator[str]:
    """The address of a database of its own in the cluster at `address`, empty or a copy of the one at `like`.

    With no address (SQLite) there is nothing to make.
    """
    if not address:
        yield ""
        return
    name = f"zhikun_{secrets.token_hex(4)}"
    template = urlsplit(like).path.strip("/") or "template0"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
        finally:
            # Whoever is still connected is thrown out.
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def with_keys(installation: Installation) -> Installation:
    """Gives it a key ring, as `zhikun keys init` does."""
    init_keys(installation.keys, installation.data, today(), "测试")
    return installation


@contextmanager
def copy_of(migrated: Installation, folder: Path) -> Iterator[Installation]:
    """A platform of its own whose database is a copy of another's, with a new key ring."""
    with own_database(os.environ.get("ZHIKUN_DATABASE", ""), like=migrated.database) as address:
        one = with_keys(Installation(folder, database=address))
        if not address:
            one.data.mkdir(exist_ok=True)
            shutil.copy(migrated.data / "zhikun.sqlite3", one.data)
        yield one
