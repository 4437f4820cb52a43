"""Where generated people live: village codes of 12 digits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from zhikun.intake.demo.months.chance import Chance, Keys, Whole

_CITIES, _COUNTIES, _TOWNSHIPS, _VILLAGES = 14, 6, 12, 12


class Villages:
    """Villages in the order of their codes."""

    def __init__(self, codes: Sequence[str]) -> None:
        self.codes = pa.array(codes, pa.string())

    def __len__(self) -> int:
        return len(self.codes)

    def of(self, home: Keys, spread: int, chance: Chance) -> Whole:
        """The village of each household: of the first `spread` people in the order of the codes, of later ones anywhere.

        Counties differ in size: the square bends the line on which people stand.
        """
        position = np.minimum(home.astype(np.int64), spread - 1) if spread else np.zeros(len(home), np.int64)
        line = position * (1 << 20) // max(spread, 1)
        bent = (line + (line * line >> 20)) >> 1
        ordered = bent * len(self) >> 20
        return np.where(home.astype(np.int64) < spread, ordered, self.anywhere(home, chance))

    def anywhere(self, home: Keys, chance: Chance) -> Whole:
        return chance.whole(home, len(self))


def province_villages(place: str | None) -> Villages:
    """12,096 villages below a province's code. Numbers of cities to villages are simply counted: no real place is meant.

    Without a code the province is 99, which no place of GB/T 2260 has.
    """
    return Villages([
        f"{(place or '99')[:2]}{city:02d}{county:02d}{township:03d}{village:03d}"
        for city in range(1, _CITIES + 1)
        for county in range(1, _COUNTIES + 1)
        for township in range(101, 101 + _TOWNSHIPS)
        for village in range(201, 201 + _VILLAGES)
    ])  # fmt: skip
