"""Expressions as NumPy source, shared by the writers for pandas and OpenFisca; each says how a value is reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from peers.program import Expr, repeated

_INFIX = {"add": "+", "sub": "-", "mul": "*", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
          "and": "&", "or": "|"}  # fmt: skip


class NumpyText:
    """Writes one expression. `reach(expr)` gives the text of refs, stated facts, spreads and aggregates."""

    REACHED: ClassVar = frozenset(
        {"ref", "stated", "spread", "sum", "count", "count_rows", "any", "all", "max_of", "min_of"}
    )

    def __init__(self, reach: Callable[[Expr, NumpyText], str]) -> None:
        self.reach = reach
        self.names: dict[int, str] = {}
        self.tables: dict[str, object] = {}
        self.out: list[str] = []  # lines of the value being written; `reach` may add what must come before

    def text(self, expr: Expr) -> str:
        """The source of an expression."""
        if id(expr) in self.names:
            return self.names[id(expr)]
        if expr.op == "const":
            return _literal(expr)
        if expr.op in self.REACHED:
            return self.reach(expr, self)
        if expr.op in _INFIX:
            return "(" + f" {_INFIX[expr.op]} ".join(self.text(arg) for arg in expr.args) + ")"
        return getattr(self, f"_{expr.op}")(expr)

    def lines(self, expr: Expr, target: str) -> list[str]:
        """Assignments of what is used more than once, then of the whole to `target`."""
        self.out = []
        self.names = {}
        for number, part in enumerate(repeated(expr), 1):
            text = self.text(part)
            self.names[id(part)] = f"part_{number}"
            self.out.append(f"part_{number} = {text}")
        last = f"{target} = {self.text(expr)}"
        return [*self.out, last]

    def _call(self, function: str, expr: Expr, *more: object) -> str:
        return f"{function}({', '.join([*(self.text(arg) for arg in expr.args), *map(repr, more)])})"

    def _not(self, expr: Expr) -> str:
        return f"~{self.text(expr.args[0])}"

    def _known(self, _expr: Expr) -> str:
        return "np.True_"  # the peers run on complete data only

    def _neg(self, expr: Expr) -> str:
        return f"(0.0 - {self.text(expr.args[0])})"

    def _abs(self, expr: Expr) -> str:
        return self._call("np.abs", expr)

    def _min(self, expr: Expr) -> str:
        return self._call("np.minimum", expr)

    def _max(self, expr: Expr) -> str:
        return self._call("np.maximum", expr)

    def _snap(self, expr: Expr) -> str:
        return self._call("clean", expr, expr.value)

    def _round_to(self, expr: Expr) -> str:
        step, direction = expr.value
        return self._call(f"round_{direction}", expr, step)

    def _mul_grid(self, expr: Expr) -> str:
        return self._call("product", expr, sum(arg.decimals for arg in expr.args))

    def _div_grid(self, expr: Expr) -> str:
        top, bottom, *otherwise = (self.text(arg) for arg in expr.args)
        when_zero = f", {otherwise[0]}" if otherwise else ""
        return f"quotient({top}, {bottom}, {expr.args[1].decimals}{when_zero})"

    def _if(self, expr: Expr) -> str:
        conditions, values, last = [], [], expr
        while last.op == "if" and id(last) not in self.names:
            conditions.append(self.text(last.args[0]))
            values.append(self.text(last.args[1]))
            last = last.args[2]
        if len(conditions) == 1:
            return f"np.where({conditions[0]}, {values[0]}, {self.text(last)})"
        return f"np.select([{', '.join(conditions)}], [{', '.join(values)}], {self.text(last)})"

    def _not_asked(self, expr: Expr) -> str:
        return f"np.where({self.text(expr.args[0])}, {self.text(expr.args[1])}, {_literal(expr)})"

    def _in_codes(self, expr: Expr) -> str:
        subject, codes = self.text(expr.args[0]), list(expr.value)
        if len(codes) > 3:
            return f"np.isin({subject}, {codes})"
        return (
            "(" + " | ".join(f"({subject} == {code})" for code in codes) + ")"
            if codes[1:]
            else f"({subject} == {codes[0]})"
        )

    def _has_any(self, expr: Expr) -> str:
        return f"(({self.text(expr.args[0])} & {expr.value}) != 0)"

    def _count_of(self, expr: Expr) -> str:
        return f"count_of({self.text(expr.args[0])})"

    def _gather(self, expr: Expr) -> str:
        items = ",\n        ".join(
            f"({place}, {self.text(arg)})" for place, arg in enumerate(expr.args) if arg.op != "const"
        )
        return f"gather(\n        {items},\n    )"

    def _lookup(self, expr: Expr) -> str:
        data = expr.value
        name = next((n for n, known in self.tables.items() if known is data), data.name or f"band_{len(self.tables)}")
        self.tables[name] = data
        keys = []
        for arg, edges in zip(expr.args, data.edges, strict=True):
            keys.append(
                self.text(arg) if edges is None else f"np.searchsorted({list(edges)}, {self.text(arg)}, 'right')"
            )
        return f"{name.upper()}[{', '.join(keys)}]"

    def _age(self, expr: Expr) -> str:
        return self._call("completed_years", expr)

    def _months_since(self, expr: Expr) -> str:
        return self._call("completed_months", expr)

    def _days_since(self, expr: Expr) -> str:
        return f"(DAY - {self.text(expr.args[0])}).astype(np.float64)"


def _literal(expr: Expr) -> str:
    return repr(bool(expr.value)) if expr.type == "boolean" else repr(expr.value)


def tables_text(tables: dict[str, object]) -> list[str]:
    """The score tables as arrays, one axis for each key."""
    lines = []
    for name, data in tables.items():
        values = list(data.values)
        kind = "np.float64" if data.kind == "number" else "np.int8"
        lines.append(f"{name.upper()} = np.array({values}, {kind}).reshape({data.sizes})")
    return lines
