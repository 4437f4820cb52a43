"""In the server each thread keeps its connection to a SQLite file from one page to the next.

Opening one costs a page several milliseconds: eight settings, the tables' description read anew, and with the last that closes a
checkpoint of the whole log. A kept connection belongs to one file: where the file was moved away and another stands in its place
(a restore), the next page opens that one. PostgreSQL has its pool and is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from weakref import WeakKeyDictionary

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse

_FileId = tuple[int, int]
#: The file that a connection was opened to, or an earlier one of that name: a needless closing does no harm.
_noted: WeakKeyDictionary[BaseDatabaseWrapper, _FileId | None] = WeakKeyDictionary()


def keep_connections() -> None:
    """From now on, in this process."""
    for alias in connections:
        given = connections.settings[alias]
        if given["ENGINE"].endswith("sqlite3"):
            given["CONN_MAX_AGE"] = None


class KeptMiddleware:
    """Before a page is made: is the file still the one that this thread's connection was opened to?"""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for connection in connections.all():
            if connection.vendor == "sqlite":
                let_go_of_moved(connection)
        return self.get_response(request)


def let_go_of_moved(connection: BaseDatabaseWrapper) -> None:
    """Closes the connection where its file is no longer the one of that name."""
    now = _file_of(connection)
    if connection.connection is not None and _noted.get(connection, now) != now:
        connection.close()
    _noted[connection] = now


def leave_one_file() -> None:
    """When all processes of the server have ended: what stands in SQLite's log goes into the file, which is whole by itself again."""
    for connection in connections.all():
        if connection.vendor == "sqlite":
            with suppress(DatabaseError):  # somebody else's command is writing: it does the same when it ends
                connection.ensure_connection()
                connection.close()


def _file_of(connection: BaseDatabaseWrapper) -> _FileId | None:
    try:
        about = Path(connection.settings_dict["NAME"]).stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino
