"""One generated household and the village it lives in."""

from __future__ import annotations

from dataclasses import dataclass

from zhikun.intake.demo.families import Family
from zhikun.intake.demo.money import Facts


@dataclass(frozen=True, slots=True)
class Village:
    """A village or residents' committee by its 12-digit code."""

    code: str
    township: str
    name: str

    @property
    def urban(self) -> bool:
        # Codes 001 to 099 are streets, 100 and above towns and townships.
        return int(self.code[6:9]) < 100 or self.name.endswith("社区")


@dataclass(slots=True)
class Household:
    """One generated household: where, who, and what the survey recorded."""

    village: Village
    family: Family
    facts: Facts
    address: str = ""
    phone: str = ""
