"""Which figures of a pack's monitoring are ours and not the place's: they must be seen wherever warnings are counted."""

from __future__ import annotations

from collections.abc import Iterator

from zhikun.engine.packs.model import Source
from zhikun.engine.packs.monitoring import Monitoring
from zhikun.wording import _


def sample_figures(monitoring: Monitoring) -> list[tuple[str, tuple[str, ...], str]]:
    """(kind, figures, why these) of every sample figure; those of one kind with one reason stand together."""
    together: dict[tuple[str, str], dict[str, None]] = {}
    for kind, text, source in _all(monitoring):
        if source.sample:
            together.setdefault((kind, source.reason), {})[text] = None
    kinds = list(dict.fromkeys(kind for kind, _reason in together))
    found = [(kind, tuple(texts), reason) for (kind, reason), texts in together.items()]
    return sorted(found, key=lambda one: kinds.index(one[0]))


def _all(monitoring: Monitoring) -> Iterator[tuple[str, str, Source]]:
    for level in monitoring.levels:
        text = _("{l} {low:g} 分起，{d} 个工作日内核实").format(l=level.title, low=level.low, d=level.days)
        yield _("级别和期限"), text, level.source
    for one in monitoring.indicators.values():
        yield _("权重"), f"{one.title} {one.weight:g}%", one.weight_source
        for band in one.bands:
            text = _("{t}：{low:g}{u}起（{b}）{p:g} 分").format(
                t=one.title, low=band.low, u=one.unit, b=band.title, p=band.points
            )
            yield _("分档"), text, band.source
        for condition in one.where:
            yield _("条件"), one.title, condition.source
        yield _("时间窗"), _("{t} {n} 个月").format(t=one.title, n=one.window_months), one.window_source
        yield _("指标"), one.title, one.source
    for escalation in monitoring.escalations:
        text = _("超期 {n} 个工作日：{t}").format(n=escalation.after_days, t=escalation.text)
        yield _("催办"), text, escalation.source
    text = _("处理过的原因 {n} 个月内没有新情况不再预警").format(n=monitoring.quiet_months)
    yield _("处理以后"), text, monitoring.quiet_source
    for listed in monitoring.sources.values():
        yield _("名单报送"), listed.title, listed.delivery
