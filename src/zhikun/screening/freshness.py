"""Which files a month's conclusions may rest on, from what was received so far."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from zhikun.engine.packs.monitoring import Indicator, ListSource, Monitoring
from zhikun.screening.model import Given, GivenFile, Inputs
from zhikun.workdays import Month

_QUARTER_ENDS = (3, 6, 9, 12)


class Receipt(Protocol):
    """What identifies a received file: the hash of what was received and the number of its receipt in the period."""

    @property
    def sha256(self) -> str: ...
    @property
    def number(self) -> int: ...


class ListFile(Protocol):
    """A received file: its receipt, its accepted rows, its period."""

    @property
    def receipt(self) -> Receipt: ...
    @property
    def rows(self) -> Path: ...
    @property
    def period(self) -> Month: ...


class Lists(Protocol):
    """Received files, as the room of files in keeps them."""

    def in_force(self, source: str, month: Month) -> ListFile | None: ...


def inputs_of(lists: Lists, monitoring: Monitoring, month: Month) -> Inputs:
    """The files of a month: of the population and of each indicator."""
    indicators = {
        one.id: _given(lists, monitoring.sources[one.list_source], one, month) for one in monitoring.indicators.values()
    }
    return Inputs(_newest(lists, monitoring.population, month), indicators)


def is_due(source: ListSource, month: Month) -> bool:
    """Whether the list has a period that ends with this month."""
    if source.rhythm == "yearly":
        return month.month in source.months
    return source.rhythm == "monthly" or month.month in _QUARTER_ENDS


def _given(lists: Lists, source: ListSource, indicator: Indicator, month: Month) -> Given:
    if indicator.window_months == 1:
        return _newest(lists, source, month)
    window = [month.plus(-back) for back in reversed(range(indicator.window_months))]
    found = {period: file for period in window if (file := lists.in_force(source.id, period)) is not None}
    missing = tuple(period for period in window if period not in found and is_due(source, period))
    return Given(source.id, tuple(map(_file, found.values())), missing)


def _newest(lists: Lists, source: ListSource, month: Month) -> Given:
    """The newest file not older than the list allows.

    A register and the population say who stands in them until the next one comes. What happened in one month is not told by
    the list of events of another: where a period was due since, it is missing, and what the older file says is a lower bound.
    """
    found = next(
        (
            file
            for back in range(source.valid_months)
            if (file := lists.in_force(source.id, month.plus(-back))) is not None
        ),
        None,
    )
    if found is None:
        late = next((month.plus(-back) for back in range(12) if is_due(source, month.plus(-back))), month)
        return Given(source.id, (), (late,))
    if source.kind != "event":
        return Given(source.id, (_file(found),))
    since = [month.plus(-back) for back in reversed(range(month.since(found.period)))]
    return Given(source.id, (_file(found),), tuple(period for period in since if is_due(source, period)))


def _file(found: ListFile) -> GivenFile:
    return GivenFile(found.period, found.rows, found.receipt.sha256, found.receipt.number)
