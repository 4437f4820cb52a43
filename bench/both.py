"""The rules of 巴林左旗 and of 原州区 together: the pack that everything here measures.

Both packs are taken as they stand. Facts that 原州区 replaced in the national vocabulary are copied into `both`, because a
pack that extends both packs would otherwise find two of each; values with the same Chinese title get a second title.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from zhikun.engine.packs import Pack, load
from zhikun.engine.plan import Plan, make_plan

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "bench"
DAY = date(2025, 3, 1)


SECTIONS = ("rules", "decisions", "lists", "rankings")


def build_root(folder: Path | None = None) -> Path:
    """A folder of packs with `both` among them; written anew, so that it follows the packs."""
    root = folder or BUILD / "packs"
    if root.exists():
        shutil.rmtree(root)
    for name in ("national", "balinzuo", "yuanzhou"):
        shutil.copytree(ROOT / "packs" / name, root / name)
    shutil.copytree(HERE / "packs" / "both", root / "both")
    _write(root / "both" / "facts.yaml", {"facts": _replaced(_read(root / "yuanzhou" / "facts.yaml")["facts"])})
    _write(root / "both" / "titles" / "titles.yaml", _retitled(root))
    return root


class _Words(yaml.SafeLoader):
    """`on` and `off` are words in packs, as the engine reads them."""


_Words.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if letter not in "oOyYnN" or not tag.endswith(":bool")]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _read(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text(encoding="utf-8"), _Words) or {}  # noqa: S506 - a safe loader with fewer booleans


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _replaced(facts: dict[str, dict[str, dict[str, Any]]]) -> dict[str, dict[str, dict[str, Any]]]:
    """The facts that 原州区 put in the place of national ones, now in the place of its own."""
    return {
        entity: {name: {**fact, "replaces": "yuanzhou"} for name, fact in named.items() if "replaces" in fact}
        for entity, named in facts.items()
    }


def _named(pack: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """(section, name, definition) of everything in a pack's programmes that is computed."""
    return [
        (section, name, definition)
        for path in sorted(pack.glob("*/*.yaml"))
        for section, named in _read(path).items()
        if section in SECTIONS
        for name, definition in named.items()
    ]


def _retitled(root: Path) -> dict[str, Any]:
    """The values of 原州区 whose Chinese title 巴林左旗 uses as well, word for word, under a title of their own."""
    taken = {(d.get("on", "household"), d["title"]) for _s, _n, d in _named(root / "balinzuo")}
    again: dict[str, Any] = {}
    for section, name, definition in _named(root / "yuanzhou"):
        if (definition.get("on", "household"), definition["title"]) in taken:
            title = f"{definition['title']}（原州区）"
            again.setdefault(section, {})[name] = {**definition, "title": title, "replaces": "yuanzhou"}
    return again


def both(root: Path | None = None) -> Pack:
    """The checked pack."""
    return load("both", root or build_root())


def plan(pack: Pack | None = None) -> Plan:
    """Its plan on the day of the benchmark."""
    return make_plan(pack or both(), DAY)
