"""In which of a pack's groups generated people are watched: by household, and by illness, disability and unemployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhikun.engine.packs.monitoring import WatchedGroup
from zhikun.intake.demo.months.chance import Chance, Keys, Mask, Whole

Bits = NDArray[np.uint32]
# Groups of what a person is, not of what the household is.
_ILL, _DISABLED, _JOBLESS = "ill", "disabled", "jobless"
_DIBAO = ("dibao", "dibao_tekun")
# How many households a group has; the national plan against poverty ended in 2020 with nobody left in the first.
_WEIGHTS = {"not_out_of_poverty": 0.0, "insured": 40.0, "tekun": 3.0, "temporary": 2.0}
_ENROLLED, _OTHER = 20.0, 10.0
_ALONE, _ALSO = 0.45, 0.2  # of those whom a personal group fits: in it only; in it beside the household's


@dataclass(frozen=True, slots=True)
class Personal:
    """Groups of what people are themselves, and for whom they replace the household's."""

    bits: Bits
    alone: Mask

    def over(self, household: Bits) -> Bits:
        return np.where(self.alone, self.bits, self.bits | household)


class Groups:
    """The groups of a pack, each with a bit, in their order."""

    def __init__(self, groups: Mapping[str, WatchedGroup]) -> None:
        self.codes = list(groups)
        self._bit = {code: np.uint32(1 << place) for place, code in enumerate(self.codes)}
        own = [code for code in self.codes if code not in (_ILL, _DISABLED, _JOBLESS)] or self.codes
        self._own = np.array([self._bit[code] for code in own], np.uint32)
        self._weights = [_WEIGHTS.get(code, _ENROLLED if groups[code].enrolled else _OTHER) for code in own]
        if not sum(self._weights):
            self._weights = [1.0] * len(own)
        enrolled = [code for code in self.codes if groups[code].enrolled]
        self._dibao = next((code for code in _DIBAO if code in groups), enrolled[0] if enrolled else None)

    def dealt(self, seed: int, home: Keys) -> tuple[Bits, Bits]:
        """The group of each household, and the one it changes to."""
        first = self._own[Chance(seed, "group").one_of(home, self._weights)]
        return first, self._own[Chance(seed, "group after").one_of(home, self._weights)]

    def with_dibao(self, seed: int, home: Keys, on_dibao: Mask) -> tuple[Bits, Bits]:
        """The same, but those who receive 低保 are watched as such, and nobody else is."""
        if self._dibao is None:
            return self.dealt(seed, home)
        bit = self._bit[self._dibao]
        weights = [0.0 if own == bit else weight for own, weight in zip(self._own, self._weights, strict=True)]
        weights = weights if sum(weights) else self._weights
        first = self._own[Chance(seed, "group").one_of(home, weights)]
        after = self._own[Chance(seed, "group after").one_of(home, self._weights)]
        return np.where(on_dibao, bit, first), np.where(on_dibao, bit, after)

    def traits(self, seed: int, key: Keys, ill: Whole, disabled: Whole, jobless: Mask) -> Personal:
        """The personal groups that the pack has and that fit."""
        bits = np.zeros(len(key), np.uint32)
        draw = Chance(seed, "personal group")
        fits, also = draw.below(key, _ALONE + _ALSO), draw.below(key, _ALSO)
        for code, has in ((_ILL, ill > 0), (_DISABLED, disabled > 0), (_JOBLESS, jobless)):
            if code in self._bit:
                bits |= np.where(has & fits, self._bit[code], np.uint32(0))
        return Personal(bits, (bits > 0) & ~also)
