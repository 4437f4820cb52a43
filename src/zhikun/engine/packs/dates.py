"""The days on which anything in a pack changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from zhikun.engine.packs.model import FIRST_DAY, LAST_DAY, Pack, Period


def change_days(pack: Pack) -> tuple[date, ...]:
    """Every day on which something in the pack begins to hold or no longer holds, in order.

    The first is the pack's `first_day`; earlier days are left out, because nobody may ask about them. Between two
    neighbouring days the pack says the same.
    """
    days = {pack.first_day}
    days.update(value.first for standard in pack.standards.values() for value in standard.values)
    for period in _periods(pack):
        if period.first != FIRST_DAY:
            days.add(period.first)
        if period.last != LAST_DAY:
            days.add(period.last + timedelta(days=1))
    return tuple(sorted(day for day in days if day >= pack.first_day))


def _periods(pack: Pack) -> Iterator[Period]:
    for table in pack.tables.values():
        yield from (version.period for version in table.versions)
    for rule in pack.rules.values():
        yield from (version.period for version in rule.versions)
        yield from (version.period for version in rule.decisions)
        yield from (item.period for item in rule.items)
