"""The empty survey workbook, written once for each version of the pack."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

from zhikun.intake import survey
from zhikun.registry.vocabulary import pack_in_force


def empty_workbook() -> bytes:
    """The workbook to be filled in, as the pack in force asks."""
    return _written(pack_in_force().hash)


@lru_cache(maxsize=2)
def _written(_hash: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "survey.xlsx"
        survey.template(pack_in_force(), path)
        return path.read_bytes()
