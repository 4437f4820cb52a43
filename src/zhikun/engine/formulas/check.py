"""The text of a formula -> its typed tree, with the value that its rule declares."""

from __future__ import annotations

from zhikun.engine.formulas import units
from zhikun.engine.formulas.checker import Checker
from zhikun.engine.formulas.functions import FUNCTIONS
from zhikun.engine.formulas.syntax import FormulaError, parse
from zhikun.engine.formulas.tree import CONSTANT, HOUSEHOLD, Node, Scope, Signature, spread
from zhikun.wording import _


def check(text: str, scope: Scope, on: str, expected: Signature) -> Node:
    """The typed tree of a formula of entity `on`, whose value must have the type, unit and codes of `expected`."""
    checker = Checker(scope, on, FUNCTIONS)
    node = checker.visit(parse(text))
    node = checker.fit(node, expected.type, expected.codes, 0)
    if expected.type == "number" and not units.agree(node.unit, expected.unit or ""):
        raise FormulaError(
            _("公式的单位是“{found}”，而“{name}”声明的单位是“{unit}”；请改公式或改声明。").format(
                found=node.unit, name=expected.name, unit=expected.unit or ""
            )
        )
    if node.space not in (on, CONSTANT, HOUSEHOLD):
        raise FormulaError(_("公式逐行使用了“{e}”；请用 SUM、COUNT、ANY 等汇总到户。").format(e=node.space))
    return spread(node, on)
