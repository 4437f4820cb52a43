"""When a question of the survey need not be answered, in words: a pack's `asked_when` for the people who fill it in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from zhikun.engine.formulas import HOUSEHOLD, Node, Signature, check
from zhikun.engine.packs import change_days
from zhikun.engine.packs.model import Fact, Pack
from zhikun.engine.plan.scope import DayScope
from zhikun.wording import _

Key = tuple[str, str]
_LIMITS = {
    "lt": "小于 {n}",
    "le": "不超过 {n}",
    "gt": "大于 {n}",
    "ge": "不小于 {n}",
    "eq": "等于 {n}",
    "ne": "不等于 {n}",
}
_AGES = {"lt": "不满 {n} 周岁", "le": "不超过 {n} 周岁", "gt": "大于 {n} 周岁", "ge": "满 {n} 周岁", "eq": "正好 {n} 周岁",
         "ne": "不是 {n} 周岁"}  # fmt: skip


def asked_in_words(pack: Pack) -> dict[Key, str]:
    """For each fact with `asked_when`: when it is to be filled in, and as what a blank counts otherwise.

    The rules of the newest day give the names their meaning. Raises FormulaError for a pack that `load` would refuse.
    """
    conditional = [fact for fact in pack.facts.values() if fact.asked_when]
    if not conditional:
        return {}
    scope = DayScope(pack, change_days(pack)[-1], pack.place or "")
    found = {}
    for fact in conditional:
        node = check(fact.asked_when, scope, fact.entity, Signature("asked", fact.entity, "boolean"))
        when = _condition(node, pack) or _by_titles(fact, pack)
        gap = " " if when[-1].isascii() else ""
        found[fact.entity, fact.name] = _("只在{when}时填；其他情况留空，按“{blank}”计算。").format(
            when=when + gap, blank=_in_words(fact)
        )
    return found


def _condition(node: Node, pack: Pack) -> str:
    """A condition as a phrase; '' where it has no simple words."""
    if node.op in ("and", "or"):
        parts = [_condition(arg, pack) for arg in node.args]
        return (_("，并且") if node.op == "and" else _("，或者")).join(parts) if all(parts) else ""
    if node.op == "not":
        inner = node.args[0]
        return _membership(inner, pack, holds=False) or (_truth(inner, pack, holds=False) if inner.op == "ref" else "")
    if node.op == "ref":
        return _truth(node, pack, holds=True)
    if node.op in _LIMITS:
        return _comparison(node, pack)
    return _membership(node, pack, holds=True)


def _truth(node: Node, pack: Pack, *, holds: bool) -> str:
    return _("“{t}”为“{yes}”").format(t=_title(node, pack), yes=_("是") if holds else _("否"))


def _membership(node: Node, pack: Pack, *, holds: bool) -> str:
    if node.op not in ("in_codes", "has_any"):
        return ""
    subject = _inner(node.args[0])
    title, choices = _title(subject, pack), _choices(subject, pack)
    if not title or not choices:
        return ""
    if node.op == "has_any":
        bits = int(str(node.value))
        words = [choices[code] for place, code in enumerate(node.args[0].codes) if bits >> place & 1]
        verb = _("“{t}”里选了{labels}") if holds else _("“{t}”里没有选{labels}")
    else:
        places = node.value if isinstance(node.value, tuple) else ()
        words = [choices[node.args[0].codes[int(str(place))]] for place in places]
        verb = _("“{t}”是{labels}") if holds else _("“{t}”不是{labels}")
    return verb.format(t=title, labels=_("或").join(f"“{word}”" for word in words))


def _comparison(node: Node, pack: Pack) -> str:
    left, right = (_inner(arg) for arg in node.args)
    if right.op != "literal" or not isinstance(right.value, float):
        return ""
    limit = f"{right.value:g}"
    if left.op == "age":
        return _(_AGES[node.op]).format(n=limit)
    if left.op == "count_of":
        title = _title(_inner(left.args[0]), pack)
        if node.op == "gt" and right.value == 0:
            return _("“{t}”选了至少一项（不是“无”）").format(t=title) if title else ""
        return _("“{t}”选的项数{limit}").format(t=title, limit=_(_LIMITS[node.op]).format(n=limit)) if title else ""
    title = _title(left, pack)
    return _("“{t}”{limit}").format(t=title, limit=_(_LIMITS[node.op]).format(n=limit)) if title else ""


def _inner(node: Node) -> Node:
    while node.op in ("spread", "recode"):
        node = node.args[0]
    return node


def _title(node: Node, pack: Pack) -> str:
    """The title of a named value; '' for anything else."""
    if node.op != "ref" or not isinstance(node.value, tuple):
        return ""
    thing = pack.facts.get(node.value) or pack.rules.get(node.value) or pack.standards.get(node.value[1])
    return thing.title if thing is not None else ""


def _choices(node: Node, pack: Pack) -> Mapping[str, str]:
    """The labels of a fact's or rule's codes."""
    if node.op != "ref" or not isinstance(node.value, tuple):
        return {}
    rule = pack.rules.get(node.value)
    if rule is not None and rule.kind == "list":
        return {item.code: item.title for item in rule.items}
    thing = pack.facts.get(node.value) or rule
    return thing.choices if thing is not None else {}


def _by_titles(fact: Fact, pack: Pack) -> str:
    """The formula itself, with titles in the place of names."""

    def title(match: re.Match[str]) -> str:
        entity, _dot, name = match.group().rpartition(".")
        for key in ((entity or fact.entity, name), (HOUSEHOLD, name)):
            thing = pack.facts.get(key) or pack.rules.get(key)
            if thing is not None:
                return _("“{t}”").format(t=thing.title)
        return match.group()

    return _("符合 {formula}").format(formula=re.sub(r"(?<!')\b[a-z_][a-z0-9_.]*\b(?!')", title, fact.asked_when))


def _in_words(fact: Fact) -> str:
    """The value that a fact has where it is not asked, as people write it."""
    value = fact.if_not_asked
    if fact.type == "boolean":
        return _("是") if value else _("否")
    if fact.type == "choice":
        return fact.choices.get(str(value), str(value))
    if fact.type == "choices":
        codes = value if isinstance(value, tuple) else ()
        return "、".join(fact.choices.get(str(code), str(code)) for code in codes) or _("无")
    return f"{value:g}" if isinstance(value, float) else str(value)
