"""Is a pack whole? Its rule graph on every day anything changes, all errors at once."""

from __future__ import annotations

from zhikun.engine.packs.dates import change_days
from zhikun.engine.packs.model import Pack, Place
from zhikun.engine.plan import PlanErrors, make_plan


def check_days(pack: Pack) -> list[tuple[Place, str]]:
    """Everything that keeps the pack from being planned on a day on which anything changes; [] when it is whole.

    An error that is there on several days is told once, for the first.
    """
    found: dict[tuple[str, str], tuple[Place, str]] = {}
    for day in change_days(pack):
        try:
            make_plan(pack, day)
        except PlanErrors as errors:
            for place, text in errors.errors:
                found.setdefault((str(place), text.replace(day.isoformat(), "")), (place, text))
    return sorted(found.values(), key=lambda error: (error[0].file, error[0].line, error[1]))
