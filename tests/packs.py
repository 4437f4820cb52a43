"""Which packs there are of a kind, for tests of each of them: every pack is read once when tests are collected."""

from __future__ import annotations

from zhikun.engine.packs import PackErrors, load, names

RULED: list[str] = []  #: They assess households; the others watch people and nothing else.
WITH_FACTS: list[str] = []  #: There is something to ask a household.

for _name in names():
    try:
        _pack = load(_name)
    except PackErrors:
        RULED.append(_name)  # test_the_pack_loads says what is wrong
        continue
    if _pack.rules:
        RULED.append(_name)
    if _pack.facts:
        WITH_FACTS.append(_name)
