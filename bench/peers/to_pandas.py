"""The rules as pandas: one column a named value, rows of members aggregated by groupby, choices by np.where and np.select."""

from __future__ import annotations

from peers.numpy_text import NumpyText, tables_text
from peers.program import Expr, Program

HEAD = '''"""{title}, in pandas. Generated from the pack by bench/peers; do not edit."""

import warnings

import numpy as np
import pandas as pd

from support import (  # the names that formulas use
    clean, completed_months_on, count_of, gather, product, quotient, ranks, round_down, round_half_up, round_up,
)

warnings.simplefilter("ignore", pd.errors.PerformanceWarning)  # one column a named value is what is wanted
DAY_PARTS = ({months}, {day})
{tables}


def completed_years(days):
    return (completed_months_on(DAY_PARTS, days) // 12).astype(np.float64)


def completed_months(days):
    return completed_months_on(DAY_PARTS, days).astype(np.float64)


def calculate(facts):
    """Adds every named value as a column of its table; returns the households' table."""
{tables_of_entities}
    def over(groups, column, how, none):
        """One figure for each household: how (sum, any, ...) over its rows, `none` where it has no rows."""
        found = getattr(groups[column], how)()
        return found.reindex(household.index, fill_value=none).to_numpy()

'''
_HOW = {"sum": ("sum", 0.0), "count": ("sum", 0), "any": ("any", False), "all": ("all", True)}


class _Writer:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.text = NumpyText(self.reach)
        self.aggregated: dict[tuple[str, str], str] = {}
        self.temporary = 0

    def reach(self, expr: Expr, text: NumpyText) -> str:
        """A column, a household's column for each row, or an aggregate over one grouping of the rows."""
        if expr.op in ("ref", "stated"):
            entity, name = expr.value
            return f'{entity}["{name}"]'
        if expr.op == "spread":
            return f"{text.text(expr.args[0])}.to_numpy()[{expr.space}_owner]"
        entity = str(expr.value)
        if expr.op == "count_rows":
            return f"{entity}_groups.size().reindex(household.index, fill_value=0).to_numpy().astype(np.float64)"
        if expr.op not in _HOW:
            raise ValueError(f"no pandas writer for {expr.op}")
        how, none = _HOW[expr.op]
        column = self._column(entity, text.text(expr.args[0]), expr.args[0])
        found = f'over({entity}_groups, "{column}", "{how}", {none})'
        return f"{found}.astype(np.float64)" if expr.op == "count" else found

    def _column(self, entity: str, text: str, expr: Expr) -> str:
        if expr.op == "ref":
            return str(expr.value[1])
        key = (entity, text)
        if key not in self.aggregated or "part_" in text:  # what one value calls part_1 is another's no more
            self.temporary += 1
            self.aggregated[key] = f"_{self.temporary}"
            self.text.out.append(f'{entity}["{self.aggregated[key]}"] = {text}')
        return self.aggregated[key]

    def source(self) -> str:
        """The module."""
        body: list[str] = []
        for value in self.program.values:
            lines = self.text.lines(value.expr, f'{value.entity}["{value.name}"]')
            body += ["", f"# {value.title}: {value.formula}".rstrip(": "), *lines]
        for step in self.program.rankings:
            keys = ", ".join(f'{"-" if by.highest_first else ""}household["{by.value}"]' for by in step.ranking.by)
            digits = {"county": 6, "township": 9, "village": 12}.get(step.ranking.within)
            group = f'household["place"] // {10 ** (12 - digits)}' if digits else "np.zeros(len(household))"
            body.append(f'household["{step.ranking.name}"] = ranks({group}, [{keys}])')
        plan = self.program.plan
        frames = ['    household = pd.DataFrame(facts["household"], copy=False).set_index("household")']
        for entity in self.program.entities():
            frames.append(f'    {entity} = pd.DataFrame(facts["{entity}"], copy=False)')
            frames.append(f'    {entity}_groups = {entity}.groupby("household", sort=False)')
        spread = {e.space for value in self.program.values for e in _spreads(value.expr)}
        frames += [f'    {e}_owner = household.index.get_indexer({e}["household"])' for e in sorted(spread)]
        head = HEAD.format(
            title=plan.pack.title,
            months=(plan.day.year - 1970) * 12 + plan.day.month - 1,
            day=plan.day.day,
            tables="\n".join(tables_text(self.text.tables)),
            tables_of_entities="\n".join(frames) + "\n",
        )
        return head + "\n".join(f"    {line}".rstrip() for line in body) + "\n    return household\n"


def _spreads(expr: Expr) -> list[Expr]:
    from peers.program import walk  # noqa: PLC0415 - used once

    return [e for e in walk(expr) if e.op == "spread"]


def pandas_source(program: Program) -> str:
    """The pandas module of a program."""
    return _Writer(program).source()
