"""The table of functions: name, how it is written, what it means. Nothing else can be called.

To add a function: one row here, its operation in `engine/run/operations.py`, its meaning for the judge in
`tests/engine/judge.py`, cases in `packs/taoyuan`.
"""

from __future__ import annotations

from collections.abc import Callable

from zhikun.engine.formulas import units
from zhikun.engine.formulas.checker import Checker, Function
from zhikun.engine.formulas.syntax import FormulaError, Word
from zhikun.engine.formulas.tree import CONSTANT, HOUSEHOLD, Node, spread
from zhikun.wording import _

MANY = 60


def _if(checker: Checker, word: Word) -> Node:
    condition = checker.want(word.args[0], "boolean")
    branches = checker.alternatives((checker.visit(word.args[1]), checker.visit(word.args[2])), word.position)
    return choose(checker, condition, branches, word.position)


def choose(checker: Checker, condition: Node, branches: tuple[Node, ...], position: int) -> Node:
    """IF(condition, a, b) over typed nodes."""
    kind = branches[0].type
    unit = checker.same_unit(branches, position) if kind == "number" else None
    if kind == "choices":
        raise FormulaError(_("IF 不能在多选项之间选择。"), position)
    return checker.build("if", (condition, *branches), kind, position, unit=unit, codes=branches[0].codes)


def _of_numbers(op: str) -> Callable[[Checker, Word], Node]:
    def check(checker: Checker, word: Word) -> Node:
        args = tuple(checker.want(arg, "number") for arg in word.args)
        node, unit = args[0], checker.same_unit(args, word.position)
        if op == "abs":
            return checker.build("abs", args, "number", word.position, unit=unit)
        for other in args[1:]:
            node = checker.build(op, (node, other), "number", word.position, unit=unit)
        return node

    return check


def _divide(checker: Checker, word: Word) -> Node:
    top, bottom, otherwise = (checker.want(arg, "number") for arg in word.args)
    unit = units.over(top.unit, bottom.unit)
    if not units.agree(unit, otherwise.unit):
        raise FormulaError(_("DIVIDE 的第三个参数单位应当是“{u}”。").format(u=unit), word.position)
    return checker.build("divide", (top, bottom, otherwise), "number", word.position, unit=unit)


def _literal(checker: Checker, word: Word, what: str) -> float:
    node = checker.visit(word)
    if node.op != "literal" or node.type != "number":
        raise FormulaError(_("{what}要直接写成数字。").format(what=what), word.position)
    return float(str(node.value))


def _round_to(checker: Checker, word: Word) -> Node:
    value = checker.want(word.args[0], "number")
    step = _literal(checker, word.args[1], _("ROUND_TO 的步长"))
    direction = word.args[2].text
    if word.args[2].op != "code" or direction not in ("up", "down", "half_up"):
        raise FormulaError(_("ROUND_TO 的方向是 'up'、'down' 或 'half_up'。"), word.args[2].position)
    if step <= 0:
        raise FormulaError(_("ROUND_TO 的步长要大于零。"), word.args[1].position)
    return checker.build("round_to", (value,), "number", word.position, unit=value.unit, value=(step, direction))


def _band(checker: Checker, word: Word) -> Node:
    if len(word.args) % 2:
        raise FormulaError(_("BAND 的写法是 BAND(x, 值0, 界1, 值1, 界2, 值2, ...)。"), word.position)
    subject = checker.want(word.args[0], "number")
    values = checker.alternatives(tuple(checker.visit(arg) for arg in word.args[1::2]), word.position)
    edges = tuple(checker.want(arg, "number") for arg in word.args[2::2])
    checker.same_unit((subject, *edges), word.position)
    if any(edge.space != CONSTANT and not checker.is_standard(edge) for edge in edges):
        raise FormulaError(_("BAND 的界只能是数字或标准。"), word.position)
    literals = [float(str(edge.value)) for edge in edges if edge.op == "literal"]
    if literals != sorted(set(literals)):
        raise FormulaError(_("BAND 的界要从小到大，且不能相同。"), word.position)
    node = values[0]
    unit = checker.same_unit(values, word.position) if values[0].type == "number" else None
    if len(values) == 1:
        return node
    node = values[-1]
    for edge, value in zip(reversed(edges), reversed(values[:-1]), strict=True):
        below = checker.build("lt", (subject, edge), "boolean", word.position)
        node = checker.build("if", (below, value, node), value.type, word.position, unit=unit, codes=value.codes)
    return node


def _lookup(checker: Checker, word: Word) -> Node:
    table = checker.scope.table(word.args[0].text) if word.args[0].op == "code" else None
    if table is None:
        raise FormulaError(_("没有叫“{t}”的表；表名要写成 '表名'。").format(t=word.args[0].text), word.position)
    if len(word.args) - 1 != len(table.keys):
        raise FormulaError(
            _("表“{t}”有 {n} 个键，这里给了 {m} 个。").format(t=table.name, n=len(table.keys), m=len(word.args) - 1),
            word.position,
        )
    keys = []
    for arg, (kind, unit, codes) in zip(word.args[1:], table.keys, strict=True):
        key = checker.fit(checker.visit(arg), kind, codes, arg.position)
        if kind == "number":
            checker.same_unit((key, Node("literal", (), "number", CONSTANT, unit)), arg.position)
        keys.append(key)
    return checker.build(
        "lookup", tuple(keys), table.type, word.position, unit=table.unit or "", codes=table.codes, value=table.name
    )


def _since(op: str, unit: str) -> Callable[[Checker, Word], Node]:
    def check(checker: Checker, word: Word) -> Node:
        return checker.build(op, (checker.want(word.args[0], "date"),), "number", word.position, unit=unit)

    return check


def _has(checker: Checker, word: Word) -> Node:
    subject = checker.want(word.args[0], "choices")
    bits = 0
    for arg in word.args[1:]:
        bits |= 1 << int(str(checker.code(checker.visit(arg), subject.codes, arg.position).value))
    return checker.build("has_any", (subject,), "boolean", word.position, value=bits)


def _count_of(checker: Checker, word: Word) -> Node:
    return checker.build("count_of", (checker.want(word.args[0], "choices"),), "number", word.position, unit="项")


def _known(checker: Checker, word: Word) -> Node:
    return checker.build("known", (checker.visit(word.args[0]),), "boolean", word.position)


def _assume(checker: Checker, word: Word) -> Node:
    args = checker.alternatives((checker.visit(word.args[0]), checker.visit(word.args[1])), word.position)
    if args[1].space != CONSTANT and not checker.is_standard(args[1]):
        raise FormulaError(
            _("ASSUME_IF_UNKNOWN 的第二个参数要写成数字、代码或标准，好让人看清假设了什么。"), word.position
        )
    unit = checker.same_unit(args, word.position) if args[0].type == "number" else None
    return checker.build("assume", args, args[0].type, word.position, unit=unit, codes=args[0].codes)


def _rows(checker: Checker, word: Word) -> tuple[Node, ...]:
    """The arguments of an aggregate: rows of exactly one entity below the household."""
    if checker.inside:
        raise FormulaError(_("汇总函数里不能再用汇总函数；请把里面的写成单独的规则。"), word.position)
    if checker.on != HOUSEHOLD:
        raise FormulaError(
            _("汇总函数只能用在 on: household 的规则里；请在户上算好，再用 household.名称 引用。"), word.position
        )
    checker.inside = True
    args = tuple(checker.visit(arg) for arg in word.args)
    checker.inside = False
    return args


def _over_one_entity(checker: Checker, args: tuple[Node, ...], word: Word) -> str:
    spaces = {node.space for node in args} - {CONSTANT, HOUSEHOLD}
    if len(spaces) != 1:
        raise FormulaError(
            _("{f} 要汇总某一类对象的行，例如 {f}(member.名称)；这里用到的是 {spaces}。").format(
                f=word.text, spaces="、".join(sorted(spaces)) or _("户自己的值")
            ),
            word.position,
        )
    return next(iter(spaces))


def _sum(checker: Checker, word: Word) -> Node:
    args = _rows(checker, word)
    entity = _over_one_entity(checker, args, word)
    value = checker.fit(args[0], "number", (), word.position)
    if len(args) == 2:
        condition = checker.fit(args[1], "boolean", (), word.position)
        zero = Node("literal", (), "number", CONSTANT, None, (), 0.0)
        value = choose(checker, condition, (value, zero), word.position)
    value = spread(value, entity)
    return Node("sum", (value,), "number", HOUSEHOLD, value.unit, (), entity)


def _count(checker: Checker, word: Word) -> Node:
    arg = word.args[0]
    if arg.op == "name" and arg.text in checker.scope.entities() and arg.text != HOUSEHOLD:
        _rows(checker, Word("call", word.text, (), word.position))
        return Node("count_rows", (), "number", HOUSEHOLD, "", (), arg.text)
    return _logical("count", "number")(checker, word)


def _logical(op: str, kind: str) -> Callable[[Checker, Word], Node]:
    def check(checker: Checker, word: Word) -> Node:
        args = _rows(checker, word)
        entity = _over_one_entity(checker, args, word)
        condition = spread(checker.fit(args[0], "boolean", (), word.position), entity)
        return Node(op, (condition,), kind, HOUSEHOLD, "" if kind == "number" else None, (), entity)

    return check


def _extreme(op: str) -> Callable[[Checker, Word], Node]:
    def check(checker: Checker, word: Word) -> Node:
        args = _rows(checker, word)
        entity = _over_one_entity(checker, args[:1], word)
        value, otherwise = (checker.fit(arg, "number", (), word.position) for arg in args)
        unit = checker.same_unit((value, otherwise), word.position)
        if otherwise.space not in (CONSTANT, HOUSEHOLD):
            raise FormulaError(_("{f} 的第二个参数是没有行时的值，不能逐行变化。").format(f=word.text), word.position)
        return Node(op, (value, otherwise), "number", HOUSEHOLD, unit, (), entity)

    return check


FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        Function("IF", "IF(条件, a, b)", "条件成立取 a，不成立取 b；条件未知则未知，除非两边已知且相等", (3, 3), _if),
        Function("MIN", "MIN(a, b, ...)", "最小的数", (2, MANY), _of_numbers("min")),
        Function("MAX", "MAX(a, b, ...)", "最大的数", (2, MANY), _of_numbers("max")),
        Function("ABS", "ABS(a)", "绝对值", (1, 1), _of_numbers("abs")),
        Function("DIVIDE", "DIVIDE(a, b, 除数为零时的值)", "商，四舍五入到六位小数", (3, 3), _divide),
        Function(
            "ROUND_TO", "ROUND_TO(a, 步长, 'up')", "按步长取整：up 进、down 舍、half_up 四舍五入", (3, 3), _round_to
        ),
        Function("BAND", "BAND(x, 值0, 界1, 值1, ...)", "x 小于界1取值0，达到界1取值1，依此类推", (2, MANY), _band),
        Function("LOOKUP", "LOOKUP('表', 键, ...)", "查表", (2, 6), _lookup),
        Function("AGE", "AGE(日期)", "到评估日的周岁", (1, 1), _since("age", "岁")),
        Function("MONTHS_SINCE", "MONTHS_SINCE(日期)", "到评估日的整月数", (1, 1), _since("months_since", "月")),
        Function("DAYS_SINCE", "DAYS_SINCE(日期)", "到评估日的天数", (1, 1), _since("days_since", "天")),
        Function("HAS", "HAS(多选, '代码')", "选中了这一项", (2, 2), _has),
        Function("HAS_ANY", "HAS_ANY(多选, '代码', ...)", "选中了其中任何一项", (2, MANY), _has),
        Function("COUNT_OF", "COUNT_OF(多选)", "选中的项数", (1, 1), _count_of),
        Function("KNOWN", "KNOWN(x)", "x 是否已知", (1, 1), _known),
        Function(
            "ASSUME_IF_UNKNOWN", "ASSUME_IF_UNKNOWN(x, 值)", "x 未知时按这个值算，作为明示的假设", (2, 2), _assume
        ),
        Function("SUM", "SUM(member.x) 或 SUM(member.x, 条件)", "各行之和", (1, 2), _sum),
        Function("COUNT", "COUNT(member) 或 COUNT(条件)", "行数，或符合条件的行数", (1, 1), _count),
        Function("ANY", "ANY(条件)", "有一行符合", (1, 1), _logical("any", "boolean")),
        Function("ALL", "ALL(条件)", "每一行都符合", (1, 1), _logical("all", "boolean")),
        Function("MAX_OF", "MAX_OF(member.x, 没有行时的值)", "各行中最大的", (2, 2), _extreme("max_of")),
        Function("MIN_OF", "MIN_OF(member.x, 没有行时的值)", "各行中最小的", (2, 2), _extreme("min_of")),
    )
}
