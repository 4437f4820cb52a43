"""One household's assessment report: the result, why, by how much, under which clause, and what is still unknown.

It only draws an explanation that the engine made (docs/reference/explanation.schema.json); it computes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from zhikun.documents.blocks import (
    CENTRE,
    LEFT,
    RIGHT,
    Block,
    Bullets,
    Cell,
    Column,
    Document,
    Heading,
    Notice,
    Paragraph,
    Signatures,
    Table,
    columns,
    row,
    table_of,
)
from zhikun.documents.common import decided_by_person, page_of, short_hash
from zhikun.documents.render import html_page, pdf_bytes
from zhikun.documents.values import day_text, number_text
from zhikun.engine.packs.model import Pack
from zhikun.engine.run.reading import as_tree
from zhikun.wording import SAMPLE_MARK, _, amount_text, is_money

Data = Mapping[str, Any]  # a part of the explanation: JSON that came through its schema
DEEPEST_INDENT = 6
_KINDS = {
    "fact": "调查信息",
    "standard": "标准",
    "rule": "计算",
    "decision": "判定",
    "list": "清单",
    "ranking": "排序",
    "table": "赋分表",
}


@dataclass(frozen=True)
class Filed:
    """What the household's file adds to the explanation: the platform knows it, a command does not.

    `members`: name, relation, sex and age, identity number, each as it may be shown; `origins`: for the id of a fact's step who
    recorded it and when; `decisions`: for a flag's code and row what a person decided; `beside`: figures of others; `printed`:
    by whom and when it was made.
    """

    number: str
    members: Sequence[Sequence[str]] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    decisions: Mapping[tuple[str, int], str] = field(default_factory=dict)
    beside: tuple[Block, ...] = ()
    printed: str = ""


def write_household_report(
    explanation: Data, pack: Pack, path: Path, *, head: str = "", place: str = "", generated: bool = False
) -> None:
    """Write the report as PDF, or as HTML where the file name ends in .html. Raises FontsMissing for a PDF."""
    document = household_report(explanation, pack, head=head, place=place, generated=generated)
    if path.suffix.lower() in (".html", ".htm"):
        path.write_text(html_page(document), encoding="utf-8")
    else:
        path.write_bytes(pdf_bytes(document))


def household_report(
    explanation: Data,
    pack: Pack,
    *,
    head: str = "",
    place: str = "",
    generated: bool = False,
    filed: Filed | None = None,
) -> Document:
    """The report as blocks. `head` is the masked name of the head, `place` the name of the village or township."""
    about = explanation["pack"]
    number, filed = filed.number if filed else explanation["household"], filed or Filed("")
    day = day_text(date.fromisoformat(explanation["day"]))
    parts: list[Sequence[Block]] = [
        _notices(explanation, generated),
        _members(filed),
        _results(explanation),
        filed.beside,
        _changes(explanation),
        _missing(explanation, pack),
        _flags(explanation, filed),
        _lists(explanation, pack),
        _conditions(explanation),
        _steps(explanation, pack, filed),
        _samples(explanation),
        [
            decided_by_person(),
            Signatures((_("经办人："), _("审核人："), _("户主（或代理人）：")), _("　　　　年　　月　　日")),
        ],
    ]
    meta = [(_("户编号"), str(number)), (_("户主"), head or _("（见家庭档案）"))]
    meta += [(_("评估日"), day), (_("所在地"), place or str(explanation.get("place") or _("未填写")))]
    meta += [(_("政策包"), f"{about['title']} {about['version']}"), (_("内容校验值"), short_hash(about["hash"]))]
    return Document(
        title=_("综合评估报告") if filed.number else _("家庭救助评估报告"),
        organisation=about["title"],
        subtitle=_("户编号 {household}　评估日 {day}").format(household=number, day=day),
        blocks=tuple(block for part in parts for block in part),
        foot=_("户编号 {household}　政策包 {id} {version}　校验值 {hash}　评估日 {day}").format(
            household=number,
            id=about["id"],
            version=about["version"],
            hash=short_hash(about["hash"]),
            day=day,
        )
        + (f"　{filed.printed}" if filed.printed else ""),
        page_of=page_of(),
        meta=tuple(meta),
    )


def _notices(explanation: Data, generated: bool) -> list[Block]:
    blocks: list[Block] = []
    if generated:
        blocks.append(Notice(_("演示数据：这户人家由程序生成，不是真实居民"), (), "warn"))
    samples = [s for s in explanation.get("steps", ()) if s.get("sample")]
    if samples:
        blocks.append(
            Notice(
                SAMPLE_MARK,
                (
                    _("本结果用到{count}项示例参数（表中标有“示例”），不是本地公布的数字，不能作为决定的依据。").format(
                        count=len({s["name"] for s in samples})
                    ),
                ),
                "warn",
            )
        )
    return blocks


def _members(filed: Filed) -> list[Block]:
    if not filed.members:
        return []
    heads = columns(
        (_("姓名"), LEFT, 1.2), (_("与户主关系"), LEFT, 1.2), (_("性别年龄"), LEFT, 1.2), (_("证件号码"), LEFT, 2.4)
    )
    return [Heading(_("家庭成员")), table_of(heads, [row(*one) for one in filed.members])]


def _results(explanation: Data) -> list[Block]:
    heads = columns((_("项目"), LEFT, 1.3), (_("结果"), LEFT, 1.2), (_("说明"), LEFT, 3.5))
    rows = []
    for target in explanation.get("targets", ()):
        unknown = target.get("state") == "undetermined"
        value = Cell(_("待补充信息后确定"), mark="wait") if unknown else Cell(with_unit(target), mark="strong")
        rows.append(row(target["title"], value, target.get("sentence") or ""))
    return [Heading(_("评估结果（建议）")), table_of(heads, rows)]


def with_unit(item: Data) -> str:
    """The displayed value with its unit, said once."""
    text, unit = str(item.get("display") or ""), str(item.get("unit") or "")
    return text if not unit or not text or text.endswith(unit) or item.get("value") is None else f"{text} {unit}"


def _conditions(explanation: Data) -> list[Block]:
    found = explanation.get("conditions", ())
    if not found:
        return []
    words = {True: (_("成立"), "strong"), False: (_("不成立"), "strong"), None: (_("尚不清楚"), "wait")}
    heads = columns(
        (_("比较"), LEFT, 3.6), (_("是否成立"), CENTRE, 0.9), (_("差多少"), RIGHT, 1.2), (_("依据"), LEFT, 2.2)
    )
    rows = []
    for condition in found:
        text, mark = words[condition.get("holds")]
        said = str(condition["text"]).rsplit("：", 1)[0]  # the verdict has a column of its own
        rows.append(row(said, Cell(text, mark=mark), _margin(condition), condition.get("reference") or SAMPLE_MARK))
    return [Heading(_("哪些条件起了作用")), table_of(heads, rows)]


def _margin(condition: Data) -> str:
    margin = condition.get("margin")
    if margin is None:
        return "–"
    if margin == 0:
        return _("正好相等")
    unit = str(condition.get("unit") or "")
    text = amount_text(abs(margin)) if is_money(unit) else number_text(abs(margin))
    return f"{text} {unit}".strip()


def _changes(explanation: Data) -> list[Block]:
    found = tuple(c["text"] for c in explanation.get("changes", ()))
    return [Heading(_("什么情况会改变结果")), Bullets(found)] if found else []


def _missing(explanation: Data, pack: Pack) -> list[Block]:
    found = explanation.get("missing", ())
    if not found:
        return []
    heads = columns(
        (_("问的是谁"), LEFT, 1.0), (_("需要补充"), LEFT, 1.4), (_("怎样问"), LEFT, 3.4), (_("回答"), LEFT, 1.4)
    )
    rows = [
        row(_whom(m.get("entity", ""), m.get("row"), pack), m["title"], m.get("question") or m["title"], "")
        for m in found
    ]
    return [
        Heading(_("还不清楚的情况")),
        Paragraph(_("下面的信息问清以前，有的结果或待核实的事项不能确定。没有把空白当作0。")),
        table_of(heads, rows),
    ]


def _whom(entity: str, number: object, pack: Pack) -> str:
    if entity in ("household", ""):
        return _("全家")
    known = pack.entities.get(entity)
    title = known.title if known else entity
    return f"{title}{number}" if number else title


def _flags(explanation: Data, filed: Filed) -> list[Block]:
    found = explanation.get("flags", ())
    if not found:
        return []
    heads = columns(
        (_("事项"), LEFT, 1.5), (_("需要核实什么"), LEFT, 2.4), (_("依据"), LEFT, 1.8), (_("核实结论和理由"), LEFT, 1.8)
    )
    rows = []
    for flag in found:
        badge = _("尚不清楚") if flag.get("state") == "undetermined" else ""
        rows.append(
            row(
                Cell(flag["title"], badge=badge),
                flag.get("confirm") or "",
                flag.get("reference") or "",
                filed.decisions.get((flag["code"], flag.get("row") or 0)) or _("□确认　□排除"),
            )
        )
    return [
        Heading(_("等待工作人员确认的事项")),
        Paragraph(_("这些情形没有参加计算，也不能据此自动拒绝。由工作人员核实后确认或排除，并写明理由。")),
        table_of(heads, rows),
    ]


def _lists(explanation: Data, pack: Pack) -> list[Block]:
    blocks: list[Block] = []
    heads = columns((_("项目"), LEFT, 2.2), (_("部门"), LEFT, 1.4), (_("依据"), LEFT, 3.0))
    for name, found in explanation.get("lists", {}).items():
        if found:
            rows = [
                row(_badged(i["title"], i), i.get("department") or "–", i.get("reference") or SAMPLE_MARK)
                for i in found
            ]
            rule = pack.rules.get(("household", name))
            blocks.append(table_of(heads, rows, rule.title if rule else name))
    return [Heading(_("需求、政策与服务")), *blocks] if blocks else []


def _badged(text: str, item: Data, depth: int = 0) -> Cell:
    return Cell(text, depth=depth, badge=_("示例") if item.get("sample") else "")


def _steps(explanation: Data, pack: Pack, filed: Filed) -> list[Block]:
    steps = list(explanation.get("steps", ()))
    if not steps:
        return []
    heads = (
        Column(_("项目"), LEFT, 2.3),
        Column(_("怎样得出"), LEFT, 3.2),
        Column(_("结果"), RIGHT, 1.3),
        Column(_("依据"), LEFT, 1.9),
    )
    rows = []
    for depth, step in as_tree(steps, [t["name"] for t in explanation.get("targets", ())]):
        unknown = step.get("state") == "undetermined"
        result = Cell(_("待补充"), mark="wait") if unknown else Cell(with_unit(step))
        title = step["title"]
        if step.get("row"):
            title = _("{title}（{whom}）").format(title=title, whom=_whom(step["on"], step["row"], pack))
        name = _badged(title, step, min(depth, DEEPEST_INDENT))
        rows.append((name, _how(step, pack, filed.origins.get(step["id"], "")), result, Cell(_reference(step))))
    return [
        Heading(_("计算过程")),
        Paragraph(
            _("从结果往下看：缩进的各行是上一行用到的内容，同一项只列一次。标有“示例”的不是本地公布的数字。"),
            quiet=True,
        ),
        Table(heads, tuple(rows), dense=True),
    ]


def _how(step: Data, pack: Pack, origin: str) -> Cell:
    """The formula in words with the values put in beneath; for facts and standards, where they come from."""
    if origin:
        return Cell(_("{kind}：{source}").format(kind=_(_KINDS["fact"]), source=origin))
    formula, filled = str(step.get("formula") or ""), str(step.get("filled") or "")
    if formula:
        return Cell(formula, note=f"＝ {filled}" if filled and filled != formula else "")
    fact = pack.facts.get((step["on"], step["name"])) if step["kind"] == "fact" else None
    kind = _(_KINDS[step["kind"]])
    return Cell(_("{kind}：{source}").format(kind=kind, source=fact.proved_by) if fact and fact.proved_by else kind)


def _reference(step: Data) -> str:
    if step["kind"] == "fact":
        return ""  # a fact's reference says why it may be asked, not where this value comes from
    reference, grade = str(step.get("reference") or ""), str(step.get("grade") or "")
    return _("{reference}（{grade}级）").format(reference=reference, grade=grade) if reference and grade else reference


def _samples(explanation: Data) -> list[Block]:
    found = {s["name"]: s for s in explanation.get("steps", ()) if s.get("sample")}
    if not found:
        return []
    heads = columns((_("名称"), LEFT, 1.4), (_("为什么用这个数"), LEFT, 4.0))
    return [
        Heading(_("本结果用到的示例参数")),
        table_of(heads, [row(s["title"], s.get("reason") or "") for s in found.values()]),
    ]
