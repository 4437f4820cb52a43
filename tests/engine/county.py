"""A random county of a pack, in memory and as Parquet files."""

from __future__ import annotations

import pyarrow.parquet as pq
from tests.engine import facts

from zhikun.engine.packs import change_days, load
from zhikun.engine.plan import make_plan


def county(name, count=60, seed=1, ids=None, unknown=0.1):
    """A pack's newest plan and the tables of `count` random households."""
    pack = load(name)
    plan = make_plan(pack, change_days(pack)[-1])
    households = facts.Chance(pack, plan.day, seed, unknown).households(count)
    return plan, facts.tables(pack, households, ids)


def write(tables, folder, entities=None, **more):
    """Each entity's table (or those of `entities`) as a Parquet file of `folder`; entity -> path."""
    folder.mkdir(exist_ok=True)
    found = {}
    for entity, table in tables.items():
        if entities is None or entity in entities:
            found[entity] = folder / f"{entity}.parquet"
            pq.write_table(table, found[entity], **more)
    return found
