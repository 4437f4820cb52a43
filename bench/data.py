"""Facts of generated households for the benchmark, the same for the same number and seed. No person in them exists.

    python bench/data.py 20000 build/bench/facts [--unknown 0.05]

One Parquet file for each entity: household ids int64 ascending, rows in household order, one row group for 65,536
households. About a tenth of the households stand exactly on a limit of the pack (its lines, ratios, caps, age bands).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from both import DAY, plan
from numpy.typing import NDArray

from zhikun.engine.packs.model import Fact
from zhikun.engine.plan import Plan

Columns = dict[str, NDArray[Any]]
Random = np.random.Generator

GROUP = 65_536
SEED = 20250301
TODAY = (DAY - date(1970, 1, 1)).days
SIZES = {"member": ((1, 2, 3, 4, 5, 6, 7), (0.1, 0.24, 0.27, 0.22, 0.1, 0.05, 0.02)),
         "supporter": ((0, 1, 2, 3), (0.7, 0.2, 0.08, 0.02)),
         "dwelling": ((0, 1, 2), (0.05, 0.88, 0.07)),
         "vehicle": ((0, 1, 2), (0.65, 0.3, 0.05))}  # fmt: skip
NOWHERE, LINE, RATIO_LINE, EXPENSES, CAPS = range(5)  # on which limits a household is put
KINDS = (0.9, 0.025, 0.025, 0.03, 0.02)
AGE_LIMITS = (16, 18, 50, 60, 70, 80)


class Draw:
    """Draws the facts of one group of households; `code` turns a code into its place in the fact's list."""

    def __init__(self, plan: Plan, rng: Random, households: int) -> None:
        self.rng = rng
        self.facts = {(step.entity, step.name): step.fact for step in plan.facts if step.fact is not None}
        self.standards = {s.name: plan.instructions[s.slot].value for s in plan.steps if s.kind == "standard"}
        self.kind = rng.choice(len(KINDS), households, p=KINDS)
        self.sizes = {e: rng.choice(n, households, p=p).astype(np.int64) for e, (n, p) in SIZES.items()}
        self.sizes["supporter"][self.kind != NOWHERE] = 0
        self.owner = {e: np.repeat(np.arange(households), sizes) for e, sizes in self.sizes.items()}
        self.columns: dict[str, Columns] = {e: {} for e in ("household", *SIZES)}
        self.count = {"household": households, **{e: len(owner) for e, owner in self.owner.items()}}

    def codes(self, entity: str, name: str, *wanted: str) -> list[int]:
        """The places of some codes."""
        known = list(self.facts[entity, name].choices)
        return [known.index(code) for code in wanted]

    def pick(self, entity: str, name: str, shares: Mapping[str, float]) -> NDArray[Any]:
        """Codes of a choice with these shares."""
        return self.rng.choice(self.codes(entity, name, *shares), self.count[entity], p=list(shares.values()))

    def money(self, count: int, typical: float, some: float) -> NDArray[np.float64]:
        """Amounts around `typical` for a share of rows: round hundreds, whole yuan and fen, as people state them."""
        amount = self.rng.lognormal(np.log(typical), 0.6, count)
        step = self.rng.choice([100.0, 1.0, 0.01], count, p=[0.5, 0.4, 0.1])
        amount = np.round(np.round(amount / step) * step, 2)
        return np.where(self.rng.random(count) < some, amount, 0.0)

    def anything(self, fact: Fact) -> NDArray[Any]:
        """A fact without a distribution of its own."""
        count, rng = self.count[fact.entity], self.rng
        if fact.type == "boolean":
            return rng.random(count) < 0.06
        if fact.type == "choice":
            rest = len(fact.choices) - 1
            return rng.choice(len(fact.choices), count, p=[0.7, *[0.3 / rest] * rest]) if rest else np.zeros(count, int)
        if fact.type == "choices":
            bits = np.zeros(count, np.uint64)
            for place in range(len(fact.choices)):
                bits |= (rng.random(count) < 0.04).astype(np.uint64) << np.uint64(place)
            return bits
        if fact.type == "date":
            return TODAY - rng.integers(0, 90 * 365, count).astype(np.int32)
        if fact.type == "place":
            return 640402_000_000 + rng.integers(1, 12, count) * 1000 + rng.integers(1, 14, count)
        if fact.decimals == 0:
            return (
                np.where(rng.random(count) < 0.5, 0.0, rng.integers(0, int(min(fact.max or 30, 30)) + 1, count)) * 1.0
            )
        return self.money(count, 4000.0, 0.35)

    def draw(self) -> dict[str, Columns]:
        """Every fact of every entity."""
        for (entity, name), fact in self.facts.items():
            self.columns[entity][name] = self.anything(fact)
        self.members()
        self.households()
        self.supporters()
        self.declare_rows()
        self.put_on_limits()
        self.fill_not_asked()
        return self.columns

    def members(self) -> None:
        """Ages by place in the household; work, school and health by age."""
        own, rng, count = self.columns["member"], self.rng, self.count["member"]
        place = np.arange(count) - np.repeat(
            np.cumsum(self.sizes["member"]) - self.sizes["member"], self.sizes["member"]
        )
        head = rng.integers(28, 82, self.count["household"])[self.owner["member"]]
        drawn = (
            head,
            head + rng.integers(-6, 7, count),
            head - rng.integers(20, 35, count),
            rng.integers(0, 90, count),
        )
        age = np.clip(np.choose(np.minimum(place, 3), drawn), 0, 95)
        birth = TODAY - (age * 365.25 + rng.integers(0, 365, count)).astype(np.int64)
        limit = rng.choice(AGE_LIMITS, count)  # some have their birthday on the day of assessment
        exact = np.datetime64(DAY, "D").astype("datetime64[M]") - 12 * limit.astype("timedelta64[M]")
        birth = np.where(rng.random(count) < 0.01, exact.astype("datetime64[D]").astype(np.int64), birth)
        own["birth_date"] = birth.astype(np.int32)
        adult, child, old = (age >= 16) & (age < 60), age < 16, age >= 60
        busy = self.pick("member", "occupation", {"farmer": 0.3, "migrant": 0.25, "local_odd_jobs": 0.15, "none": 0.14,
                                                  "employee": 0.08, "self_employed": 0.08})  # fmt: skip
        student, retired, preschool = self.codes("member", "occupation", "student", "retired", "preschool")
        own["occupation"] = np.select(
            [age < 6, child, old & (rng.random(count) < 0.6)], [preschool, student, retired], busy
        )
        stages = ("kindergarten", "compulsory", "senior", "college", "dropped_out", "none")
        kindergarten, compulsory, senior, college, dropped, none = self.codes("member", "schooling", *stages)
        own["schooling"] = np.select(
            [rng.random(count) < 0.01, (age >= 3) & (age < 6), (age >= 6) & child, (age >= 16) & (age < 19),
             (age >= 19) & (age < 23) & (rng.random(count) < 0.5)],
            [dropped, kindergarten, compulsory, senior, college], none)  # fmt: skip
        own["health"] = self.pick("member", "health", {"healthy": 0.72, "weak": 0.1, "chronic": 0.14, "serious": 0.04})
        own["self_care_failed"] = np.where(rng.random(count) < 0.05, rng.integers(1, 7, count), 0) * 1.0
        own["disability_class"] = np.where(rng.random(count) < 0.09, rng.integers(1, 8, count), 0)
        own["disability_grade"] = rng.integers(1, 5, count)
        own["lives_together"] = rng.random(count) < 0.97
        own["on_dibao"] = rng.random(count) < 0.1
        own["wage_income_year"] = np.where(adult, self.money(count, 15000.0, 0.5), 0.0)
        own["wage_proved"] = rng.random(count) < 0.3
        own["pension_income_year"] = np.where(old, self.money(count, 6000.0, 0.3), 0.0)
        own["pension_premium_year"] = np.where(adult, self.money(count, 400.0, 0.5), 0.0)
        own["idle_months"] = np.where(rng.random(count) < 0.6, 0, rng.integers(0, 13, count)) * 1.0

    def households(self) -> None:
        """Incomes, expenses, land and dwelling."""
        own, rng, count = self.columns["household"], self.rng, self.count["household"]
        own["residence"] = self.pick("household", "residence", {"rural": 0.7, "urban": 0.3})
        own["housing_safety"] = self.pick("household", "housing_safety",
                                          {"a": 0.5, "b": 0.35, "c": 0.1, "d": 0.04, "homeless": 0.01})  # fmt: skip
        for name, typical, some in (
            ("business_income_year", 5000, 0.5), ("rent_income_year", 2000, 0.1), ("land_transfer_income_year", 1500, 0.2),
            ("transfer_income_year", 1200, 0.4), ("maintenance_income_year", 3000, 0.05), ("support_income_year", 2000, 0.1),
            ("medical_expense_year", 9000, 0.3), ("medicine_expense_year", 1500, 0.5), ("education_expense_year", 5000, 0.3),
            ("rent_expense_year", 3000, 0.1), ("financial_assets", 20000, 0.5), ("dearest_appliance", 2500, 0.9),
        ):  # fmt: skip
            own[name] = self.money(count, typical, some)
        loss = rng.random(count) < 0.05
        own["business_income_year"] = np.where(loss, -own["business_income_year"], own["business_income_year"])
        own["land_mu"] = np.where(rng.random(count) < 0.6, np.round(rng.gamma(2.0, 6.0, count), 2), 0.0)
        own["planted_area"] = np.round(own["land_mu"], 1)
        own["disaster_loss_year"] = self.money(count, 4000.0, 1.0)
        own["disaster_effects"] = np.where(rng.random(count) < 0.6, np.uint64(0), own["disaster_effects"])

    def supporters(self) -> None:
        """What those pay who owe support."""
        own, rng, count = self.columns["supporter"], self.rng, self.count["supporter"]
        own["own_income_year"] = self.money(count, 40000.0, 0.95)
        own["supported_here"] = rng.integers(1, 3, count) * 1.0
        own["actual_payment_year"] = self.money(count, 1500.0, 0.4)
        own["agreed_payment_year"] = self.money(count, 2400.0, 1.0)
        own["has_agreement"] = rng.random(count) < 0.15

    def declare_rows(self) -> None:
        """How many supporters, dwellings and vehicles the household says it has: as many as it lists, none as well."""
        for entity in ("supporter", "dwelling", "vehicle"):
            self.columns["household"][f"{entity}_count_declared"] = self.sizes[entity] * 1.0

    def put_on_limits(self) -> None:
        """Households of the kinds LINE ... CAPS: so simple that their figures meet a limit of the pack exactly."""
        own, member, rng = self.columns["household"], self.columns["member"], self.rng
        simple = self.kind != NOWHERE
        theirs = simple[self.owner["member"]]
        for name in ("wage_income_year", "pension_income_year", "pension_premium_year"):
            member[name][theirs] = 0.0
        member["occupation"][theirs] = self.codes("member", "occupation", "retired")[0]
        member["lives_together"][theirs] = True
        for name, column in own.items():
            if name.endswith("_year") and name != "disaster_loss_year":
                column[simple] = 0.0
        people = self.sizes["member"]
        urban = own["residence"] == self.codes("household", "residence", "urban")[0]
        count = len(people)
        line = np.where(urban, 12 * self.standards["urban_line_month"], self.standards["rural_line_year"])
        near = line * people * rng.choice([1.0, self.standards["edge_ratio"]], count)
        month = np.where(urban, self.standards["line_urban"], self.standards["line_rural"])
        ratio = 12 * month * people * rng.choice([0.5, 0.75, 1.0, 1.5], count)
        round_income = 12000.0 * rng.integers(1, 6, count)
        income = np.choose(np.clip(self.kind - 1, 0, 3), (near, ratio, round_income, round_income))
        own["business_income_year"] = np.where(simple, income, own["business_income_year"])
        for name, limits in (
            ("medical_expense_year", (0.2, 0.4, 0.6, 1.0)), ("education_expense_year", (0.1, 0.2, 0.4, 0.6)),
            ("rent_expense_year", (0.1, 0.3)), ("disaster_loss_year", (0.05, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5)),
        ):  # fmt: skip
            part = np.round(rng.choice(limits, count) * income, 2)
            own[name] = np.where(self.kind == EXPENSES, part, own[name])
        caps = self.kind == CAPS
        own["dearest_appliance"][caps] = self.standards["appliance_limit"]
        own["medicine_expense_year"][caps] = self.standards["medical_cap"]
        own["financial_assets"][caps] = np.round(self.standards["asset_months"] * line / 12 * people, 2)[caps]
        own["planted_area"][caps] = 20.0
        member["pension_premium_year"][caps[self.owner["member"]]] = self.standards["pension_premium_cap"]

    def fill_not_asked(self) -> None:
        """Questions that did not arise, as a form leaves them: at their `if_not_asked` value."""
        own, member, supporter = self.columns["household"], self.columns["member"], self.columns["supporter"]
        for table, name, skipped in (
            (own, "disaster_loss_year", own["disaster_effects"] == 0),
            (own, "livestock_count", own["livestock_kinds"] == 0),
            (own, "planted_area", own["planting"] == 0),
            (member, "disability_grade", member["disability_class"] == 0),
            (member, "disability_subsidy", member["disability_class"] == 0),
            (supporter, "agreed_payment_year", ~supporter["has_agreement"]),
        ):
            table[name] = np.where(skipped, np.zeros(1, table[name].dtype), table[name])


def arrow(fact: Fact, data: NDArray[Any], unknown: NDArray[np.bool_] | None) -> pa.Array:
    """One fact's column in the type of docs/reference/engine-api.md."""
    if fact.type == "number":
        return pa.array(data.astype(np.float64), mask=unknown)
    if fact.type == "boolean":
        return pa.array(data.astype(np.bool_), mask=unknown)
    if fact.type == "date":
        return pa.array(data.astype(np.int32), pa.int32(), mask=unknown).cast(pa.date32())
    if fact.type == "place":
        return pa.array(data.astype(np.int64), mask=unknown).cast(pa.string())
    codes = pa.array(list(fact.choices), pa.string())
    if fact.type == "choice":
        return pa.DictionaryArray.from_arrays(pa.array(data.astype(np.int8), mask=unknown), codes).cast(pa.string())
    each = (data[:, None] >> np.arange(len(codes), dtype=np.uint64)) & np.uint64(1)
    rows, places = np.nonzero(each)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(data)))]).astype(np.int32)
    mask = None if unknown is None else pa.array(unknown)
    return pa.ListArray.from_arrays(pa.array(offsets), codes.take(pa.array(places)), mask=mask)


def write(plan: Plan, households: int, out: Path, unknown: float = 0.0) -> dict[str, Path]:
    """The facts of `households` households in `out`/<entity>.parquet; `unknown`: the share of facts that are NULL."""
    out.mkdir(parents=True, exist_ok=True)
    paths = {entity: out / f"{entity}.parquet" for entity in ("household", *SIZES)}
    writers: dict[str, pq.ParquetWriter] = {}
    for group, first in enumerate(range(0, households, GROUP)):
        rng = np.random.default_rng([SEED, group])
        draw = Draw(plan, rng, GROUP)
        columns = draw.draw()
        wanted = min(GROUP, households - first)
        ids = first + np.arange(GROUP, dtype=np.int64) + 1
        for entity, path in paths.items():
            rows = wanted if entity == "household" else int(draw.sizes[entity][:wanted].sum())
            owner = ids if entity == "household" else ids[draw.owner[entity]]
            table: dict[str, Any] = {"household": pa.array(owner[:rows])}
            for name, data in columns[entity].items():
                fact = draw.facts[entity, name]
                hidden = rng.random(len(data)) < unknown if unknown and fact.type != "place" else None
                table[name] = arrow(fact, data[:rows], None if hidden is None else hidden[:rows])
            done = pa.table(table)
            if entity not in writers:
                writers[entity] = pq.ParquetWriter(path, done.schema, compression="snappy")
            writers[entity].write_table(done, row_group_size=max(rows, 1))
    for writer in writers.values():
        writer.close()
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("households", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--unknown", type=float, default=0.0)
    options = parser.parse_args()
    write(plan(), options.households, options.out, options.unknown)


if __name__ == "__main__":
    main()
