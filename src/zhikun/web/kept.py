"""In the server each thread keeps its connection to a SQLite file from one page to the next.

Opening one costs a page several milliseconds: eight settings, the tables' description read anew, and with the last that closes a
checkpoint of the whole log. A kept connection belongs to one file: where the file was moved away and another stands in its place
(a restore), the next page opens that one. PostgreSQL has its pool and is left alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from django.core.signals import request_started
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

_FileId = tuple[int, int]
_opened: WeakKeyDictionary[BaseDatabaseWrapper, _FileId | None] = WeakKeyDictionary()


def keep_connections() -> None:
    """From now on, in this process."""
    for alias in connections:
        given = connections.settings[alias]
        if given["ENGINE"].endswith("sqlite3"):
            given["CONN_MAX_AGE"] = None
    connection_created.connect(_remember, dispatch_uid="zhikun.web.kept")
    request_started.connect(_let_go, dispatch_uid="zhikun.web.kept")


def remember(connection: BaseDatabaseWrapper) -> None:
    """Which file the connection was opened to."""
    if connection.vendor == "sqlite":
        _opened[connection] = _file_of(connection)


def let_go_of_moved(connection: BaseDatabaseWrapper) -> None:
    """Closes the connection where its file is no longer the one of that name."""
    if connection.connection is not None and connection in _opened and _opened[connection] != _file_of(connection):
        connection.close()


def _remember(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    remember(connection)


def _let_go(**_signal: Any) -> None:
    for connection in connections.all(initialized_only=True):
        let_go_of_moved(connection)


def _file_of(connection: BaseDatabaseWrapper) -> _FileId | None:
    try:
        about = Path(connection.settings_dict["NAME"]).stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino
