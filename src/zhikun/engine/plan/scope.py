"""What names mean on one day: the bridge from a pack to the formula checker."""

from __future__ import annotations

from datetime import date

from zhikun.engine.formulas import HOUSEHOLD, Signature, TableSignature
from zhikun.engine.packs.model import Fact, Pack, Rule, Standard, StandardValue, Table, TableVersion


class DayScope:
    """The facts, standards, tables and rules of a pack that are in force on a day, for a place."""

    def __init__(self, pack: Pack, day: date, place: str) -> None:
        self.pack = pack
        self.day = day
        self.place = place
        self.rules = {key: rule for key, rule in pack.rules.items() if in_force(rule, day)}
        self.standards = {n: s for n, s in pack.standards.items() if values_in_force(s, day, place)}
        self.tables = {n: v for n, t in pack.tables.items() if (v := version_in_force(t, day)) is not None}

    def find(self, entity: str, name: str) -> Signature | None:
        """What a name is on an entity, or as a standard; None if it is nothing on this day."""
        fact = self.pack.facts.get((entity, name))
        if fact is not None:
            return fact_signature(fact)
        rule = self.rules.get((entity, name))
        if rule is not None:
            return rule_signature(rule)
        standard = self.standards.get(name)
        if standard is not None:
            space = HOUSEHOLD if self.local_values(standard) else ""
            unit = (standard.unit or "") if standard.type == "number" else None
            return Signature(name, space, standard.type, unit, tuple(standard.choices))
        return None

    def is_standard(self, entity: str, name: str) -> bool:
        """Whether a resolved name is a standard; one that differs between places lives on the household."""
        return name in self.standards and not {(entity, name)} & (self.pack.facts.keys() | self.rules.keys())

    def local_values(self, standard: Standard) -> tuple[StandardValue, ...]:
        """The values of places inside this plan's place: they make the standard differ between households."""
        return tuple(
            value
            for value in values_in_force(standard, self.day, "")
            if len(value.place) > len(self.place) and value.place.startswith(self.place)
        )

    def table(self, name: str) -> TableSignature | None:
        """A score table's keys and value as formulas see them."""
        table = self.pack.tables.get(name)
        if table is None or name not in self.tables:
            return None
        keys = tuple(
            ("choice", None, self.codes_of(key.choices_of)) if key.choices_of else ("number", key.unit or "", ())
            for key in table.keys
        )
        return TableSignature(name, keys, table.type, table.unit or "", tuple(table.choices))

    def codes_of(self, path: str) -> tuple[str, ...]:
        """The codes of 'member.health': a fact, rule or decision of type choice."""
        entity, _dot, name = path.rpartition(".")
        for where in (entity,) if entity else self.entities():
            if (found := self.find(where, name)) is not None:
                return found.codes
        return ()

    def names(self, entity: str) -> list[str]:
        """Every name that may be written on an entity."""
        own = [name for (on, name) in [*self.pack.facts, *self.rules] if on == entity]
        return [*own, *self.standards]

    def entities(self) -> list[str]:
        """The entities of the pack, household first."""
        return list(self.pack.entities)


def in_force(rule: Rule, day: date) -> bool:
    """Whether a rule, decision or list says anything on a day."""
    dated = [v.period for v in rule.versions] + [v.period for v in rule.decisions] + [i.period for i in rule.items]
    return any(period.holds(day) for period in dated)


def version_in_force(table: Table, day: date) -> TableVersion | None:
    """The version of a score table on a day."""
    return next((version for version in table.versions if version.period.holds(day)), None)


def values_in_force(standard: Standard, day: date, place: str) -> tuple[StandardValue, ...]:
    """The newest value of each place on a day; with `place`, only those that can reach a household there."""
    newest: dict[str, StandardValue] = {}
    for value in standard.values:
        reaches = not place or place.startswith(value.place) or value.place.startswith(place)
        if value.first <= day and reaches and (value.place not in newest or newest[value.place].first < value.first):
            newest[value.place] = value
    return tuple(newest.values())


def value_for(standard: Standard, day: date, place: str) -> StandardValue | None:
    """The value for a place on a day: the longest matching prefix wins."""
    matching = [v for v in values_in_force(standard, day, "") if place.startswith(v.place)]
    return max(matching, key=lambda v: len(v.place), default=None)


def fact_signature(fact: Fact) -> Signature:
    """A fact as formulas see it."""
    kind = "text" if fact.type == "place" else fact.type
    return Signature(fact.name, fact.entity, kind, (fact.unit or "") if kind == "number" else None, tuple(fact.choices))


def rule_signature(rule: Rule) -> Signature:
    """A rule, decision or list as formulas see it."""
    codes = tuple(item.code for item in rule.items) if rule.kind == "list" else tuple(rule.choices)
    kind = "choices" if rule.kind == "list" else rule.type
    return Signature(rule.name, rule.on, kind, (rule.unit or "") if kind == "number" else None, codes)
