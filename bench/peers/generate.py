"""Writes the peers' source: build/bench/peers/{pandas_rules.py, openfisca_rules.py, rules.sql, schema.json}."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from both import BUILD, plan

from peers.program import Program, program
from peers.to_openfisca import openfisca_source
from peers.to_pandas import pandas_source
from peers.to_sql import sql_text
from zhikun.engine.plan import Plan

HERE = Path(__file__).resolve().parent


def schema(made: Program) -> dict[str, Any]:
    """Which facts are read and which results are written, with their types and codes."""
    facts: dict[str, dict[str, Any]] = {"household": {}}
    for step in made.facts:
        facts.setdefault(step.entity, {})[step.name] = {"type": step.type, "codes": list(step.codes)}
    results = {value.name: {"type": value.type, "codes": list(value.codes)} for value in made.results()}
    results |= {step.ranking.name: {"type": "rank", "codes": []} for step in made.rankings}
    skipped = [value.key for value in made.values if value.kind == "fact"]
    return {"facts": facts, "results": results, "skipped": skipped, "month": f"{made.plan.day:%Y-%m}"}


def generate(its_plan: Plan | None = None, out: Path | None = None) -> Path:
    """The folder with the peers' source for a plan."""
    out = out or BUILD / "peers"
    out.mkdir(parents=True, exist_ok=True)
    made = program(its_plan or plan())
    (out / "pandas_rules.py").write_text(pandas_source(made), encoding="utf-8")
    (out / "openfisca_rules.py").write_text(openfisca_source(made), encoding="utf-8")
    (out / "rules.sql").write_text(sql_text(made), encoding="utf-8")
    (out / "schema.json").write_text(json.dumps(schema(made), ensure_ascii=False, indent=1), encoding="utf-8")
    shutil.copy(HERE / "support.py", out / "support.py")
    for name in ("run_pandas.py", "run_openfisca.py"):
        shutil.copy(HERE / name, out / name)
    return out


if __name__ == "__main__":
    print(generate())
