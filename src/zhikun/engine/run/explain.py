"""Why a household got its result: the steps that mattered, the conditions and by how much, what would change it, what is unknown.

The kernel runs the household as a block of one and keeps every intermediate value; the explanation only reads them. How it
chooses: of an AND that failed, the parts that failed; of an OR that held, the parts that held; of a choice, the branch
taken; of a sum, the rows that are not zero; of a product with zero, the zero. What would change the result is not guessed:
the named value nearest to a limit is set just beyond it, everything after it is computed again, and it is told only if the
target changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.engine.packs.model import Source
from zhikun.engine.plan.model import Lowered, Plan, Step
from zhikun.engine.run.changes import change, grain_of, possible
from zhikun.engine.run.display import Names, Part, Values, at, number, parts, plain
from zhikun.engine.run.facts import ID, Block, load
from zhikun.engine.run.kernel import Kernel
from zhikun.engine.run.missing import wanted
from zhikun.wording import SAMPLE_MARK, _

Key = tuple[str, str]
_COMPARISONS = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}
_PER_ROW = frozenset({"sum", "count", "any", "all", "max_of", "min_of"})
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
    """The explanation of one household of `facts`; KeyError if it is not there. Default targets: the pack's results."""
    own = {
        entity: table.filter(pc.equal(table.column(ID), pa.scalar(household, table.column(ID).type)))
        for entity, table in facts.items()
        if table.num_rows
    }
    if ID not in own or own[ID].num_rows == 0:
        raise KeyError(household)
    return Explainer(plan).explain(load(plan, own), household, targets)


@dataclass(slots=True)
class _Walk:
    """What one explanation has gathered: named values in dependency order, comparisons that mattered."""

    seen: dict[tuple[str, str, int], None] = field(default_factory=dict)
    depth: dict[tuple[str, str, int], int] = field(default_factory=dict)
    comparisons: dict[tuple[int, int], tuple[Lowered, int, Key]] = field(default_factory=dict)


class Explainer:
    """Explains households of one plan; formulas are put into words once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.kernel = Kernel(plan)
        self.steps: dict[Key, Step] = {(step.entity, step.name): step for step in plan.steps}
        self.names = Names(
            self.steps,
            {name: table.title for name, table in plan.pack.tables.items()},
            {name: entity.title for name, entity in plan.pack.entities.items()},
        )
        self.words: dict[Key, list[Part]] = {
            key: parts(step.tree, self.names) for key, step in self.steps.items() if step.tree is not None
        }
        self._sides: dict[int, str] = {}
        self._formulas = {key: self._titles(words) for key, words in self.words.items()}
        self._told = {key: self._of_every_household(step) for key, step in self.steps.items()}

    def _titles(self, words: list[Part]) -> str:
        return "".join(part if isinstance(part, str) else self.steps[part].title for part in words)

    def explain(self, block: Block, household: object, targets: Iterable[str] = ()) -> Explanation:
        """The explanation of the one household of a block."""
        values = Values(self.kernel.run(block.frame, block.values, keep_all=True))
        names = list(targets) or self.default_targets()
        walk = _Walk()
        for name in names:
            self._visit(self._key(name), 0, 0, values, block, walk)
        aims = [self.steps[self._key(name)] for name in names]
        conditions = [self._condition(values, *found) for found in walk.comparisons.values()]
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
                "steps": [self._step(key, values, walk.depth[key]) for key in walk.seen],
                "conditions": conditions,
                "changes": self._changes(block, values, walk, aims),
                "missing": self._missing(block, values, aims),
                "flags": self._flags(values, block),
                "lists": self._lists(values),
            }
        )

    def _key(self, name: str) -> Key:
        return ("", name) if ("", name) in self.steps else (ID, name)

    def default_targets(self) -> list[str]:
        """What the pack's results name: category, amount, index, eligibility, causes, lists."""
        shown = self.plan.pack.results
        names = [shown.category, shown.eligible, shown.amount, shown.index, *shown.causes, *shown.policies]
        return [name for name in dict.fromkeys(names) if name and (ID, name) in self.steps]

    # --- walking back through what mattered

    def _visit(self, key: Key, row: int, depth: int, values: Values, block: Block, walk: _Walk) -> None:
        mark = (*key, row if key[0] not in ("", ID) else 0)
        if mark in walk.seen:
            return
        step = self.steps[key]
        walk.depth[mark] = depth

        def follow(low: Lowered, place: int) -> None:
            self._follow(low, place, depth + 1, values, block, walk, key)

        if step.branches:
            self._follow_branches(step, row, values, follow)
        elif step.items:
            for item in step.items:
                holds, known = at(values[item.when.slot], row)
                if holds or not known:
                    follow(item.when, row)
        elif step.tree is not None:
            follow(step.tree, row)
        walk.seen[mark] = None

    def _follow_branches(self, step: Step, row: int, values: Values, follow: Any) -> None:
        for branch in step.branches:
            if branch.when is None:
                follow(branch.then, row)
                return
            follow(branch.when, row)
            holds, known = at(values[branch.when.slot], row)
            if known and holds:
                follow(branch.then, row)
                return

    def _follow(
        self, low: Lowered, row: int, depth: int, values: Values, block: Block, walk: _Walk, owner: Key
    ) -> None:
        node = low.node
        if node.op == "ref":
            key = node.value
            if isinstance(key, tuple):
                self._visit(key, row if key[0] not in ("", ID) else 0, depth, values, block, walk)
            return
        if node.op in _COMPARISONS and node.args[0].type == "number":
            walk.comparisons.setdefault((low.slot, row), (low, row, owner))
        if node.op in _PER_ROW:
            for place in self._rows_that_matter(low, values, block):
                self._follow(low.args[0], place, depth, values, block, walk, owner)
            args = low.args[1:]
        elif node.op == "spread":
            owners = block.frame.rows[node.space]
            row = int(np.searchsorted(owners.starts, row, side="right")) - 1
            args = low.args
        else:
            args = _matter(low, row, values)
        for arg in args:
            self._follow(arg, row, depth, values, block, walk, owner)

    def _rows_that_matter(self, low: Lowered, values: Values, block: Block) -> list[int]:
        count = block.frame.rows[str(low.node.value)].count
        if low.node.op in ("max_of", "min_of"):
            return list(range(count))
        skipped = low.node.op == "all"  # of ALL the rows that fail matter, of the others those that count
        value = values[low.args[0].slot]
        rows = [row for row in range(count) if not (found := at(value, row))[1] or bool(found[0]) != skipped]
        alike = low.node.op in ("any", "all") and not rows  # ANY: every row failed; ALL: every row held
        return list(range(count)) if alike else rows

    # --- putting into words

    def _target(self, step: Step, values: Values) -> dict[str, Any]:
        value = values[step.slot]
        shown = values.show(step, 0)
        known = at(value, 0)[1]
        source = self._source(step, values, 0)
        if known:
            clause = _("，依据{r}").format(r=source.reference) if source.reference else ""
            mark = _("【{m}】").format(m=SAMPLE_MARK) if source.sample else ""
            sentence = _("{t}：{v}{c}。{m}").format(t=step.title, v=shown, c=clause, m=mark)
        else:
            sentence = _("{t}：还不能确定，缺少下面列出的情况。").format(t=step.title)
        return {
            "name": step.name,
            "title": step.title,
            "value": plain(step, value, 0),
            "display": shown,
            "unit": step.unit,
            "state": "determined" if known else "undetermined",
            "sentence": sentence,
        }

    def _source(self, step: Step, values: Values, row: int) -> Source:
        for branch in step.branches:
            holds, known = (True, True) if branch.when is None else at(values[branch.when.slot], row)
            if not known:
                break
            if holds:
                return branch.source if branch.source.reference or branch.source.sample else step.source
        return step.source

    def _step(self, mark: tuple[str, str, int], values: Values, depth: int) -> dict[str, Any]:
        entity, name, row = mark
        step = self.steps[(entity, name)]
        told = dict(self._told[(entity, name)])
        below = entity not in ("", ID)
        if below:
            told["id"] = f"{entity}.{name}.{row + 1}"
            told["row"] = row + 1
        if step.branches:
            told |= _rests_on(self._source(step, values, row))
        words = self.words.get((entity, name))
        if words is not None and step.kind != "fact":
            told["filled"] = self._filled(words, entity, row, values)
        value = values[step.slot]
        told["value"] = plain(step, value, row)
        told["display"] = values.show(step, row)
        told["depth"] = depth
        if not at(value, row)[1]:
            told["state"] = "undetermined"
        return told

    def _of_every_household(self, step: Step) -> dict[str, Any]:
        """What a step tells of every household alike; each explanation adds its own values."""
        return {
            "id": step.name,
            "name": step.name,
            "title": step.title,
            "on": step.entity or ID,
            "row": 0,
            "kind": step.kind,
            "formula": self._formulas.get((step.entity, step.name), ""),
            "filled": "",
            "value": None,
            "display": "",
            "unit": step.unit,
            **_rests_on(step.source),
            "inputs": [n if e in ("", ID) else f"{e}.{n}" for e, n in step.uses],
            "depth": 0,
            "state": "determined",
        }

    def _filled(self, words: list[Part], entity: str, row: int, values: Values) -> str:
        out = []
        for part in words:
            if isinstance(part, str):
                out.append(part)
                continue
            step = self.steps[part]
            if part[0] in ("", ID):
                out.append(values.show(step, 0))
            elif part[0] == entity:
                out.append(values.show(step, row))
            else:
                data = values[step.slot][0]
                rows = range(len(data)) if isinstance(data, list) else (0,)
                out.append("、".join(values.show(step, place) for place in rows) or _("没有"))
        return "".join(out)

    def _title_of(self, low: Lowered) -> str:
        found = self._sides.get(id(low))
        if found is None:
            found = self._sides[id(low)] = self._titles(parts(low, self.names))
        return found

    def _condition(self, values: Values, low: Lowered, row: int, owner: Key) -> dict[str, Any]:
        left, right = low.args
        holds, known = at(values[low.slot], row)
        (a, known_a), (b, known_b) = at(values[left.slot], row), at(values[right.slot], row)
        unit = left.node.unit or right.node.unit or None
        title_a, title_b = (self._title_of(arg) for arg in (left, right))
        shown_a, shown_b = (number(float(v), unit) if k else _("未知") for v, k in ((a, known_a), (b, known_b)))
        sides = [
            t if t == s or arg.node.op == "literal" else f"{t} {s}"
            for t, s, arg in ((title_a, shown_a, left), (title_b, shown_b, right))
        ]
        state = None if not known else bool(holds)
        verdict = {True: _("成立"), False: _("不成立"), None: _("未知")}[state]
        margin = round(float(a) - float(b), 6) if known_a and known_b else None
        by = "" if margin in (None, 0.0) else _("，相差 {m}").format(m=number(abs(float(margin or 0)), unit))
        return {
            "text": f"{sides[0]} {_COMPARISONS[low.node.op]} {sides[1]}：{verdict}{by}",
            "holds": state,
            "margin": margin,
            "unit": unit,
            "step": owner[1],
            "reference": self.steps[owner].source.reference,
        }

    def _lists(self, values: Values) -> dict[str, Any]:
        found = {}
        for step in self.plan.steps:
            if step.kind != "list" or step.entity != ID or step.rule is None or step.rule.list_kind == "flags":
                continue
            items = [i for i in step.items if bool(at(values[i.when.slot], 0)[0]) and at(values[i.when.slot], 0)[1]]
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

    def _flags(self, values: Values, block: Block) -> list[dict[str, Any]]:
        found = []
        for step in self.plan.steps:
            if step.rule is None or step.rule.list_kind != "flags":
                continue
            count = 1 if step.entity == ID else block.frame.size(step.entity)
            for row in range(count):
                for item in step.items:
                    holds, known = at(values[item.when.slot], row)
                    if holds or not known:
                        found.append(
                            {
                                "code": item.item.code,
                                "title": item.item.title,
                                "confirm": item.item.confirm,
                                "row": 0 if step.entity == ID else row + 1,
                                "list": step.name,
                                "reference": item.item.source.reference or SAMPLE_MARK,
                                "sample": item.item.source.sample,
                                "state": "raised" if known else "undetermined",
                            }
                        )
        return found

    def _missing(self, block: Block, values: Values, aims: list[Step]) -> list[dict[str, Any]]:
        found: dict[tuple[str, str, int], dict[str, Any]] = {}
        for aim in aims:
            if at(values[aim.slot], 0)[1]:
                continue
            for step, _household, row in wanted(self.plan, block, list(values.raw), aim):
                fact = step.fact
                path = step.name if step.entity == ID else f"{step.entity}.{row}.{step.name}"
                found.setdefault(
                    (step.entity, step.name, row),
                    {
                        "entity": step.entity,
                        "row": row,
                        "fact": step.name,
                        "title": step.title,
                        "path": path,
                        "question": (fact.question if fact is not None else "") or step.title,
                        "targets": [],
                    },
                )["targets"].append(aim.name)
        return list(found.values())

    # --- what would change it

    def _changes(self, block: Block, values: Values, walk: _Walk, aims: list[Step]) -> list[dict[str, Any]]:
        decided = [aim for aim in aims if aim.type in ("choice", "boolean")] or [a for a in aims if a.type == "choices"]
        slots = frozenset(aim.slot for aim in decided)
        candidates = []
        for low, row, _owner in walk.comparisons.values():
            moved = self._beyond(low, row, values)
            if moved is not None:
                candidates.append(moved)
        candidates.sort(key=lambda item: item[0])
        near = [candidate for candidate in candidates if candidate[0] <= 1] or candidates[:1]
        found: list[dict[str, Any]] = []
        for _distance, step, row, before, after in near[: MOST_CHANGES + 1]:
            data, known = values.raw[step.slot]
            data = np.array(data, np.float64, ndmin=1, copy=True)
            data[row] = after
            again = Values(self.kernel.rerun(block.frame, list(values.raw), {step.slot: (data, known)}, slots))
            for aim in decided:
                old, new = values.show(aim, 0), again.show(aim, 0)
                if old != new:
                    found.append(change(step, row, before, after, aim, old, new))
                    break
        return found[:MOST_CHANGES]

    def _beyond(self, low: Lowered, row: int, values: Values) -> tuple[float, Step, int, float, float] | None:
        """The smallest move of a named number that turns a comparison over, with its relative size."""
        holds, known = at(values[low.slot], row)
        sides = [_named(arg) for arg in low.args]
        if not known or not any(sides) or low.node.op in ("eq", "ne"):
            return None
        place = 0 if self._movable(sides[0]) else 1
        side = sides[place]
        if not self._movable(side) or side is None:
            return None
        step = self.steps[side]
        mine, limit = float(at(values[step.slot], row)[0]), float(at(values[low.args[1 - place].slot], row)[0])
        below = (low.node.op in ("lt", "le")) == (place == 0)  # the condition holds when this side is below
        strict = low.node.op in ("lt", "gt")
        grain = grain_of(step)
        inclusive = strict if holds else not strict
        target = possible(step, limit if inclusive else limit + (grain if below == bool(holds) else -grain), mine)
        if target is None or not self._arose(step, row, values):
            return None
        return abs(target - mine) / max(1.0, abs(limit)), step, row, mine, target

    def _arose(self, step: Step, row: int, values: Values) -> bool:
        """Whether a fact's question was asked: one that did not arise cannot be answered otherwise."""
        instruction = self.plan.instructions[step.slot]
        if instruction.op != "not_asked":
            return True
        asked, known = at(values[instruction.args[0]], row)
        return bool(asked) or not known

    def _movable(self, key: Key | None) -> bool:
        return key is not None and self.steps[key].kind != "standard" and self.steps[key].type == "number"


def _rests_on(source: Source) -> dict[str, Any]:
    return {"reference": source.reference, "grade": source.grade, "sample": source.sample, "reason": source.reason}


def _named(low: Lowered) -> Key | None:
    while low.node.op == "spread":
        low = low.args[0]
    return low.node.value if low.node.op == "ref" and isinstance(low.node.value, tuple) else None


def _matter(low: Lowered, row: int, values: Values) -> tuple[Lowered, ...]:
    """The arguments that decided an operation's value for one row."""
    op = low.node.op
    if op == "if":
        holds, known = at(values[low.args[0].slot], row)
        return low.args if not known else (low.args[0], low.args[1] if holds else low.args[2])
    if op in ("and", "or"):
        holds, known = at(values[low.slot], row)
        decisive = op == "or"
        if known and bool(holds) == decisive:
            return tuple(a for a in low.args if (s := at(values[a.slot], row))[1] and bool(s[0]) == decisive)
        if not known:
            return tuple(a for a in low.args if not at(values[a.slot], row)[1])
        return low.args
    if op == "mul":
        zeros = tuple(a for a in low.args if (s := at(values[a.slot], row))[1] and s[0] == 0)
        return zeros or low.args
    return low.args
