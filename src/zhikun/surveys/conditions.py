"""When a question is asked: a pack's `asked_when` for a browser, and the same condition judged again where nobody can tamper.

Pure. A condition is the typed formula of the engine. Both readings follow three-valued logic: a question is shown when its
condition is known to hold; while what it depends on is unknown it is neither asked nor taken as not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from zhikun.engine.formulas import HOUSEHOLD, Node, Signature, check
from zhikun.engine.packs import change_days
from zhikun.engine.packs.model import Fact, Pack
from zhikun.engine.plan.scope import DayScope
from zhikun.engine.run.calendar import Calendar
from zhikun.wording import _

UNKNOWN = "__unknown"  # the answer 不清楚 of a question with options
NONE = "__none"  # the answer 无 of a question with several options
UNKNOWN_MARK = "__u"  # ends the name of the box 不清楚 beside a number, date or text

Key = tuple[str, str]
#: Reads a fact for a condition: None where it is not known.
Reader = Callable[[Key], Any]

_EPOCH = date(1970, 1, 1)
_COMPARED: Mapping[str, tuple[str, str, Callable[[float, float], bool]]] = {
    "lt": ("<", ">=", lambda a, b: a < b),
    "le": ("<=", ">", lambda a, b: a <= b),
    "gt": (">", "<=", lambda a, b: a > b),
    "ge": (">=", "<", lambda a, b: a >= b),
    "eq": ("=", "<>", lambda a, b: a == b),
    "ne": ("<>", "=", lambda a, b: a != b),
}


class Untranslatable(Exception):
    """A condition in a form that no browser can follow. `fact` carries its place in the pack's files."""

    def __init__(self, fact: Fact, found: str) -> None:
        self.fact = fact
        super().__init__(
            _(
                "{at}：“{title}”的 asked_when 写法在问卷里用不了（{found}）。它只能用本行和本户的事实，与数字、代码比较，"
                "或用 AND、OR、NOT、IN、BETWEEN、HAS、HAS_ANY、COUNT_OF、AGE；请改写，或去掉 asked_when。"
            ).format(at=fact.at, title=fact.title, found=found)
        )


@dataclass(frozen=True)
class Written:
    """A condition as SurveyJS expressions: true exactly where it is known to hold, and where it is known not to."""

    holds: str
    fails: str


class Conditions:
    """All conditions of a pack's questions, typed by the rules of its newest day."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.nodes: dict[Key, Node] = {}
        conditional = [fact for fact in pack.facts.values() if fact.asked_when]
        if conditional:
            scope = DayScope(pack, change_days(pack)[-1], pack.place or "")
            for fact in conditional:
                wanted = Signature("asked", fact.entity, "boolean")
                self.nodes[fact.entity, fact.name] = check(fact.asked_when, scope, fact.entity, wanted)

    def written(self, fact: Fact) -> Written:
        """The condition for the browser. Raises Untranslatable."""
        return _Writer(self, fact).write(self.nodes[fact.entity, fact.name])

    def asked(self, fact: Fact, read: Reader, day: date) -> bool | None:
        """Whether the question is asked, by what is known on the day; None: cannot be told yet. Raises Untranslatable."""
        node = self.nodes.get((fact.entity, fact.name))
        return True if node is None else _Judge(fact, read, day).truth(node)


class _Writer:
    """One condition as text."""

    def __init__(self, conditions: Conditions, fact: Fact) -> None:
        self.conditions = conditions
        self.fact = fact

    def write(self, node: Node) -> Written:
        node = inner(node)
        if node.op in ("and", "or"):
            parts = [self.write(arg) for arg in node.args]
            both = _joined([p.holds for p in parts], node.op)
            neither = _joined([p.fails for p in parts], "or" if node.op == "and" else "and")
            return Written(both, neither)
        if node.op == "not":
            one = self.write(node.args[0])
            return Written(one.fails, one.holds)
        return self._atom(node)

    def _atom(self, node: Node) -> Written:
        """A comparison of one fact. Where that fact is itself asked only sometimes, its value when not asked counts too."""
        key, plain = self._plain(node)
        fact = self.conditions.pack.facts[key]
        if not fact.asked_when:
            return plain
        asked = _Writer(self.conditions, fact).write(self.conditions.nodes[key])
        otherwise = _Judge(self.fact, lambda _key: as_answered(fact.if_not_asked), _EPOCH).truth(node)
        return Written(
            _either(f"({asked.holds}) and ({plain.holds})", asked.fails, otherwise is True),
            _either(f"({asked.holds}) and ({plain.fails})", asked.fails, otherwise is False),
        )

    def _plain(self, node: Node) -> tuple[Key, Written]:
        if node.op == "ref" and node.type == "boolean":
            key = self._key(node)
            name = self._name(key)
            return key, Written(f"{name} = true", f"{name} = false")
        if node.op == "in_codes":
            subject = inner(node.args[0])
            name, codes = self._name(self._key(subject)), _codes(node)
            known = f"{name} notempty and {name} <> '{UNKNOWN}'"
            any_of = " or ".join(f"{name} = '{code}'" for code in codes)
            none_of = " and ".join(f"{name} <> '{code}'" for code in codes)
            return self._key(subject), Written(f"({any_of})", f"({known} and {none_of})")
        if node.op == "has_any":
            subject = inner(node.args[0])
            name, codes = self._name(self._key(subject)), _bits(node)
            known = f"{name} notempty and {name} notcontains '{UNKNOWN}'"
            any_of = " or ".join(f"{name} contains '{code}'" for code in codes)
            none_of = " and ".join(f"{name} notcontains '{code}'" for code in codes)
            return self._key(subject), Written(f"({any_of})", f"({known} and {none_of})")
        if node.op in _COMPARED:
            return self._comparison(node)
        raise Untranslatable(self.fact, node.op)

    def _comparison(self, node: Node) -> tuple[Key, Written]:
        left, right = (inner(arg) for arg in node.args)
        if right.op != "literal" or right.type != "number":
            raise Untranslatable(self.fact, right.op)
        limit = f"{float(str(right.value)):g}"
        yes, no, _compare = _COMPARED[node.op]
        if left.op == "age" and inner(left.args[0]).op == "ref":
            key = self._key(inner(left.args[0]))
            name = self._name(key)
            known, value = f"{name} notempty and {self._unmarked(name)}", f"zkAge({name}, {{today}})"
        elif left.op == "count_of":
            key = self._key(inner(left.args[0]))
            name = self._name(key)
            known, value = f"{name} notempty and {name} notcontains '{UNKNOWN}'", f"zkCount({name})"
        elif left.op == "ref":
            key = self._key(left)
            name = self._name(key)
            known, value = f"{name} notempty and {self._unmarked(name)}", name
        else:
            raise Untranslatable(self.fact, left.op)
        return key, Written(f"({known} and {value} {yes} {limit})", f"({known} and {value} {no} {limit})")

    def _key(self, node: Node) -> Key:
        key = inner(node).value
        if inner(node).op != "ref" or not isinstance(key, tuple) or key not in self.conditions.pack.facts:
            raise Untranslatable(self.fact, str(key or node.op))
        return (str(key[0]), str(key[1]))

    def _name(self, key: Key) -> str:
        """The question's name as an expression of this question's place sees it."""
        entity, name = key
        return f"{{{question_name(entity, name)}}}" if entity == HOUSEHOLD else f"{{panel.{name}}}"

    @staticmethod
    def _unmarked(name: str) -> str:
        return f"{name[:-1]}{UNKNOWN_MARK}}} empty"


class _Judge:
    """One condition by values."""

    def __init__(self, fact: Fact, read: Reader, day: date) -> None:
        self.fact = fact
        self.read = read
        self.day = day

    def truth(self, node: Node) -> bool | None:
        node = inner(node)
        if node.op in ("and", "or"):
            parts = [self.truth(arg) for arg in node.args]
            decides = node.op == "or"
            return decides if decides in parts else None if None in parts else not decides
        if node.op == "not":
            one = self.truth(node.args[0])
            return None if one is None else not one
        if node.op == "ref" and node.type == "boolean":
            value = self._value(node)
            return None if value is None else bool(value)
        if node.op == "in_codes":
            value = self._value(inner(node.args[0]))
            return None if value is None else value in _codes(node)
        if node.op == "has_any":
            value = self._value(inner(node.args[0]))
            return None if value is None else bool(set(value) & set(_bits(node)))
        if node.op in _COMPARED:
            left, right = (self._number(inner(arg)) for arg in node.args)
            return None if left is None or right is None else _COMPARED[node.op][2](left, right)
        raise Untranslatable(self.fact, node.op)

    def _number(self, node: Node) -> float | None:
        if node.op == "literal":
            return float(str(node.value))
        if node.op == "age":
            born = self._value(inner(node.args[0]))
            return None if born is None else Calendar(self.day).since_one("age", (born - _EPOCH).days)
        if node.op == "count_of":
            value = self._value(inner(node.args[0]))
            return None if value is None else float(len(value))
        value = self._value(node)
        return None if value is None else float(value)

    def _value(self, node: Node) -> Any:
        if node.op != "ref" or not isinstance(node.value, tuple):
            raise Untranslatable(self.fact, node.op)
        value = self.read((str(node.value[0]), str(node.value[1])))
        return date.fromisoformat(value) if node.type == "date" and isinstance(value, str) else value


def question_name(entity: str, fact: str) -> str:
    """The name of a fact's question: the household's carry a prefix, those of a row live in its panel."""
    return f"h_{fact}" if entity == HOUSEHOLD else fact


def as_answered(value: Any) -> Any:
    """A value of the pack (`if_not_asked`) in the shape in which facts are recorded."""
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def inner(node: Node) -> Node:
    """The node without the steps that only bring it to another row or list of codes."""
    while node.op in ("spread", "recode"):
        node = node.args[0]
    return node


def _codes(node: Node) -> list[str]:
    places = node.value if isinstance(node.value, tuple) else ()
    return [node.args[0].codes[int(str(place))] for place in places]


def _bits(node: Node) -> list[str]:
    bits = int(str(node.value))
    return [code for place, code in enumerate(node.args[0].codes) if bits >> place & 1]


def _joined(parts: list[str], word: str) -> str:
    return f" {word} ".join(f"({part})" for part in parts)


def _either(first: str, second: str, both: bool) -> str:
    return f"({first}) or ({second})" if both else first
