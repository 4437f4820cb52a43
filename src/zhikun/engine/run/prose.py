"""An explanation as text for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhikun.wording import SAMPLE_MARK, _


def as_text(data: Mapping[str, Any]) -> str:
    """The explanation for a terminal: result, conditions, what would change it, what is missing, then the arithmetic."""
    lines = [_("户 {h}　{d}　{t}").format(h=data["household"], d=data["day"], t=data["pack"]["title"]), ""]
    for title, body in _sections(data):
        lines += [title, *(f"  {line}" for line in body), ""]
    return "\n".join([*lines, _footer(data)])


def as_markdown(data: Mapping[str, Any]) -> str:
    """The explanation as Markdown."""
    lines = [
        _("# 户 {h} 的评估说明").format(h=data["household"]),
        "",
        _("{t}，{d}").format(t=data["pack"]["title"], d=data["day"]),
    ]
    for title, body in _sections(data):
        lines += ["", f"## {title}", "", *(f"- {line.strip()}" for line in body)]
    return "\n".join([*lines, "", _footer(data), ""])


def _sections(data: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    sections = [(_("结果（建议，由人决定）"), [target["sentence"] for target in data["targets"]])]
    named = {name: items for name, items in data["lists"].items() if items}
    sections += (
        [(_("对应的政策、服务和需求"), [_item(item) for items in named.values() for item in items])] if named else []
    )
    optional = [
        (_("为什么"), [condition["text"] + _clause(condition["reference"]) for condition in data["conditions"]]),
        (_("什么会改变结果"), [change["text"] for change in data["changes"]]),
        (_("还要问清的情况"), [_question(fact) for fact in data["missing"]]),
        (_("等待人工确认"), [_flag(flag) for flag in data["flags"]]),
        (_("怎么算出来的"), [_step(step) for step in data["steps"]]),
    ]
    return sections + [(title, body) for title, body in optional if body]


def _clause(reference: str) -> str:
    return _("（{r}）").format(r=reference) if reference else ""


def _item(item: Mapping[str, Any]) -> str:
    department = _("，{d}").format(d=item["department"]) if item["department"] else ""
    return item["title"] + department + _clause(item["reference"]) + (_sample(item))


def _question(fact: Mapping[str, Any]) -> str:
    who = _("第 {n} 人：").format(n=fact["row"]) if fact["row"] else ""
    return _("{who}{q}（{t}）").format(who=who, q=fact["question"], t=fact["title"])


def _flag(flag: Mapping[str, Any]) -> str:
    state = _("（情况未知）") if flag["state"] == "undetermined" else ""
    return _("{t}{s}：请核实{c}").format(t=flag["title"], s=state, c=flag["confirm"]) + _clause(flag["reference"])


def _sample(step: Mapping[str, Any]) -> str:
    return f"【{SAMPLE_MARK}】" if step["sample"] else ""


def _step(step: Mapping[str, Any]) -> str:
    who = _("第 {n} 行 ").format(n=step["row"]) if step["row"] else ""
    arithmetic = ""
    if step["formula"] and step["kind"] != "fact":
        arithmetic = f" = {step['formula']}"
        if step["filled"] != step["formula"]:
            arithmetic += f" = {step['filled']}"
    indent = "  " * min(step["depth"], 8)
    return f"{indent}{who}{step['title']}：{step['display']}{arithmetic}{_clause(step['reference'])}{_sample(step)}"


def _footer(data: Mapping[str, Any]) -> str:
    pack = data["pack"]
    return _("政策包 {id} {v}，{h}").format(id=pack["id"], v=pack["version"], h=pack["hash"])
