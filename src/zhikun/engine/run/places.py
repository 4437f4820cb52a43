"""Place codes that end too early: a county's code where a township has a value of its own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

# Digits of the codes of a province, city, county and township (GB/T 2260 and the statistical codes below it).
LEVELS = (2, 4, 6, 9)


@lru_cache(maxsize=1024)
def too_coarse(value: tuple[tuple[str, Any], ...]) -> tuple[int, ...]:
    """The place codes, filled with zeros to 12 digits, that do not say which of several values is meant."""
    found = set()
    for prefix, local in value:
        for above in (prefix[:digits] for digits in LEVELS if digits < len(prefix)):
            if [v for p, v in value if above.startswith(p)][-1] != local:
                found.add(int(above.ljust(12, "0")))
    return tuple(sorted(found))
