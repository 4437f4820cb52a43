"""After a list has changed: which months that were screened already have to be screened again."""

from __future__ import annotations

from pathlib import Path

from zhikun.cli.screen import Refused, aside, load_pack, say_months
from zhikun.intake.lists import Lists
from zhikun.wording import _


def say_again(data: Path) -> None:
    """Says for every pack by which months were screened here which of them rest on files that are in force no more."""
    from zhikun import screening  # noqa: PLC0415 - it takes time to load, and most lists come before anything was screened

    for name in screening.screened_packs(data):
        try:
            monitoring = screening.monitoring_of(load_pack(name))
        except (Refused, screening.ScreeningRefused):
            aside(_("不认识政策包“{p}”，不知道它筛查过的月份还作不作数。").format(p=name))
            continue
        lists = Lists(data)
        months = screening.to_run_again(data, name, lambda month: screening.inputs_of(lists, monitoring, month))  # noqa: B023 - called at once
        say_months(months, name)
