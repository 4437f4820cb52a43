"""Typed trees -> instructions: shared and kept on the grid.

The grid (docs/decisions/0005): numbers are multiples of 0.000001 held in float64. Each slot knows how many decimals its
numbers can have and whether they are *clean*, i.e. exactly the nearest float64. Sums, and products of few decimals, only
need cleaning before something compares or names them; products and quotients that leave the grid are rounded half away
from zero, exactly (`mul_grid`, `div_grid`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zhikun.engine.formulas import CONSTANT, Node
from zhikun.engine.plan.model import Instruction, Lowered
from zhikun.engine.plan.tables import LookupData, decimals_of

GRID = 6


@dataclass(frozen=True, slots=True)
class _Number:
    """What is known of a slot's numbers: decimals they can have, and whether they are clean."""

    decimals: int = 0
    clean: bool = True


class Builder:
    """Collects instructions; equal operations share one slot."""

    def __init__(self, resolve: Callable[[object], int], table: Callable[[str], tuple[object, int]]) -> None:
        self.instructions: list[Instruction] = []
        self.numbers: list[_Number] = []
        self._slots: dict[tuple[object, ...], int] = {}
        self._resolve = resolve  # (entity, name) -> slot of a named value
        self.table = table  # name -> (lookup data, decimals)

    def emit(
        self, op: str, args: tuple[int, ...], space: str, kind: str, value: object = None, number: _Number | None = None
    ) -> int:
        """The slot of an operation: an equal earlier one, or a new instruction."""
        number = number or _Number()
        key = (op, args, space, kind, type(value), _key(value))
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = len(self.instructions)
            self.instructions.append(Instruction(op, args, space, kind, value))
            self.numbers.append(number)
        return slot

    def constant(self, kind: str, value: object, decimals: int = 0) -> int:
        """A slot that holds one value for every row."""
        if kind == "number":
            value = float(str(value))
        return self.emit("const", (), CONSTANT, kind, value, _Number(decimals))

    def clean(self, slot: int) -> int:
        """The same numbers, each exactly the nearest float64 of its decimal."""
        number = self.numbers[slot]
        if number.clean:
            return slot
        source = self.instructions[slot]
        return self.emit("snap", (slot,), source.space, "number", number.decimals, _Number(number.decimals))

    def lower(self, node: Node) -> Lowered:
        """A typed node as slots."""
        if node.op == "ref":
            return Lowered(node, self._resolve(node.value), ())
        if node.op == "literal":
            decimals = decimals_of(node.value) if node.type == "number" else 0
            return Lowered(node, self.constant(node.type, node.value, decimals), ())
        args = tuple(self.lower(arg) for arg in node.args)
        slots = tuple(arg.slot for arg in args)
        special = _SPECIAL.get(node.op)
        if special is not None:
            return Lowered(node, special(self, node, slots), args)
        kept = _KEPT.get(node.op)
        band = self._band(slots) if node.op == "if" else None
        if band is not None:
            return Lowered(node, band, args)
        if node.op in _CHOOSING and node.type == "number":
            slots = self.cleaned(slots)
            number = _Number(max(self.numbers[slot].decimals for slot in slots[-2:]))
            return Lowered(node, self.emit(node.op, slots, node.space, "number", node.value, number), args)
        if kept and node.type == "number":
            number = self._widest(slots)
            if kept == "summed":
                number = _Number(number.decimals, number.clean and number.decimals == 0)
            return Lowered(node, self.emit(node.op, slots, node.space, "number", node.value, number), args)
        return Lowered(node, self.emit(node.op, self.cleaned(slots), node.space, node.type, node.value), args)

    def _band(self, slots: tuple[int, ...]) -> int | None:
        """`IF(x < 16, 0, IF(x < 60, 2, 1))` with figures known beforehand, read from a table: one operation instead of four.

        The IFs and comparisons keep their slots, for explanations tell them; a batch does not compute them.
        """
        below, value, rest = (self.instructions[slot] for slot in slots)
        if below.op != "lt" or not below.space or value.op != "const" or value.type != "number":
            return None
        if self.instructions[below.args[1]].op != "const":
            return None
        subject, edge = below.args[0], float(str(self.instructions[below.args[1]].value))
        edges: tuple[float, ...] = (edge,)
        values = [value.value]
        if (
            rest.op == "lookup"
            and isinstance(rest.value, LookupData)
            and not rest.value.name
            and rest.args == (subject,)
        ):
            later = rest.value.edges[0] or ()
            if edge >= later[0]:
                return None
            edges, values = (edge, *later), [value.value, *rest.value.values]
        elif rest.op == "const":
            values.append(rest.value)
        else:
            return None
        if len(set(values)) == 1:  # known whatever x is, even where x is unknown: a lookup would not say so
            return None
        decimals = max(self.numbers[slot].decimals for slot in slots[1:])
        data = LookupData("", (edges,), (len(values),), tuple(values), value.type, decimals)
        return self.emit("lookup", (self.clean(subject),), below.space, value.type, data, _Number(decimals))

    def cleaned(self, slots: tuple[int, ...]) -> tuple[int, ...]:
        """The numbers among some slots cleaned; the others as they are."""
        return tuple(self.clean(slot) if self.instructions[slot].type == "number" else slot for slot in slots)

    def _widest(self, slots: tuple[int, ...]) -> _Number:
        numbers = [self.numbers[slot] for slot in slots]
        return _Number(max(n.decimals for n in numbers), all(n.clean for n in numbers))

    def number(self, slot: int) -> int:
        """How many decimals the numbers of a slot can have."""
        return self.numbers[slot].decimals


def _key(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | tuple | type(None)) else id(value)


def _product(builder: Builder, node: Node, slots: tuple[int, ...]) -> int:
    decimals = sum(builder.number(slot) for slot in slots)
    if decimals > GRID:
        return builder.emit("mul_grid", builder.cleaned(slots), node.space, "number", None, _Number(GRID))
    return builder.emit("mul", slots, node.space, "number", None, _Number(decimals, decimals == 0))


def _quotient(builder: Builder, node: Node, slots: tuple[int, ...]) -> int:
    return builder.emit("div_grid", builder.cleaned(slots), node.space, "number", None, _Number(GRID))


def _rounded(builder: Builder, node: Node, slots: tuple[int, ...]) -> int:
    step, _direction = node.value if isinstance(node.value, tuple) else (1, "")
    return builder.emit(
        "round_to", builder.cleaned(slots), node.space, "number", node.value, _Number(decimals_of(step))
    )


def _looked_up(builder: Builder, node: Node, slots: tuple[int, ...]) -> int:
    data, decimals = builder.table(str(node.value))
    return builder.emit("lookup", builder.cleaned(slots), node.space, node.type, data, _Number(decimals))


_SPECIAL: dict[str, Callable[[Builder, Node, tuple[int, ...]], int]] = {
    "mul": _product,
    "div": _quotient,
    "divide": _quotient,
    "round_to": _rounded,
    "lookup": _looked_up,
}
# Operations that pick one of two numbers: unknown conditions compare the two, so both must be clean.
_CHOOSING = frozenset({"if", "assume"})
# Operations whose numbers keep the decimals of their arguments; `summed` ones need cleaning unless they are whole numbers.
_KEPT = {
    "add": "summed",
    "sub": "summed",
    "sum": "summed",
    "neg": "kept",
    "abs": "kept",
    "min": "kept",
    "max": "kept",
    "spread": "kept",
    "max_of": "kept",
    "min_of": "kept",
}
