"""Ways in which people's survey workbooks are broken: each a name and what it does to a good one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.intake.survey.factory import CHILD_C, HEAD_A, HEAD_B, Formula, good, number_of

Sheets = dict[str, list[list[object]]]


@dataclass(frozen=True)
class Damage:
    name: str
    change: Callable[[Sheets], None]
    accepted: str
    merges: dict[str, list[str]] = field(default_factory=dict)
    also: Callable[[dict], object] = lambda tables: None  # what must have been read all the same


def cell(sheet: str, row: int, column: str, value: object) -> Callable[[Sheets], None]:
    def change(sheets: Sheets) -> None:
        sheets[sheet][row - 1][sheets[sheet][0].index(column)] = value

    return change


def head(sheet: str, column: str, text: str) -> Callable[[Sheets], None]:
    return cell(sheet, 1, column, text)


def many(*changes: Callable[[Sheets], None]) -> Callable[[Sheets], None]:
    def change(sheets: Sheets) -> None:
        for one in changes:
            one(sheets)

    return change


def without(sheet: str, column: str) -> Callable[[Sheets], None]:
    def change(sheets: Sheets) -> None:
        index = sheets[sheet][0].index(column)
        for row in sheets[sheet]:
            del row[index]

    return change


def extra(sheet: str, heading: str, value: object = "x") -> Callable[[Sheets], None]:
    def change(sheets: Sheets) -> None:
        for number, row in enumerate(sheets[sheet]):
            row.append(value if number else heading)

    return change


def insert(sheet: str, row: int, cells: list[object]) -> Callable[[Sheets], None]:
    return lambda sheets: sheets[sheet].insert(row - 1, cells)


def drop(sheet: str, row: int) -> Callable[[Sheets], None]:
    return lambda sheets: sheets[sheet].__delitem__(row - 1)


def income(value: object) -> Callable[[Sheets], None]:
    return cell("家庭", 2, "经营收入", value)


def born(value: object) -> Callable[[Sheets], None]:
    return many(cell("成员", 4, "出生日期", value), cell("成员", 4, "身份证号", ""))


def number(value: object) -> Callable[[Sheets], None]:
    return cell("成员", 4, "身份证号", value)


def value_of(entity: str, household: str, fact: str) -> Callable[[dict], object]:
    def get(tables: dict) -> object:
        rows = tables[entity].to_pylist()
        return next(row[fact] for row in rows if row["household"] == household)

    return get


ROWS = [
    Damage("no damage", many(), "A1 A2 A3"),
    # headings
    Damage("unknown column, near a known one", head("家庭", "经营收入", "经营收人"), "A1 A2 A3"),
    Damage("unknown column of one's own", extra("家庭", "村干部意见"), "A1 A2 A3"),
    Damage("title row above the headings", insert("家庭", 1, ["小县2025年入户调查表"]), "A1 A2 A3"),
    Damage("sheet of another kind in the workbook", lambda s: s.update(统计=[["合计", "户数"], ["x", 3]]), "A1 A2 A3"),
    Damage("sheet without a telling name", lambda s: s.update(Sheet1=s.pop("成员")), "A1 A2 A3"),
    # codes
    Damage("unknown code", cell("家庭", 2, "城乡", "农忖"), "A2 A3"),
    Damage("unknown code, nothing near", cell("家庭", 2, "城乡", "半边户"), "A2 A3"),
    Damage("identifier instead of label", cell("家庭", 2, "城乡", "rural"), "A1 A2 A3",
           also=value_of("household", "A1", "residence")),
    Damage("a choice whose text is NA", cell("家庭", 2, "取暖方式", "NA"), "A1 A2 A3",
           also=value_of("household", "A1", "heating")),
    Damage("a choice whose text is 否", cell("家庭", 2, "取暖方式", "否"), "A1 A2 A3",
           also=value_of("household", "A1", "heating")),
    Damage("unknown pick among several", cell("家庭", 2, "享受救助", "低保、医疗救住"), "A2 A3"),
    Damage("无 beside another pick", cell("家庭", 2, "享受救助", "无、低保"), "A2 A3"),
    Damage("a label that contains the separator", cell("家庭", 2, "享受救助", "高龄、护理补贴，低保"), "A1 A2 A3",
           also=value_of("household", "A1", "help")),
    Damage("neither yes nor no", cell("成员", 4, "享受低保", "大概"), "A1 A3"),
    # numbers
    Damage("number as text", income("12000"), "A1 A2 A3", also=value_of("household", "A1", "income")),
    Damage("full-width digits", income("１２０００．５"), "A1 A2 A3", also=value_of("household", "A1", "income")),
    Damage("thousands separators", income("1,234,567.89"), "A1 A2 A3", also=value_of("household", "A1", "income")),
    Damage("unit behind the number", income("1.15万元"), "A1 A2 A3", also=value_of("household", "A1", "income")),
    Damage("currency sign", income("￥300"), "A1 A2 A3", also=value_of("household", "A1", "income")),
    Damage("separators in the wrong places", income("1,23,4"), "A2 A3"),
    Damage("words for a number", income("三千左右"), "A2 A3"),
    Damage("a range for a number", income("3000-5000"), "A2 A3"),
    Damage("无 for an amount", income("无"), "A2 A3"),
    Damage("不详 for an amount", income("不详"), "A1 A2 A3", also=value_of("household", "A1", "income")),
    Damage("negative amount", income(-500), "A2 A3"),
    Damage("negative amount with a Chinese minus", income("－500"), "A2 A3"),
    Damage("amount far too large", income(1e9), "A2 A3"),
    Damage("half a room", cell("家庭", 2, "房间数", 2.5), "A2 A3"),
    Damage("too many decimals", income(100.126), "A1 A2 A3", also=value_of("household", "A1", "income")),
    Damage("a date where a number belongs", cell("家庭", 2, "经营收入", __import__("datetime").date(2025, 1, 1)), "A2 A3"),
    Damage("truth value where a number belongs", income(True), "A2 A3"),
    Damage("percentage", income("12%"), "A2 A3"),
    # formulas, errors, merged cells
    Damage("formula with a stored result", income(Formula("=6000*2", 12000)), "A1 A2 A3",
           also=value_of("household", "A1", "income")),
    Damage("formula that was never calculated", income(Formula("=B1*2", "")), "A2 A3"),
    Damage("error cell #N/A", income(Formula("=NA()", "#N/A")), "A2 A3"),
    Damage("error cell #REF!", cell("成员", 4, "工资收入", Formula("=#REF!", "#REF!")), "A1 A3"),
    Damage("merged cells in a column", cell("家庭", 4, "城乡", ""), "A1 A2", merges={"家庭": ["C3:C4"]}),
    Damage("merged household ids", many(cell("成员", 3, "户编号", "")), "A2 A3", merges={"成员": ["A2:A3"]}),
    # dates
    Damage("date as text", born("1950-01-01"), "A1 A2 A3", also=value_of("member", "A2", "birth_date")),
    Damage("date as 2023年5月3日", born("1950年1月1日"), "A1 A2 A3", also=value_of("member", "A2", "birth_date")),
    Damage("date with points and full-width digits", born("１９５０．１．１"), "A1 A2 A3",
           also=value_of("member", "A2", "birth_date")),
    Damage("date in eight digits", born(19500101), "A1 A2 A3", also=value_of("member", "A2", "birth_date")),
    Damage("date in Chinese numerals", born("一九五〇年十二月廿一日"), "A1 A2 A3",
           also=value_of("member", "A2", "birth_date")),
    Damage("date as a spreadsheet serial", born(18264), "A1 A2 A3", also=value_of("member", "A2", "birth_date")),
    Damage("a day that does not exist", born("1951-02-29"), "A1 A3"),
    Damage("year only", born(1950), "A1 A3"),
    Damage("day first", born("01/02/1950"), "A1 A3"),
    Damage("two-digit year", born("50-1-1"), "A1 A3"),
    Damage("lunar date", born("农历五月初三"), "A1 A3"),
    Damage("birth date in the future", born("2025-07-01"), "A1 A3"),
    Damage("age over 120", born("1904-06-30"), "A1 A3"),
    Damage("age of exactly 120", born("1904-07-01"), "A1 A2 A3"),
    Damage("survey date in the future", cell("家庭", 2, "调查日期", "2025-12-01"), "A1 A2 A3"),
    # identity numbers
    Damage("identity number stored as a number", number(990402195001013030), "A1 A3"),
    Damage("identity number shown as 9.90402E+17", number("9.90402E+17"), "A1 A3"),
    Damage("identity number ending in 000", number("990402195001013000"), "A1 A3"),
    Damage("15-digit number", number("990402500101303"), "A1 A2 A3", also=value_of("member", "A2", "id_number")),
    Damage("lower-case x and full-width digits", number("９９０４０２19500101003x"), "A1 A2 A3",
           also=value_of("member", "A2", "id_number")),
    Damage("wrong check digit", number(HEAD_B[:17] + ("0" if HEAD_B[17] != "0" else "1")), "A1 A3"),
    Damage("17 digits", number(HEAD_B[:17]), "A1 A3"),
    Damage("letters in the number", number("99040219500101O303"), "A1 A3"),
    Damage("month 13 in the number", number("990402195013013033"), "A1 A3"),
    Damage("number of someone born in 1880", many(
        number("440524188001010014"), cell("成员", 4, "出生日期", "")), "A1 A3"),
    Damage("无 for a number", number("未上户"), "A1 A2 A3"),
    Damage("birth date differs from the number", cell("成员", 4, "出生日期", "1950-10-01"), "A1 A2 A3"),
    Damage("sex differs from the number", cell("成员", 4, "性别", "女"), "A1 A2 A3"),
    Damage("birth date left out, number known", cell("成员", 4, "出生日期", ""), "A1 A2 A3",
           also=value_of("member", "A2", "birth_date")),
    # people and households
    Damage("two heads", cell("成员", 3, "与户主关系", "户主"), "A2 A3"),
    Damage("no head", cell("成员", 2, "与户主关系", "子女"), "A2 A3"),
    Damage("member without household id", cell("成员", 3, "户编号", ""), "A2 A3"),
    Damage("member of an unknown household", cell("成员", 3, "户编号", "A1O"), "A2 A3"),
    Damage("household without members", drop("成员", 4), "A1 A3"),
    Damage("household twice", cell("家庭", 3, "户编号", "A1"), "A3"),
    Damage("same person twice in one household", cell("成员", 3, "身份证号", HEAD_A), "A2 A3"),
    Damage("same person in two households", number(CHILD_C), "A1"),
    Damage("same name and birth date without numbers", many(
        cell("成员", 5, "身份证号", ""), cell("成员", 6, "身份证号", ""), cell("成员", 6, "姓名", "赵丙一"),
        cell("成员", 6, "出生日期", "1988-02-29")), "A1 A2 A3"),
    Damage("identity number as household id", many(
        cell("家庭", 3, "户编号", HEAD_B), cell("成员", 4, "户编号", HEAD_B)), "A1 A3"),
    Damage("identity number inside a household id", many(
        cell("家庭", 3, "户编号", "户-" + HEAD_B), cell("成员", 4, "户编号", "户-" + HEAD_B)), "A1 A3"),
    Damage("household id rounded", many(
        cell("家庭", 3, "户编号", 640402001001000123.0), cell("成员", 4, "户编号", "x")), "A1 A3"),
    Damage("member number twice", cell("成员", 3, "成员序号", 1), "A2 A3"),
    Damage("member number missing once", cell("成员", 3, "成员序号", ""), "A1 A2 A3",
           also=lambda tables: tables["member"]["row"].to_pylist()),
    Damage("member numbers left out", many(*(cell("成员", i, "成员序号", "") for i in range(2, 7))), "A1 A2 A3",
           also=lambda tables: tables["member"]["row"].to_pylist()),
    Damage("supporter of an unknown household", lambda s: s.update(
        赡养人=[["户编号", "总收入"], ["A1", 100], ["B9", 5]]), "A1 A2 A3"),
    # required, places, contacts
    Damage("required fact blank", cell("成员", 4, "姓名", ""), "A1 A3"),
    Damage("place of another county", cell("家庭", 2, "所在村", "640422001001"), "A1 A2 A3"),
    Damage("place by name", cell("家庭", 2, "所在村", "官厅镇"), "A2 A3"),
    Damage("place of ten digits", cell("家庭", 2, "所在村", "6404020010"), "A2 A3"),
    Damage("phone too short", cell("家庭", 2, "联系电话", "1380000000"), "A1 A2 A3"),
    Damage("account rounded", cell("家庭", 2, "银行账号", 6228480000001234567.0), "A2 A3"),
    Damage("name with a digit", cell("成员", 4, "姓名", "王1"), "A1 A2 A3"),
    # rows
    Damage("empty rows between", insert("家庭", 3, ["", "", ""]), "A1 A2 A3"),
    Damage("example row left in", insert("家庭", 2, ["示例", "12 位代码", "城镇"]), "A1 A2 A3"),
    Damage("invisible characters", cell("家庭", 2, "城乡", "\u200b农村\ufeff "), "A1 A2 A3",
           also=value_of("household", "A1", "residence")),
    Damage("text that begins like a formula", cell("家庭", 2, "住址", "=cmd|' /C calc'!A0"), "A1 A2 A3",
           also=value_of("household", "A1", "address")),
]  # fmt: skip

FATAL = [
    Damage("required column missing", without("成员", "与户主关系"), ""),
    Damage("required column misspelt", head("成员", "与户主关系", "与户主的关系"), ""),
    Damage("household column missing", without("家庭", "户编号"), ""),
    Damage("column doubled", extra("家庭", "经营收入", 1), ""),
    Damage("column doubled by identifier", extra("家庭", "income", 1), ""),
    Damage("member sheet missing", lambda s: s.pop("成员"), ""),
    Damage("sheet twice", lambda s: s.update(成员表=good()["成员"]), ""),
    Damage("no data rows", lambda s: s.update(家庭=good()["家庭"][:1]), ""),
    Damage("only the example row", lambda s: s.update(家庭=[*good()["家庭"][:1], ["示例", "640402001001"]]), ""),
    Damage("no heading row", lambda s: s["成员"].pop(0), ""),
    Damage("sheet empty", lambda s: s.update(成员=[]), ""),
]

__all__ = ["FATAL", "ROWS", "Damage", "good", "number_of"]
