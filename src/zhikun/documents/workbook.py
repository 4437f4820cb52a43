"""results.xlsx: what an office works with after an assessment. Names are masked, identity numbers absent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zhikun.documents import statistics
from zhikun.documents.book import DECIMAL, MONEY, WHOLE, WRAP, Book, Head
from zhikun.documents.inputs import Assessed
from zhikun.documents.order import hardest_first, positions, unranked_text
from zhikun.documents.samples import sample_figures
from zhikun.documents.statistics import Group
from zhikun.documents.values import Shown, day_text, number_text
from zhikun.wording import SAMPLE_MARK, _

RANKED = "排序名册"
CAUSES = "致困原因统计表"
CATEGORIES = "类别统计"
QUESTIONS = "待补充信息"
FLAGS = "待确认事项"
REJECTED = "未受理"
ABOUT = "说明"


def write_workbook(assessed: Assessed, path: Path) -> None:
    """Write results.xlsx. Raises ScoreOffScale for a cause score the table has no column for."""
    with Book(path, _("{title}：评估结果").format(title=assessed.pack.title)) as book:
        _ranked(book, assessed)
        if assessed.pack.results.causes:
            _causes(book, assessed)
        _categories(book, assessed)
        _questions(book, assessed)
        _flags(book, assessed)
        _rejected(book, assessed)
        _about(book, assessed)


def _warning(assessed: Assessed) -> str:
    texts = []
    if assessed.generated:
        texts.append(_("演示数据：全部家庭和人员由程序生成，不是真实居民。"))
    if assessed.pack.sample:
        texts.append(_("{mark}：结果只能用于试算，清单见“说明”。").format(mark=SAMPLE_MARK))
    return "".join(texts)


def _heading(assessed: Assessed, text: str) -> str:
    return _("{text}（{pack}，评估日 {day}）").format(text=text, pack=assessed.pack.title, day=day_text(assessed.day))


def _ranked(book: Book, assessed: Assessed) -> None:
    results = assessed.pack.results
    singles = [n for n in (results.category, results.eligible, results.amount, results.index) if n]
    names = list(dict.fromkeys([*singles, *results.causes, *results.columns, *results.policies, *results.flags]))
    shown = [assessed.shown(n) for n in names]
    heads = [Head(_("位次"), 8, WHOLE)] if results.rank or results.index else []
    heads += [Head(_("户编号"), 16), Head(_("户主"), 9), Head(_("乡镇（街道）"), 16), Head(_("人数"), 6, WHOLE)]
    heads += [_head(s, s.name == results.amount) for s in shown]
    remarks = [
        _(
            "按困难程度从重到轻排列；“待补充”表示缺少信息、尚不能确定，不等于0。"
            "每一项怎样算出，可用 zhikun assess … --explain 户编号 查看。"
        ),
        _("本表是系统提出的建议，由工作人员核实、依程序决定。姓名已作遮盖，不含身份证号。"),
    ]
    remarks += filter(None, [unranked_text(assessed)])
    book.table(
        _(RANKED), heads, _ranked_rows(assessed, names, shown), title=_heading(assessed, _("困难家庭排序名册")),
        remarks=remarks, warning=_warning(assessed), frozen_columns=3 if len(heads) > 5 else 0,
    )  # fmt: skip


def _head(shown: Shown, money: bool) -> Head:
    if shown.type in ("number", "rank"):
        return Head(
            shown.heading,
            max(9.0, 1.5 * len(shown.title)),
            MONEY if money or shown.unit.startswith(_("元")) else DECIMAL,
        )
    if shown.type == "choices":
        return Head(shown.heading, 34, WRAP)
    return Head(shown.heading, 14)


def _ranked_rows(assessed: Assessed, names: list[str], shown: list[Shown]) -> Iterator[list[object]]:
    values = [assessed.column(n) for n in names]
    undecided = [
        assessed.undecided(n) if face.type == "choices" else None for n, face in zip(names, shown, strict=True)
    ]
    numbers, townships, heads, members = (
        assessed.households, assessed.townships(), assessed.heads(), assessed.member_counts(),
    )  # fmt: skip
    order = hardest_first(assessed)
    ranks = positions(assessed, order)
    for place, at in enumerate(order):
        line: list[object] = [ranks[place]] if ranks else []
        line += [numbers[at], heads[at], assessed.place_name(townships[at]), members[at]]
        for column, waiting, face in zip(values, undecided, shown, strict=True):
            value = column[at]
            if face.type in ("number", "rank") and isinstance(value, int | float):
                line.append(value)
            elif waiting is not None and waiting[at]:
                line.append(_("{sure}（尚不清楚：{open}）").format(sure=face.text(value), open=face.text(waiting[at])))
            else:
                line.append(face.text(value))
        yield line


def _causes(book: Book, assessed: Assessed) -> None:
    table = statistics.causes_table(assessed)
    unknown = any(r.undetermined for r in table.rows)
    heads = [Head(_("致困因子"), 14), *(Head(level, 8, WHOLE) for level in statistics.LEVEL_TITLES)]
    heads += [Head(_("小计"), 9, WHOLE)]
    heads += [Head(_("待补充"), 9, WHOLE)] if unknown else []
    rows = [[r.title, *r.counts, r.total, *([r.undetermined] if unknown else [])] for r in table.rows]
    sums = [sum(r.counts[i] for r in table.rows) for i in range(len(statistics.LEVELS))]
    total: list[object] = [_("合计（户次）"), *sums, sum(sums)]
    total += [sum(r.undetermined for r in table.rows)] if unknown else []
    remark = _("各列为赋分。合计：{households}户；一户可以同时有几种原因，因此“合计”一行是户次。").format(
        households=number_text(table.households)
    )
    book.table(
        _(CAUSES), heads, rows, title=_heading(assessed, _("困难家庭致困原因统计表")), remarks=[remark],
        warning=_warning(assessed), frozen_columns=1, total=total,
    )  # fmt: skip


def _categories(book: Book, assessed: Assessed) -> None:
    amount = bool(assessed.pack.results.amount)
    categories = statistics.by_category(assessed)
    whole = statistics.totals(assessed)
    heads = [
        Head(_("统计口径"), 12),
        Head(_("类别、乡镇（街道）"), 22),
        Head(_("户数"), 10, WHOLE),
        Head(_("人数"), 10, WHOLE),
    ]
    heads += [Head(_("月金额（元）"), 16, MONEY), Head(_("金额待定（户）"), 14, WHOLE)] if amount else []
    heads += [Head(c.title, 14, WHOLE) for c in categories]

    def line(kind: str, group: Group, by_category: bool) -> list[object]:
        cells: list[object] = [kind, group.title or _("合计"), group.households, group.members]
        cells += [group.amount, group.amount_undetermined] if amount else []
        return cells + (
            [group.categories.get(c.code, 0) for c in categories] if by_category else [None] * len(categories)
        )

    rows = [line(_("按类别"), g, False) for g in categories]
    rows += [line(_("按乡镇"), g, True) for g in statistics.by_place(assessed)]
    book.table(
        _(CATEGORIES), heads, rows, title=_heading(assessed, _("类别与乡镇统计")), warning=_warning(assessed),
        remarks=[_("“按类别”各行之和、“按乡镇”各行之和都等于合计。")], frozen_columns=2,
        total=line(_("合计"), whole, True),
    )  # fmt: skip


def _questions(book: Book, assessed: Assessed) -> None:
    heads = [
        Head(_("户编号"), 16), Head(_("户主"), 9), Head(_("乡镇（街道）"), 16), Head(_("问的是谁"), 22),
        Head(_("需要补充的信息"), 22, WRAP), Head(_("怎样问"), 46, WRAP), Head(_("可以从哪里查证"), 24, WRAP),
        Head(_("等着它的结果"), 30, WRAP), Head(_("填写"), 18, note=_("问到以后填在这里，再录入调查表重新评估。")),
    ]  # fmt: skip
    remark = _("缺少这些信息，结果或待核实的事项不能确定；没有把空白当作0。已知而没有的，请明确填“0”或“无”。")
    book.table(
        _(QUESTIONS), heads, _question_rows(assessed), title=_heading(assessed, _("待补充信息（入户询问清单）")),
        remarks=[remark], frozen_columns=2,
    )  # fmt: skip


def _question_rows(assessed: Assessed) -> Iterator[list[object]]:
    targets: dict[tuple[str, str, int, str], list[str]] = {}
    for m in assessed.missing.to_pylist():
        key = (str(m["household"]), str(m["entity"]), int(m["row"] or 0), str(m["fact"]))
        targets.setdefault(key, []).append(assessed.shown(str(m["target"])).title)
    positions = {h: i for i, h in enumerate(assessed.households)}
    heads, townships, people = assessed.heads(), assessed.townships(), assessed.people()
    for (household, entity, number, name), waiting in sorted(targets.items()):
        fact = assessed.pack.facts.get((entity, name))
        title = fact.title if fact else name
        at = positions.get(household)
        yield [
            household,
            heads[at] if at is not None else "",
            assessed.place_name(townships[at]) if at is not None else "",
            whom(assessed, people, household, entity, number),
            title,
            (fact.question if fact else "") or title,
            fact.proved_by if fact else "",
            "、".join(dict.fromkeys(waiting)),
            None,
        ]


def whom(
    assessed: Assessed, people: dict[tuple[str, int], tuple[str, str]], household: str, entity: str, number: int
) -> str:
    """Whom a question is about: 全家, 成员2（李*，配偶）, 赡养人1."""
    if entity == "household":
        return _("全家")
    known = assessed.pack.entities.get(entity)
    title = known.title if known else entity
    text = f"{title}{number}" if number else title
    if entity == "member" and (household, number) in people:
        name, relation = people[household, number]
        fact = assessed.pack.facts.get(("member", "relation"))
        word = fact.choices.get(relation, relation) if fact else relation
        text += "（" + "，".join(filter(None, (name, word))) + "）"
    return text


def _flags(book: Book, assessed: Assessed) -> None:
    heads = [
        Head(_("户编号"), 16), Head(_("户主"), 9), Head(_("乡镇（街道）"), 16), Head(_("事项"), 26, WRAP),
        Head(_("需要核实什么"), 46, WRAP), Head(_("依据"), 34, WRAP),
        Head(_("核实结论"), 12, choices=(_("确认存在"), _("排除"), _("待核实"))),
        Head(_("理由"), 30, WRAP), Head(_("核实人"), 10), Head(_("日期"), 12),
    ]  # fmt: skip
    remarks = [_("这些情形只作提示，不影响计算结果，也不得据此自动拒绝；由工作人员核实后确认或排除，并写明理由。")]
    waiting = sum(i.undetermined for i in statistics.items(assessed, assessed.pack.results.flags))
    if waiting:
        text = _("另有{count}户次因资料不全，还不知道是否存在这些情形；问题列在“待补充信息”。")
        remarks.append(text.format(count=number_text(waiting)))
    book.table(
        _(FLAGS), heads, _flag_rows(assessed), title=_heading(assessed, _("待人工确认的事项")), remarks=remarks,
        frozen_columns=2,
    )  # fmt: skip


def _flag_rows(assessed: Assessed) -> Iterator[list[object]]:
    lists = [
        ({i.code: i for i in assessed.pack.rules[("household", name)].items}, assessed.codes(name))
        for name in assessed.pack.results.flags
    ]
    heads, townships = assessed.heads(), assessed.townships()
    for at, household in enumerate(assessed.households):
        for items, column in lists:
            for code in column[at]:
                item = items[code]
                place = assessed.place_name(townships[at])
                yield [household, heads[at], place, item.title, item.confirm, item.source.reference or SAMPLE_MARK] + [
                    None
                ] * 4


def _rejected(book: Book, assessed: Assessed) -> None:
    intake = assessed.intake
    heads = [
        Head(_("表"), 12), Head(_("列"), 18), Head(_("行数"), 8, WHOLE), Head(_("处理"), 16),
        Head(_("例：发现了什么"), 36, WRAP), Head(_("要求"), 36, WRAP), Head(_("怎样改"), 40, WRAP),
    ]  # fmt: skip
    rows = [
        [
            p.sheet,
            p.column,
            p.rows,
            _("退回更正") if p.rejected else _("已受理，请核对"),
            p.example,
            p.expected,
            p.remedy,
        ]
        for p in intake.problems
    ]
    if intake.rejects_file:
        where = _(
            "未受理{households}户、{rows}行，连同原因写在 {file}；"
            "改好后不必动原表，评估时加上 --corrected 退回表，与全县一起评估；只导入退回表，就只评估退回的户。"
        ).format(
            households=number_text(intake.households_rejected),
            rows=number_text(intake.rows_rejected),
            file=intake.rejects_file,
        )
    else:
        where = _("没有退回的行。")
    remarks = [where]
    if intake.rejects_file:
        remarks.append(_("退回表含有更正所需的原始资料，请妥善保管；本工作簿只列数量，不列个人信息。"))
    book.table(_(REJECTED), heads, rows, title=_heading(assessed, _("未受理与需核对的资料")), remarks=remarks)


def _about(book: Book, assessed: Assessed) -> None:
    book.lines(_(ABOUT), _("说明"), _about_lines(assessed), _warning(assessed))


def _about_lines(assessed: Assessed) -> Iterator[tuple[str, str]]:
    pack = assessed.pack
    yield _("政策包"), f"{pack.title}（{pack.id}）"
    yield _("版本"), pack.version
    yield _("内容校验值"), pack.hash
    yield _("评估日"), day_text(assessed.day)
    yield _("评估户数"), number_text(len(assessed.households))
    if assessed.intake.file:
        yield _("调查数据"), assessed.intake.file
    yield _("怎样看待结果"), _("系统按规则提出建议，由人核实、依程序作出决定。待补充不等于0；待确认事项由人判断。")
    samples = sample_figures(pack, assessed.day)
    if samples:
        yield _("示例参数（{count}项）：{mark}").format(count=len(samples), mark=SAMPLE_MARK), ""
        for s in samples:
            value = f"：{s.value}" if s.value else ""
            yield f"{s.kind} {s.title}", f"{s.title}{value}。{s.reason}（{s.at}）"
    if pack.notes:
        yield _("对来源材料的说明"), ""
        for note in pack.notes:
            reference = f"（{note.source.reference}）" if note.source.reference else ""
            yield note.subject, note.text + reference
    if pack.sources:
        yield _("依据来源"), ""
        for key, source in pack.sources.items():
            parts = [source.get("title", ""), source.get("issuer", ""), str(source.get("date", "") or "")]
            yield key, "，".join(filter(None, parts)) or key
