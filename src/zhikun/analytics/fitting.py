"""The proxy means test of a run (docs/reference/measures.md): what may be asked, the fit, and the figures that are kept of it.

    question = Question("income_per_head", (("member_count", (2.0, 4.0)), ("residence", ())), line=500.0)
    work_out(question, run, ranges, pack)       Found: the figures as a plain dictionary, and what each household was told
    keep(fit, found)                            analytics/fits/<fit>.json, what the page, the workbook and the CSV files show, and
                                                <fit>.parquet, a row a household, out of which its numbers are listed (fit_lists.py)

Only `work_out` loads statsmodels (and with it pandas): it runs in the process of background work, never where pages are answered.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from zhikun.assessments.bridge import ID
from zhikun.assessments.keeping import facts_file, write
from zhikun.assessments.models import Run
from zhikun.assessments.results import columns_of, results_in
from zhikun.assessments.services.provisional import plan_on
from zhikun.assessments.wanted import quoted
from zhikun.disk import private_folder, replace_file
from zhikun.engine.packs.model import Pack
from zhikun.engine.plan import Plan
from zhikun.engine.plan.scope import value_for
from zhikun.measures import cards, means, targeting
from zhikun.measures.design import Predictor, Unknowns
from zhikun.measures.values import Named, column, named, numbers
from zhikun.places.models import AreaRange

if TYPE_CHECKING:
    import duckdb

_MONEY = "元"
_POINTS = "分"
_TYPES = frozenset({"number", "boolean", "choice", "choices"})
_FOLDS, _SEED = 5, 1
_HOUSEHOLD = "household"
#: Where a household stands in the run's lists, and where it lived.
_WHERE = ("_position", "_area")


@dataclass(frozen=True)
class Question:
    """What a fit is asked: the value to tell, by which values (with bands), the line of who is poor, what becomes of unknowns."""

    target: str
    predictors: tuple[tuple[str, tuple[float, ...]], ...]
    line: float
    log: bool = True
    unknowns: str = Unknowns.LEAVE_OUT.value
    weight: str = ""

    @property
    def plain(self) -> dict[str, Any]:
        """As it is kept."""
        return {**asdict(self), "predictors": [[name, list(bands)] for name, bands in self.predictors]}

    @property
    def key(self) -> str:
        """The same question, in whatever order its facts were ticked, has the same key."""
        told = {**self.plain, "predictors": sorted(self.plain["predictors"])}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Question:
        """Read back."""
        predictors = tuple((name, tuple(map(float, bands))) for name, bands in plain["predictors"])
        return cls(**{**plain, "predictors": predictors})


@dataclass(frozen=True)
class Found:
    """What came out of a fit: its figures, and a row for each household of the area in the order of lists.

    The rows: `_position` and `_area` as in the run's results, `actual` and `told` (by a model that had not seen the household;
    null where unknown), `weight`, `fitted`, and `left_0`, `left_1`, ... for the reasons in `left_out`. No id, no name.
    """

    figures: Mapping[str, Any]
    households: pa.Table


def targets(pack: Pack, run: Run) -> list[Named]:
    """Sums of money that are worked out from what households have or spend; those that reports show first."""
    plan, known = plan_on(run.on, pack.id), set(columns_of(run))
    paid = [
        name for (entity, name), rule in pack.rules.items()
        if entity == _HOUSEHOLD and rule.type == "number" and _MONEY in (rule.unit or "") and name in known
        and rests_on_money(plan, name)
    ]  # fmt: skip
    shown = [name for name in pack.results.columns if name in paid]
    return [named(pack, name) for name in dict.fromkeys([*shown, *paid])]


def predictors(pack: Pack, run: Run) -> list[Named]:
    """What a visitor can see: counts and truths that rest on no sum of money, then facts of the household that are none."""
    plan, known = plan_on(run.on, pack.id), set(columns_of(run))
    scores = {*pack.results.causes, pack.results.category, pack.results.index, pack.results.eligible}
    rules = [
        name for (entity, name), rule in pack.rules.items()
        if entity == _HOUSEHOLD and name in known - scores and rule.type == "number" and rule.unit
        and rule.unit != _POINTS and _MONEY not in rule.unit and not rests_on_money(plan, name)
    ]  # fmt: skip
    used = _facts(run.pk)
    facts = [
        fact.name for fact in pack.facts_of(_HOUSEHOLD)
        if fact.name in used and fact.type in _TYPES and _MONEY not in (fact.unit or "")
    ]  # fmt: skip
    return [named(pack, name) for name in (*rules, *facts)]


@lru_cache(maxsize=64)
def _facts(run: uuid.UUID) -> frozenset[str]:
    """The facts of households that a finished run used."""
    return frozenset(pq.read_schema(facts_file(run, ID)).names)


def weights(pack: Pack, run: Run) -> list[Named]:
    """How many a household may stand for: counts of its people."""
    return [one for one in predictors(pack, run) if one.unit == _("人") and one.name in pack.results.columns]


def rests_on_money(plan: Plan, name: str) -> bool:
    """Whether a household value is worked out from a fact in money, by whatever way."""
    steps = {(step.entity, step.name): step for step in plan.steps}
    waiting, seen = [(_HOUSEHOLD, name)], set()
    while waiting:
        key = waiting.pop()
        step = steps.get(key)
        if step is None or key in seen:
            continue
        seen.add(key)
        if step.kind == "fact" and _MONEY in (step.unit or ""):
            return True
        waiting.extend(step.uses)
    return False


def usual_line(pack: Pack, run: Run, target: Named) -> float | None:
    """A standard in the target's unit in force on the day of the run, to begin with; None where the pack has none."""
    for standard in pack.standards.values():
        found = value_for(standard, run.on, pack.place) if standard.unit == target.unit else None
        if found is not None and isinstance(found.value, int | float) and not isinstance(found.value, bool):
            return float(found.value)
    return None


def observed(run: Run, ranges: Sequence[AreaRange], names: Sequence[str]) -> pa.Table:
    """Values of the run's households in these areas: result columns and household facts side by side, in the order of lists.

    Beside them stand position and area of each household.
    """
    rows, facts = results_in(run, ranges), facts_file(run.pk, ID)
    known = dict.fromkeys([*_WHERE, *names])
    computed = [f'r."{name}"' for name in known if name in rows.columns]
    told = [f'f."{name}"' for name in known if name not in rows.columns]
    chosen = ", ".join([*computed, *told])
    joined = f"JOIN read_parquet({quoted(str(facts))}) AS f ON f.position = r._position" if told else ""
    sql = f"SELECT {chosen} FROM r {joined} ORDER BY r._position"  # noqa: S608 - names of the pack and of our own files
    found: pa.Table = cast("duckdb.DuckDBPyRelation", rows.query("r", sql)).to_arrow_table()  # a SELECT has rows
    return found


def work_out(question: Question, run: Run, ranges: Sequence[AreaRange], pack: Pack) -> Found:
    """Fit, errors on households that the model had not seen, score card. Raises MeasureError."""
    target = means.Target(named(pack, question.target), log=question.log)
    given = [Predictor(named(pack, name), bands) for name, bands in question.predictors]
    weight = named(pack, question.weight) if question.weight else None
    wanted = [target.value, *(one.value for one in given), *([weight] if weight else [])]
    table = observed(run, ranges, [one.name for one in wanted])
    weighing = column(table, weight) if weight else None
    rule = Unknowns(question.unknowns)
    model = means.fit(table, target, given, weights=weighing, unknowns=rule)
    folds = min(_FOLDS, model.households)
    seen = targeting.cross_validate(
        table, target, given, folds=folds, seed=_SEED, weights=weighing, unknowns=rule
    )  # fmt: skip
    actual = numbers(column(table, target.value), target.value.title)
    curve = targeting.errors(
        actual, seen.told, [targeting.cutoff_at(question.line, one) for one in targeting.SHARES], line=question.line,
        weights=None if weighing is None else numbers(weighing, weight.title if weight else ""),
    )  # fmt: skip
    card = cards.of_model(model, 0.01 if question.log else question.line / 100)
    figures = {
        "area_households": table.num_rows, "households": model.households, "r_squared": model.r_squared,
        "adjusted": model.adjusted, "smearing": model.smearing, "left_out": list(model.left_out.items()),
        "constant": list(model.design.constant.items()), "folds": folds,
        "unseen_r_squared": seen.r_squared, "unseen_error": seen.rms_error,
        "coefficients": [
            {"title": one.term.title, "value": one.value, "error": one.error, "p": one.p, "low": one.low, "high": one.high}
            for one in model.coefficients
        ],
        "cutoffs": [
            {**asdict(one), "undercoverage": one.undercoverage, "leakage": one.leakage} for one in curve
        ],
        "card": {
            "base": card.base,
            "lines": [
                {"fact": fact.name, "title": fact.title, "level": line.level, "points": line.points, "note": line.note}
                for fact, lines in card.facts for line in lines
            ],
        },
    }  # fmt: skip
    return Found(figures, _households(table, actual, seen.told, weighing, model))


def _households(
    table: pa.Table,
    actual: NDArray[np.float64],
    told: NDArray[np.float64],
    weighing: pa.Array | None,
    model: means.Model,
) -> pa.Table:
    """What is kept of each household."""
    rows = {name: table.column(name) for name in _WHERE}
    rows["actual"], rows["told"] = (pa.array(one, from_pandas=True) for one in (actual, told))
    rows["weight"] = pa.array(np.ones(table.num_rows)) if weighing is None else weighing.cast(pa.float64())
    rows["fitted"] = pa.array(model.used)
    for at, reason in enumerate(model.left_out):
        rows[f"left_{at}"] = pa.array(model.reasons[reason])
    return pa.table(rows)


def file_of(fit: uuid.UUID) -> Path:
    """Where the figures of a fit lie."""
    return Path(settings.ZHIKUN_DATA) / "analytics" / "fits" / f"{fit}.json"


def households_file(fit: uuid.UUID) -> Path:
    """What each household was told."""
    return file_of(fit).with_suffix(".parquet")


def clear(known: Callable[[], Iterable[uuid.UUID]]) -> int:
    """Removes what is kept of fits that are gone. `known`: those there are, asked after the folder was looked at. How many."""
    folder = file_of(uuid.UUID(int=0)).parent
    found = [path for path in folder.glob("*") if path.suffix in {".json", ".parquet"}]
    there = {str(one) for one in known()}
    gone = [path for path in found if path.stem not in there]
    for path in gone:
        path.unlink(missing_ok=True)
    return len({path.stem for path in gone})


def is_kept(fit: uuid.UUID) -> bool:
    """Whether the figures are there; a data folder may have lost them."""
    return file_of(fit).exists()


def has_lists(fit: uuid.UUID) -> bool:
    """Whether its numbers can be listed: fits of earlier versions of the platform kept figures alone."""
    return is_kept(fit) and households_file(fit).exists()


def keep(fit: uuid.UUID, found: Found) -> None:
    """All of it on disk, the figures last: where they are, all is there."""
    path = file_of(fit)
    private_folder(path.parent)
    write(households_file(fit), [found.households])
    replace_file(path, json.dumps(found.figures, ensure_ascii=False).encode())


@lru_cache(maxsize=64)
def kept(fit: uuid.UUID) -> Mapping[str, Any]:
    """The figures of a finished fit, which never change."""
    found: dict[str, Any] = json.loads(file_of(fit).read_text(encoding="utf-8"))
    return found
