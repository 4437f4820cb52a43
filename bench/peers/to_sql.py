"""The rules as one Spark SQL query: a chain of CTEs for each entity, members brought to the household by GROUP BY."""

# ruff: noqa: ARG002 - the methods of one table share a signature

from __future__ import annotations

from peers.program import AGGREGATES, Expr, Key, Named, Program, walk

_INFIX = {"add": "+", "sub": "-", "mul": "*", "eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
          "and": "AND", "or": "OR"}  # fmt: skip
_NONE = {"sum": "0D", "count": "0D", "count_rows": "0D", "any": "FALSE", "all": "TRUE"}


class SqlText:
    """Writes expressions; what is reached through another table is a column of its own by then."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.aggregates: dict[str, dict[str, str]] = {}  # entity -> expression -> column

    def text(self, expr: Expr, codes: tuple[str, ...] = ()) -> str:
        """SQL of an expression; `codes` are those of the choice that is expected here."""
        if expr.op == "const":
            return self._literal(expr, codes)
        if expr.op in ("ref", "stated"):
            key: Key = expr.value
            return f"stated_{key[1]}" if expr.op == "stated" else key[1]
        if expr.op == "spread":
            return f"household_{expr.args[0].value[1]}"
        if expr.op in AGGREGATES:
            return self._aggregate(expr)
        if expr.op in _INFIX:
            return "(" + f" {_INFIX[expr.op]} ".join(self.text(arg) for arg in expr.args) + ")"
        written: str = getattr(self, f"_{expr.op}")(expr, codes)
        return written

    def _literal(self, expr: Expr, codes: tuple[str, ...]) -> str:
        if expr.type == "boolean":
            return "TRUE" if expr.value else "FALSE"
        if expr.type in ("choice", "code"):
            return f"'{codes[int(str(expr.value))]}'"
        return f"{expr.value!r}D"

    def codes(self, expr: Expr) -> tuple[str, ...]:
        """The codes of a choice or set expression."""
        for e in walk(expr):
            if e.op in ("ref", "stated"):
                return self.program.codes(e.value)
        return ()

    def _aggregate(self, expr: Expr) -> str:
        entity = str(expr.value)
        if expr.op == "count_rows":
            written = "CAST(COUNT(*) AS DOUBLE)"
        else:
            arg = self.text(expr.args[0])
            written = {"sum": f"SUM({arg})", "count": f"CAST(COUNT_IF({arg}) AS DOUBLE)", "any": f"BOOL_OR({arg})",
                       "all": f"BOOL_AND({arg})"}[expr.op]  # fmt: skip
        columns = self.aggregates.setdefault(entity, {})
        column = columns.setdefault(written, f"{entity}_{len(columns) + 1}")
        return f"COALESCE({column}, {_NONE[expr.op]})"

    def _not(self, expr: Expr, codes: tuple[str, ...]) -> str:
        return f"(NOT {self.text(expr.args[0])})"

    def _known(self, _expr: Expr, codes: tuple[str, ...]) -> str:
        return "TRUE"  # Spark SQL runs on complete data only

    def _neg(self, expr: Expr, codes: tuple[str, ...]) -> str:
        return f"(0D - {self.text(expr.args[0])})"

    def _abs(self, expr: Expr, codes: tuple[str, ...]) -> str:
        return f"ABS({self.text(expr.args[0])})"

    def _min(self, expr: Expr, codes: tuple[str, ...]) -> str:
        return f"LEAST({', '.join(self.text(arg) for arg in expr.args)})"

    def _max(self, expr: Expr, codes: tuple[str, ...]) -> str:
        return f"GREATEST({', '.join(self.text(arg) for arg in expr.args)})"

    def _snap(self, expr: Expr, codes: tuple[str, ...]) -> str:
        scale = f"1e{expr.value}D"
        return f"(RINT({self.text(expr.args[0])} * {scale}) / {scale})"

    def _half_away(self, text: str) -> str:
        return f"(SIGN({text}) * FLOOR(ABS({text}) + 0.5D))"

    def _round_to(self, expr: Expr, codes: tuple[str, ...]) -> str:
        step, direction = expr.value
        units = f"{round(step * 1e6)}D"
        steps = f"(RINT({self.text(expr.args[0])} * 1e6D) / {units})"
        whole = {"up": f"CEIL({steps})", "down": f"FLOOR({steps})", "half_up": self._half_away(steps)}[direction]
        return f"({whole} * {units} / 1e6D)"

    def _mul_grid(self, expr: Expr, codes: tuple[str, ...]) -> str:
        decimals = sum(arg.decimals for arg in expr.args)
        whole = f"(RINT({' * '.join(self.text(arg) for arg in expr.args)} * 1e{decimals}D) / 1e{decimals - 6}D)"
        return f"({self._half_away(whole)} / 1e6D)"

    def _div_grid(self, expr: Expr, codes: tuple[str, ...]) -> str:
        top, bottom, *otherwise = (self.text(arg) for arg in expr.args)
        decimals = expr.args[1].decimals
        below = f"RINT({bottom} * 1e{decimals}D)" if decimals else bottom
        found = f"({self._half_away(f'(RINT({top} * 1e{6 + decimals}D) / {below})')} / 1e6D)"
        return f"(CASE WHEN {bottom} = 0D THEN {otherwise[0]} ELSE {found} END)" if otherwise else found

    def _if(self, expr: Expr, codes: tuple[str, ...]) -> str:
        branches, last = [], expr
        while last.op == "if":
            branches.append(f"WHEN {self.text(last.args[0])} THEN {self.text(last.args[1], codes)}")
            last = last.args[2]
        return f"(CASE {' '.join(branches)} ELSE {self.text(last, codes)} END)"

    def _not_asked(self, expr: Expr, codes: tuple[str, ...]) -> str:
        default = Expr("const", (), expr.type, expr.space, expr.value)
        none = "array()" if expr.type == "choices" else self._literal(default, self.codes(expr.args[1]))
        return f"(CASE WHEN {self.text(expr.args[0])} THEN {self.text(expr.args[1])} ELSE {none} END)"

    def _in_codes(self, expr: Expr, codes: tuple[str, ...]) -> str:
        own = self.codes(expr.args[0])
        wanted = ", ".join(f"'{own[place]}'" for place in expr.value)
        return f"({self.text(expr.args[0], own)} IN ({wanted}))"

    def _has_any(self, expr: Expr, codes: tuple[str, ...]) -> str:
        own = self.codes(expr.args[0])
        wanted = [code for place, code in enumerate(own) if int(str(expr.value)) >> place & 1]
        return "(" + " OR ".join(f"ARRAY_CONTAINS({self.text(expr.args[0])}, '{code}')" for code in wanted) + ")"

    def _count_of(self, expr: Expr, codes: tuple[str, ...]) -> str:
        return f"CAST(SIZE({self.text(expr.args[0])}) AS DOUBLE)"

    def _gather(self, expr: Expr, codes: tuple[str, ...]) -> str:
        items = [f"CASE WHEN {self.text(a)} THEN '{codes[n]}' END" for n, a in enumerate(expr.args) if a.op != "const"]
        return f"ARRAY_COMPACT(ARRAY({', '.join(items)}))"

    def _lookup(self, expr: Expr, codes: tuple[str, ...]) -> str:
        data = expr.value
        return self._level(expr.args, data.edges, data.sizes, list(data.values))

    def _level(self, keys: tuple[Expr, ...], edges: tuple, sizes: tuple, values: list[object]) -> str:
        if not keys:
            return f"{float(str(values[0]))!r}D"
        size = len(values) // sizes[0]
        parts = [
            self._level(keys[1:], edges[1:], sizes[1:], values[n * size : (n + 1) * size]) for n in range(sizes[0])
        ]
        key = self.text(keys[0])
        if edges[0] is None:
            own = self.codes(keys[0])
            return f"(CASE {key} " + " ".join(f"WHEN '{c}' THEN {p}" for c, p in zip(own, parts, strict=True)) + " END)"
        below = " ".join(f"WHEN {key} < {edge!r}D THEN {p}" for edge, p in zip(edges[0], parts[:-1], strict=True))
        return f"(CASE {below} ELSE {parts[-1]} END)"

    def _months(self, expr: Expr) -> str:
        day, date = self.program.plan.day, self.text(expr.args[0])
        gone = f"CASE WHEN DAY({date}) > {day.day} THEN 1 ELSE 0 END"
        return f"({day.year * 12 + day.month} - YEAR({date}) * 12 - MONTH({date}) - {gone})"

    def _age(self, expr: Expr, codes: tuple[str, ...]) -> str:
        return f"CAST(FLOOR({self._months(expr)} / 12) AS DOUBLE)"

    def _months_since(self, expr: Expr, codes: tuple[str, ...]) -> str:
        return f"CAST({self._months(expr)} AS DOUBLE)"

    def _days_since(self, expr: Expr, codes: tuple[str, ...]) -> str:
        return f"CAST(DATEDIFF(DATE'{self.program.plan.day}', {self.text(expr.args[0])}) AS DOUBLE)"


class _Query:
    """The CTE chain of one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.sql = SqlText(program)
        self.ctes: list[str] = []
        self.skipped = {value.key for value in program.values if value.kind == "fact"}

    def steps(self, entity: str, source: str) -> str:
        """One CTE for each layer of values that depend only on those below; returns the last one's name."""
        layers: dict[Key, int] = {}
        grouped: dict[int, list[Named]] = {}
        for value in self.program.values:
            if value.entity == entity:
                used = [e.value for e in walk(value.expr) if e.op == "ref"]
                layers[value.key] = 1 + max((layers.get(key, 0) for key in used), default=0)
                grouped.setdefault(layers[value.key], []).append(value)
        for number, values in sorted(grouped.items()):
            columns = ",\n    ".join(f"{self.sql.text(v.expr, v.codes)} AS {v.name}" for v in values)
            name = f"{entity}_{number}"
            self.ctes.append(f"{name} AS (\n  SELECT *,\n    {columns}\n  FROM {source}\n)")
            source = name
        return source

    def stated(self, entity: str, alias: str) -> list[str]:
        """The facts of an entity; those with a skip condition under another name until it is applied."""
        return [
            f"{alias}.{s.name} AS stated_{s.name}" if (s.entity, s.name) in self.skipped else f"{alias}.{s.name}"
            for s in self.program.facts if s.entity == entity
        ]  # fmt: skip

    def rows(self, entity: str) -> None:
        """The chain of an entity below the household, and its figures for each household."""
        spread = {
            e.args[0].value[1]
            for value in self.program.values for e in walk(value.expr) if e.op == "spread" and e.space == entity
        }  # fmt: skip
        columns = [
            "r.household",
            *self.stated(entity, "r"),
            *(f"h.{name} AS household_{name}" for name in sorted(spread)),
        ]
        join = " JOIN household h ON r.household = h.household" if spread else ""
        self.ctes.append(f"{entity}_0 AS (SELECT {', '.join(columns)} FROM {entity} r{join})")
        last = self.steps(entity, f"{entity}_0")
        figures = self.sql.aggregates.get(entity, {})
        listed = ",\n    ".join(f"{text} AS {column}" for text, column in figures.items())
        self.ctes.append(
            f"{entity}_figures AS (\n  SELECT household,\n    {listed}\n  FROM {last} GROUP BY household\n)"
        )

    def text(self) -> str:
        """The whole query."""
        for value in self.program.values:  # which figures the households want of their rows
            if value.entity == "household":
                self.sql.text(value.expr, value.codes)
        for entity in self.program.entities():
            self.rows(entity)
        joins = "".join(f"\n  LEFT JOIN {e}_figures USING (household)" for e in self.program.entities())
        figures = [column for columns in self.sql.aggregates.values() for column in columns.values()]
        base = ", ".join(["h.household", *self.stated("household", "h"), *figures])
        self.ctes.append(f"household_0 AS (SELECT {base} FROM household h{joins}\n)")
        last = self.steps("household", "household_0")
        shown = [
            "household",
            *(v.name for v in self.program.results()),
            *(self._rank(n) for n in range(len(self.program.rankings))),
        ]
        return "WITH " + ",\n".join(self.ctes) + "\nSELECT " + ",\n  ".join(shown) + f"\nFROM {last}\n"

    def _rank(self, number: int) -> str:
        ranking = self.program.rankings[number].ranking
        digits = {"county": 6, "township": 9, "village": 12}.get(ranking.within)
        order = ", ".join(f"{by.value} {'DESC' if by.highest_first else 'ASC'}" for by in ranking.by)
        group = f"PARTITION BY SUBSTR(place, 1, {digits}) " if digits else ""
        return f"CAST(RANK() OVER ({group}ORDER BY {order}) AS BIGINT) AS {ranking.name}"


def sql_text(program: Program) -> str:
    """The Spark SQL of a program; tables household, member, ... are views of the facts."""
    return _Query(program).text()
