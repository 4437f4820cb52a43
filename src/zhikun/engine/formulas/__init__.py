"""Formulas: text -> typed tree, and the table of functions."""

from zhikun.engine.formulas.check import check
from zhikun.engine.formulas.checker import Checker, Function
from zhikun.engine.formulas.functions import FUNCTIONS
from zhikun.engine.formulas.syntax import FormulaError, Word, names_in, parse
from zhikun.engine.formulas.tree import CONSTANT, HOUSEHOLD, Node, Scope, Signature, TableSignature

__all__ = [
    "CONSTANT",
    "FUNCTIONS",
    "HOUSEHOLD",
    "Checker",
    "FormulaError",
    "Function",
    "Node",
    "Scope",
    "Signature",
    "TableSignature",
    "Word",
    "check",
    "names_in",
    "parse",
]
