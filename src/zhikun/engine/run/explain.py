"""Why a household got its result: the steps that mattered, the conditions and by how much, what would change it, what is unknown.

The household is carried in plain Python (single.py) and every intermediate value kept; the explanation only reads them.
Which steps mattered is found by walk.py. What would change the result is not guessed: the named value nearest to a limit is
set just beyond it, everything after it is computed again, and it is told only if the target changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from zhikun.engine.packs.model import Source
from zhikun.engine.plan.model import BranchStep, Lowered, Plan, Step
from zhikun.engine.run.asking import asked
from zhikun.engine.run.changes import Lever, change, lever_of
from zhikun.engine.run.display import (
    MOST_REMEMBERED,
    Names,
    Part,
    Shown,
    Texts,
    Told,
    Values,
    display_of,
    number_in,
    number_or_unknown,
    parts,
    plain,
    plain_of,
)
from zhikun.engine.run.elements import element, is_known
from zhikun.engine.run.facts import ID
from zhikun.engine.run.household import OneHousehold, one_household
from zhikun.engine.run.results import MOST, too_large
from zhikun.engine.run.single import Single, Slots
from zhikun.engine.run.walk import COMPARISONS, Key, Spot, Walk, Walked
from zhikun.wording import SAMPLE_MARK, _

MOST_CHANGES = 3


@dataclass(frozen=True, slots=True)
class Explanation:
    """One household's explanation; `data` follows docs/reference/explanation.schema.json."""

    data: dict[str, Any]

    def text(self) -> str:
        """For a terminal."""
        from zhikun.engine.run.prose import as_text  # noqa: PLC0415 - prose reads explanations, not the other way round

        return as_text(self.data)

    def markdown(self) -> str:
        """As Markdown."""
        from zhikun.engine.run.prose import as_markdown  # noqa: PLC0415 - see text()

        return as_markdown(self.data)


def explain(plan: Plan, facts: Mapping[str, pa.Table], household: object, targets: Iterable[str] = ()) -> Explanation:
    """The explanation of one household of `facts`; KeyError if it is not there.

    Default targets: the pack's results; what is missing then includes what the pack's flag lists wait for.
    """
    own = {
        entity: table.filter(pc.equal(table.column(ID), pa.scalar(household, table.column(ID).type)))
        for entity, table in facts.items()
        if table.num_rows
    }
    if ID not in own or own[ID].num_rows == 0:
        raise KeyError(household)
    return Explainer(plan).explain(one_household(plan, own), household, targets)


class _Told(NamedTuple):
    """What a step tells of every household alike: its data, its formula as words with blanks, what its branches rest on."""

    slot: int
    entity: str  # on whose rows; '' for the household
    settled: bool  # the same value for every household
    words: str  # with %s for each blank; '' where nothing is to be filled in
    blanks: Callable[[Texts], Any] | None  # the words put in
    shown: Shown
    plain: Callable[[Any], object] | None  # as JSON holds a value; None where it is as it is
    branches: tuple[
        tuple[int | None, dict[str, Any] | None], ...
    ]  # condition's slot, what a branch of its own rests on
    data: dict[str, Any]


class _Side(NamedTuple):
    """One side of a comparison."""

    slot: int
    title: str
    written: bool  # a number written in the formula

    def told(self, number: Shown, value: float | None) -> str:
        """The side's title and its value."""
        if self.written:
            return self.title
        shown = number(value)
        return self.title if shown == self.title else f"{self.title} {shown}"


class _Compared(NamedTuple):
    """What a comparison tells of every household alike."""

    left: _Side
    right: _Side
    unit: str | None
    sign: str
    number: Shown
    by: Shown  # the words about how far apart the sides are


@cache
def _differing(unit: str | None) -> Shown:
    number, words = number_in(unit), _("，相差 {m}")
    return lru_cache(MOST_REMEMBERED)(lambda margin: words.format(m=number(abs(margin))))


class Explainer:
    """Explains households of one plan; formulas are put into words once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.single = Single(plan)
        self.steps: dict[Key, Step] = {(step.entity, step.name): step for step in plan.steps}
        self.names = Names(
            self.steps,
            {name: table.title for name, table in plan.pack.tables.items()},
            {name: entity.title for name, entity in plan.pack.entities.items()},
        )
        self._numbers = [(step, step.slot) for step in plan.computed if step.type == "number"]
        self._walk = Walk(plan)
        self._places = {(step.entity, step.name): place for place, step in enumerate(plan.steps)}
        self._shown = [Told(step.slot, _below(step), display_of(step)) for step in plan.steps]
        self._told = [self._of_every_household(step) for step in plan.steps]
        self._compared: dict[int, _Compared] = {}
        self._verdicts = {True: _("成立"), False: _("不成立"), None: _("未知")}
        self._levers: dict[int, Lever | None] = {}
        self._clauses: dict[int, tuple[str, str]] = {}

    def _titles(self, words: list[Part]) -> str:
        return "".join(part if isinstance(part, str) else self.steps[part].title for part in words)

    def explain(self, own: OneHousehold, household: object, targets: Iterable[str] = ()) -> Explanation:
        """The explanation of one household from its facts."""
        values = Values(self._shown, self.single.run(own))
        self._check_magnitude(values)
        given = list(targets)
        names = given or self.default_targets()
        places = [self._place(name) for name in names]
        walked = self._walk(values.slots, places)
        aims = [self.plan.steps[place] for place in places]
        waiting = aims if given else [*aims, *self._confirmed()]
        conditions = [self._condition(values, *found) for found in walked.comparisons.values()]
        pack = self.plan.pack
        return Explanation(
            {
                "household": household,
                "day": self.plan.day.isoformat(),
                "place": self.plan.place,
                "pack": {
                    "id": pack.id,
                    "title": pack.title,
                    "version": pack.version,
                    "hash": pack.hash,
                    "sample": pack.sample,
                },
                "targets": [self._target(step, values) for step in aims],
                "steps": self._steps(values, walked),
                "conditions": conditions,
                "changes": self._changes(values, walked, aims),
                "missing": self._missing(values, waiting),
                "flags": self._flags(values),
                "lists": self._lists(values),
            }
        )

    def _check_magnitude(self, values: Values) -> None:
        """Raises MagnitudeError where the batch would."""
        for step, slot in self._numbers:
            value = values.slots[slot]
            rows = value if value.__class__ is list else (value,)
            for number_ in rows:
                if number_ is not None and not -MOST <= number_ <= MOST:
                    raise too_large(step)

    def _place(self, name: str) -> int:
        place = self._places.get(("", name))
        return self._places[ID, name] if place is None else place

    def default_targets(self) -> list[str]:
        """What the pack's results name: category, amount, index, eligibility, causes, lists."""
        shown = self.plan.pack.results
        names = [shown.category, shown.eligible, shown.amount, shown.index, *shown.causes, *shown.policies]
        return [name for name in dict.fromkeys(names) if name and (ID, name) in self.steps]

    def _confirmed(self) -> list[Step]:
        """The pack's flag lists: no targets, people confirm them; but what they wait for is asked with the rest."""
        names = [name for name in self.plan.pack.results.flags if (ID, name) in self.steps]
        return [self.steps[ID, name] for name in names]

    # --- putting into words

    def _target(self, step: Step, values: Values) -> dict[str, Any]:
        value = element(values.slots[step.slot], 0)
        shown = values.texts[self._places[step.entity, step.name]]
        known = is_known(value)
        source = self._source(step, values, 0)
        if known:
            clause, mark = self._grounds(source)
            sentence = _("{t}：{v}{c}。{m}").format(t=step.title, v=shown, c=clause, m=mark)
        else:
            sentence = _("{t}：还不能确定，缺少下面列出的情况。").format(t=step.title)
        return {
            "name": step.name,
            "title": step.title,
            "value": plain(step, value),
            "display": shown,
            "unit": step.unit,
            "state": "determined" if known else "undetermined",
            "sentence": sentence,
        }

    def _grounds(self, source: Source) -> tuple[str, str]:
        """The clause a sentence names, and the mark of an invented figure."""
        found = self._clauses.get(id(source))
        if found is None:
            clause = _("，依据{r}").format(r=source.reference) if source.reference else ""
            found = clause, _("【{m}】").format(m=SAMPLE_MARK) if source.sample else ""
            self._clauses[id(source)] = found
        return found

    def _source(self, step: Step, values: Values, row: int) -> Source:
        for branch in step.branches:
            holds = True if branch.when is None else element(values.slots[branch.when.slot], row)
            if holds is None:
                break
            if holds:
                return _own(branch) or step.source
        return step.source

    def _steps(self, values: Values, walked: Walked) -> list[dict[str, Any]]:
        """The named values that mattered. One loop, for there are more than a hundred of them in an explanation."""
        found = []
        depth, slots, told = walked.depth, values.slots, self._told
        for mark in walked.order:
            place, row = mark
            slot, entity, settled, words, blanks, shown, plain_, branches, alike = told[place]
            data = alike.copy()
            data["depth"] = depth[mark]
            found.append(data)
            if settled:
                continue
            value, texts = slots[slot], values.texts
            if entity:
                value, texts = value[row], values.texts_of(entity, row)
                data["id"] += str(row + 1)
                data["row"] = row + 1
            texts[place] = data["display"] = shown(value)
            if branches and (rests_on := _taken(branches, slots, row)) is not None:
                data |= rests_on
            if words:
                data["filled"] = words % (() if blanks is None else blanks(texts))
            data["value"] = value if plain_ is None else plain_(value)
            if value is None or (value.__class__ is tuple and value[1]):
                data["state"] = "undetermined"
        return found

    def _of_every_household(self, step: Step) -> _Told:
        """What a step tells of every household alike; each explanation adds its own values."""
        words = parts(step.tree, self.names) if step.tree is not None else []
        below = _below(step)
        data: dict[str, Any] = {
            "id": f"{below}.{step.name}." if below else step.name,
            "name": step.name,
            "title": step.title,
            "on": step.entity or ID,
            "row": 0,
            "kind": step.kind,
            "formula": self._titles(words),
            "filled": "",
            "value": None,
            "display": "",
            "unit": step.unit,
            **_rests_on(step.source),
            "inputs": [n if e in ("", ID) else f"{e}.{n}" for e, n in step.uses],
            "depth": 0,
            "state": "determined",
        }
        blanks = [self._places[part] for part in words if not isinstance(part, str)] if step.kind != "fact" else []
        text = "".join(part.replace("%", "%%") if isinstance(part, str) else "%s" for part in words)
        settled = step.kind == "standard" and not self.plan.instructions[step.slot].space
        if settled:
            value = self.single.constant(step.slot)
            data |= {"value": plain(step, value), "display": display_of(step)(value)}
        own = [_own(branch) for branch in step.branches]
        return _Told(
            step.slot,
            below,
            settled,
            text if step.kind != "fact" else "",
            itemgetter(*blanks) if blanks else None,
            self._shown[self._places[step.entity, step.name]].shown,
            None if step.type in ("number", "boolean") else plain_of(step),
            tuple(
                (branch.when.slot if branch.when else None, _rests_on(source) if source else None)
                for branch, source in zip(step.branches, own, strict=True)
            )
            if any(own)
            else (),
            data,
        )

    def _condition(self, values: Values, spot: Spot, row: int, owner: int) -> dict[str, Any]:
        compared = self._compared.get(id(spot))
        if compared is None:
            compared = self._compared[id(spot)] = self._of_every_comparison(spot.low)
        left, right, unit, sign, number, by = compared
        slots = values.slots
        state, a, b = slots[spot.slot], slots[left.slot], slots[right.slot]
        if state.__class__ is list:
            state, a, b = state[row], element(a, row), element(b, row)
        margin = round((a - b) * 1e6) / 1e6 if a is not None and b is not None else None
        source = self._told[owner].data
        return {
            "text": f"{left.told(number, a)} {sign} {right.told(number, b)}：{self._verdicts[state]}{by(margin) if margin else ''}",
            "holds": state,
            "margin": margin,
            "unit": unit,
            "step": source["name"],
            "reference": source["reference"],
        }

    def _of_every_comparison(self, low: Lowered) -> _Compared:
        left, right = (
            _Side(arg.slot, self._titles(parts(arg, self.names)), arg.node.op == "literal") for arg in low.args
        )
        unit = low.args[0].node.unit or low.args[1].node.unit or None
        return _Compared(
            left, right, unit, COMPARISONS[low.node.op], number_or_unknown(unit, _("未知")), _differing(unit)
        )

    def _lists(self, values: Values) -> dict[str, Any]:
        found = {}
        for step in self.plan.steps:
            if step.kind != "list" or step.entity != ID or step.rule is None or step.rule.list_kind == "flags":
                continue
            items = [i for i in step.items if element(values.slots[i.when.slot], 0)]
            found[step.name] = [
                {
                    "code": i.item.code,
                    "title": i.item.title,
                    "department": i.item.department,
                    "reference": i.item.source.reference,
                    "sample": i.item.source.sample,
                    "order": i.item.order,
                }
                for i in sorted(items, key=lambda i: i.item.order)
            ]
        return found

    def _flags(self, values: Values) -> list[dict[str, Any]]:
        found = []
        for step in self.plan.steps:
            if step.rule is None or step.rule.list_kind != "flags":
                continue
            count = 1 if step.entity == ID else len(values.slots[step.slot])
            for row in range(count):
                for item in step.items:
                    holds = element(values.slots[item.when.slot], row)
                    if holds is not False:
                        found.append(
                            {
                                "code": item.item.code,
                                "title": item.item.title,
                                "confirm": item.item.confirm,
                                "row": 0 if step.entity == ID else row + 1,
                                "list": step.name,
                                "reference": item.item.source.reference or SAMPLE_MARK,
                                "sample": item.item.source.sample,
                                "state": "raised" if holds else "undetermined",
                            }
                        )
        return found

    def _missing(self, values: Values, aims: list[Step]) -> list[dict[str, Any]]:
        found: dict[tuple[str, str, int], dict[str, Any]] = {}
        for aim, step, row in asked(self.plan, values.slots, aims):
            told = found.get((step.entity, step.name, row))
            if told is None:
                told = found[step.entity, step.name, row] = {
                    "entity": step.entity,
                    "row": row,
                    "fact": step.name,
                    "title": step.title,
                    "path": step.name if step.entity == ID else f"{step.entity}.{row}.{step.name}",
                    "question": (step.fact.question if step.fact is not None else "") or step.title,
                    "targets": [],
                }
            told["targets"].append(aim.name)
        return list(found.values())

    # --- what would change it

    def _changes(self, values: Values, walked: Walked, aims: list[Step]) -> list[dict[str, Any]]:
        decided = [aim for aim in aims if aim.type in ("choice", "boolean")] or [a for a in aims if a.type == "choices"]
        aimed = frozenset(aim.slot for aim in decided)
        candidates = []
        for spot, row, _owner in walked.comparisons.values():
            lever = self._lever(spot)
            moved = lever.move(values, row) if lever is not None else None
            if lever is not None and moved is not None:
                size, before, after = moved
                candidates.append((size, lever.step, row, before, after))
        candidates.sort(key=lambda item: item[0])
        near = [candidate for candidate in candidates if candidate[0] <= 1] or candidates[:1]
        found: list[dict[str, Any]] = []
        for _distance, step, row, before, after in near[: MOST_CHANGES + 1]:
            put = after if step.entity in ("", ID) else _replaced(values.slots[step.slot], row, after)
            again = self.single.rerun(values.slots, {step.slot: put}, aimed)
            for aim in decided:
                if again[aim.slot] != values.slots[aim.slot]:
                    shown = display_of(aim)
                    old, new = shown(values.slots[aim.slot]), shown(again[aim.slot])
                    found.append(change(step, row, before, after, aim, old, new))
                    break
        return found[:MOST_CHANGES]

    def _lever(self, spot: Spot) -> Lever | None:
        if id(spot) not in self._levers:
            self._levers[id(spot)] = lever_of(self.plan, self.steps, spot.low)
        return self._levers[id(spot)]


def _taken(
    branches: Sequence[tuple[int | None, dict[str, Any] | None]], slots: Slots, row: int
) -> dict[str, Any] | None:
    """What the branch taken rests on; None where it is not known which, or the branch says nothing of its own."""
    for when, rests_on in branches:
        holds = True if when is None else element(slots[when], row)
        if holds is not False:
            return rests_on if holds else None
    return None


def _below(step: Step) -> str:
    """The entity on whose rows a step is; '' for the household."""
    return "" if step.entity == ID else step.entity


def _own(branch: BranchStep) -> Source | None:
    """What a branch rests on, where it says so itself."""
    return branch.source if branch.source.reference or branch.source.sample else None


def _rests_on(source: Source) -> dict[str, Any]:
    return {"reference": source.reference, "grade": source.grade, "sample": source.sample, "reason": source.reason}


def _replaced(rows: list[Any], place: int, value: float) -> list[Any]:
    return [*rows[:place], value, *rows[place + 1 :]]
