"""What a pack says about monitoring: the department files it needs, the indicators, the levels and what follows from them.

Frozen data, checked when the pack is loaded; `intake` reads the sources, `screening` the rest. Files: `<pack>/warnings/`,
described in docs/reference/warnings-format.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zhikun.engine.packs.model import NO_SOURCE, Place, Source

COLUMN_TYPES = ("text", "number", "boolean", "choice", "date", "place", "id_number", "name")
RHYTHMS = ("monthly", "quarterly", "yearly")
KINDS = ("event", "register", "population")
MEASURES = ("any", "count", "sum", "max")
OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in", "not in", "known", "unknown")
DIRECTIONS = ("hardship", "exit")
# The four ways to dispose of a warning (国办发〔2023〕39号): policy not delivered; not enrolled but may qualify; complex, case
# conference; may no longer qualify.
WAYS = ("deliver", "enrol", "conference", "recheck")
LEVELS = ("blue", "yellow", "orange", "red")
SENSITIVITIES = ("health", "finance", "identity")
ESCALATION_TARGETS = ("county", "city", "province")
#: Names that columns have in every pack, because a reader looks for them: the day of birth where a file has no identity
#: number; of the population the code of the group a person is watched in (one row for each) and the household's number.
BIRTH_DATE, GROUP, HOUSEHOLD = "birth_date", "group", "household"
#: The columns of warnings.parquet that a route may pass on. Tokens never leave, so `person` stands for name and masked number.
WARNING_COLUMNS = (
    "month",
    "person",
    "household",
    "place",
    "groups",
    "direction",
    "level",
    "score",
    "change",
    "way",
    "causes",
    "indicators",
    "reasons",
    "raised",
    "deadline",
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a department's file."""

    name: str
    title: str  # the header that people write
    type: str  # COLUMN_TYPES
    at: Place
    required: bool = False
    headers: tuple[str, ...] = ()  # other headers it goes by
    choices: Mapping[str, str] = field(default_factory=dict)  # code -> words; both are read
    unit: str = ""
    min: float | None = None
    max: float | None = None
    sensitive: str = ""  # '', 'health', 'finance', 'identity' (PIPL Art. 28)


@dataclass(frozen=True, slots=True)
class ListSource:
    """A file that a department delivers: whose rows, with which columns, when, for what purpose."""

    id: str
    title: str
    department: str
    kind: str  # event: what happened in the period; register: all who stand in it; population: who is watched
    columns: Mapping[str, Column]
    rhythm: str
    due_day: int  # day of the period's last month by which the file is due
    purpose: str
    source: Source
    at: Place
    months: tuple[int, ...] = ()  # yearly: the months in which it is due
    valid_months: int = 1  # for how many months after its period conclusions may rest on it
    sensitive: str = ""
    delivery: Source = NO_SOURCE  # what rhythm, due_day and months rest on
    pack: str = ""  # whose file says so

    def column_of(self, type_: str) -> Column | None:
        """The first column of a type: the identity number, the name, the place."""
        return next((column for column in self.columns.values() if column.type == type_), None)


@dataclass(frozen=True, slots=True)
class Condition:
    """A row counts only where a column stands in a relation to a value or to several codes."""

    column: str
    operator: str
    value: object  # of the column's type; a tuple for in and not in; None for known and unknown
    at: Place
    source: Source = NO_SOURCE  # of a number or a day compared with; otherwise the indicator's


@dataclass(frozen=True, slots=True)
class Band:
    """From this measured value on (inclusive) an indicator gives these points (0 to 100)."""

    low: float
    points: float
    title: str
    source: Source


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is looked for in a source, and how many points it gives."""

    id: str
    title: str
    list_source: str
    measure: str  # MEASURES, over the rows of a person that meet `where`
    column: str  # what is summed or compared; '' for any and count
    where: tuple[Condition, ...]
    window_months: int  # the months of files looked at, the month itself included
    bands: tuple[Band, ...]  # ascending by `low`
    weight: float
    direction: str  # hardship: help may be needed; exit: may no longer qualify
    cause: str  # illness, disability, education, employment, ...: what a person handles once
    source: Source
    at: Place
    way: str = ""  # WAYS; '' where it follows from the person's groups
    groups: tuple[str, ...] = ()  # only for people of these groups; empty: everyone
    department: str = ""  # whose help is asked for
    unit: str = ""
    weight_source: Source = NO_SOURCE
    window_source: Source = NO_SOURCE  # where a window of several months is written
    pack: str = ""


@dataclass(frozen=True, slots=True)
class WatchedGroup:
    """A group of people who are watched."""

    code: str
    title: str
    enrolled: bool  # receives assistance already
    source: Source
    at: Place
    pack: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """A colour: from which score, and within how many working days someone visits."""

    id: str  # LEVELS
    title: str
    low: float
    days: int
    source: Source
    at: Place
    way: str = ""  # of every hardship warning of this colour: several hardships at once may go to a conference


@dataclass(frozen=True, slots=True)
class Escalation:
    """What an overdue warning sends to whom: so many working days after its deadline."""

    after_days: int
    to: str  # county, city, province
    text: str
    source: Source
    at: Place


@dataclass(frozen=True, slots=True)
class Route:
    """A list for another department: of whom, with which columns."""

    id: str
    title: str
    department: str
    groups: tuple[str, ...]
    causes: tuple[str, ...]
    columns: tuple[str, ...]  # of WARNING_COLUMNS, only those agreed
    source: Source
    at: Place
    pack: str = ""


@dataclass(frozen=True, slots=True)
class Monitoring:
    """A pack's monitoring, whole."""

    sources: Mapping[str, ListSource]
    indicators: Mapping[str, Indicator]
    groups: Mapping[str, WatchedGroup]
    levels: tuple[Level, ...]  # ascending by `low`; below the first there is no warning
    escalations: tuple[Escalation, ...]
    routes: Mapping[str, Route]
    quiet_months: int = 0  # for how many months a handled cause stays quiet when nothing new happens; 0: for good
    quiet_source: Source = NO_SOURCE
    causes: Mapping[str, str] = field(default_factory=dict)  # code -> words

    @property
    def population(self) -> ListSource:
        """The source of who is watched."""
        return next(source for source in self.sources.values() if source.kind == "population")

    def way_of(self, indicator: Indicator, groups: tuple[str, ...], level: Level | None = None) -> str:
        """How a warning of this indicator and level is handled for a person of these groups.

        Hardship as the level says, otherwise as the indicator says; otherwise policies are delivered to the enrolled, and
        whoever is not may be enrolled.
        """
        if level is not None and level.way and indicator.direction == "hardship":
            return level.way
        if indicator.way:
            return indicator.way
        return "deliver" if any(self.groups[code].enrolled for code in groups) else "enrol"
