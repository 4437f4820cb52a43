"""One household at once: what a visit shows before anybody leaves the door. Nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from zhikun.assessments.bridge import HouseholdKnown, known, tables
from zhikun.engine.plan import Plan, make_plan
from zhikun.engine.run import Explainer, Explanation, one_household
from zhikun.registry.models import Household
from zhikun.registry.vocabulary import pack_in_force, packs_in_force


@dataclass(frozen=True)
class Figure:
    """One value as it is shown: `display` says 未知 where it is undetermined (`state`), never 0."""

    name: str
    title: str
    value: Any
    display: str
    unit: str
    state: str


@dataclass(frozen=True)
class Question:
    """A fact still to be asked, because it could change the result. `row` counts from 1 within the entity, 0: household."""

    entity: str
    row: int
    fact: str
    title: str
    question: str


@dataclass(frozen=True)
class Provisional:
    """A household's result as of now: the proposal, the causes, what a person has to confirm, and what is still to ask."""

    category: Figure | None
    index: Figure | None
    causes: tuple[Figure, ...]
    others: tuple[Figure, ...]
    flags: tuple[dict[str, Any], ...]
    missing: tuple[Question, ...]
    explanation: dict[str, Any]


def of(household: Household, on: date) -> Provisional:
    """The result of a household on file, by its current facts."""
    return of_known(known([household])[0], on)


def of_known(household: HouseholdKnown, on: date) -> Provisional:
    """The result of a household as told, on file or not. Raises FactsError for facts that are none."""
    plan = plan_on(on)
    own = one_household(plan, tables(plan.pack, [household]))
    return _shown(plan, explainer_on(on).explain(own, household.id))


@lru_cache(maxsize=8)
def plan_on(on: date, pack: str = "") -> Plan:
    """The plan of a pack in force on a day (without a name: the platform's own): made once for every household of the day."""
    return make_plan(packs_in_force()[pack] if pack else pack_in_force(), on=on)


@lru_cache(maxsize=8)
def explainer_on(on: date, pack: str = "") -> Explainer:
    """The plan of the day put into words once: that takes ten times as long as one household does."""
    return Explainer(plan_on(on, pack))


def _shown(plan: Plan, explanation: Explanation) -> Provisional:
    data = explanation.data
    results = plan.pack.results
    figures = {target["name"]: _figure(target) for target in data["targets"]}
    # A value that is not a target of its own is found among the steps.
    for step in data["steps"]:
        if step["on"] == "household" and step["name"] not in figures:
            figures[step["name"]] = _figure(step)
    named = {results.category, results.index, *results.causes}
    return Provisional(
        category=figures.get(results.category),
        index=figures.get(results.index),
        causes=_some(figures, results.causes),
        others=_some(figures, [name for name in results.columns if name not in named]),
        flags=tuple(data["flags"]),
        missing=tuple(
            Question(one["entity"], int(one["row"] or 0), one["fact"], one["title"], one["question"])
            for one in data["missing"]
        ),
        explanation=data,
    )


def _some(figures: dict[str, Figure], names: Sequence[str]) -> tuple[Figure, ...]:
    return tuple(figures[name] for name in names if name in figures)


def _figure(told: dict[str, Any]) -> Figure:
    return Figure(
        told["name"],
        told["title"],
        told["value"],
        told["display"],
        told.get("unit") or "",
        told.get("state") or "known",
    )
