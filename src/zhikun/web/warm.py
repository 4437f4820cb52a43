"""Before a process of the server answers, or a worker works: what they would otherwise wait for once is made ready."""

from __future__ import annotations

import gc
import logging

from django.urls import get_resolver
from django.utils import timezone

from zhikun.assessments.services.provisional import explainer_on, plan_on
from zhikun.registry.vocabulary import packs_in_force, vocabulary
from zhikun.tables.pandas_out import leave_pandas_out

logger = logging.getLogger("zhikun.web")

#: Objects made since the last look before Python looks for unreachable ones. Measured on the list of households: Python's own
#: 700 looked through the whole heap (packs, plans, templates) in the middle of a page and added 45 ms to it.
_THRESHOLDS = (50_000, 20, 50)


def warm() -> None:
    """Load the pack in force, its plan of today and the addresses; set what stands then aside from the collector."""
    leave_pandas_out()
    try:
        vocabulary()
        explainer_on(timezone.localdate())
    except Exception:
        # A page says what is wrong with a pack; a server that does not start says less.
        logger.exception("the pack in force could not be made ready")
    get_resolver().url_patterns  # noqa: B018 - reading it imports every page
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def warm_worker() -> None:
    """What the first assessment would wait for: somebody has asked for it and watches."""
    leave_pandas_out()
    try:
        for name in packs_in_force():
            plan_on(timezone.localdate(), name)
    except Exception:
        # The job that needs the pack says what is wrong with it; a worker that does not start does no other work either.
        logger.exception("the packs in force could not be made ready")
