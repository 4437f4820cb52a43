"""Database connections and processes: a connection belongs to the process that opened it, to no other.

The server forks its processes. Two processes that speak over one inherited connection read each other's answers: one officer
sees what was meant for another. `connections.close_all()` does not prevent that with PostgreSQL: it gives connections back to
the pool, and the pool keeps them open.
"""

from __future__ import annotations

import os
from typing import Any

from django.db import connections

_inherited: list[Any] = []


def close_every_connection() -> None:
    """Close what this process has open, pools too. Before processes are started that open their own."""
    connections.close_all()
    for connection in connections.all():
        pools = getattr(connection, "_connection_pools", None)
        if pools and connection.alias in pools:
            connection.close_pool()  # type: ignore[attr-defined]  # only PostgreSQL's has a pool


def guard() -> None:
    """From now on a forked process begins without the connections of its parent, whatever the parent forgot to close."""
    os.register_at_fork(after_in_child=_forget)


def _forget() -> None:
    for connection in connections.all():
        # Kept, never closed: closing would say good-bye on a line that is the parent's.
        _inherited.append(connection.connection)
        connection.connection = None
        pools = getattr(connection, "_connection_pools", None)
        if pools:
            _inherited.append(dict(pools))
            pools.clear()
