"""The kinds of work there are: each app registers its own in its module `tasks.py`.

    @job("registry.import_commit", title=_("写入导入批次"), retries=2)
    def import_commit(progress: Progress, *, batch: str) -> dict[str, Any]:
        ...

The function gets the job's arguments by name. It may be a generator: between two `yield`s the worker looks whether the
work was cancelled. What it returns is kept as the result; `text` in it is the sentence that the page shows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.utils.functional import Promise

from zhikun.jobs.errors import UnknownKind
from zhikun.wording import did_you_mean

#: Takes a `Progress` and the job's arguments; answers with the result, or yields on the way to it.
Work = Callable[..., Any]


@dataclass(frozen=True)
class Kind:
    """A kind of work. `retries`: how often an unforeseen error lets it begin again by itself.

    `daily` is the local time after which it is asked for once a day. `link` makes the address of what came out.
    """

    name: str
    title: str | Promise
    work: Work
    retries: int = 0
    daily: time | None = None
    link: Callable[[dict[str, Any], dict[str, Any]], str] | None = None

    def fits(self, arguments: dict[str, Any]) -> None:
        """Raises TypeError where the function cannot be called with these arguments."""
        inspect.signature(self.work).bind(None, **arguments)


#: All kinds by name.
KINDS: dict[str, Kind] = {}


def job(
    name: str,
    *,
    title: str | Promise,
    retries: int = 0,
    daily: time | None = None,
    link: Callable[[dict[str, Any], dict[str, Any]], str] | None = None,
) -> Callable[[Work], Work]:
    """Registers a function as a kind of work. The name stays for ever: rows of the database carry it."""

    def register(work: Work) -> Work:
        known = KINDS.get(name)
        if known is not None and known.work.__qualname__ != work.__qualname__:
            raise ValueError(f"two kinds of work are called {name}")
        KINDS[name] = Kind(name, title, work, retries, daily, link)
        return work

    return register


def kind_of(name: str) -> Kind:
    """The kind of this name, or UnknownKind."""
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKind(f"no kind of work is called {name}. {did_you_mean(name, KINDS)}") from None
