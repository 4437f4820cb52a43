"""困难状况 on the household's page: the proposal in force, the causes as a picture, the place among others.

What is shown is the newest kept run; where the facts have changed since, the page says so, and shows what they give today
beside it. A household that no run has seen is shown as of today.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.accounts.models import Officer
from zhikun.assessments.bridge import known_of
from zhikun.assessments.naming import RANK_TITLES, place_words
from zhikun.assessments.results import Kept, result_of
from zhikun.assessments.services import provisional
from zhikun.assessments.services.deciding import decisions_of, flag_words
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.engine.run import FactsError
from zhikun.pages.parts import Axis, Detail, Event, Radar
from zhikun.registry.models import Household
from zhikun.registry.panels import Panel
from zhikun.registry.vocabulary import pack_in_force

#: The highest score of a cause: the scale of the published table is 0, 0.5, ... 5 (原州区 1+8+N, 致困因子赋分量表).
MOST = 5
_FIRST = 6  # questions shown before the rest is folded away


def panel() -> Panel:
    """The panel, as the registry takes it."""
    return Panel("assessments", _("困难状况（系统建议，由人决定）"), "assessments/panel.html", context, order=10)


def context(household: Household, officer: Officer) -> dict[str, Any] | None:
    """What the panel's template draws; nothing of a closed or merged file: nobody is left in it to be assessed."""
    if household.state != Household.State.OPEN:
        return None
    pack = pack_in_force()
    try:
        today = provisional.of_known(known_of(household), timezone.localdate())
    except FactsError as error:
        return {"problem": str(error)}
    kept = result_of(household)
    now = {
        "category": today.category.value if today.category else None,
        "index": today.index.value if today.index else None,
        "causes": {one.name: one.value for one in today.causes},
    }
    return {
        "radar": _radar(pack, today.causes),
        "figures": _figures(pack, now, today, kept),
        "flags": [flag for flag in today.flags if flag.get("state") != "undetermined"],
        "first": today.missing[:_FIRST],
        "rest": today.missing[_FIRST:],
        "run": kept.run if kept else None,
        "changed": kept is not None and not _same(kept, now),
        "sample": pack.sample,
        "pack": pack,
        "household": household,
    }


def history(household: Household, _officer: Officer) -> Iterator[tuple[datetime, Event]]:
    """What people decided on the machine's flags, for the timeline; whoever sees the file sees it."""
    pack = pack_in_force()
    for one in decisions_of(household):
        title = _("认定提示：{t}").format(t=flag_words(pack, one.flag))
        text = _("{d}。理由：{r}").format(d=one.get_decision_display(), r=one.reason)
        yield one.at, Event(one.at, title, str(one.officer), text, "info")


def _figures(pack: Pack, now: dict[str, Any], today: provisional.Provisional, kept: Kept | None) -> list[Detail]:
    """Category, index, ranks and the pack's other values, each with its unit; unknown stays unknown."""
    results = pack.results
    lines = []
    for name, value in ((results.category, now["category"]), (results.index, now["index"])):
        if name:
            shown = shown_of(pack, name)
            text = f"{shown.text(value)} {shown.unit or ''}".strip() if value not in (None, "") else None
            lines.append(Detail(shown.title, text))
    lines.extend(Detail(one.title, _brief(one) if one.value is not None else None) for one in today.others)
    if kept is not None:
        for name, rank in ((name, kept.ranks.get(name)) for name in RANK_TITLES):
            text = place_words(*rank) if rank else None
            lines.append(Detail(_("{where}困难排序").format(where=RANK_TITLES[name]), text, on=kept.run.on))
    return lines


def _brief(one: provisional.Figure) -> str:
    """A figure for a glance: of a quotient without a unit three decimals say enough, the assessment's page has them all."""
    if one.unit or not isinstance(one.value, float) or round(one.value, 3) == one.value:
        return one.display
    return _("约 {n}").format(n=f"{one.value:.3f}")


def _radar(pack: Pack, causes: Sequence[provisional.Figure]) -> Radar:
    axes = [Axis(one.title, one.value, MOST) for one in causes]
    return Radar(_("致困因子"), axes, unit=_("分"), sample=pack.sample)


def _same(kept: Kept, now: dict[str, Any]) -> bool:
    return (kept.category, kept.index, dict(kept.causes)) == (now["category"] or None, now["index"], now["causes"])
