"""Answers of the form -> what the file records, every one checked again; and what is on file -> answers to start from.

Pure. Nothing the browser says is believed: ranges, options, conditions and numbers are judged here as if there had been no
form. A question that was not asked (its condition is known not to hold) gets the pack's `if_not_asked`, whatever was sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from zhikun.engine.formulas import HOUSEHOLD
from zhikun.engine.packs.model import Fact, Pack
from zhikun.identity.numbers import completed_years
from zhikun.surveys import checks
from zhikun.surveys.conditions import NONE, UNKNOWN, UNKNOWN_MARK, Conditions, as_answered, question_name
from zhikun.surveys.questionnaire import (
    HERE,
    MEMBER,
    NOTE_FORMAT,
    OF_THE_PERSON,
    PLACE,
    ROW,
    SEALED_FORMATS,
    STILL_HERE,
    TITLE,
    has_box,
    left_titles,
    panel_name,
)
from zhikun.wording import _

REMOVED = "_removed"
GIVEN = "given_rows"  # under this the server writes which rows of the file the form was opened with (filed.py)
NEW_ROW = "new-"  # begins the name of a row that is not on file yet
HEAD = "head"

Facts = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class OnFile:
    """A row of the file: its key, what it is called on the screen, and of a member what is known of the person."""

    key: str
    title: str = ""
    relation: str = ""
    sex: str = ""
    born_on: date | None = None


@dataclass(frozen=True)
class Fault:
    """An answer that cannot be taken. `question` is its name in the form, `row` the position within a panel (from 0)."""

    entity: str
    row: int | None
    question: str
    title: str
    text: str

    @property
    def path(self) -> str:
        """Where it stands: h_pens, rows_member/1/wage_income_year."""
        return self.question if self.row is None else f"{panel_name(self.entity)}/{self.row}/{self.question}"


@dataclass
class Told:
    """What a visit said. Rows are keys of the file, or new-1, new-2 ... for rows that are not on file yet."""

    facts: Facts = field(default_factory=dict)
    personal: Facts = field(default_factory=dict)
    #: Of new members: name, id_number, relation, sex, birth_date as told.
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Rows of members on file who are no longer there: why.
    left: dict[str, str] = field(default_factory=dict)
    place: str = ""
    faults: list[Fault] = field(default_factory=list)
    #: Questions that should have been asked and were left empty.
    open: list[tuple[str, str, str]] = field(default_factory=list)

    def put(self, where: Facts, entity: str, row: str, fact: str, value: Any) -> None:
        where.setdefault(entity, {}).setdefault(row, {})[fact] = value


def read(
    pack: Pack,
    answers: Any,
    on_file: Mapping[str, Sequence[OnFile]] | None,
    today: date,
    given: Mapping[str, Collection[str]] | None = None,
) -> Told:
    """What the answers say. `on_file`: the rows of a household on file by entity; None for one that is not on file.

    `given`: the rows that the form showed. Only these can have been taken off it; a row nobody was shown stays.
    """
    told = Told()
    if not isinstance(answers, dict):
        told.faults.append(Fault(HOUSEHOLD, None, "", "", _("没有收到问卷的内容，请刷新页面重试。")))
        return told
    _Reader(pack, answers, on_file, today, told, given or {}).read()
    return told


class _Reader:
    def __init__(
        self,
        pack: Pack,
        answers: Mapping[str, Any],
        on_file: Mapping[str, Sequence[OnFile]] | None,
        today: date,
        told: Told,
        given: Mapping[str, Collection[str]],
    ) -> None:
        self.pack, self.answers, self.today, self.told, self.given = pack, answers, today, told, given
        self.is_new = on_file is None
        self.on_file = on_file or {}
        self.conditions = Conditions(pack)

    def read(self) -> None:
        self._unheard_of(self.answers, None, HOUSEHOLD)
        household = _Row(HOUSEHOLD, "", None, self.answers)
        known = self._facts(household, {})
        for entity in self.pack.entities:
            if entity == HOUSEHOLD:
                continue
            rows = list(self._rows(entity))
            for row in rows:
                if entity == MEMBER:
                    self._member(row, known)
                else:
                    self._facts(row, known)
            self._gone(entity, {row.key for row in rows})
        self._people_together()

    def _rows(self, entity: str) -> Iterator[_Row]:
        given = self.answers.get(panel_name(entity), [])
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            self._fault(entity, None, panel_name(entity), "", _("这一组的格式不对，请刷新页面重试。"))
            return
        filed = {one.key: one for one in self.on_file.get(entity, ())}
        taken: set[str] = set()
        for n, one in enumerate(given):
            self._unheard_of(one, n, entity)
            key = str(one.get(ROW) or "")
            if key and (key not in filed or key in taken):
                self._fault(entity, n, ROW, "", _("这一行不是这一户档案里的，或者重复了；请刷新页面重试。"))
                continue
            taken.add(key)
            if not key and not _says_something(one):
                continue
            yield _Row(entity, key or f"{NEW_ROW}{n + 1}", n, one, filed.get(key))

    def _unheard_of(self, given: Mapping[str, Any], row: int | None, entity: str) -> None:
        names = {question_name(entity, fact.name) for fact in self.pack.facts_of(entity)}
        boxes = {name + UNKNOWN_MARK for name in names}
        panels = {panel_name(one) for one in self.pack.entities} | {GIVEN} if row is None else {ROW, TITLE, HERE}
        for name in given:
            if name not in names | boxes | panels:
                self._fault(entity, row, str(name)[:60], "", _("问卷里没有这一项，请刷新页面，按最新的问卷填写。"))

    def _gone(self, entity: str, seen: set[str]) -> None:
        """Rows of the file that the form showed and the visit no longer lists. People cannot be taken off a list: the office does that."""
        for one in self.on_file.get(entity, ()):
            if one.key in seen:
                continue
            if entity == MEMBER:
                text = _("“{who}”在档案里，不能从问卷中移除；不在这一户的，请选明原因。").format(who=one.title)
                self._fault(entity, None, panel_name(entity), _("家庭成员"), text)
            elif one.key in self.given.get(entity, ()):
                self.told.put(self.told.facts, entity, one.key, REMOVED, True)

    def _member(self, row: _Row, household: Mapping[str, Any]) -> None:
        reason = row.given.get(HERE) or STILL_HERE
        if reason not in left_titles():
            self._fault(MEMBER, row.n, HERE, "", _("请从所列原因中选择。"))
            return
        if row.filed is not None and reason != STILL_HERE:
            self.told.left[row.key] = reason
            return
        if row.filed is None:
            self._who(row)
        self._facts(row, household)

    def _who(self, row: _Row) -> None:
        """The particulars of somebody who is not on file."""
        who: dict[str, Any] = {}
        for fact in self.pack.facts_of(MEMBER):
            if fact.name in OF_THE_PERSON:
                value = self._value(fact, row)
                who[fact.name] = None if value is _EMPTY else value
        problem = checks.person(who)
        for name, text in problem:
            self._fault(MEMBER, row.n, name, self.pack.facts[MEMBER, name].title, text)
        self.told.people[row.key] = who

    def _people_together(self) -> None:
        """Exactly one head; nobody twice."""
        heads = [one for one in self.on_file.get(MEMBER, ()) if one.relation == HEAD and one.key not in self.told.left]
        new = [key for key, who in self.told.people.items() if who.get("relation") == HEAD]
        if self.is_new and len(new) != 1:
            text = _("应有且只有一位户主，现在填了 {n} 位；请在“与户主关系”里选定。").format(n=len(new))
            self._fault(MEMBER, None, panel_name(MEMBER), _("与户主关系"), text)
        if heads and new:
            text = _("这一户已有户主。要变更户主，请在家庭档案里办理；新成员请选与户主的关系。")
            self._fault(MEMBER, None, panel_name(MEMBER), _("与户主关系"), text)
        seen: set[str] = set()
        for who in self.told.people.values():
            number = checks.plain_number(who.get("id_number"))
            if number and number in seen:
                text = _("两位成员填了同一个身份证号，请照证件核对。")
                self._fault(MEMBER, None, panel_name(MEMBER), _("身份证号"), text)
            seen.add(number)

    # --- facts

    def _facts(self, row: _Row, household: Mapping[str, Any]) -> dict[str, Any]:
        """Reads the facts of one row; answers with what is known, for conditions of other rows."""
        facts = {fact.name: fact for fact in self.pack.facts_of(row.entity)}
        known: dict[str, Any] = self._of_the_person(row)
        waiting: set[str] = set()

        def value_of(key: tuple[str, str]) -> Any:
            entity, name = key
            if entity != row.entity:
                return household.get(name)
            if name not in known:
                if name in waiting:
                    return None
                waiting.add(name)
                known[name] = self._fact(facts[name], row, value_of)
            return known[name]

        for name in facts:
            value_of((row.entity, name))
        return known

    def _of_the_person(self, row: _Row) -> dict[str, Any]:
        if row.entity != MEMBER:
            return {}
        if row.filed is None:
            who = self.told.people.get(row.key, {})
            born = who.get("birth_date") or checks.born_on(who.get("id_number"))
            return {**who, "birth_date": born, "sex": who.get("sex") or checks.sex(who.get("id_number"))}
        one = row.filed
        born = one.born_on.isoformat() if one.born_on else None
        return {"name": "", "id_number": "", "relation": one.relation, "sex": one.sex or None, "birth_date": born}

    def _fact(self, fact: Fact, row: _Row, read: Any) -> Any:
        """One fact, recorded if it was asked and said; answers with its value as far as it is known."""
        asked = self.conditions.asked(fact, read, self.today)
        if asked is False:
            value = as_answered(fact.if_not_asked)
            self._keep(fact, row, value)
            return value
        if asked is None:  # it was not on the screen: nobody knows yet whether it is to be asked
            return None
        value = self._value(fact, row)
        if value is _EMPTY:
            if fact.format != NOTE_FORMAT:
                self.told.open.append((row.entity, row.key, fact.name))
            return None
        if fact.name == PLACE and fact.entity == HOUSEHOLD:
            self.told.place = str(value or "")
            return value
        self._keep(fact, row, value)
        return value

    def _keep(self, fact: Fact, row: _Row, value: Any) -> None:
        sealed = fact.format in SEALED_FORMATS
        if sealed and value is None:
            return
        self.told.put(self.told.personal if sealed else self.told.facts, row.entity, row.key, fact.name, value)

    def _value(self, fact: Fact, row: _Row) -> Any:
        """The answer as it would be recorded: a value, None for 不清楚, _EMPTY where nothing was said or it is wrong."""
        name = question_name(fact.entity, fact.name)
        given = row.given.get(name)
        if has_box(fact) and UNKNOWN in _list(row.given.get(name + UNKNOWN_MARK)):
            return None
        if given is None or given in ("", []):
            if fact.required and not (fact.name == PLACE and not self.is_new):
                self._fault(row.entity, row.n, name, fact.title, _("必须填写。"))
            return _EMPTY
        if given == UNKNOWN or (isinstance(given, list) and given == [UNKNOWN]):
            if fact.required:
                self._fault(row.entity, row.n, name, fact.title, _("必须填写。"))
                return _EMPTY
            return None
        if fact.type == "choices" and given == [NONE]:
            return []
        value, text = checks.answer(fact, given, self.today)
        if text:
            self._fault(row.entity, row.n, name, fact.title, text)
            return _EMPTY
        return value

    def _fault(self, entity: str, row: int | None, question: str, title: str, text: str) -> None:
        self.told.faults.append(Fault(entity, row, question, title, text))


@dataclass(frozen=True)
class _Row:
    entity: str
    key: str
    n: int | None
    given: Mapping[str, Any]
    filed: OnFile | None = None


_EMPTY = object()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _says_something(given: Mapping[str, Any]) -> bool:
    return any(value not in (None, "", []) for name, value in given.items() if name not in {ROW, TITLE, HERE})


def of_same_age(born: date | None, today: date) -> date | None:
    """A birthday today, for somebody as old: what is asked by age is asked all the same, and the day of birth is not told."""
    if born is None:
        return None
    years = completed_years(born, today)
    try:
        return today.replace(year=today.year - years)
    except ValueError:  # 29 February
        return today.replace(year=today.year - years, day=28)


def prefilled(pack: Pack, facts: Mapping[str, Any], on_file: Mapping[str, Sequence[OnFile]]) -> dict[str, Any]:
    """The answers to start from: what is known of a household on file. Particulars of people are not among them."""
    answers = _answered(pack, HOUSEHOLD, facts.get(HOUSEHOLD, {}).get("", {}))
    for entity in pack.entities:
        if entity == HOUSEHOLD:
            continue
        rows = []
        for one in on_file.get(entity, ()):
            given = _answered(pack, entity, facts.get(entity, {}).get(one.key, {}))
            given[ROW], given[TITLE] = one.key, one.title
            if entity == MEMBER:
                given[HERE] = STILL_HERE
                known = {
                    "relation": one.relation,
                    "sex": one.sex,
                    "birth_date": one.born_on and one.born_on.isoformat(),
                }
                given |= {name: value for name, value in known.items() if value and (MEMBER, name) in pack.facts}
            rows.append(given)
        if rows:
            answers[panel_name(entity)] = rows
    return answers


def _answered(pack: Pack, entity: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of one row as answers. What the pack of today does not know, or not as an option, is left out."""
    found: dict[str, Any] = {}
    for fact in pack.facts_of(entity):
        if fact.name not in facts or fact.format in SEALED_FORMATS or (entity == MEMBER and fact.name in OF_THE_PERSON):
            continue
        value, name = facts[fact.name], question_name(entity, fact.name)
        if value is None:
            found[name + UNKNOWN_MARK if has_box(fact) else name] = (
                [UNKNOWN] if fact.type == "choices" or has_box(fact) else UNKNOWN
            )
        elif fact.type == "choices":
            found[name] = [code for code in value if code in fact.choices] or [NONE]
        elif fact.type != "choice" or value in fact.choices:
            found[name] = value
    return found
