"""Which months have to be screened again because a list came late, was corrected, released or taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from zhikun.screening.model import SCREENING, Inputs
from zhikun.screening.runs import RUN
from zhikun.workdays import Month, NotAMonth


def screened_packs(data: Path) -> list[str]:
    """The packs by which months were screened in this data folder."""
    folder = data / SCREENING
    return sorted({path.parent.parent.name for path in folder.glob(f"*/[0-9]*/{RUN}")}) if folder.is_dir() else []


def to_run_again(
    data: Path, pack: str, inputs_of: Callable[[Month], Inputs], *, linked: bool = False
) -> list[Month]:  # fmt: skip
    """The first month whose files are not those in force any more, and every later one: each rests on the one before.

    Needs no keys: it looks at no person. `linked`: lists without numbers come through their links, which have to be the
    same too (a decision makes others); that does need keys.
    """
    found: list[Month] = []
    for month, files in _screened(data / SCREENING / pack, linked=linked):
        if found or files != _which(inputs_of(month).record(data), linked=linked):
            found.append(month)
    return found


def _which(files: Mapping[str, Any], *, linked: bool) -> dict[str, Any]:
    """Which receipts (and links) the population and each indicator rest on, and which periods are missing."""
    return {
        name: (
            [(file["period"], file["number"], file["path"] if linked else "") for file in given["files"]],
            given["missing"],
        )
        for name, given in {"": files["population"], **files["indicators"]}.items()
    }


def _screened(folder: Path, *, linked: bool) -> Iterator[tuple[Month, object]]:
    """The months in order, with the files that each rests on; None where its record cannot be read."""
    for path in sorted(folder.glob(f"[0-9]*/{RUN}")):
        try:
            yield Month.read(path.parent.name), _which(json.loads(path.read_bytes())["files"], linked=linked)
        except NotAMonth:
            continue
        except (OSError, ValueError, KeyError, TypeError):
            yield Month.read(path.parent.name), None
