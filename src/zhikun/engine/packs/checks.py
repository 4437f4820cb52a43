"""Checks of the whole pack that need every name: what reports show, samples, rankings."""

from __future__ import annotations

from collections.abc import Iterator

from zhikun.engine.packs.model import Pack, Place, Source
from zhikun.engine.packs.monitoring import Monitoring
from zhikun.engine.packs.problems import Problems, suggestion
from zhikun.engine.packs.shape import Record
from zhikun.wording import _


def check_pack(pack: Pack, header: Record, problems: Problems) -> None:
    """Record every fault that shows only in the pack as a whole."""
    _check_samples(pack, header, problems)
    _check_rankings(pack, problems)
    results = header.record("results")
    if results is not None:
        _check_results(pack, results, problems)


def sources(pack: Pack) -> Iterator[tuple[Source, Place]]:
    """Every source in the pack with the place where it is written."""
    for fact in pack.facts.values():
        yield fact.source, fact.at
    for standard in pack.standards.values():
        yield from ((v.source, v.at) for v in standard.values)
    for table in pack.tables.values():
        yield from ((t.source, t.at) for t in table.versions)
    for rule in pack.rules.values():
        yield rule.source, rule.at
        for version in rule.versions:
            yield version.source, version.at
            if version.rounding is not None:
                yield version.rounding.source, version.at
        for decision in rule.decisions:
            yield decision.source, decision.at
            yield from ((b.source, b.at) for b in decision.branches)
        yield from ((i.source, i.at) for i in rule.items)
    for ranking in pack.rankings.values():
        yield ranking.source, ranking.at
    if pack.monitoring is not None:
        yield from _watching(pack.monitoring)


def _watching(monitoring: Monitoring) -> Iterator[tuple[Source, Place]]:
    for source in monitoring.sources.values():
        yield source.source, source.at
        yield source.delivery, source.at
    for indicator in monitoring.indicators.values():
        yield from ((s, indicator.at) for s in (indicator.source, indicator.weight_source, indicator.window_source))
        yield from ((band.source, indicator.at) for band in indicator.bands)
        yield from ((condition.source, condition.at) for condition in indicator.where)
    yield from ((group.source, group.at) for group in monitoring.groups.values())
    yield from ((level.source, level.at) for level in monitoring.levels)
    yield from ((escalation.source, escalation.at) for escalation in monitoring.escalations)
    yield from ((route.source, route.at) for route in monitoring.routes.values())
    if monitoring.levels:
        yield monitoring.quiet_source, monitoring.levels[0].at


def _check_samples(pack: Pack, header: Record, problems: Problems) -> None:
    if pack.sample or "sample" in header.faulty:
        return
    at = next((place for source, place in sources(pack) if source.sample), None)
    if at is not None:
        text = _("包里有示例数字（例如 {at}），看结果的人必须知道。请在 pack.yaml 写 sample: true。")
        problems.add(header.place("sample"), text.format(at=at))


def _household(pack: Pack) -> dict[str, str]:
    """Names of household values with their types; rankings are of type 'ranking'."""
    found = {name: fact.type for (entity, name), fact in pack.facts.items() if entity == "household"}
    found |= {name: rule.type for (entity, name), rule in pack.rules.items() if entity == "household"}
    return found | dict.fromkeys(pack.rankings, "ranking")


def _check_rankings(pack: Pack, problems: Problems) -> None:
    known = _household(pack)
    for ranking in pack.rankings.values():
        for key in ranking.by:
            type_ = known.get(key.value)
            if not key.value or type_ == "":
                continue
            if type_ is None:
                numbers = [name for name, t in known.items() if t == "number"]
                text = _("排序用的“{name}”不是家庭的数值。{hint}")
                problems.add(ranking.at, text.format(name=key.value, hint=suggestion(key.value, numbers)))
            elif type_ not in ("number", "boolean"):
                text = _("“{name}”的类型是 {type}，排不出先后。请改用数值。")
                problems.add(ranking.at, text.format(name=key.value, type=type_))


#: What each key of `results` may name; None for anything of the household.
_RESULT_TYPES: dict[str, tuple[str, ...] | None] = {
    "category": ("choice",),
    "amount": ("number",),
    "index": ("number",),
    "rank": ("ranking",),
    "eligible": ("boolean",),
    "causes": ("number",),
    "policies": ("choices",),
    "flags": ("choices",),
    "columns": None,
}


def _check_results(pack: Pack, results: Record, problems: Problems) -> None:
    known = _household(pack)
    for key, types in _RESULT_TYPES.items():
        single = results.text(key)
        for name in results.names(key) or ((single,) if single else ()):
            at = results.place(key)
            type_ = known.get(name)
            if type_ is None:
                fitting = [n for n, t in known.items() if types is None or t in types]
                text = _("results.{key} 里的“{name}”不是家庭的结果或事实。{hint}")
                problems.add(at, text.format(key=key, name=name, hint=suggestion(name, fitting)))
            elif types is not None and type_ and type_ not in types:
                text = _("results.{key} 里的“{name}”类型是 {type}，应当是 {types}。")
                problems.add(at, text.format(key=key, name=name, type=type_, types=" / ".join(types)))
            elif key in ("policies", "flags"):
                _check_list(pack, key, name, at, problems)


def _check_list(pack: Pack, key: str, name: str, at: Place, problems: Problems) -> None:
    rule = pack.rules.get(("household", name))
    if rule is None or rule.kind != "list":
        problems.add(
            at, _("results.{key} 里的“{name}”不是清单（lists）。请改写清单的标识。").format(key=key, name=name)
        )
    elif key == "flags" and rule.list_kind != "flags":
        text = _("results.flags 里的“{name}”是 {kind} 清单，应当是 kind: flags。请移到 policies，或改清单的 kind。")
        problems.add(at, text.format(name=name, kind=rule.list_kind))
    elif key == "policies" and rule.list_kind == "flags":
        text = _("“{name}”是待人确认的清单（kind: flags），不能当作机器的结论。请移到 results.flags。")
        problems.add(at, text.format(name=name))
