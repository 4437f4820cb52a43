"""Small packs in memory for one question at a time, and one household through them, checked by the judge as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tests.engine import facts, judge

from zhikun.engine.packs.model import (
    Branch,
    DecisionVersion,
    Entity,
    Fact,
    Item,
    Pack,
    Period,
    Place,
    Ranking,
    RankingKey,
    Results,
    Rounding,
    Rule,
    RuleVersion,
    Source,
    Standard,
    StandardValue,
    Table,
    TableKey,
    TableVersion,
)
from zhikun.engine.plan import Plan, make_plan
from zhikun.engine.run import Results as Assessed
from zhikun.engine.run import assess

AT = Place("small/pack.yaml", 1)
SOURCE = Source(reference="第1条", grade="A")
DAY = date(2025, 3, 1)
COUNTY = "990101"


def fact(path: str, type_: str = "number", **more: Any) -> Fact:
    """A fact by 'name' (household) or 'member.name'."""
    entity, _dot, name = path.rpartition(".")
    if type_ in ("choice", "choices") and not isinstance(more.get("choices"), Mapping):
        more["choices"] = {code: f"“{code}”的名称" for code in more["choices"].split()}
    if type_ == "number":
        more.setdefault("unit", "")
    return Fact(name, entity or "household", f"{path}的名称", type_, SOURCE, AT, **more)


def rule(path: str, formula: str, type_: str = "number", unit: str = "", choices: str = "", **more: Any) -> Rule:
    """A rule by 'name' or 'member.name'; `rounding` is (step, direction)."""
    entity, _dot, name = path.rpartition(".")
    step = more.pop("rounding", None)
    rounding = Rounding(step[0], step[1], SOURCE) if step else None
    period = more.pop("period", Period())
    versions = more.pop("versions", (RuleVersion(period, formula, SOURCE, AT, rounding),))
    return Rule(
        name, "rule", f"{path}的名称", entity or "household", type_, AT, "small", "small",
        unit=unit if type_ == "number" else None, choices=_choices(choices), versions=versions, source=SOURCE, **more,
    )  # fmt: skip


def decision(
    path: str, lines: Sequence[tuple[str, str]], type_: str = "choice", unit: str = "", choices: str = ""
) -> Rule:
    """A first-match list: ('when', 'then') lines, the last with an empty `when`."""
    entity, _dot, name = path.rpartition(".")
    branches = tuple(Branch(when, then, Source(reference=f"第{n}条"), AT) for n, (when, then) in enumerate(lines, 2))
    return Rule(
        name, "decision", f"{path}的名称", entity or "household", type_, AT, "small", "small",
        unit=unit if type_ == "number" else None, choices=_choices(choices),
        decisions=(DecisionVersion(Period(), branches, SOURCE, AT),), source=SOURCE,
    )  # fmt: skip


def listing(path: str, items: Mapping[str, str], kind: str = "policies") -> Rule:
    """An accumulating list: code -> when."""
    entity, _dot, name = path.rpartition(".")
    confirm = "看现场" if kind == "flags" else ""
    found = tuple(
        Item(
            code,
            f"{code}项",
            when,
            Period(),
            Source(reference=f"第{n}条"),
            AT,
            order=n,
            department="民政局",
            confirm=confirm,
        )
        for n, (code, when) in enumerate(items.items(), 2)
    )
    return Rule(
        name, "list", f"{path}的名称", entity or "household", "choices", AT, "small", "small",
        items=found, list_kind=kind, source=SOURCE,
    )  # fmt: skip


def standard(name: str, value: object, type_: str = "number", unit: str = "", **more: Any) -> Standard:
    """A standard in force since 2000; `local` maps places to values, `choices` are its codes."""
    start = more.pop("first", date(2000, 1, 1))
    values = [StandardValue(start, "", value, SOURCE, AT)]
    values += [StandardValue(start, place, own, SOURCE, AT) for place, own in more.pop("local", {}).items()]
    return Standard(
        name, f"{name}的名称", type_, tuple(values), AT, unit=unit if type_ == "number" else None,
        choices=_choices(more.pop("choices", "")),
    )  # fmt: skip


def table(
    name: str, keys: Sequence[TableKey], rows: Mapping[tuple[Any, ...], object], type_: str = "number", **more: Any
) -> Table:
    """A score table: a choice key is a code, a band key (from, below) with None for open."""
    version = TableVersion(Period(), f"{name}.csv", tuple(rows.items()), SOURCE, AT)
    return Table(
        name, f"{name}的名称", tuple(keys), "value", type_, (version,), AT,
        unit=more.get("unit", "") if type_ == "number" else None, choices=_choices(more.get("choices", "")),
    )  # fmt: skip


def ranking(name: str, by: Sequence[tuple[str, str]], within: str = "county", among: str = "") -> Ranking:
    """An order by ('value', 'highest_first' or 'lowest_first') pairs."""
    keys = tuple(RankingKey(value, direction == "highest_first") for value, direction in by)
    return Ranking(name, f"{name}的名称", keys, within, among, SOURCE, AT)


def _choices(codes: str) -> dict[str, str]:
    return {code: f"“{code}”的名称" for code in codes.split()}


def pack(*things: Any, results: Results | None = None, entities: Sequence[str] = ("member", "supporter")) -> Pack:
    """A pack of facts, standards, tables, rules and rankings; a `place` fact is always there."""
    every = [fact("place", "place"), *things]
    named: dict[str, Entity] = {e: Entity(e, e, e) for e in ("household", *entities)}
    return Pack(
        id="small", title="小规则包", version="1", hash="0" * 64, place=COUNTY, first_day=date(2000, 1, 1), sample=False,
        entities=named,
        facts={(f.entity, f.name): f for f in every if isinstance(f, Fact)},
        standards={s.name: s for s in every if isinstance(s, Standard)},
        tables={t.name: t for t in every if isinstance(t, Table)},
        rules={(r.on, r.name): r for r in every if isinstance(r, Rule)},
        rankings={r.name: r for r in every if isinstance(r, Ranking)},
        sources={}, programmes={"small": "小"}, notes=(), results=results or Results(), case_files=(),
    )  # fmt: skip


def plan_of(*things: Any, day: date = DAY, **more: Any) -> Plan:
    """The plan of a small pack."""
    return make_plan(pack(*things, **more), day)


Household = Mapping[str, Any]


def run(plan: Plan, *households: Household) -> Assessed:
    """Households through the engine, each value compared with the judge's. A household: facts, and rows by entity."""
    rows = [facts.household(plan.pack, h) for h in households]
    results = assess(plan, facts.tables(plan.pack, rows))
    judge.compare(plan, rows, results)
    return results


def one(plan: Plan, household: Household | None = None, **more: Any) -> dict[str, Any]:
    """One household's values: name -> value, 'member.name' -> a list with one value for each row."""
    results = run(plan, {**(household or {}), **more})
    found: dict[str, Any] = dict(results.tables["household"].to_pylist()[0])
    for entity, rows in results.tables.items():
        if entity != "household":
            found |= {f"{entity}.{name}": rows.column(name).to_pylist() for name in rows.column_names}
    return found


def value(formula: str, type_: str = "number", *things: Any, choices: str = "", **known: Any) -> Any:
    """What a formula over number facts comes to: `value('a * b', a=1, b=None)`; other facts may be given as things."""
    given = {thing.name for thing in things if isinstance(thing, Fact)}
    numbers = [fact(name, decimals=6) for name in known if name not in given and name not in ("member", "supporter")]
    return one(plan_of(*things, *numbers, rule("result", formula, type_, choices=choices)), **known)["result"]
