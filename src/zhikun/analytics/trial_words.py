"""How trials are put into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from zhikun.analytics.models import Trial
from zhikun.analytics.trials import Chosen
from zhikun.assessments.models import Run
from zhikun.assessments.naming import category_words
from zhikun.assessments.results import pack_of
from zhikun.documents.values import shown_of
from zhikun.engine.packs.model import Pack
from zhikun.registry.vocabulary import packs_in_force
from zhikun.wording import change_text

_SHOWN = 2  # changes named in a line


def is_current(run: Run) -> bool:
    """Whether the pack by which it was made is still the same."""
    return pack_of(run).hash == run.pack_hash


def run_words(run: Run, names: Mapping[int, str]) -> str:
    """A run in one line: where, as of which day, how many, by which pack where there are several, and whether it has changed since."""
    told = _("{area} {on}（{n} 户，{at} 评估）").format(
        area=names.get(run.area, run.area), on=run.on.isoformat(), n=f"{run.households:,}",
        at=timezone.localtime(run.started_at).strftime("%m-%d %H:%M"),
    )  # fmt: skip
    if len(packs_in_force()) > 1:
        told = f"{pack_of(run).title}：{told}"
    return told if is_current(run) else told + _("，政策包已改，须重新评估")


def change_words(changes: list[dict[str, str]]) -> str:
    """What was moved, in one line."""
    told = [
        _("{what}：{a} → {b}").format(
            what=f"{one['title']}（{one['where']}）" if one["where"] else one["title"], a=one["was"], b=one["now"]
        )
        for one in changes[:_SHOWN]
    ]
    if len(changes) > _SHOWN:
        told.append(_("另有 {n} 项").format(n=len(changes) - _SHOWN))
    return "；".join(told)


def outcome_words(trial: Trial) -> str:
    """What came out, in one line."""
    found, pack = trial.totals, pack_of(trial.run)
    if not found:
        return ""
    told = [_("{n} 户有变化").format(n=f"{found['changed']:,}")]
    if has_covered(pack):
        told.append(_("进 {e}，出 {l}").format(e=f"{found['enter']:,}", l=f"{found['leave']:,}"))
    if pack.results.amount:
        told.append(_("差 {d} 元/月").format(d=change_text(found["amount_variant"] - found["amount"])))
    return "；".join(told)


def has_covered(pack: Pack) -> bool:
    """Whether a pack says of anybody that they do not receive."""
    shown = pack.results
    if shown.eligible or shown.amount:
        return True
    return bool(shown.category) and "none" in shown_of(pack, shown.category).labels


def covered_words(pack: Pack) -> str:
    """What it means to enter or to leave under a pack."""
    shown = pack.results
    if shown.eligible:
        return _("进：改动后变为符合“{t}”的家庭。出：改动后不再符合的家庭。").format(
            t=shown_of(pack, shown.eligible).title
        )
    if shown.amount:
        return _("进：改动后“{t}”由 0 变为大于 0 的家庭。出：改动后“{t}”变为 0 的家庭。").format(
            t=shown_of(pack, shown.amount).title
        )
    if has_covered(pack):
        none = shown_of(pack, shown.category).text("none")
        return _("进：改动后类别不再是“{c}”的家庭。出：改动后类别变为“{c}”的家庭。").format(c=none)
    return _("这个政策包没有“不予救助”的类别，没有进出可算，只比较类别和指数。")


def kind_words(kind: str, pack: Pack) -> str:
    """What the households of a kind have in common."""
    plain: dict[str, Any] = {
        "all": _("试算的全部家庭"), "changed": _("类别、指数或金额有变化"),
        "enter": _("进"), "leave": _("出"), "open": _("尚不能确定"), "category": _("类别有变化"),
        "amount_up": _("金额增加"), "amount_down": _("金额减少"), "index_up": _("指数上升"), "index_down": _("指数下降"),
        "index_open": _("指数能否确定有变化"),
    }  # fmt: skip
    if kind in plain:
        return str(plain[kind])
    way, _line, cause = kind.partition("_")
    title = shown_of(pack, cause).title
    if way in {"had", "will"}:
        return (_("改动前达到致困线：{c}") if way == "had" else _("改动后达到致困线：{c}")).format(c=title)
    if way == "unsure":
        return _("是否达到致困线，改动前后只有一边能确定：{c}").format(c=title)
    return _("新达到致困线：{c}").format(c=title) if way == "gain" else _("不再达到致困线：{c}").format(c=title)


def chosen_words(chosen: Chosen, pack: Pack) -> str:
    """Which households a list has."""
    if not (chosen.was or chosen.now):
        return kind_words(chosen.kind, pack)
    a, b = (category_words(pack, code) if code else _("任何类别") for code in (chosen.was, chosen.now))
    return f"{a} → {b}"
