"""The typed tree of a formula: every name resolved, every type and unit known, unknown allowed everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

HOUSEHOLD = "household"
CONSTANT = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a name means to a formula: its type, unit, codes, and on whose rows it lives ('' for a standard)."""

    name: str
    entity: str
    type: str
    unit: str | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableSignature:
    """A score table as formulas see it: the type (and codes) of each key, and of its value."""

    name: str
    keys: tuple[tuple[str, str | None, tuple[str, ...]], ...]  # (number | choice, unit, codes)
    type: str
    unit: str | None = None
    codes: tuple[str, ...] = ()


class Scope(Protocol):
    """Where names are looked up."""

    def find(self, entity: str, name: str) -> Signature | None: ...

    def table(self, name: str) -> TableSignature | None: ...

    def is_standard(self, entity: str, name: str) -> bool: ...

    def names(self, entity: str) -> list[str]: ...

    def entities(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Node:
    """One operation. `space` is the entity whose rows it has ('' for a constant); `value` its literal, name or table."""

    op: str
    args: tuple[Node, ...]
    type: str  # number boolean choice choices date code
    space: str
    unit: str | None = None
    codes: tuple[str, ...] = ()
    value: object = None


def space_of(nodes: tuple[Node, ...]) -> str:
    """The rows on which an operation over these nodes lives: the entity below the household, if one is used."""
    spaces = {node.space for node in nodes} - {CONSTANT}
    below = spaces - {HOUSEHOLD}
    return next(iter(below)) if below else HOUSEHOLD if spaces else CONSTANT


def spread(node: Node, space: str) -> Node:
    """A household's value given to each of its rows; anything else unchanged."""
    if node.space == HOUSEHOLD and space not in (HOUSEHOLD, CONSTANT):
        return Node("spread", (node,), node.type, space, node.unit, node.codes)
    return node
