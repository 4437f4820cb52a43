"""What a checked pack is: frozen data that the planner, the survey room and the reports read.

Everything here has passed `zhikun.engine.packs.load`: names resolve, formulas are typed, dates do not
overlap. Nothing in it changes after loading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhikun.engine.packs.monitoring import Monitoring

FIRST_DAY = date.min
LAST_DAY = date.max


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the pack's files something stands, for error messages: file relative to the packs folder, line from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Source:
    """What a figure or condition rests on. `sample` figures are ours, never the place's."""

    reference: str = ""
    grade: str = ""
    sample: bool = False
    reason: str = ""


NO_SOURCE = Source()


@dataclass(frozen=True, slots=True)
class Period:
    """Days on which a version is in force, both ends inclusive."""

    first: date = FIRST_DAY
    last: date = LAST_DAY

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that may be known about a household, a member or another entity."""

    name: str
    entity: str
    title: str
    type: str  # number boolean choice choices date text place
    source: Source
    at: Place
    unit: str | None = None
    decimals: int = 2
    min: float | None = None
    max: float | None = None
    period: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    format: str = ""  # of texts: name id_number phone address bank_account note
    question: str = ""
    note: str = ""
    dimension: str = ""
    proved_by: str = ""  # the `source` key: document or department that proves it
    sensitivity: str = "general"
    asked_when: str = ""
    if_not_asked: object = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class StandardValue:
    """One dated value of a standard; `place` is a prefix of the household's place code, '' for everywhere."""

    first: date
    place: str
    value: object
    source: Source
    at: Place


@dataclass(frozen=True, slots=True)
class Standard:
    """A dated, place-dependent value: 低保标准, a ratio, a choice between published variants."""

    name: str
    title: str
    type: str
    values: tuple[StandardValue, ...]
    at: Place
    unit: str | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class TableKey:
    """A key of a score table: a choice (`choices_of` = 'entity.name') or a band of numbers."""

    column: str
    choices_of: str = ""
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class TableVersion:
    """One dated CSV, read. `rows`: key parts (code, or (from, below) with None for open) -> value."""

    period: Period
    file: str
    rows: tuple[tuple[tuple[object, ...], object], ...]
    source: Source
    at: Place


@dataclass(frozen=True, slots=True)
class Table:
    """A score table that people edit in a spreadsheet."""

    name: str
    title: str
    keys: tuple[TableKey, ...]
    column: str
    type: str
    versions: tuple[TableVersion, ...]
    at: Place
    unit: str | None = None
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rounding:
    """To which step, in which direction (up, down, half_up), under which clause."""

    to: float
    direction: str
    source: Source


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """The formula in force in a period."""

    period: Period
    formula: str
    source: Source
    at: Place
    rounding: Rounding | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of a decision list. `when` is '' for the last, `otherwise`. `then` is a code or a formula."""

    when: str
    then: str
    source: Source
    at: Place
    text: str = ""


@dataclass(frozen=True, slots=True)
class DecisionVersion:
    """The branches in force in a period; the first whose condition holds decides."""

    period: Period
    branches: tuple[Branch, ...]
    source: Source
    at: Place


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an accumulating list: a policy, a service, a need, a label or a flag."""

    code: str
    title: str
    when: str
    period: Period
    source: Source
    at: Place
    order: float = 0
    department: str = ""
    note: str = ""
    confirm: str = ""  # flags: what a person looks at
    text: str = ""


@dataclass(frozen=True, slots=True)
class RankingKey:
    """By which value, and whether the highest or the lowest comes first."""

    value: str
    highest_first: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A named value that the engine computes: a formula, a decision list or an accumulating list."""

    name: str
    kind: str  # rule decision list
    title: str
    on: str
    type: str  # number boolean choice choices
    at: Place
    programme: str
    pack: str
    unit: str | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[RuleVersion, ...] = ()  # kind rule
    decisions: tuple[DecisionVersion, ...] = ()  # kind decision
    items: tuple[Item, ...] = ()  # kind list
    list_kind: str = ""  # policies services needs labels flags
    note: str = ""
    text_true: str = ""
    text_false: str = ""
    source: Source = Source()


@dataclass(frozen=True, slots=True)
class Ranking:
    """An order among the households of one place; equal values share a rank."""

    name: str
    title: str
    by: tuple[RankingKey, ...]
    within: str  # county township village pack
    among: str
    source: Source
    at: Place


@dataclass(frozen=True, slots=True)
class Entity:
    """Rows that belong to a household: members, supporters, dwellings, vehicles."""

    name: str
    title: str
    sheet: str


@dataclass(frozen=True, slots=True)
class Note:
    """A fault of the published source that the pack states instead of following."""

    subject: str
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Results:
    """Which household values reports show, and as what."""

    category: str = ""
    amount: str = ""
    index: str = ""
    rank: str = ""
    eligible: str = ""
    causes: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """A place's policy: checked, frozen, identified by the hash of its canonical bytes."""

    id: str
    title: str
    version: str
    hash: str
    place: str
    first_day: date
    sample: bool
    entities: Mapping[str, Entity]  # includes household and member
    facts: Mapping[tuple[str, str], Fact]  # (entity, name)
    standards: Mapping[str, Standard]
    tables: Mapping[str, Table]
    rules: Mapping[tuple[str, str], Rule]  # (entity, name): rules, decisions, lists
    rankings: Mapping[str, Ranking]
    sources: Mapping[str, Mapping[str, str]]
    programmes: Mapping[str, str]
    notes: tuple[Note, ...]
    results: Results
    case_files: tuple[str, ...]  # absolute paths of this pack's own cases
    places: Mapping[str, str] = field(default_factory=dict)  # code of 6, 9 or 12 digits -> name
    monitoring: Monitoring | None = None

    def facts_of(self, entity: str) -> tuple[Fact, ...]:
        """The facts of one entity, in the order they are written."""
        return tuple(f for (e, _), f in self.facts.items() if e == entity)
