"""Untyped tree -> typed tree, or a FormulaError that names the word, why it matters, and the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zhikun.engine.formulas import units
from zhikun.engine.formulas.syntax import FormulaError, Word
from zhikun.engine.formulas.tree import CONSTANT, HOUSEHOLD, Node, Scope, space_of, spread
from zhikun.wording import _, did_you_mean

TYPE_TITLES = {
    "number": "数字",
    "boolean": "是非",
    "choice": "单选代码",
    "choices": "多选代码",
    "date": "日期",
    "text": "文字",
    "code": "代码",
}
_ORDERINGS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "=": "eq", "<>": "ne"}


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the formula language."""

    name: str
    usage: str
    meaning: str
    arity: tuple[int, int]
    check: Callable[[Checker, Word], Node]


class Checker:
    """Types one formula. `on` is the entity of the rule; `inside` is set within an aggregate."""

    def __init__(self, scope: Scope, on: str, functions: Mapping[str, Function]) -> None:
        self.scope = scope
        self.on = on
        self.functions = functions
        self.inside = False

    # --- names and literals

    def visit(self, word: Word) -> Node:
        """The typed node of one word of the formula."""
        if word.op == "number":
            return Node("literal", (), "number", CONSTANT, None, (), self._number(word))
        if word.op == "code":
            return Node("literal", (), "code", CONSTANT, None, (), word.text)
        if word.op == "truth":
            return Node("literal", (), "boolean", CONSTANT, None, (), word.text == "TRUE")
        if word.op == "name":
            return self.name(word)
        if word.op == "call":
            return self.call(word)
        return _OPERATORS[word.op](self, word)

    def _number(self, word: Word) -> float:
        if len(word.text.partition(".")[2]) > 6:
            raise FormulaError(_("“{w}”超过六位小数；数字都在 0.000001 的格子上。").format(w=word.text), word.position)
        return float(word.text)

    def name(self, word: Word) -> Node:
        """A fact, standard or rule by its name."""
        entity, _dot, name = word.text.rpartition(".")
        if entity and entity not in self.scope.entities():
            raise FormulaError(
                _("没有“{e}”这类对象；可用的有 {known}。{near}").format(
                    e=entity, known="、".join(self.scope.entities()), near=did_you_mean(entity, self.scope.entities())
                ),
                word.position,
            )
        if entity not in ("", self.on, HOUSEHOLD) and not self.inside:
            raise FormulaError(
                _("“{w}”只能放在 SUM、COUNT、ANY、ALL、MAX_OF、MIN_OF 里面，因为一户可以有多行。").format(w=word.text),
                word.position,
            )
        found = self.scope.find(entity or self.on, name)
        if found is None:
            raise FormulaError(self._unknown_name(entity or self.on, name, word.text), word.position)
        if found.type == "text":
            raise FormulaError(_("“{w}”是文字，不能进入公式。").format(w=word.text), word.position)
        return Node("ref", (), found.type, found.entity, found.unit, found.codes, (found.entity, found.name))

    def _unknown_name(self, entity: str, name: str, written: str) -> str:
        text = _("没有叫“{w}”的事实、标准或规则。").format(w=written)
        if entity != HOUSEHOLD and self.scope.find(HOUSEHOLD, name) is not None:
            return text + _("户上有这个名称，请写 household.{n}。").format(n=name)
        for other in self.scope.entities():
            if other != entity and self.scope.find(other, name) is not None:
                return text + _("“{e}”上有这个名称，请在 SUM、ANY 等函数里写 {e}.{n}。").format(e=other, n=name)
        return text + did_you_mean(name, self.scope.names(entity))

    # --- fitting types

    def fit(self, node: Node, type_: str, codes: tuple[str, ...], position: int) -> Node:
        """The node as a value of this type and these codes, or an error."""
        if node.type == "code" and type_ == "choice":
            return self.code(node, codes, position)
        if node.type != type_:
            raise FormulaError(
                _("这里要{want}，写的却是{found}。").format(want=TYPE_TITLES[type_], found=TYPE_TITLES[node.type]),
                position,
            )
        if type_ == "choice" and node.codes != codes:
            if set(node.codes) - set(codes):
                raise FormulaError(
                    _("代码表不同：{extra} 不在 {known} 之中。").format(
                        extra="、".join(sorted(set(node.codes) - set(codes))), known="、".join(codes)
                    ),
                    position,
                )
            if node.op == "literal":
                return Node(
                    "literal", (), "choice", CONSTANT, None, codes, codes.index(node.codes[int(str(node.value))])
                )
            order = tuple(codes.index(code) for code in node.codes)
            return Node("recode", (node,), "choice", node.space, None, codes, order)
        return node

    def code(self, node: Node, codes: tuple[str, ...], position: int) -> Node:
        """A written 'code' as its place in a list of codes."""
        if node.type != "code":
            raise FormulaError(_("这里要写 '代码'。"), position)
        text = str(node.value)
        if text not in codes:
            raise FormulaError(
                _("没有代码“{c}”；可用的是 {known}。{near}").format(
                    c=text, known="、".join(codes), near=did_you_mean(text, codes)
                ),
                position,
            )
        return Node("literal", (), "choice", CONSTANT, None, codes, codes.index(text))

    def want(self, word: Word, type_: str) -> Node:
        """An operand that must have this type."""
        return self.fit(self.visit(word), type_, (), word.position) if type_ != "choice" else self._choice(word)

    def _choice(self, word: Word) -> Node:
        node = self.visit(word)
        return self.fit(node, "choice", node.codes, word.position)

    def is_standard(self, node: Node) -> bool:
        """Whether a node is a standard's name, be it the same for everyone or different between places."""
        return node.op == "ref" and isinstance(node.value, tuple) and self.scope.is_standard(*node.value)

    def build(self, op: str, args: tuple[Node, ...], type_: str, position: int, **more: object) -> Node:
        """A node over args, brought to one space."""
        below = {node.space for node in args} - {CONSTANT, HOUSEHOLD}
        if len(below) > 1:
            raise FormulaError(
                _("同一个算式里不能混用 {spaces} 的行；请先各自汇总到户。").format(spaces="、".join(sorted(below))),
                position,
            )
        space = space_of(args)
        unit = more.get("unit")
        codes = more.get("codes", ())
        return Node(
            op,
            tuple(spread(node, space) for node in args),
            type_,
            space,
            unit if isinstance(unit, str) else None,
            codes if isinstance(codes, tuple) else (),
            more.get("value"),
        )

    def same_unit(self, args: tuple[Node, ...], position: int) -> str | None:
        """The one unit of numbers that are added, compared or chosen between."""
        unit = args[0].unit
        for node in args[1:]:
            if not units.agree(unit, node.unit):
                raise FormulaError(
                    _("单位不同：“{a}”和“{b}”不能相加、比较或并列；请先换算。").format(a=unit, b=node.unit), position
                )
            unit = units.either(unit, node.unit)
        return unit

    def alternatives(self, args: tuple[Node, ...], position: int) -> tuple[Node, ...]:
        """The branches of IF and of decision lists, brought to one type and one list of codes."""
        typed = next((node for node in args if node.type != "code"), None)
        if typed is None or typed.type == "choice":
            codes = typed.codes if typed is not None else tuple(dict.fromkeys(str(node.value) for node in args))
            for node in args:
                if node.type == "choice" and set(node.codes) - set(codes):
                    codes = node.codes
            missing = tuple(str(n.value) for n in args if n.type == "code" and n.value not in codes)
            codes = codes + tuple(dict.fromkeys(missing))
            return tuple(self.fit(node, "choice", codes, position) for node in args)
        return tuple(self.fit(node, typed.type, (), position) for node in args)

    # --- functions

    def call(self, word: Word) -> Node:
        """A function of the table in functions.py."""
        function = self.functions.get(word.text)
        if function is None:
            raise FormulaError(
                _("没有函数 {f}；可用的有 {known}。{near}").format(
                    f=word.text,
                    known="、".join(sorted(self.functions)),
                    near=did_you_mean(word.text.upper(), self.functions),
                ),
                word.position,
            )
        low, high = function.arity
        if not low <= len(word.args) <= high:
            raise FormulaError(
                _("{f} 的写法是 {usage}，这里给了 {n} 个参数。").format(
                    f=word.text, usage=function.usage, n=len(word.args)
                ),
                word.position,
            )
        return function.check(self, word)


def _arithmetic(checker: Checker, word: Word) -> Node:
    args = tuple(checker.want(arg, "number") for arg in word.args)
    if word.op == "*":
        return checker.build("mul", args, "number", word.position, unit=units.times(args[0].unit, args[1].unit))
    unit = checker.same_unit(args, word.position)
    return checker.build("add" if word.op == "+" else "sub", args, "number", word.position, unit=unit)


def _division(checker: Checker, word: Word) -> Node:
    args = tuple(checker.want(arg, "number") for arg in word.args)
    if args[1].op != "literal" and not checker.is_standard(args[1]):
        raise FormulaError(
            _("“/”的除数只能是数字或标准；别的除数可能为零，请写 DIVIDE(a, b, 除数为零时的值)。"), word.position
        )
    if args[1].op == "literal" and args[1].value == 0:
        raise FormulaError(_("除数是零。"), word.position)
    return checker.build("div", args, "number", word.position, unit=units.over(args[0].unit, args[1].unit))


def _minus(checker: Checker, word: Word) -> Node:
    arg = checker.want(word.args[0], "number")
    if arg.op == "literal":
        return Node("literal", (), "number", CONSTANT, arg.unit, (), 0.0 - float(str(arg.value)))
    return checker.build("neg", (arg,), "number", word.position, unit=arg.unit)


def _comparison(checker: Checker, word: Word) -> Node:
    left, right = (checker.visit(arg) for arg in word.args)
    if left.type == "code" and right.type == "choice":
        left, right = right, left
    if left.type == "choice" and word.op in ("=", "<>"):
        return _choice_equality(checker, word, left, right)
    op = _ORDERINGS[word.op]
    if left.type == right.type == "boolean" and word.op in ("=", "<>"):
        return checker.build(op, (left, right), "boolean", word.position)
    if left.type == right.type == "date":
        return checker.build(op, (left, right), "boolean", word.position)
    if left.type == "choices" or right.type == "choices":
        raise FormulaError(_("多选项用 HAS(名称, '代码') 判断，不能用“{op}”。").format(op=word.op), word.position)
    args = (checker.fit(left, "number", (), word.position), checker.fit(right, "number", (), word.position))
    checker.same_unit(args, word.position)
    return checker.build(op, args, "boolean", word.position)


def _choice_equality(checker: Checker, word: Word, left: Node, right: Node) -> Node:
    if right.type == "code":
        literal = checker.code(right, left.codes, word.position)
        node = checker.build("in_codes", (left,), "boolean", word.position, value=(literal.value,))
    else:
        node = checker.build(
            "eq", (left, checker.fit(right, "choice", left.codes, word.position)), "boolean", word.position
        )
    return checker.build("not", (node,), "boolean", word.position) if word.op == "<>" else node


def _membership(checker: Checker, word: Word) -> Node:
    subject = checker.visit(word.args[0])
    if subject.type == "choice":
        places = tuple(checker.code(checker.visit(arg), subject.codes, arg.position).value for arg in word.args[1:])
        return checker.build("in_codes", (subject,), "boolean", word.position, value=places)
    numbers = tuple(checker.want(arg, "number") for arg in word.args)
    checker.same_unit(numbers, word.position)
    equal = tuple(checker.build("eq", (numbers[0], other), "boolean", word.position) for other in numbers[1:])
    return equal[0] if len(equal) == 1 else checker.build("or", equal, "boolean", word.position)


def _between(checker: Checker, word: Word) -> Node:
    value, low, high = (checker.visit(arg) for arg in word.args)
    if value.type != "date":
        value, low, high = (checker.fit(node, "number", (), word.position) for node in (value, low, high))
        checker.same_unit((value, low, high), word.position)
    return checker.build(
        "and",
        (
            checker.build("ge", (value, low), "boolean", word.position),
            checker.build("le", (value, high), "boolean", word.position),
        ),
        "boolean",
        word.position,
    )


def _logic(checker: Checker, word: Word) -> Node:
    args = tuple(checker.want(arg, "boolean") for arg in word.args)
    op = word.op.lower()
    flat: tuple[Node, ...] = ()
    for arg in args:
        flat += arg.args if arg.op == op and op != "not" else (arg,)
    return checker.build(op, flat, "boolean", word.position)


_OPERATORS: dict[str, Callable[[Checker, Word], Node]] = {
    "+": _arithmetic,
    "-": _arithmetic,
    "*": _arithmetic,
    "/": _division,
    "minus": _minus,
    **dict.fromkeys(_ORDERINGS, _comparison),
    "IN": _membership,
    "BETWEEN": _between,
    "AND": _logic,
    "OR": _logic,
    "NOT": _logic,
}
