"""Policy packs: folders of YAML and CSV in, one checked and frozen `Pack` out.

`load` either gives a pack in which everything holds together or raises `PackErrors` with all faults at once,
each with file, line, what is wrong and the way out.
"""

from __future__ import annotations

from pathlib import Path

from zhikun.engine.packs.dates import change_days
from zhikun.engine.packs.files import find_root, names
from zhikun.engine.packs.model import Pack
from zhikun.engine.packs.problems import PackError, PackErrors
from zhikun.engine.packs.read import read_pack

__all__ = ["Pack", "PackError", "PackErrors", "change_days", "find_root", "load", "names"]


def load(name: str, root: Path | str | None = None) -> Pack:
    """The pack `name` from the folder `root` (default: `find_root()`).

    Raises `PackErrors` with every fault found in its files and in those of the packs it extends.
    `Pack.hash` is described at `zhikun.engine.packs.files.hash_of`.
    """
    return read_pack(find_root() if root is None else Path(root), name)
