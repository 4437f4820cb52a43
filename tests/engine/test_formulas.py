"""What a formula may say, and what is said back when it may not: which word, why, and the way out."""

import pytest
from tests.engine.small import DAY, decision, fact, listing, pack, plan_of, rule, standard, table, value

from zhikun.engine.formulas import FUNCTIONS, FormulaError, Signature, check, names_in, parse, units
from zhikun.engine.packs.model import TableKey
from zhikun.engine.plan import PlanErrors
from zhikun.engine.plan.scope import DayScope

THINGS = (
    fact("a"), fact("money", unit="元/月"), fact("heads", unit="人"), fact("p", "boolean"), fact("day", "date"),
    fact("c", "choice", choices="good fair poor"), fact("ills", "choices", choices="heart lungs"), fact("remark", "text"),
    fact("member.x"), fact("member.y", unit="元/月"), fact("member.f", "boolean"), fact("supporter.z"), fact("member.a"),
    standard("line", 500, unit="元/月"), standard("half", 0.5),
    table("points", (TableKey("c", choices_of="household.c"), TableKey("a", unit="")),
          {(code, (None, None)): 1 for code in ("good", "fair", "poor")}),
    listing("found", {"one": "p", "two": "NOT p"}),
)  # fmt: skip
SCOPE = DayScope(pack(*THINGS), DAY, "990101")


def typed(formula, type_="number", unit=None, on="household", codes=()):
    return check(formula, SCOPE, on, Signature("result", on, type_, unit, codes))


def fault(formula, type_="number", on="household", codes=(), unit=None):
    with pytest.raises(FormulaError) as error:
        typed(formula, type_, unit, on, codes)
    return error.value


# --- reading


def shape(word):
    return (
        word.text
        if not word.args and word.op in ("number", "name", "code", "truth")
        else (word.op, *map(shape, word.args))
    )


@pytest.mark.parametrize(
    ("formula", "tree"),
    [
        ("a + b * c", ("+", "a", ("*", "b", "c"))),
        ("a - b - c", ("-", ("-", "a", "b"), "c")),
        ("a / 2 * b", ("*", ("/", "a", "2"), "b")),
        ("-a + b", ("+", ("minus", "a"), "b")),
        ("-a * b", ("*", ("minus", "a"), "b")),
        ("(a + b) * c", ("*", ("+", "a", "b"), "c")),
        ("p OR q AND r", ("OR", "p", ("AND", "q", "r"))),
        ("NOT a = b", ("NOT", ("=", "a", "b"))),
        ("NOT p AND q", ("AND", ("NOT", "p"), "q")),
        ("a BETWEEN 1 AND 2 AND p", ("AND", ("BETWEEN", "a", "1", "2"), "p")),
        ("c NOT IN ('x', 'y')", ("NOT", ("IN", "c", "x", "y"))),
        ("a + 1 >= b * 2", (">=", ("+", "a", "1"), ("*", "b", "2"))),
        ("IF(p, a,\n   b)", ("call", "p", "a", "b")),
        ("TRUE", "TRUE"),
    ],
)
def test_operators_bind_as_in_a_spreadsheet(formula, tree):
    assert shape(parse(formula)) == tree


def test_names_of_a_formula():
    assert names_in(parse("SUM(member.x, member.f) + a - LOOKUP('t', c)")) == {"member.x", "member.f", "a", "c"}


@pytest.mark.parametrize(
    ("formula", "position", "said"),
    [
        ("", 0, "公式是空的"),
        ("  ", 0, "公式是空的"),
        ("a + ", 3, "公式在这里就结束了，这里应当是数字、名称"),
        ("a + * b", 4, "第 5 个字符：不该出现“*”"),
        ("a ; b", 2, "第 3 个字符“;”不能出现"),
        ("a，b", 1, "“，”不能出现"),
        ("import('os')[0]", 12, "“[”不能出现"),
        ("a % b", 2, "“%”不能出现"),
        ("'open", 0, "“'”不能出现"),
        ("1e5", 1, "不该出现“e5”"),
        (".5", 0, "“.”不能出现"),
        ("a b", 2, "不该出现“b”"),
        ("(a + b", 6, "这里应当是“)”"),
        ("IF(p, a, b", 10, "这里应当是“)”"),
        ("IF(p,, b)", 5, "不该出现“,”"),
        ("a IN 'x'", 5, "这里应当是“(”"),
        ("a BETWEEN 1, 2", 11, "这里应当是“AND”"),
        ("a < b < c", 6, "比较不能连写；请写成 a < b AND b < c"),
        ("p and q", 2, "“and”要写成大写“AND”"),
        ("p AND true", 6, "“true”要写成大写“TRUE”"),
        ("a == b", 3, "不该出现“=”"),
    ],
)
def test_what_does_not_parse_is_shown_where(formula, position, said):
    with pytest.raises(FormulaError) as error:
        parse(formula)
    assert said in error.value.text
    assert error.value.position == position


@pytest.mark.parametrize(
    "formula", ["(" * 61 + "a" + ")" * 61, "NOT " * 3000 + "p", "-" * 3000 + "a", "IF(p, a, " * 70 + "a" + ")" * 70]
)
def test_nesting_has_an_end(formula):
    with pytest.raises(FormulaError, match="嵌套超过 60 层"):
        parse(formula)


@pytest.mark.parametrize("sign", ["+", "*", "AND", "OR"])
def test_a_chain_has_an_end(sign):
    with pytest.raises(FormulaError, match="公式太长"):
        parse(f" {sign} ".join(["a"] * 3000))
    assert parse(f" {sign} ".join(["a"] * 100))


def test_nothing_deep_enough_to_parse_breaks_the_checker():
    assert typed("+".join(["a"] * 119)).op == "add"
    assert typed(" AND ".join(["p"] * 119), "boolean").op == "and"
    assert value("+".join(["a"] * 119), a=1) == 119


# --- names and types


@pytest.mark.parametrize(
    ("formula", "type_", "on", "said"),
    [
        ("moni", "number", "household", "没有叫“moni”的事实、标准或规则。您是不是想写“money”"),
        ("money", "number", "member", "户上有这个名称，请写 household.money"),
        ("x", "number", "household", "“member”上有这个名称，请在 SUM、ANY 等函数里写 member.x"),
        (
            "members.x",
            "number",
            "household",
            "没有“members”这类对象；可用的有 household、member、supporter。您是不是想写“member”",
        ),
        ("member.x", "number", "household", "“member.x”只能放在 SUM、COUNT"),
        ("supporter.z", "number", "member", "“supporter.z”只能放在 SUM、COUNT"),
        ("remark", "number", "household", "“remark”是文字，不能进入公式"),
        ("p", "number", "household", "这里要数字，写的却是是非"),
        ("a + p", "number", "household", "这里要数字，写的却是是非"),
        ("a AND p", "boolean", "household", "这里要是非，写的却是数字"),
        ("c", "number", "household", "这里要数字，写的却是单选代码"),
        ("c = 'bad'", "boolean", "household", "没有代码“bad”；可用的是 good、fair、poor"),
        ("c = 'god'", "boolean", "household", "您是不是想写“good”"),
        ("c IN ('good', 3)", "boolean", "household", "这里要写 '代码'"),
        ("c < 'good'", "boolean", "household", "这里要数字，写的却是单选代码"),
        ("ills = 'heart'", "boolean", "household", "多选项用 HAS(名称, '代码') 判断，不能用“=”"),
        ("'x' = 'y'", "boolean", "household", "这里要数字，写的却是代码"),
        ("day + 1", "number", "household", "这里要数字，写的却是日期"),
        ("day > 2024", "boolean", "household", "这里要数字，写的却是日期"),
        ("0.1234567", "number", "household", "“0.1234567”超过六位小数"),
        ("a / heads", "number", "household", "“/”的除数只能是数字或标准；别的除数可能为零，请写 DIVIDE"),
        ("a / 0", "number", "household", "除数是零"),
        ("a / (1 + 1)", "number", "household", "“/”的除数只能是数字或标准"),
    ],
)
def test_a_wrong_name_or_type_says_what_is_wanted(formula, type_, on, said):
    assert said in fault(formula, type_, on).text


def test_a_result_of_another_list_of_codes_names_what_is_too_much():
    assert "poor 不在 good、fair 之中" in fault("c", "choice", codes=("good", "fair")).text


def test_codes_of_a_shorter_list_fit_a_longer_one_in_another_order():
    things = (fact("c", "choice", choices="x y"), fact("d", "choice", choices="z y x"))
    chosen = [
        value("IF(p, c, 'z')", "choice", *things, fact("p", "boolean"), choices="y z x", p=p, c=c)
        for p, c in ((True, "x"), (True, "y"), (False, "x"))
    ]
    assert chosen == ["x", "y", "z"]
    assert value("d = c", "boolean", *things, c="y", d="y") is True
    assert value("d <> c", "boolean", *things, c="y", d="z") is True
    assert value("d = c", "boolean", *things, c=None, d="x") is None
    assert value("IF(p, c, 'z')", "choice", *things, fact("p", "boolean"), choices="y z x", p=True, c=None) is None


def test_the_branches_of_if_are_of_one_type():
    assert "这里要数字，写的却是单选代码" in fault("IF(p, a, c)").text
    assert "多选项" in fault("IF(p, ills, ills)", "choice").text


# --- functions


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("SUMM(member.x)", "没有函数 SUMM；可用的有 ABS、AGE"),
        ("sum(member.x)", "您是不是想写“SUM”"),
        ("ABS(a, a)", "ABS 的写法是 ABS(a)，这里给了 2 个参数"),
        ("IF(p, a)", "IF 的写法是 IF(条件, a, b)，这里给了 2 个参数"),
        ("ROUND_TO(a, a, 'up')", "ROUND_TO 的步长要直接写成数字"),
        ("ROUND_TO(a, 0, 'up')", "ROUND_TO 的步长要大于零"),
        ("ROUND_TO(a, -1, 'up')", "ROUND_TO 的步长要大于零"),
        ("ROUND_TO(a, 1, 'round')", "ROUND_TO 的方向是 'up'、'down' 或 'half_up'"),
        ("ROUND_TO(a, 1, up)", "ROUND_TO 的方向是"),
        ("BAND(a, 0, 1)", "BAND 的写法是 BAND(x, 值0, 界1, 值1, 界2, 值2, ...)"),
        ("BAND(a, 0, a, 1)", "BAND 的界只能是数字或标准"),
        ("BAND(a, 0, 2, 1, 2, 3)", "BAND 的界要从小到大，且不能相同"),
        ("BAND(a, 0, 2, 1, 1, 3)", "BAND 的界要从小到大"),
        ("LOOKUP('point', c, a)", "没有叫“point”的表；表名要写成 '表名'"),
        ("LOOKUP(points, c, a)", "没有叫“points”的表；表名要写成 '表名'"),
        ("LOOKUP('points', c)", "表“points”有 2 个键，这里给了 1 个"),
        ("LOOKUP('points', a, c)", "这里要单选代码，写的却是数字"),
        ("COUNT_OF(c)", "这里要多选代码，写的却是单选代码"),
        ("AGE(a)", "这里要日期，写的却是数字"),
        ("ASSUME_IF_UNKNOWN(a, a)", "ASSUME_IF_UNKNOWN 的第二个参数要写成数字、代码或标准"),
        ("SUM(member.x + SUM(member.x))", "汇总函数里不能再用汇总函数"),
        ("SUM(a)", "SUM 要汇总某一类对象的行，例如 SUM(member.名称)；这里用到的是 户自己的值"),
        ("SUM(member.x, supporter.z > 1)", "这里用到的是 member、supporter"),
        ("SUM(member.x + supporter.z)", "不能混用 member、supporter 的行"),
        ("SUM(member.f)", "这里要数字，写的却是是非"),
        ("COUNT(household)", "没有叫“household”的事实"),
        ("COUNT(member.x)", "这里要是非，写的却是数字"),
        ("MAX_OF(member.x, member.x)", "MAX_OF 的第二个参数是没有行时的值，不能逐行变化"),
        ("DIVIDE(money, heads, heads)", "DIVIDE 的第三个参数单位应当是“元/月”"),
    ],
)
def test_a_function_used_wrongly_says_how_it_is_written(formula, said):
    assert said in fault(formula).text


def test_has_needs_codes_of_its_set():
    assert "没有代码“liver”；可用的是 heart、lungs" in fault("HAS(ills, 'liver')", "boolean").text
    assert "没有代码“three”；可用的是 one、two" in fault("HAS_ANY(found, 'one', 'three')", "boolean").text
    assert "这里要写 '代码'" in fault("HAS(ills, a)", "boolean").text


def test_aggregates_stand_only_in_rules_of_the_household():
    assert "汇总函数只能用在 on: household 的规则里" in fault("SUM(member.x)", on="member").text


def test_a_broken_aggregate_does_not_spoil_the_next():
    assert "没有叫“member.q”" in fault("SUM(member.q)").text
    assert typed("SUM(member.x)").op == "sum"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_says_how_it_is_written_and_what_it_means(name):
    function = FUNCTIONS[name]
    assert function.usage.startswith(f"{name}(")
    assert len(function.meaning) >= 2
    low, high = function.arity
    assert function.usage in fault(f"{name}({', '.join(['a'] * (high + 1))})").text
    assert 1 <= low <= high


def test_inside_an_aggregate_bare_names_are_the_households():
    result = value(
        "SUM(member.x, member.x > a)", "number", fact("member.x"), a=3, member=[{"x": 3}, {"x": 4}, {"x": 5}]
    )
    assert result == 9


# --- units


@pytest.mark.parametrize(
    ("left", "right", "product", "quotient"),
    [
        ("元/月", "月", "元", "元/月/月"),
        ("元/月", "人", "元/月", "元/月"),
        ("元", "元", "元·元", ""),
        ("元/月", "元/月", "元·元/月/月", ""),
        ("人", "人", "", ""),
        ("人", "", "人", "人"),
        ("元/年", None, None, None),
        ("亩", "元/亩", "元", "亩·亩/元"),
        ("", "元", "元", "/元"),
    ],
)
def test_units_of_products_and_quotients(left, right, product, quotient):
    assert units.times(left, right) == product
    assert units.over(left, right) == quotient


@pytest.mark.parametrize(
    ("left", "right", "agree"),
    [("元/月", "元/月", True), ("元/月", "元/年", False), ("元", None, True), ("人", "", True), ("人", "户", False), ("元", "", False),
     ("元·月", "月·元", True)],
)  # fmt: skip
def test_which_units_may_be_added(left, right, agree):
    assert units.agree(left, right) is agree
    assert units.agree(right, left) is agree


@pytest.mark.parametrize(
    "formula", ["money + heads", "money > heads", "money BETWEEN heads AND 5", "IF(p, money, heads)", "MAX(money, heads)",
                "money IN (1, heads)"],
)  # fmt: skip
def test_unlike_units_do_not_add_compare_or_stand_side_by_side(formula):
    assert "单位不同：" in fault(formula).text


def test_a_rule_declares_the_unit_it_computes():
    assert "公式的单位是“元/月”，而“result”声明的单位是“元”" in fault("money * heads", unit="元").text
    assert typed("money * heads", unit="元/月").unit == "元/月"
    assert typed("money * 12", unit="元/年").unit is None


# --- rules together


def test_rules_that_use_each_other_in_a_circle_are_named_in_order():
    with pytest.raises(PlanErrors, match=r"循环引用：.*→.*→") as error:
        plan_of(rule("x", "y + 1"), rule("y", "z"), rule("z", "x"), rule("free", "1"))
    assert all(name in str(error.value) for name in ("x", "y", "z"))


def test_every_error_of_a_pack_is_told_at_once_with_its_place():
    with pytest.raises(PlanErrors) as error:
        plan_of(rule("x", "nothing"), rule("y", "1 +"), decision("d", [("x", "x"), ("", "y")], choices="x"))
    assert len(error.value.errors) == 4
    assert all(str(at) == "small/pack.yaml:1" for at, _text in error.value.errors)


def test_the_machine_does_not_decide_on_flags():
    things = (fact("p", "boolean"), listing("alarm", {"one": "p"}, kind="flags"))
    with pytest.raises(PlanErrors, match=r"“r”用到了待确认事项“alarm”.*2022-10-20"):
        plan_of(*things, rule("r", "HAS(alarm, 'one')", "boolean"))
    assert plan_of(*things, listing("more", {"two": "HAS(alarm, 'one')"}, kind="flags"))


def test_a_long_formula_is_cut_in_messages():
    with pytest.raises(PlanErrors) as error:
        plan_of(rule("r", "+".join(["nothing"] * 90)))
    assert len(str(error.value)) < 320
