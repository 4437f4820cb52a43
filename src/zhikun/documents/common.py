"""What stands on every document: who decides, what is sample, what is generated, which pack on which day."""

from __future__ import annotations

from datetime import date

from zhikun.documents.blocks import LEFT, Block, Heading, Notice, columns, row, table_of
from zhikun.documents.inputs import Assessed
from zhikun.documents.samples import sample_figures
from zhikun.documents.values import day_text
from zhikun.engine.packs.model import Pack
from zhikun.wording import SAMPLE_MARK, _

HASH_SHOWN = 16


def short_hash(text: str) -> str:
    """The pack's hash as people compare it: the first 16 digits, with the name of the method if it is given."""
    method, _sign, digits = text.rpartition(":")
    return f"{method}:{digits[:HASH_SHOWN]}" if method else digits[:HASH_SHOWN]


def decided_by_person() -> Notice:
    """The machine proposes, a person decides: 个人信息保护法第24条, 社会救助 procedure."""
    return Notice(
        _("系统提出建议，由人作出决定"),
        (
            _(
                "本报告由计算机按公开的规则计算，是供工作人员核实的建议，不是行政决定。是否给予救助，由民政部门和乡镇（街道）"
                "依法定程序调查、公示、审核后决定。当事人有权要求说明，也有权不接受仅由自动化方式作出的决定（《个人信息保护法》第二十四条）。"
            ),
        ),
    )


def generated_notice(assessed: Assessed) -> list[Block]:
    """The box that says these people do not exist."""
    if not assessed.generated:
        return []
    return [
        Notice(
            _("演示数据：全部家庭和人员由程序生成，不是真实居民"), (_("任何雷同均属巧合，不得用作工作依据。"),), "warn"
        )
    ]


def sample_notice(pack: Pack, day: date, where: str) -> list[Block]:
    """The box that says figures of the pack are ours, with how many."""
    count = len(sample_figures(pack, day))
    if not (count or pack.sample):
        return []
    line = _("政策包“{title}”含有{count}项示例参数，不是本地公布的数字，结果只能用于试算。{where}。").format(
        title=pack.title, count=count, where=where
    )
    return [Notice(SAMPLE_MARK, (line,), "warn")]


def sources_block(pack: Pack) -> list[Block]:
    """What the pack rests on."""
    if not pack.sources:
        return []
    heads = columns(
        (_("代号"), LEFT, 0.9),
        (_("文件"), LEFT, 3.2),
        (_("发布单位"), LEFT, 1.8),
        (_("日期"), LEFT, 1.2),
        (_("等级"), LEFT, 0.6),
    )
    rows = [
        row(key, s.get("title", ""), s.get("issuer", ""), str(s.get("date", "") or ""), s.get("grade", ""))
        for key, s in pack.sources.items()
    ]
    return [Heading(_("依据来源")), table_of(heads, rows)]


def foot_line(pack: Pack, day: date) -> str:
    """Pack, version, hash, day: enough to repeat the calculation."""
    return _("政策包 {id} {version}　校验值 {hash}　评估日 {day}").format(
        id=pack.id, version=pack.version, hash=short_hash(pack.hash), day=day_text(day)
    )


def page_of() -> str:
    """第 1 页，共 3 页, for the renderer to fill."""
    return _("第 {page} 页，共 {pages} 页")
