"""A small pack and results made up for the tests of documents. The people are generated; no household exists."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from zhikun.documents import Assessed, Intake, Problem
from zhikun.engine.packs.model import (
    Entity,
    Fact,
    Item,
    Note,
    Pack,
    Period,
    Place,
    Ranking,
    RankingKey,
    Results,
    Rule,
    RuleVersion,
    Source,
    Standard,
    StandardValue,
    Table,
    TableKey,
    TableVersion,
)

DAY = date(2025, 3, 1)
AT = Place("test/pack.yaml", 1)
PUBLISHED = {  # 原州区困难家庭致困原因统计表, 2023-11-30
    "education": ("因学", (3575, 114, 269, 648, 171, 16, 9, 0, 1, 0, 0)),
    "housing": ("因房", (2768, 817, 72, 1121, 14, 4, 0, 2, 0, 2, 3)),
    "illness": ("因病", (671, 242, 2137, 1266, 295, 113, 55, 15, 7, 0, 2)),
    "disability": ("因残", (3691, 19, 188, 614, 151, 84, 43, 12, 0, 1, 0)),
    "disaster": ("因灾", (4502, 3, 257, 29, 8, 3, 1, 0, 0, 0, 0)),
    "employment": ("就业", (4334, 295, 103, 23, 15, 18, 13, 2, 0, 0, 0)),
    "skill": ("技术", (2163, 1077, 1254, 49, 251, 5, 4, 0, 0, 0, 0)),
    "labour": ("劳动力", (2675, 182, 548, 434, 500, 276, 141, 37, 6, 4, 0)),
    "other": ("其他", (517, 21, 661, 1619, 1735, 180, 63, 4, 2, 1, 0)),
}
TOWNSHIPS = {
    "640402001": "南关街道", "640402002": "古雁街道", "640402003": "北塬街道", "640402100": "三营镇",
    "640402101": "官厅镇", "640402102": "开城镇", "640402103": "张易镇", "640402104": "彭堡镇",
    "640402105": "头营镇", "640402106": "中河乡", "640402107": "河川乡", "640402108": "黄铎堡镇",
    "640402109": "炭山乡", "640402110": "寨科乡",
}  # fmt: skip
CATEGORIES = {
    "tekun": "特困人员",
    "dibao": "低保",
    "edge": "低保边缘家庭",
    "rigid": "刚性支出困难家庭",
    "none": "暂不符合",
}
SAMPLE = Source(sample=True, reason="取相邻县公布值的中位数，便于试算；本地没有公布。")


def _rule(name: str, title: str, **more: Any) -> Rule:
    settings: dict[str, Any] = {
        "kind": "rule",
        "type": "number",
        "on": "household",
        "programme": "test",
        "pack": "test",
    }
    return Rule(name=name, title=title, at=AT, **(settings | more))


def _item(code: str, title: str, **more: Any) -> Item:
    return Item(code, title, "TRUE", Period(), more.pop("source", Source("测试依据第1条")), AT, **more)


def _fact(entity: str, name: str, title: str, kind: str, **more: Any) -> Fact:
    return Fact(name, entity, title, kind, Source("测试依据第2条"), AT, **more)


def _facts() -> dict[tuple[str, str], Fact]:
    found = [
        _fact("household", "place", "所在村（社区）编码", "place"),
        _fact("member", "name", "姓名", "text", format="name"),
        _fact("member", "id_number", "身份证号", "text", format="id_number"),
        _fact("member", "relation", "与户主关系", "choice", choices={"head": "户主", "spouse": "配偶", "son": "子"}),
        _fact("member", "wage_income_year", "工资性收入（年）", "number", unit="元/年",
              question="过去 12 个月打工、上班挣了多少元？没有填 0。", proved_by="入户调查、社保缴费"),
        _fact("household", "medical_expense_year", "大病自负医疗支出（年）", "number", unit="元/年",
              question="过去 12 个月看大病自己负担多少元？没有填 0。", proved_by="医保结算单"),
    ]  # fmt: skip
    return {(f.entity, f.name): f for f in found}


def _rules() -> dict[tuple[str, str], Rule]:
    version = RuleVersion(Period(), "1", SAMPLE, AT)
    found = [
        _rule("category", "认定类别", kind="decision", type="choice", choices=CATEGORIES),
        _rule("amount", "低保金额", unit="元/月"),
        _rule("eligible", "拟纳入低保", type="boolean"),
        _rule("index", "困难指数", unit="分", versions=(version,)),
        _rule("income_per_head", "家庭人均月收入", unit="元/月"),
        _rule("policies", "可享受的政策", kind="list", type="choices", list_kind="policies", items=(
            _item("medical_aid", "医疗救助", department="医疗保障局"),
            _item("heating", "取暖补助", department="民政局", source=SAMPLE),
        )),
        _rule("flags", "待确认事项", kind="list", type="choices", list_kind="flags", items=(
            _item("car", "名下有机动车", confirm="核实车辆现值和用途，残疾人代步车除外",
                  source=Source("2022-10-20 通知：不得设置不必要的附加条件")),
            _item("study_abroad", "子女自费出国留学", confirm="核实费用由谁承担"),
        )),
        *(_rule(name, title, unit="分") for name, (title, _counts) in PUBLISHED.items()),
    ]  # fmt: skip
    return {(r.on, r.name): r for r in found}


def make_pack(**changes: Any) -> Pack:
    """A pack with every feature that reports show; `changes` replace fields."""
    standard = Standard("dibao_standard", "农村低保标准", "number", (
        StandardValue(date(2024, 1, 1), "", 585, SAMPLE, AT), StandardValue(date(2020, 1, 1), "", 400, SAMPLE, AT)
    ), AT, "元/月")  # fmt: skip
    table = Table("scores", "因病赋分表", (TableKey("health", "member.health"),), "score", "number", (
        TableVersion(Period(), "test/tables/scores.csv", ((("healthy",), 0), (("serious",), 2)), SAMPLE, AT),
    ), AT)  # fmt: skip
    settings: dict[str, Any] = {
        "id": "test", "title": "原州区社会救助精准评估（测试）", "version": "1.0.0", "hash": "3f9a1c0b7de2" * 5,
        "place": "640402", "first_day": date(2023, 1, 1), "sample": True,
        "entities": {"household": Entity("household", "家庭", "家庭"), "member": Entity("member", "成员", "成员")},
        "facts": _facts(), "standards": {"dibao_standard": standard}, "tables": {"scores": table}, "rules": _rules(),
        "rankings": {"rank": Ranking("rank", "困难程度排序", (RankingKey("index", True),), "county", "", SAMPLE, AT)},
        "sources": {"S1": {"title": "“1+8+N”社会救助精准评估综合帮扶", "issuer": "原州区民政局", "date": "2023-11-30", "grade": "S"}},
        "programmes": {"test": "测试"},
        "notes": (Note("因就业 165 户", "统计表中就业2分及以上只有48户，165户不是任何一档的累计数。", Source("来源材料统计表")),),
        "results": Results(
            category="category", amount="amount", index="index", rank="rank", eligible="eligible",
            causes=tuple(PUBLISHED), policies=("policies",), flags=("flags",), columns=("income_per_head",),
        ),
        "case_files": (),
    }  # fmt: skip
    return Pack(**(settings | changes))


def make_line(values: Mapping[str, float], place: str = "") -> dict[str, Standard]:
    """A 致困认定线 by the day from which it holds."""
    source = Source("认定办法第3条")
    dated = tuple(StandardValue(date.fromisoformat(day), place, v, source, AT) for day, v in values.items())
    return {"cause_threshold": Standard("cause_threshold", "致困认定线", "number", dated, AT, "分")}


def make_assessed(**changes: Any) -> Assessed:
    """4,803 generated households whose cause scores have the published frequencies; 60 of them undetermined."""
    dice = random.Random(20231130)
    size = 4803
    scores = {name: _scores(counts, dice) for name, (_title, counts) in PUBLISHED.items()}
    numbers = [f"YZ{i:05d}" for i in range(1, size + 1)]
    index: list[float | None] = [sum(scores[name][i] for name in scores) for i in range(size)]
    income: list[float | None] = [round(dice.lognormvariate(6.4, 0.6), 2) for _i in range(size)]
    for at in range(0, 600, 10):
        index[at] = income[at] = None
    category = [_category(i, s) for i, s in zip(income, index, strict=True)]
    amount = [None if c is None else round(max(0.0, 585 - (i or 0)) * 2, 2) if c == "dibao" else 0.0
              for c, i in zip(category, income, strict=True)]  # fmt: skip
    table = {
        "household": numbers, **scores, "index": index, "income_per_head": income, "category": category,
        "amount": amount, "eligible": [None if c is None else c == "dibao" for c in category],
        "rank": _ranks(index),
        "policies": [["medical_aid"] if s >= 2 else [] for s in scores["illness"]],
        "flags": [["car"] if i % 37 == 0 else ["car", "study_abroad"] if i % 501 == 0 else [] for i in range(size)],
    }  # fmt: skip
    places = [None if i == 7 else f"{dice.choice(list(TOWNSHIPS))}{dice.randint(200, 215)}" for i in range(size)]
    members = _members(numbers, dice)
    settings: dict[str, Any] = {
        "pack": make_pack(),
        "day": DAY,
        "results": {"household": pa.table(table), "member": members.select(["household", "row"])},
        "survey": {"household": pa.table({"household": numbers, "place": places}), "member": members},
        "missing": _missing([n for n, c in zip(numbers, category, strict=True) if c is None]),
        "intake": Intake("入户调查表.xlsx", 4812, 9, 11, "rejects.xlsx", (
            Problem("成员", "健康情况", "下拉选项之一", "从下拉选项中选择", "“感冒”", 7, True),
            Problem("成员", "身份证号", "文本格式的18位号码", "把单元格设为文本后重新填写", "6.42223E+17", 4, True),
            Problem("家庭", "租房支出（年）", "0 到 10000000", "核对是否多写了零", "9800000", 3, False),
        )),
        "place_names": TOWNSHIPS,
        "generated": True,
    }  # fmt: skip
    return Assessed(**(settings | changes))


def _scores(counts: tuple[int, ...], dice: random.Random) -> list[float]:
    values = [level / 2 for level, n in enumerate(counts) for _i in range(n)]
    dice.shuffle(values)
    return values


def _category(income: float | None, index: float | None) -> str | None:
    if income is None or index is None:
        return None
    return "dibao" if income < 585 else "edge" if income < 877.5 else "rigid" if index >= 8 else "none"


def _ranks(index: list[float | None]) -> pa.Array:
    known = sorted((v for v in index if v is not None), reverse=True)
    first = {}
    for place, value in enumerate(known, start=1):
        first.setdefault(value, place)
    return pa.array([None if v is None else first[v] for v in index], pa.int64())


def _members(numbers: list[str], dice: random.Random) -> pa.Table:
    rows: list[tuple[str, int, str, str, str]] = []
    for number in numbers:
        for row in range(1, dice.choice((1, 2, 2, 3, 4, 5)) + 1):
            name = dice.choice("马王李张杨") + dice.choice(("小军", "秀兰", "梅", "国强", "玉花"))
            relation = ("head", "spouse", "son")[min(row, 3) - 1]
            rows.append((number, row, name, relation, "11010519491231002X"))
    names = ("household", "row", "name", "relation", "id_number")
    return pa.table({n: [r[i] for r in rows] for i, n in enumerate(names)})


def _missing(households: list[str]) -> pa.Table:
    rows = [(h, t, "household", None, "medical_expense_year") for h in households for t in ("category", "amount")]
    rows += [(h, "category", "member", 1, "wage_income_year") for h in households[:25]]
    names = ("household", "target", "entity", "row", "fact")
    columns: Mapping[str, list[Any]] = {n: [r[i] for r in rows] for i, n in enumerate(names)}
    return pa.table({**columns, "row": pa.array(columns["row"], pa.int32())})
