"""The rules as an OpenFisca tax and benefit system: one Variable a named value, float64, codes as small whole numbers."""

from __future__ import annotations

from peers.numpy_text import NumpyText, tables_text
from peers.program import Expr, Key, Named, Program

HEAD = '''"""{title}, in OpenFisca. Generated from the pack by bench/peers; do not edit."""

import numpy as np
from openfisca_core.entities import Entity, GroupEntity
from openfisca_core.periods import DateUnit
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from support import (
    clean, completed_months_on, count_of, gather, product, quotient, ranks, round_down, round_half_up, round_up,
)

DAY_PARTS = ({months}, {day})
{tables}


def completed_years(days):
    return (completed_months_on(DAY_PARTS, days) // 12).astype(np.float64)


def completed_months(days):
    return completed_months_on(DAY_PARTS, days).astype(np.float64)


household = GroupEntity("household", "households", "", "", roles=[{{"key": "member"}}])
{entities}


'''
FOOT = '''
DTYPES = {dtypes}


def system():
    """The tax and benefit system, with float64 and the smallest whole numbers that hold the codes."""
    made = TaxBenefitSystem([{entities}])
    for variable in VARIABLES:
        made.add_variable(variable)
    for name, dtype in DTYPES.items():
        made.variables[name].dtype = np.dtype(dtype)
    return made


def rank(found):
    """The rankings over household values."""
    return {{
{rankings}
    }}
'''
_KINDS = {"number": ("float", "float64"), "boolean": ("bool", "bool"), "choice": ("int", "int8"), "choices": ("int", "int64"),
          "date": ("int", "int32"), "text": ("int", "int64"), "place": ("int", "int64")}  # fmt: skip


class _Writer:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.text = NumpyText(self.reach)
        self.value: Named
        self.fetched: dict[str, str] = {}
        self.dtypes: dict[str, str] = {}
        names = [step.name for step in program.facts] + [v.name for v in program.values if v.kind != "fact"]
        self.doubled = {name for name in names if names.count(name) > 1}

    def name(self, key: Key, stated: bool = False) -> str:
        """The variable of a named value; OpenFisca has one namespace for all entities."""
        name = f"{key[0]}_{key[1]}" if key[1] in self.doubled else key[1]
        return f"{name}_stated" if stated else name

    def rows(self, entity: str) -> str:
        """The group of an entity's rows, inside a household formula."""
        if entity == "member":
            return "household"
        self.fetched.setdefault(f"{entity}s", f'household.simulation.rows["{entity}"]')
        return f"{entity}s"

    def reach(self, expr: Expr, text: NumpyText) -> str:
        """A calculated variable, fetched once at the top of the formula, or an aggregate over a household's rows."""
        if expr.op in ("ref", "stated"):
            key: Key = expr.value
            name = self.name(key, expr.op == "stated")
            local = f"its_{name}"
            own = self.value.entity
            whose = (
                own if key[0] == own else f"{self.rows(key[0])}.members" if own == "household" else f"{own}.household"
            )
            self.fetched.setdefault(local, f'{whose}("{name}", period)')
            return local
        if expr.op == "spread":
            if self.value.entity == "household":
                return f"{self.rows(expr.space)}.project({text.text(expr.args[0])})"
            return text.text(expr.args[0])  # person.household(...) is projected already
        group = self.rows(str(expr.value))
        if expr.op == "count_rows":
            return f"{group}.nb_persons().astype(np.float64)"
        arg = text.text(expr.args[0])
        written = {"sum": f"{group}.sum({arg})", "count": f"{group}.sum({arg})", "any": f"{group}.any({arg})",
                   "all": f"~{group}.any(~{arg})"}  # fmt: skip
        if expr.op not in written:
            raise ValueError(f"no OpenFisca writer for {expr.op}")
        return written[expr.op]

    def variable(self, value: Named) -> str:
        """The class of a named value."""
        self.value, self.fetched = value, {}
        lines = self.text.lines(value.expr, "result")
        fetched = [f"{local} = {text}" for local, text in self.fetched.items()]
        name = self.name(value.key)
        body = [*fetched, *lines, "return result"]
        note = f"{value.title}: {value.formula}".rstrip(": ").replace('"', "'")
        head = self.head(name, value.entity, value.type)
        return "\n".join(
            [*head, f"    # {note}", "", f"    def formula({value.entity}, period):", *(f"        {b}" for b in body)]
        )

    def head(self, name: str, entity: str, kind: str) -> list[str]:
        """The first lines of a variable."""
        value_type, dtype = _KINDS[kind]
        self.dtypes[name] = dtype
        return [f"class {name}(Variable):", f"    value_type = {value_type}", f"    entity = {entity}",
                "    definition_period = DateUnit.MONTH"]  # fmt: skip

    def source(self) -> str:
        """The module."""
        plan = self.program.plan
        skipped = {value.key for value in self.program.values if value.kind == "fact"}
        classes = [
            "\n".join(self.head(self.name((s.entity, s.name), (s.entity, s.name) in skipped), s.entity, s.type))
            for s in self.program.facts
        ]
        classes += [self.variable(value) for value in self.program.values]
        head = HEAD.format(
            title=plan.pack.title,
            months=(plan.day.year - 1970) * 12 + plan.day.month - 1,
            day=plan.day.day,
            tables="\n".join(tables_text(self.text.tables)),
            entities="\n".join(f'{e} = Entity("{e}", "{e}s", "", "")' for e in self.program.entities()),
        )
        listed = ", ".join(text.split("(")[0].removeprefix("class ") for text in classes)
        foot = FOOT.format(
            dtypes=self.dtypes,
            entities=", ".join([*self.program.entities(), "household"]),
            rankings="\n".join(f"        {line}," for line in self.rankings()),
        )
        return head + "\n\n\n".join(classes) + f"\n\n\nVARIABLES = [{listed}]\n" + foot

    def rankings(self) -> list[str]:
        """One entry for each ranking."""
        lines = []
        for step in self.program.rankings:
            keys = ", ".join(f'{"-" if by.highest_first else ""}found("{by.value}")' for by in step.ranking.by)
            digits = {"county": 6, "township": 9, "village": 12}.get(step.ranking.within)
            group = f'found("place") // {10 ** (12 - digits)}' if digits else 'np.zeros(len(found("place")))'
            lines.append(f'"{step.ranking.name}": ranks({group}, [{keys}])')
        return lines


def openfisca_source(program: Program) -> str:
    """The OpenFisca module of a program."""
    return _Writer(program).source()
