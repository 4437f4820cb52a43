"""Case files: one household as one would describe it, and what must come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from zhikun.engine.packs.files import find_root
from zhikun.engine.packs.model import FIRST_DAY, Fact, Pack, Place, Rule
from zhikun.engine.packs.problems import Problems, suggestion
from zhikun.engine.packs.values import WrongValue, fact_value, value_of
from zhikun.engine.packs.yaml_file import Fields, Items, Node, Scalar, read_yaml
from zhikun.wording import _

UNKNOWN = "unknown"
_CASE_KEYS = ("name", "date", "expect", "missing", "skip")

Row = Mapping[str, object]
#: (entity, row, fact); rows counted from 1, the household is row 0.
MissingFact = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Case:
    """A household with its expected values.

    `rows`: entity -> its rows, the household being one; an unknown fact is absent. `expect`: 'name' of a household
    value or 'entity.name' -> value (numbers float, lists and choices tuples of codes, None for *undetermined*); for
    'entity.name' a tuple with one value for each row. `missing`: the same names -> exactly the facts still to ask.
    `skip`: why the case is left out, '' when it is not.
    """

    name: str
    date: date
    place: str
    rows: Mapping[str, tuple[Row, ...]]
    expect: Mapping[str, object]
    missing: Mapping[str, frozenset[MissingFact]]
    skip: str
    at: Place


def cases_of(pack: Pack, root: Path | str | None = None) -> tuple[Case, ...]:
    """All cases of a pack, in the order of its files; `PackErrors` with every fault in them.

    `root` only shortens the file names in messages (default: `find_root()`).
    """
    folder = (find_root() if root is None else Path(root)).absolute()
    problems = Problems()
    found: list[Case] = []
    for path in pack.case_files:
        found += _Reader(pack, problems).read(Path(path), _shown(Path(path), folder))
    problems.raise_if_any()
    return tuple(found)


def read_cases(pack: Pack, path: Path | str, file: str = "") -> tuple[Case, ...]:
    """The cases of one file; `PackErrors` with every fault in it. `file` is what messages call it."""
    problems = Problems()
    found = _Reader(pack, problems).read(Path(path), file or str(path))
    problems.raise_if_any()
    return tuple(found)


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


class _Reader:
    """Reads case files against the names, types and codes of one pack."""

    def __init__(self, pack: Pack, problems: Problems) -> None:
        self.pack = pack
        self.problems = problems
        self.base: dict[str, Fields] = {}
        self.names: dict[str, Place] = {}

    def read(self, path: Path, file: str) -> list[Case]:
        root = read_yaml(path, file, self.problems)
        if root is None:
            return []
        for key in root.entries:
            if key not in ("base", "cases"):
                text = _("用例文件里不认识“{key}”。{hint}")
                self.problems.add(root.key_at(key), text.format(key=key, hint=suggestion(key, ("base", "cases"))))
        self._read_base(root.entries.get("base"))
        cases = root.entries.get("cases")
        if not isinstance(cases, Items) or not cases.items:
            self.problems.add(root.at, _("缺少“cases”：用例的列表，每条以“- ”开头，至少一条。"))
            return []
        return [case for node in cases.items if (case := self._case(node)) is not None]

    def _read_base(self, node: Node | None) -> None:
        if node is None:
            return
        if not isinstance(node, Fields):
            self.problems.add(node.at, _("“base”应当逐条写“实体: {事实: 值}”。"))
            return
        for entity, facts in node.entries.items():
            if self._known_entity(entity, node.key_at(entity)) and self._is_row(facts):
                self.base[entity] = facts  # type: ignore[assignment]  # _is_row says it is Fields
                self._row(entity, facts)

    # -- one case -------------------------------------------------------------------------------------------------

    def _case(self, node: Node) -> Case | None:
        if not isinstance(node, Fields):
            self.problems.add(node.at, _("用例应当写“name: ...”“date: ...”等一组内容。"))
            return None
        known = (*_CASE_KEYS, *self.pack.entities)
        for key in node.entries:
            if key not in known:
                text = _("用例里不认识“{key}”。{hint}")
                self.problems.add(node.key_at(key), text.format(key=key, hint=suggestion(key, known)))
        name = self._text(node, "name")
        self._check_name(name, node)
        rows = {entity: self._rows(entity, node) for entity in self.pack.entities}
        if "expect" not in node.entries:
            self.problems.add(
                node.at, _("用例“{name}”没有写 expect，什么也没有证明。请写期望的结果。").format(name=name)
            )
        household = rows["household"][0]
        return Case(
            name=name,
            date=self._date(node),
            place=str(household.get("place", self.pack.place)),
            rows=rows,
            expect=self._expect(node.entries.get("expect"), rows),
            missing=self._missing(node.entries.get("missing"), rows),
            skip=self._text(node, "skip") if "skip" in node.entries else "",
            at=node.at,
        )

    def _text(self, node: Fields, key: str) -> str:
        child = node.entries.get(key)
        if isinstance(child, Scalar) and child.raw.strip():
            return child.raw.strip()
        self.problems.add(child.at if child is not None else node.at, _("用例缺少“{key}”的文字。").format(key=key))
        return ""

    def _check_name(self, name: str, node: Fields) -> None:
        before = self.names.setdefault(name, node.at)
        if name and before != node.at:
            text = _("用例“{name}”与第 {line} 行的同名，报告里分不清。请改其中一个。")
            self.problems.add(node.at, text.format(name=name, line=before.line))

    def _date(self, node: Fields) -> date:
        child = node.entries.get("date")
        if not isinstance(child, Scalar) or not isinstance(child.value, date):
            at = child.at if child is not None else node.at
            self.problems.add(at, _("用例要写 date（评估的日子），写成 2024-01-31 的样子，不加引号。"))
            return FIRST_DAY
        if child.value < self.pack.first_day:
            text = _("日期 {day} 早于政策包的 first_day（{first}），那时没有规则可用。请改日期。")
            self.problems.add(child.at, text.format(day=child.value, first=self.pack.first_day))
        return child.value

    def _rows(self, entity: str, node: Fields) -> tuple[Row, ...]:
        child = node.entries.get(entity)
        base = self._row(entity, self.base[entity], quiet=True) if entity in self.base else {}
        if entity == "household":
            own = self._row(entity, child) if child is not None and self._is_row(child) else {}
            return (_merged(base, own),)
        if child is None:
            return ()
        if not isinstance(child, Items):
            text = _("“{entity}”应当是列表，每行一个：- {{事实: 值}}。没有就写 []。")
            self.problems.add(child.at, text.format(entity=entity))
            return ()
        return tuple(_merged(base, self._row(entity, item) if self._is_row(item) else {}) for item in child.items)

    def _is_row(self, node: Node) -> bool:
        if isinstance(node, Fields):
            return True
        self.problems.add(node.at, _("这里应当写 {{事实: 值}}；什么都不知道写 {{}}。").format())
        return False

    def _row(self, entity: str, node: Node, quiet: bool = False) -> dict[str, object]:
        """The facts of one row; None marks one written as unknown. `quiet`: its faults are recorded already."""
        problems = Problems() if quiet else self.problems
        row: dict[str, object] = {}
        for name, child in node.entries.items() if isinstance(node, Fields) else ():
            fact = self.pack.facts.get((entity, name))
            if fact is None:
                problems.add(node.key_at(name), self._no_fact(entity, name))  # type: ignore[union-attr]  # entries come from a mapping alone
            elif isinstance(child, Scalar) and child.raw == UNKNOWN:
                row[name] = None
            else:
                row[name] = fact_value(child, fact, problems)
        return row

    def _no_fact(self, entity: str, name: str) -> str:
        known = [fact.name for fact in self.pack.facts_of(entity)]
        if (entity, name) in self.pack.rules:
            text = _("{entity} 的“{name}”是算出来的结果，不能当作事实填写。请填它所依据的事实。")
            return text.format(entity=entity, name=name)
        elsewhere = [e for (e, n) in self.pack.facts if n == name]
        if elsewhere:
            return _("“{name}”是 {other} 的事实，不是 {entity} 的。").format(
                name=name, other=elsewhere[0], entity=entity
            )
        hint = suggestion(name, known)
        if any(fact.at.file.partition("/")[0] != self.pack.id for fact in self.pack.facts.values()):
            hint += _("（从沿用的政策包只带来规则用到的事实。）")
        return _("{entity} 没有事实“{name}”。{hint}").format(entity=entity, name=name, hint=hint)

    def _known_entity(self, entity: str, at: Place) -> bool:
        if entity in self.pack.entities:
            return True
        text = _("没有实体“{entity}”。{hint}")
        self.problems.add(at, text.format(entity=entity, hint=suggestion(entity, self.pack.entities)))
        return False

    # -- what must come out ---------------------------------------------------------------------------------------

    def _expect(self, node: Node | None, rows: Mapping[str, tuple[Row, ...]]) -> dict[str, object]:
        expected: dict[str, object] = {}
        for key, child, entity, value in self._values(node, "expect"):
            if entity == "household":
                expected[key.removeprefix("household.")] = self._expected(child, value)
                continue
            count = len(rows[entity])
            if not isinstance(child, Items) or len(child.items) != count:
                text = _("“{key}”应当是列表，{entity} 有 {count} 行，就写 {count} 个值。")
                self.problems.add(child.at, text.format(key=key, entity=entity, count=count))
                continue
            expected[key] = tuple(self._expected(item, value) for item in child.items)
        return expected

    def _values(self, node: Node | None, what: str) -> list[tuple[str, Node, str, Fact | Rule]]:
        """The entries that name a value of the pack: key, node, entity, value."""
        if node is None:
            return []
        if not isinstance(node, Fields):
            self.problems.add(node.at, _("“{what}”应当逐条写“名称: 值”。").format(what=what))
            return []
        found: list[tuple[str, Node, str, Fact | Rule]] = []
        for key, child in node.entries.items():
            first, dot, rest = key.partition(".")
            entity, name = (first, rest) if dot else ("household", key)
            value = self.pack.rules.get((entity, name)) or self.pack.facts.get((entity, name))
            if value is None:
                self.problems.add(node.key_at(key), self._no_value(key, entity, name))
            else:
                found.append((key, child, entity, value))
        return found

    def _no_value(self, key: str, entity: str, name: str) -> str:
        if name in self.pack.rankings:
            return _("“{name}”是多户之间的排序，一户的用例里算不出来。请删去这一行。").format(name=name)
        known = [_written(e, n) for e, n in (*self.pack.rules, *self.pack.facts)]
        elsewhere = [_written(e, n) for e, n in self.pack.rules if n == name and e != entity]
        if elsewhere:
            return _("“{key}”不是家庭的结果。请写“{other}”。").format(key=key, other=elsewhere[0])
        return _("没有叫“{key}”的结果。{hint}").format(key=key, hint=suggestion(key, known, limit=12))

    def _expected(self, node: Node, value: Fact | Rule) -> object:
        if isinstance(node, Scalar) and node.raw == UNKNOWN:
            return None
        try:
            return value_of(node, value.type, value.choices)
        except WrongValue as wrong:
            text = _("“{title}”（{name}）：{why}")
            self.problems.add(node.at, text.format(title=value.title, name=value.name, why=wrong))
            return None

    def _missing(self, node: Node | None, rows: Mapping[str, tuple[Row, ...]]) -> dict[str, frozenset[MissingFact]]:
        missing: dict[str, frozenset[MissingFact]] = {}
        for key, child, _entity, _value in self._values(node, "missing"):
            if not isinstance(child, Items):
                text = _("“{key}”缺的事实应当是列表，例如 [member.2.birth_date, household.residence]。")
                self.problems.add(child.at, text.format(key=key))
                continue
            facts = [self._missing_fact(item, rows) for item in child.items]
            missing[key.removeprefix("household.")] = frozenset(fact for fact in facts if fact is not None)
        return missing

    def _missing_fact(self, node: Node, rows: Mapping[str, tuple[Row, ...]]) -> MissingFact | None:
        raw = node.raw if isinstance(node, Scalar) else ""
        parts = raw.split(".")
        if len(parts) == 1:
            parts = ["household", raw]
        if len(parts) == 2 and parts[0] == "household":
            entity, row, name = "household", 0, parts[1]
        elif len(parts) == 3 and parts[1].isascii() and parts[1].isdigit() and parts[0] != "household":
            entity, row, name = parts[0], int(parts[1]), parts[2]
        else:
            text = _("“{raw}”应当写成 实体.第几行.事实，例如 member.2.birth_date；家庭的写 household.事实。")
            self.problems.add(node.at, text.format(raw=raw))
            return None
        if not self._known_entity(entity, node.at):
            return None
        if (entity, name) not in self.pack.facts:
            self.problems.add(node.at, self._no_fact(entity, name))
            return None
        if entity != "household" and not 1 <= row <= len(rows[entity]):
            text = _("“{raw}”：{entity} 只有 {count} 行，没有第 {row} 行（从 1 数起）。")
            self.problems.add(node.at, text.format(raw=raw, entity=entity, count=len(rows[entity]), row=row))
            return None
        return (entity, row, name)


def _written(entity: str, name: str) -> str:
    return name if entity == "household" else f"{entity}.{name}"


def _merged(base: Row, own: Row) -> Row:
    return {name: value for name, value in {**base, **own}.items() if value is not None}
