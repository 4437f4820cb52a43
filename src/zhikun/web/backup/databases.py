"""The database in one moment, for each kind of database: out to files while others write, and back into an empty one.

SQLite: its own online copy. PostgreSQL: COPY of every table in one REPEATABLE READ snapshot. No program of the server is needed,
so that a backup made on one version can be put into another.
"""

from __future__ import annotations

import gzip
import hashlib
import secrets
import shutil
import sqlite3
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from django.conf import settings
from django.utils.translation import gettext as _
from psycopg import sql

from zhikun.disk import sync_file, sync_folder
from zhikun.web.backup.manifest import BackupRefused, File, Report

_CHUNK = 1024 * 1024
_LITTLE = 1  # gzip: a fifth of the size at a tenth of the time that the strongest takes


@dataclass(frozen=True)
class Dumped:
    """A database as it was copied."""

    parts: list[File]
    tables: dict[str, int]
    sequences: dict[str, int]
    migrations: list[list[str]]


class Database(ABC):
    """One kind of database. `address` is what ZHIKUN_DATABASE says for it."""

    vendor: str

    @abstractmethod
    def dump(self, folder: Path, report: Report) -> Dumped:
        """Copies everything as it is in one moment into `folder`."""

    @property
    @abstractmethod
    def address(self) -> str:
        """As ZHIKUN_DATABASE takes it."""

    @abstractmethod
    def is_empty(self) -> bool:
        """Whether there is no table at all."""

    @abstractmethod
    def temporary(self, beside: Path) -> AbstractContextManager[str]:
        """The address of an empty database, gone afterwards; a file of it lies in the folder `beside`."""


def _file(folder: Path, path: Path) -> File:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    sync_file(path)
    return File(path.relative_to(folder).as_posix(), path.stat().st_size, digest)


class Sqlite(Database):
    """A file of SQLite."""

    vendor = "sqlite"
    part = "database.sqlite3"

    def __init__(self, path: Path) -> None:
        self.path = path

    def dump(self, folder: Path, report: Report) -> Dumped:
        report(_("复制数据库"), 0, 1)
        copy = folder / self.part
        with closing(sqlite3.connect(self.path, timeout=60)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)  # one read transaction: writers go on beside it
            target.execute("PRAGMA journal_mode=DELETE")
            tables = _sqlite_counts(target)
            done = [list(row) for row in target.execute("SELECT app, name FROM django_migrations ORDER BY app, name")]
        copy.chmod(0o600)
        return Dumped([_file(folder, copy)], tables, {}, done)

    def is_empty(self) -> bool:
        if not self.path.exists():
            return True
        with closing(sqlite3.connect(self.path)) as connection:
            return not _sqlite_counts(connection)

    @contextmanager
    def temporary(self, beside: Path) -> Iterator[str]:
        with tempfile.TemporaryDirectory(prefix=".check-", dir=beside) as folder:
            yield Sqlite(Path(folder).resolve() / self.part).address

    @property
    def address(self) -> str:
        return f"sqlite:///{quote(str(self.path.resolve()))}"

    def place(self, source: Path) -> None:
        """Puts a copy where the database belongs: whole, or not there."""
        beside = self.path.with_name(f".{self.path.name}.part")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, beside)
        beside.chmod(0o600)
        sync_file(beside)
        for end in ("-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        beside.replace(self.path)
        sync_folder(self.path.parent)


def _sqlite_counts(connection: sqlite3.Connection) -> dict[str, int]:
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    ).fetchall()
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}  # noqa: S608 - names of tables, from the database itself


class Postgres(Database):
    """A database of PostgreSQL."""

    vendor = "postgresql"

    def __init__(self, where: dict[str, str]) -> None:
        self.where = {name: value for name, value in where.items() if value}

    @property
    def address(self) -> str:
        w = self.where
        secret = f":{quote(w['password'], safe='')}" if "password" in w else ""
        user = f"{quote(w['user'], safe='')}{secret}@" if "user" in w else ""
        port = f":{w['port']}" if "port" in w else ""
        host = quote(w.get("host", ""), safe="[]:")
        return f"postgresql://{user}{host}{port}/{quote(w['dbname'], safe='')}"

    def connect(self, **more: Any) -> psycopg.Connection[Any]:
        """A connection of its own, outside of the pool. Raises BackupRefused."""
        try:
            return psycopg.connect(**{**self.where, "connect_timeout": "5", **more})
        except psycopg.OperationalError as error:
            raise BackupRefused(_("连不上数据库（{w}）。").format(w=type(error).__name__)) from None

    def dump(self, folder: Path, report: Report) -> Dumped:
        (folder / "tables").mkdir(mode=0o700)
        parts: list[File] = []
        tables: dict[str, int] = {}
        with self.connect() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            names = _tables(connection)
            for number, name in enumerate(names):
                report(_("复制数据库"), number, len(names))
                path = folder / "tables" / f"{name}.copy.gz"
                tables[name] = _copy_out(connection, name, path)
                parts.append(_file(folder, path))
            sequences = dict(
                connection.execute(
                    "SELECT sequencename, last_value FROM pg_sequences "
                    "WHERE schemaname = current_schema() AND last_value IS NOT NULL"
                ).fetchall()
            )
            done = [list(r) for r in connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name")]
        return Dumped(parts, tables, sequences, done)

    def is_empty(self) -> bool:
        with self.connect() as connection:
            return not _tables(connection)

    @contextmanager
    def temporary(self, beside: Path) -> Iterator[str]:  # noqa: ARG002 - it lies where the server keeps it
        name = f"zhikun_check_{secrets.token_hex(4)}"
        with self.connect(autocommit=True) as connection:
            try:
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
            except psycopg.errors.InsufficientPrivilege:
                raise BackupRefused(
                    _("数据库账号没有建库的权限，不能在临时库里验证。请数据库管理员执行 ALTER ROLE {u} CREATEDB，或换有权限的账号。")
                    .format(u=self.where.get("user", ""))
                ) from None  # fmt: skip
            try:
                yield Postgres({**self.where, "dbname": name}).address
            finally:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename")
    return [name for (name,) in rows]


def _copy_out(connection: psycopg.Connection[Any], table: str, path: Path) -> int:
    """Writes a table's rows; how many. In COPY's text form a line break inside a value is no line break."""
    rows = 0
    statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, _columns(connection, table))), sql.Identifier(table)
    )
    with (
        path.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_LITTLE, mtime=0) as out,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        path.chmod(0o600)
        for chunk in copy:
            rows += bytes(chunk).count(b"\n")
            out.write(chunk)
    return rows


def _columns(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """The columns by name, so that a copy fits wherever a table has them in another order; generated ones make themselves."""
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s "
        "AND is_generated = 'NEVER' ORDER BY column_name",
        [table],
    )
    return [name for (name,) in rows]


def fill(connection: psycopg.Connection[Any], folder: Path, tables: dict[str, int], report: Report) -> None:
    """Fills tables that stand empty, in the caller's transaction: relations are checked at its end."""
    for number, table in enumerate(tables):
        report(_("写入数据库"), number, len(tables))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, _columns(connection, table)))
        )
        with (
            gzip.open(folder / "tables" / f"{table}.copy.gz", "rb") as rows,
            connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            while chunk := rows.read(_CHUNK):
                copy.write(chunk)


def current() -> Database:
    """The platform's database."""
    at = settings.DATABASES["default"]
    if "sqlite" in at["ENGINE"]:
        return Sqlite(Path(at["NAME"]))
    named = {
        "dbname": at["NAME"],
        "user": at["USER"],
        "password": at["PASSWORD"],
        "host": at["HOST"],
        "port": at["PORT"],
    }
    return Postgres({name: str(value) for name, value in named.items()})
