"""What rooms above have to do with a run: what they make ready when it has ended, and the pages they have about it.

    followers.register("analytics", counting.prepare)                 (in an app's ready())
    followers.register_page(_("信息统计"), "analytics:statistics")

No result may depend on a follower: what it did not make ready is made when it is first asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.urls import reverse

from zhikun.assessments.models import Run
from zhikun.pages.formats import Text

logger = logging.getLogger("zhikun.assessments")

_followers: dict[str, Callable[[Run], None]] = {}
_pages: dict[str, Text] = {}


def register(name: str, follow: Callable[[Run], None]) -> None:
    """Call this with each run that has ended with results. One for a name: registering again replaces it."""
    _followers[name] = follow


def register_page(title: Text, view: str) -> None:
    """A page about a finished run, which takes the run's id: the run's own page leads there."""
    _pages[view] = title


def pages(run: Run) -> list[tuple[Text, str]]:
    """The pages of other rooms about a run: title and address."""
    return [(title, reverse(view, args=[run.pk])) for view, title in _pages.items()]


def follow(run: Run) -> None:
    """All that was registered; a fault is logged and spoils neither the run nor the next follower."""
    for name, made in _followers.items():
        try:
            made(run)
        except Exception:
            logger.exception("after a run: %s", name)
