"""A Plan: a pack on one day for one place, as an ordered list of operations that any runner can carry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from zhikun.engine.formulas import Node
from zhikun.engine.packs.model import Fact, Item, Pack, Place, Ranking, Rule, Source


class PlanErrors(Exception):
    """Everything in a pack that keeps it from being planned on a day: `.errors` are (place in the files, text)."""

    def __init__(self, errors: list[tuple[Place, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(f"{place}: {text}" for place, text in errors))


@dataclass(frozen=True, slots=True)
class Instruction:
    """One operation over earlier slots; its own place in the list is the slot it fills."""

    op: str
    args: tuple[int, ...]
    space: str  # the entity whose rows the result has; '' for a constant
    type: str
    value: object = None


@dataclass(frozen=True, slots=True)
class Lowered:
    """A typed node and the slot that holds its value: what explanations walk."""

    node: Node
    slot: int
    args: tuple[Lowered, ...]


@dataclass(frozen=True, slots=True)
class BranchStep:
    """One line of a decision list, lowered. `when` is None for `otherwise`."""

    when: Lowered | None
    then: Lowered
    source: Source
    text: str


@dataclass(frozen=True, slots=True)
class ItemStep:
    """One item of an accumulating list, lowered."""

    item: Item
    when: Lowered


@dataclass(frozen=True, slots=True)
class Step:
    """A named value: a fact, a standard or a rule on this day."""

    name: str
    entity: str  # '' for a standard that is the same for everyone
    kind: str  # fact standard rule decision list
    title: str
    type: str
    slot: int
    source: Source
    unit: str | None = None
    codes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    formula: str = ""
    tree: Lowered | None = None
    branches: tuple[BranchStep, ...] = ()
    items: tuple[ItemStep, ...] = ()
    rule: Rule | None = None
    fact: Fact | None = None
    uses: tuple[tuple[str, str], ...] = ()  # the named values its formula mentions


@dataclass(frozen=True, slots=True)
class RankingStep:
    """A ranking whose `among` condition, if any, has its slot."""

    ranking: Ranking
    among: Lowered | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What runs. `steps` are in an order in which every value comes after what it uses."""

    pack: Pack
    day: date
    place: str
    instructions: tuple[Instruction, ...]
    steps: tuple[Step, ...]
    rankings: tuple[RankingStep, ...]
    last_use: tuple[int, ...]  # for each slot, the last instruction that reads it (its own number if none)

    def step(self, name: str, entity: str = "household") -> Step:
        """The named value of an entity; KeyError if there is none on this day."""
        for step in self.steps:
            if step.name == name and step.entity in (entity, ""):
                return step
        raise KeyError(name)

    @property
    def facts(self) -> tuple[Step, ...]:
        """The facts that the plan reads."""
        return tuple(step for step in self.steps if step.kind == "fact")

    @property
    def computed(self) -> tuple[Step, ...]:
        """The named values that the plan computes."""
        return tuple(step for step in self.steps if step.kind in ("rule", "decision", "list"))
