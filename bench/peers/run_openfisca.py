"""python run_openfisca.py FACTS OUT.parquet: reads, computes, writes; the generated module lies beside this file.

With `alone=200` in the place of OUT.parquet: 200 households one by one, only the computing timed.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import openfisca_rules
from openfisca_core.populations import GroupPopulation, Population
from openfisca_core.simulations import Simulation
from support import read_facts, read_schema, write_results


class Rows(GroupPopulation):
    """Rows of which a household may have none; OpenFisca's own sum and count expect a row in the last household."""

    def sum(self, array: Any, role: Any = None) -> Any:  # noqa: ARG002 - the signature is OpenFisca's
        return np.bincount(self.members_entity_id, weights=array, minlength=self.count)

    def nb_persons(self, role: Any = None) -> Any:  # noqa: ARG002 - the signature is OpenFisca's
        return np.bincount(self.members_entity_id, minlength=self.count)


def build(facts: dict[str, dict[str, Any]], schema: dict[str, Any], system: Any) -> Simulation:
    """A simulation with the facts as input: members as persons, every other entity as persons of its own."""
    ids = facts["household"]["household"]
    populations, rows = {}, {}
    kinds = {entity.key: entity for entity in system.entities}
    for entity in facts:
        if entity == "household":
            continue
        people = populations[entity] = Population(kinds[entity])
        people.count, people.ids = len(facts[entity]["household"]), np.arange(len(facts[entity]["household"]))
        group = rows[entity] = (GroupPopulation if entity == "member" else Rows)(kinds["household"], people)
        group.count, group.ids = len(ids), ids
        group.members_entity_id = np.searchsorted(ids, facts[entity]["household"])
    populations["household"] = rows["member"]
    simulation = Simulation(system, populations)
    simulation.rows = rows
    for group in rows.values():
        group.simulation = simulation
    skipped = {tuple(key) for key in schema["skipped"]}
    for entity, columns in schema["facts"].items():
        for name in columns:
            plain = name if name in system.variables or (entity, name) in skipped else f"{entity}_{name}"
            variable = f"{plain}_stated" if (entity, name) in skipped else plain
            simulation.set_input(variable, schema["month"], facts[entity].pop(name))
    return simulation


def one_by_one(facts: dict[str, dict[str, Any]], schema: dict[str, Any], count: int) -> None:
    """Seconds for the values of each of some households alone; setting the facts is not timed."""
    system, ids = openfisca_rules.system(), facts["household"]["household"]
    names = [name for name, column in schema["results"].items() if column["type"] != "rank"]
    seconds = []
    for household in ids[:: max(1, len(ids) // count)][:count]:
        own = {}
        for entity, columns in facts.items():
            rows = columns["household"] == household
            own[entity] = {name: column[rows] for name, column in columns.items()}
        simulation = build(own, schema, system)
        start = time.perf_counter()
        for name in names:
            simulation.calculate(name, schema["month"])
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": sorted(seconds)}))


def main() -> None:
    schema = read_schema(Path(__file__).parent)
    start = time.perf_counter()
    facts = read_facts(Path(sys.argv[1]), schema["facts"])
    ids = facts["household"]["household"]
    if sys.argv[2].startswith("alone="):
        one_by_one(facts, schema, int(sys.argv[2].partition("=")[2]))
        return
    simulation = build(facts, schema, openfisca_rules.system())

    def found(name: str) -> Any:
        return simulation.calculate(name, schema["month"])

    results = {name: found(name) for name, column in schema["results"].items() if column["type"] != "rank"}
    results |= openfisca_rules.rank(found)
    write_results(Path(sys.argv[2]), ids, results, schema["results"])
    print(json.dumps({"seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
