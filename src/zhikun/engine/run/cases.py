"""Runs the cases that stand beside the rules: all cases of one day and place as one batch, through the one evaluator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from zhikun.engine.packs.cases import Case
from zhikun.engine.packs.model import Fact, Pack
from zhikun.engine.plan import Plan, PlanErrors, make_plan
from zhikun.engine.run.assess import Results, assess
from zhikun.engine.run.facts import ID
from zhikun.engine.run.missing import missing_facts
from zhikun.engine.run.results import UNDECIDED
from zhikun.wording import _

ARROW = {
    "number": pa.float64(), "boolean": pa.bool_(), "choice": pa.string(), "choices": pa.list_(pa.string()),
    "date": pa.date32(), "place": pa.string(), "text": pa.string(),
}  # fmt: skip
GRAIN = 5e-7


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case and what differed: () when it came out as expected. `skipped` is its reason, if it was left out."""

    case: Case
    differences: tuple[str, ...]
    skipped: str = ""


def run_cases(pack: Pack, cases: Iterable[Case]) -> list[CaseResult]:
    """Every case's outcome, in order."""
    cases = list(cases)
    groups: dict[tuple[date, str], list[int]] = defaultdict(list)
    for number, case in enumerate(cases):
        if not case.skip:
            groups[(case.date, case.place)].append(number)
    outcome = {number: CaseResult(case, (), case.skip) for number, case in enumerate(cases) if case.skip}
    for (day, place), numbers in groups.items():
        try:
            plan = make_plan(pack, day, place or None)
        except PlanErrors as errors:
            for number in numbers:
                outcome[number] = CaseResult(cases[number], tuple(f"{at}: {text}" for at, text in errors.errors))
            continue
        tables = facts_of(pack, [(str(number), cases[number]) for number in numbers])
        results = assess(plan, tables, threads=1)
        for index, number in enumerate(numbers):
            outcome[number] = _compare(plan, cases[number], str(number), index, results, tables)
    return [outcome[number] for number in range(len(cases))]


def facts_of(pack: Pack, cases: Iterable[tuple[str, Case]]) -> dict[str, pa.Table]:
    """The rows of cases as facts; what a case does not mention is unknown."""
    rows: dict[str, list[dict[str, object]]] = {entity: [] for entity in pack.entities}
    for name, case in cases:
        rows[ID].append({ID: name, **(case.rows.get(ID) or ({},))[0]})
        for entity, own in case.rows.items():
            if entity != ID:
                rows[entity].extend({ID: name, **row} for row in own)
    return {entity: _table(pack, entity, found) for entity, found in rows.items()}


def _table(pack: Pack, entity: str, rows: list[dict[str, object]]) -> pa.Table:
    columns = {ID: pa.array([row[ID] for row in rows], pa.string())}
    for fact in pack.facts_of(entity):
        if any(fact.name in row for row in rows):
            columns[fact.name] = pa.array([_stored(fact, row.get(fact.name)) for row in rows], ARROW[fact.type])
    return pa.table(columns)


def _stored(fact: Fact, value: object) -> object:
    return list(value) if fact.type == "choices" and isinstance(value, list | tuple) else value


def _compare(
    plan: Plan, case: Case, name: str, index: int, results: Results, tables: dict[str, pa.Table]
) -> CaseResult:
    differences = []
    for path, expected in case.expect.items():
        entity, _dot, value = path.rpartition(".")
        entity = entity or ID
        table = results.tables.get(entity)
        if table is None or value not in table.column_names:
            differences.append(_("“{p}”在 {d} 没有规则算出。").format(p=path, d=case.date))
            continue
        if entity == ID:
            differences += _differ(path, expected, *_found(table, value, index))
            continue
        places = [i for i, owner in enumerate(table.column(ID).to_pylist()) if owner == name]
        wanted = expected if isinstance(expected, tuple) else (expected,)
        if len(wanted) != len(places):
            differences.append(
                _("“{p}”写了 {n} 个期望值，这个案例有 {m} 行。").format(p=path, n=len(wanted), m=len(places))
            )
            continue
        for row, (place, one) in enumerate(zip(places, wanted, strict=True), 1):
            differences += _differ(f"{entity}.{row}.{value}", one, *_found(table, value, place))
    differences += _missing(plan, case, name, tables)
    return CaseResult(case, tuple(differences))


def _found(table: pa.Table, value: str, place: int) -> tuple[object, object]:
    undecided = table.column(value + UNDECIDED)[place].as_py() if value + UNDECIDED in table.column_names else None
    return table.column(value)[place].as_py(), undecided


def _differ(path: str, expected: object, found: object, undecided: object) -> list[str]:
    if isinstance(found, list):
        if expected is None:
            return [] if undecided else [_("“{p}”应当未定，算出的是 {f}。").format(p=path, f=found)]
        wanted = sorted(expected) if isinstance(expected, list | tuple | frozenset | set) else [expected]
        if sorted(found) == wanted and not undecided:
            return []
        return [_("“{p}”应当是 {e}，算出的是 {f}，未定的是 {u}。").format(p=path, e=wanted, f=found, u=undecided)]
    same = found == expected
    if isinstance(found, float) and isinstance(expected, int | float) and not isinstance(expected, bool):
        same = abs(found - float(expected)) < GRAIN
    if same and (found is None) == (expected is None):
        return []
    shown = [_("未知") if value is None else value for value in (expected, found)]
    return [_("“{p}”应当是 {e}，算出的是 {f}。").format(p=path, e=shown[0], f=shown[1])]


def _missing(plan: Plan, case: Case, name: str, tables: dict[str, pa.Table]) -> list[str]:
    differences = []
    own = {e: t.filter(pc.equal(t.column(ID), name)) for e, t in tables.items()} if case.missing else {}
    for target, expected in case.missing.items():
        rows = missing_facts(plan, own, [target]).to_pylist()
        found = {(row["entity"], row["row"], row["fact"]) for row in rows}
        if found != set(expected):
            paths = ["、".join(sorted(_path(*fact) for fact in group)) or _("无") for group in (expected, found)]
            differences.append(_("“{t}”还缺的事实应当是 {e}，算出的是 {f}。").format(t=target, e=paths[0], f=paths[1]))
    return differences


def _path(entity: str, row: int, fact: str) -> str:
    return fact if entity == ID else f"{entity}.{row}.{fact}"
