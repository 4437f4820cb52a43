"""The questionnaire: the pack's facts as a SurveyJS form. Pure; the same pack gives the same form to the last byte.

One page for each dimension of the household, one for its members and one for each other kind of row (dwellings, supporters).
Every question can be answered 不清楚, which is a statement of its own: asked, and not known. A question left empty was not
asked. Particulars of people (name, document number) are asked only of people who are not on file yet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from zhikun.engine.formulas import HOUSEHOLD
from zhikun.engine.packs.model import Fact, Pack
from zhikun.surveys.conditions import UNKNOWN, UNKNOWN_MARK, Conditions, Untranslatable, question_name
from zhikun.wording import _, with_unit

MEMBER = "member"
#: Facts of a member that the file keeps of the person, not of the visit. Asked only of people who are new.
OF_THE_PERSON = ("name", "id_number", "relation", "sex", "birth_date")
#: The fact that says where the household lives; a household on file has its place there.
PLACE = "place"
#: Personal particulars of the household: they are kept sealed.
SEALED_FORMATS = frozenset({"address", "phone", "name", "id_number", "bank_account"})
NOTE_FORMAT = "note"

ROW = "_row"  # which row of the file this is; empty: a new one
TITLE = "_title"  # what a row of the file is called on the screen
HERE = "_here"  # whether a member still belongs to the household
STILL_HERE = "here"
_FEW = 6  # options that fit on a phone as buttons
_LONGEST = 500


@dataclass(frozen=True)
class Questionnaire:
    """The form, and the hash by which a visit says which form it answers."""

    form: dict[str, Any]
    hash: str
    version: str


def panel_name(entity: str) -> str:
    """The name of the question that holds the rows of an entity."""
    return f"rows_{entity}"


def left_titles() -> dict[str, str]:
    """Why somebody on file is no longer a member, as the visit found it. The office changes the file, not the visit."""
    return {
        STILL_HERE: _("还在"),
        "died": _("已去世"),
        "married": _("结婚离开"),
        "moved": _("迁出、分户"),
        "other": _("其他原因不在"),
    }


def questionnaire(pack: Pack) -> Questionnaire:
    """The pack's questionnaire. Raises Untranslatable for a condition that no browser can follow."""
    form = _Maker(pack).form()
    told = json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Questionnaire(form, hashlib.sha256(told.encode()).hexdigest(), f"{pack.title} {pack.version}")


def problems(pack: Pack) -> list[str]:
    """What keeps a pack from giving a questionnaire: one sentence for each condition, for the check of packs."""
    maker, found = _Maker(pack), []
    for fact in pack.facts.values():
        try:
            maker.condition(fact)
        except Untranslatable as error:
            found.append(str(error))
    return found


def by_dimension(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """Facts by dimension, dimensions in the order of their first fact."""
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        found.setdefault(fact.dimension, []).append(fact)
    return found


class _Maker:
    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.conditions = Conditions(pack)

    def form(self) -> dict[str, Any]:
        pages = [self._page(title, facts) for title, facts in by_dimension(self.pack.facts_of(HOUSEHOLD)).items()]
        rows = [self._rows(entity) for entity in self.pack.entities if entity != HOUSEHOLD and self._has(entity)]
        pages[1:1] = rows[:1] if rows and rows[0]["name"] == f"page_{MEMBER}" else []
        pages += [page for page in rows if page not in pages]
        return {
            "locale": "zh-cn",
            "showQuestionNumbers": "off",
            "showProgressBar": True,
            "progressBarType": "pages",
            "progressBarLocation": "top",
            "progressBarShowPageTitles": True,
            "checkErrorsMode": "onNextPage",
            "textUpdateMode": "onBlur",
            "clearInvisibleValues": "none",
            "questionErrorLocation": "bottom",
            "showCompletePage": False,
            "widthMode": "responsive",
            "pages": [{**page, "name": page.get("name") or f"page_{n}"} for n, page in enumerate(pages, start=1)],
        }

    def _has(self, entity: str) -> bool:
        return bool(self.pack.facts_of(entity)) or entity == MEMBER

    def condition(self, fact: Fact) -> str:
        """The visibleIf of a fact; '' where it is always asked."""
        return self.conditions.written(fact).holds if fact.asked_when else ""

    def _page(self, title: str, facts: list[Fact]) -> dict[str, Any]:
        return {"title": title, "elements": [element for fact in facts for element in self.question(fact)]}

    def _rows(self, entity: str) -> dict[str, Any]:
        title = self.pack.entities[entity].title
        facts = [f for f in self.pack.facts_of(entity) if entity != MEMBER or f.name not in OF_THE_PERSON]
        groups: list[dict[str, Any]] = [
            {
                "type": "panel", "name": f"{entity}_{n}", "title": dimension or title,
                "elements": [element for fact in some for element in self.question(fact)],
            }
            for n, (dimension, some) in enumerate(by_dimension(facts).items(), start=1)
        ]  # fmt: skip
        if entity != MEMBER:  # few questions: no headings among them, and no panel whose name a screen reader would say
            groups = [element for group in groups for element in group["elements"]]
        hidden = [{"type": "text", "name": name, "visible": False} for name in (ROW, TITLE)]
        panel = {
            "type": "paneldynamic",
            "name": panel_name(entity),
            "title": title,  # not shown: the page bears it; a screen reader would else say the name
            "titleLocation": "hidden",
            "templateTitle": f"{title} {{panelIndex}} {{panel.{TITLE}}}",
            "panelAddText": _("添加{title}").format(title=title),
            "panelRemoveText": _("移除"),
            "confirmDelete": True,
            "confirmDeleteText": _("移除这一行？已填的内容会去掉。"),
            "noEntriesText": _("还没有填写{title}。").format(title=title),
            "panelsState": "firstExpanded" if entity == MEMBER else "default",
            "maxPanelCount": 60,
            "templateElements": [*hidden, *(self._people(groups) if entity == MEMBER else groups)],
        }
        if entity == MEMBER:
            panel["minPanelCount"] = 1
        return {"name": f"page_{entity}", "title": title, "elements": [panel]}

    def _people(self, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Of people on file: are they still here. Of new ones: who they are. Of all who are here, everything else."""
        facts = {fact.name: fact for fact in self.pack.facts_of(MEMBER)}
        who = [element for name in OF_THE_PERSON if name in facts for element in self.question(facts[name])]
        here = {
            "type": "dropdown", "name": HERE, "title": _("这个人现在还是这一户的人吗？"), "defaultValue": STILL_HERE,
            "allowClear": False, "visibleIf": f"{{panel.{ROW}}} notempty",
            "choices": [{"value": code, "text": text} for code, text in left_titles().items()],
        }  # fmt: skip
        still = f"{{panel.{ROW}}} empty or {{panel.{HERE}}} empty or {{panel.{HERE}}} = '{STILL_HERE}'"
        new = {
            "type": "panel", "name": "member_who", "title": _("基本信息"), "visibleIf": f"{{panel.{ROW}}} empty",
            "elements": who,
        }  # fmt: skip
        return [here, new, *({**group, "visibleIf": still} for group in groups)]

    # --- one question

    def question(self, fact: Fact) -> list[dict[str, Any]]:
        """The elements that ask for a fact: the question, and for what is typed the box 不清楚 beside it."""
        name = question_name(fact.entity, fact.name)
        asked: dict[str, Any] = {"name": name, "title": fact.question or self._title(fact), **_HOW[fact.type](fact)}
        told = self._told(fact)
        if told:
            asked.setdefault("description", told)
        if is_required(fact):
            asked["isRequired"] = True
            asked["requiredErrorText"] = _("“{title}”必须填写。").format(title=fact.title)
        when = self.condition(fact)
        if when:
            asked["visibleIf"] = when
        if not has_box(fact):
            return [asked]
        own = f"{{{name}}}" if fact.entity == HOUSEHOLD else f"{{panel.{name}}}"
        box = {
            "type": "checkbox", "name": name + UNKNOWN_MARK, "titleLocation": "hidden",
            "title": _("“{title}”不清楚").format(title=fact.title),
            "choices": [{"value": UNKNOWN, "text": _("不清楚")}],
        }  # fmt: skip
        if when:
            box["visibleIf"] = when
        asked["enableIf"] = f"{own[:-1]}{UNKNOWN_MARK}}} empty"
        return [asked, box]

    def _title(self, fact: Fact) -> str:
        return with_unit(fact.title, fact.unit)

    def _told(self, fact: Fact) -> str:
        parts = []
        if fact.question and fact.title not in fact.question:
            parts.append(self._title(fact))
        elif fact.question and fact.unit:
            parts.append(_("单位：{unit}").format(unit=fact.unit))
        if fact.note:
            parts.append(fact.note)
        return " · ".join(parts)


def is_required(fact: Fact) -> bool:
    """Whether a visit without it cannot be submitted. A head's relation and a name are; most things may stay unknown."""
    return fact.required


def has_box(fact: Fact) -> bool:
    """Whether 不清楚 is a box beside the question. Options carry it among them; required answers and remarks have none."""
    typed = fact.type in ("number", "date", "text", "place")
    return typed and not fact.required and fact.format != NOTE_FORMAT


def _number(fact: Fact) -> dict[str, Any]:
    own = question_name(fact.entity, fact.name)
    value = f"{{{own}}}" if fact.entity == HOUSEHOLD else f"{{panel.{own}}}"
    limits: dict[str, Any] = {"type": "numeric"}
    asked: dict[str, Any] = {"type": "text", "inputType": "number", "step": 10**-fact.decimals if fact.decimals else 1}
    if fact.min is not None:
        limits["minValue"] = asked["min"] = _plain(fact.min)
        asked["minErrorText"] = _("“{title}”不能小于 {n:g}，请核对。").format(title=fact.title, n=fact.min)
    if fact.max is not None:
        limits["maxValue"] = asked["max"] = _plain(fact.max)
        asked["maxErrorText"] = _("“{title}”不能大于 {n:g}，请核对有没有多写零。").format(title=fact.title, n=fact.max)
    limits["text"] = range_text(fact)
    text = _("“{title}”最多 {n} 位小数。").format(title=fact.title, n=fact.decimals)
    decimals = {"type": "expression", "expression": f"zkDecimals({value}, {fact.decimals})", "text": text}
    asked["validators"] = [limits, decimals]
    return asked


def range_text(fact: Fact) -> str:
    """What a number must be, in words."""
    if fact.min is not None and fact.max is not None:
        text = _("“{title}”应在 {low} 到 {high} 之间，请核对。")
        return text.format(title=fact.title, low=f"{fact.min:,.10g}", high=f"{fact.max:,.10g}")
    return _("“{title}”应为数字。").format(title=fact.title)


def _boolean(fact: Fact) -> dict[str, Any]:
    options: list[dict[str, Any]] = [{"value": True, "text": _("是")}, {"value": False, "text": _("否")}]
    return {"type": "radiogroup", "colCount": 0, "choices": [*options, _unknown()], "showClearButton": True}


def _choice(fact: Fact) -> dict[str, Any]:
    options = [{"value": code, "text": text} for code, text in fact.choices.items()]
    if not fact.required:
        options.append(_unknown())
    if len(options) > _FEW:
        return {"type": "dropdown", "choices": options, "placeholder": _("请选择"), "searchEnabled": False}
    return {"type": "radiogroup", "choices": options, "showClearButton": not fact.required}


def _choices(fact: Fact) -> dict[str, Any]:
    return {
        "type": "checkbox",
        "choices": [{"value": code, "text": text} for code, text in fact.choices.items()],
        "showNoneItem": True,
        "noneText": _("无"),
        "showDontKnowItem": True,
        "dontKnowText": _("不清楚"),
    }


def _date(fact: Fact) -> dict[str, Any]:
    return {
        "type": "text", "inputType": "date", "min": "1900-01-01", "maxValueExpression": "{today}",
        "maxErrorText": _("“{title}”在今天之后，请核对。").format(title=fact.title),
        "minErrorText": _("“{title}”太早，请核对年份。").format(title=fact.title),
    }  # fmt: skip


def _text(fact: Fact) -> dict[str, Any]:
    if fact.format == NOTE_FORMAT:
        return {"type": "comment", "rows": 2, "autoGrow": True, "maxLength": _LONGEST}
    kind = {"phone": "tel"}.get(fact.format, "text")
    return {"type": "text", "inputType": kind, "maxLength": _LONGEST, "autocomplete": "off"}


def _place(fact: Fact) -> dict[str, Any]:
    """The villages to choose from come with the page: which they are is not the pack's matter.

    They are chosen by name: what the pack says of codes is for whoever fills in a workbook.
    """
    return {
        "type": "dropdown", "choices": [], "placeholder": _("请选择村（社区）"), "searchEnabled": True,
        "title": _("这户人家实际住在哪个村（社区）？"), "description": "",
    }  # fmt: skip


def _unknown() -> dict[str, Any]:
    return {"value": UNKNOWN, "text": _("不清楚")}


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


_HOW = {
    "number": _number,
    "boolean": _boolean,
    "choice": _choice,
    "choices": _choices,
    "date": _date,
    "text": _text,
    "place": _place,
}
