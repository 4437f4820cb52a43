"""The steps of an explanation the way people read them: from the result down to what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Data = Mapping[str, Any]


def inputs_of(steps: Sequence[Data]) -> dict[str, list[str]]:
    """For the id of each step, the ids of the steps that it uses.

    An input names a household value (`income`), a row's value (`member.wage.2`), or a value of all rows (`member.wage`).
    """
    known = {str(step["id"]) for step in steps}
    per_row: dict[str, list[str]] = {}
    for step in steps:
        if step.get("row"):
            per_row.setdefault(f"{step['on']}.{step['name']}", []).append(str(step["id"]))

    def inputs(step: Data) -> list[str]:
        found: list[str] = []
        for name in map(str, step.get("inputs", ())):
            own = f"{name}.{step['row']}" if step.get("row") and name.startswith(f"{step['on']}.") else ""
            found += [name] if name in known else [own] if own in known else per_row.get(name, [])
        return found

    return {str(step["id"]): inputs(step) for step in steps}


def roots_of(steps: Sequence[Data], targets: Iterable[str], below: Mapping[str, Sequence[str]]) -> list[str]:
    """The ids at which the reading begins: the targets as asked, then whatever no other step uses."""
    used = {name for found in below.values() for name in found}
    roots = [str(s["id"]) for name in targets for s in steps if s["name"] == name and not s.get("row")]
    return list(dict.fromkeys([*roots, *(str(s["id"]) for s in reversed(steps) if str(s["id"]) not in used)]))


def as_tree(steps: Sequence[Data], targets: Iterable[str]) -> list[tuple[int, Data]]:
    """Steps from the results downwards, each once, below the first step that uses it, with its depth."""
    by_id = {str(s["id"]): s for s in steps}
    below = inputs_of(steps)
    out: list[tuple[int, Data]] = []
    seen: set[str] = set()
    todo = [(0, key) for key in reversed(roots_of(steps, targets, below))]
    while todo:
        depth, key = todo.pop()
        if key in seen:
            continue
        seen.add(key)
        out.append((depth, by_id[key]))
        todo.extend((depth + 1, i) for i in reversed(below[key]))
    return out
