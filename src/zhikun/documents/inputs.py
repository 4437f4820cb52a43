"""What every report starts from: one pack applied to one survey on one day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from zhikun.documents.arrivals import Intake
from zhikun.documents.errors import UnknownValue
from zhikun.documents.values import Shown, shown_of
from zhikun.engine.packs.model import Pack
from zhikun.engine.run.results import UNDECIDED
from zhikun.identity import mask_name
from zhikun.wording import _

TOWNSHIP_DIGITS = 9
HEAD = "head"


@dataclass(frozen=True, eq=False)
class Assessed:
    """An assessed county: results beside the survey they rest on.

    `results` and `survey` are Arrow tables by entity; `missing` names the facts that undetermined values wait for
    (household, target, entity, row, fact). `place_names` gives the names of place codes of 6, 9 or 12 digits.
    `generated` marks people who do not exist, so that no reader takes them for residents.
    """

    pack: Pack
    day: date
    results: Mapping[str, pa.Table]
    survey: Mapping[str, pa.Table]
    missing: pa.Table
    intake: Intake = field(default_factory=Intake)
    place_names: Mapping[str, str] = field(default_factory=dict)
    generated: bool = False
    _people: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict, init=False, repr=False)
    _kept: dict[str, list[object]] = field(default_factory=dict, init=False, repr=False)

    @property
    def households(self) -> list[str]:
        """Household numbers in the order of the results."""
        return [str(h) for h in self._read("household")]

    def column(self, name: str) -> list[object]:
        """One household value in the order of `households`; None is undetermined.

        Raises UnknownValue when neither the results nor the survey has it.
        """
        return self._read(name)

    def codes(self, name: str) -> list[list[str]]:
        """The items of a list that certainly apply, for each household."""
        return [[str(code) for code in v] if isinstance(v, list) else [] for v in self.column(name)]

    def undecided(self, name: str) -> list[list[str]]:
        """The items of a list of which it is not known yet whether they apply, for each household."""
        companion = name + UNDECIDED
        return self.codes(companion) if self.has(companion) else [[] for _household in self.households]

    def shown(self, name: str) -> Shown:
        """How the pack calls a household value and words its codes."""
        return shown_of(self.pack, name)

    def townships(self) -> list[str]:
        """The township code (9 digits; shorter where the survey knows less; '' where it knows nothing)."""
        if not self.has("place"):
            return [""] * len(self.households)
        return [str(p)[:TOWNSHIP_DIGITS] if p else "" for p in self.column("place")]

    def has(self, name: str) -> bool:
        """Whether results or survey hold this household value."""
        return any(
            name in table.column_names
            for table in (self.results["household"], self.survey.get("household"))
            if table is not None
        )

    def place_name(self, code: str) -> str:
        """The name of a place; where nobody gave one, its code and that it has no name here."""
        if not code:
            return _("未填写所在地")
        if code in self.place_names:
            return self.place_names[code]
        if len(code) < TOWNSHIP_DIGITS:
            return _("{place}（未细分到乡镇）").format(place=code)
        return _("未登记名称（{code}）").format(code=code)

    def member_counts(self) -> list[int]:
        """Persons in each household, in the order of `households`."""
        table = self.survey.get("member", self.results.get("member"))
        if table is None:
            return [0] * len(self.households)
        counts = Counter(table.column("household").to_pylist())
        return [counts[h] for h in self.households]

    def heads(self) -> list[str]:
        """The head's name, masked, in the order of `households`; '' where no name was given."""
        names = {h: name for (h, _row), (name, relation) in self.people().items() if relation == HEAD}
        return [names.get(h, "") for h in self.households]

    def people(self) -> dict[tuple[str, int], tuple[str, str]]:
        """(household, row) -> (masked name, relation code) of every member with a name in the survey."""
        if not self._people:
            self._people.update(self._masked())
        return self._people

    def _masked(self) -> dict[tuple[str, int], tuple[str, str]]:
        table = self.survey.get("member")
        if table is None or "name" not in table.column_names:
            return {}
        relations = table.column("relation").to_pylist() if "relation" in table.column_names else [None] * len(table)
        columns = (table.column("household").to_pylist(), _rows(table), table.column("name").to_pylist(), relations)
        return {
            (str(h), row): (mask_name(str(name)), str(relation or ""))
            for h, row, name, relation in zip(*columns, strict=True)
            if name
        }

    def _read(self, name: str) -> list[object]:
        if name not in self._kept:
            self._kept[name] = self._fetch(name)
        return self._kept[name]

    def _fetch(self, name: str) -> list[object]:
        results = self.results["household"]
        if name in results.column_names:
            values: list[object] = results.column(name).to_pylist()
            return values
        survey = self.survey.get("household")
        if survey is None or name not in survey.column_names:
            raise UnknownValue(
                _(
                    "报表要显示“{name}”，但评估结果和调查表中都没有这一项。请检查 {pack} 的 pack.yaml 中 results 一节。"
                ).format(name=name, pack=self.pack.id)
            )
        known = dict(zip(survey.column("household").to_pylist(), survey.column(name).to_pylist(), strict=True))
        return [known.get(h) for h in self.households]


def _rows(table: pa.Table) -> list[int]:
    """The row numbers of a table of members; counted within the household where the survey gives none."""
    if "row" in table.column_names:
        return [int(r) for r in table.column("row").to_pylist()]
    seen: Counter[str] = Counter()
    rows = []
    for household in table.column("household").to_pylist():
        seen[household] += 1
        rows.append(seen[household])
    return rows
