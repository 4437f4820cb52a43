"""After a list has changed: which months that were screened already have to be screened again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from zhikun.cli.screen import Refused, aside, load_pack, say_months
from zhikun.engine.packs.model import Pack
from zhikun.intake.lists import Lists
from zhikun.wording import _


def say_again(data: Path, loaded: Mapping[str, Pack] | None = None) -> None:
    """Says for every pack by which months were screened here which of them rest on files that are in force no more.

    `loaded` are packs that the command has read already.
    """
    from zhikun import screening  # noqa: PLC0415 - it takes time to load, and most lists come before anything was screened

    for name in screening.screened_packs(data):
        try:
            monitoring = screening.monitoring_of((loaded or {}).get(name) or load_pack(name))
        except (Refused, screening.ScreeningRefused):
            aside(_("不认识政策包“{p}”，不知道它筛查过的月份还作不作数。").format(p=name))
            continue
        lists = Lists(data)
        months = screening.to_run_again(data, name, lambda month: screening.inputs_of(lists, monitoring, month))  # noqa: B023 - called at once
        say_months(months, name, data)
