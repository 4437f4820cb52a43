"""Parquet of N generated households for `zhikun registry import`, in the shape of the survey, and where they live.

    python bench/registry_people.py OUT --households N [--villages N] [--seed N] [--install]

The 4,803 households of the demo county, taken again and again: each copy has people of its own, with names and identity numbers
that belong to nobody (the region 9901xx is no place of GB/T 2260), in generated villages of the county's real townships.
`--install` adds the villages and two officers, `bench-maker` and `bench-checker`, to the platform of this environment.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from both import BUILD

from zhikun.engine.packs import load
from zhikun.intake.demo import NOTE, generate
from zhikun.intake.demo.people import SURNAMES

COUNTY = 640402
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECK = np.array(list("10X98765432"))
#: Characters of given names, the commonest first.
_GIVEN = "英华文玉秀明兰国春海红金建平梅生志军凤成云德永学龙芳桂福林霞清强正荣忠义宝珍小东杰新凯涛艳丽静燕娟敏慧鹏宇浩子雨欣佳思梦"
_FIRST_OF_REGION = 990101


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--households", type=int, default=100_000)
    parser.add_argument("--villages", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--install", action="store_true")
    options = parser.parse_args()
    places = villages(options.villages)
    write(options.out, options.households, places, options.seed)
    if options.install:
        install(places)
    return 0


def villages(count: int) -> list[tuple[int, str]]:
    """Generated villages of the county's townships: code and name."""
    towns = [(int(code), name) for code, name in load("yuanzhou").places.items() if len(code) == 9]
    each = -(-count // len(towns))
    return [(town * 1000 + 300 + n, f"{name}生成{n + 1}村") for town, name in towns for n in range(min(each, 690))][
        :count
    ]


def write(out: Path, households: int, places: list[tuple[int, str]], seed: int) -> None:
    """The two files, a copy of the county at a time."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    base = _base()
    dice = np.random.Generator(np.random.PCG64(seed))
    order = np.sort(dice.integers(0, len(places), households))
    codes = np.array([str(code) for code, _name in places])
    used: Counter[tuple[int, int]] = Counter()
    home_file = member_file = None
    for start in range(0, households, len(base["household"])):
        count = min(len(base["household"]), households - start)
        ids = pa.array([f"S{n:07d}" for n in range(start + 1, start + count + 1)])
        home = _replace(
            base["household"].slice(0, count), household=ids, place=pa.array(codes[order[start : start + count]])
        )
        inside = int(np.searchsorted(base["at"], count))
        members = base["member"].slice(0, inside)
        at = base["at"][:inside]
        members = _replace(
            members, household=ids.take(pa.array(at)), name=_names(dice, at), id_number=_numbers(members, used)
        )
        home_file = home_file or pq.ParquetWriter(out / "household.parquet", home.schema)
        member_file = member_file or pq.ParquetWriter(out / "member.parquet", members.schema)
        home_file.write_table(home)
        member_file.write_table(members)
    for file in (home_file, member_file):
        if file is not None:
            file.close()


def _base() -> dict[str, Any]:
    """The demo county, and for each member the position of its household."""
    kept = BUILD / "registry-base"
    if not (kept / "member.parquet").exists():
        kept.mkdir(parents=True, exist_ok=True)
        for entity, table in generate(1).items():
            pq.write_table(table, kept / f"{entity}.parquet")
    home, member = (pq.read_table(kept / f"{entity}.parquet") for entity in ("household", "member"))
    found = pc.index_in(member["household"], value_set=home["household"].combine_chunks())
    at = found.to_numpy().astype(np.int64)
    assert (np.diff(at) >= 0).all()
    assert home["survey_note"][0].as_py() == NOTE
    return {"household": home, "member": member, "at": at}


def _replace(table: pa.Table, **columns: pa.Array) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


def _names(dice: np.random.Generator, at: np.ndarray) -> pa.Array:
    """A surname for each household, a given name of one or two characters for each of its people."""
    weight = 1 / np.arange(1, len(_GIVEN) + 1) ** 0.6
    weight /= weight.sum()
    surnames = np.array(list(SURNAMES))
    first, second = (np.array(list(_GIVEN))[dice.choice(len(_GIVEN), len(at), p=weight)] for _each in range(2))
    common = 1 / np.arange(1, len(surnames) + 1) ** 0.8
    own = surnames[dice.choice(len(surnames), int(at.max()) + 1 if len(at) else 0, p=common / common.sum())][at]
    other = surnames[dice.choice(len(surnames), len(at), p=common / common.sum())]
    surname = np.where(dice.random(len(at)) < 0.3, other, own)
    given = np.where(dice.random(len(at)) < 0.25, first, np.char.add(first, second))
    return pa.array(np.char.add(surname, given))


def _numbers(members: pa.Table, used: Counter[tuple[int, int]]) -> pa.Array:
    """Numbers that fit birth date and sex, none given twice; a full day goes on in the next region."""
    days = members["birth_date"].cast(pa.int32()).to_pylist()
    born = [day.strftime("%Y%m%d") for day in members["birth_date"].to_pylist()]
    men = [sex == "male" for sex in members["sex"].to_pylist()]
    texts = []
    for day, text, man in zip(days, born, men, strict=True):
        n = used[day, man]
        used[day, man] += 1
        texts.append(f"{_FIRST_OF_REGION + n // 499}{text}{2 * (n % 499) + 1 + (not man):03d}")
    digits = np.frombuffer("".join(texts).encode(), dtype=np.uint8).reshape(-1, 17).astype(np.int64) - 48
    return pa.array(np.char.add(np.array(texts), _CHECK[(digits @ _WEIGHTS) % 11]))


def install(places: list[tuple[int, str]]) -> None:
    """The places and the two officers on the platform of this environment."""
    from zhikun.cli.django import ready  # noqa: PLC0415 - who only writes files needs no platform

    ready()
    from zhikun.accounts.models import Appointment, Officer, Organisation  # noqa: PLC0415 - after the platform is there
    from zhikun.accounts.roles import Role  # noqa: PLC0415 - the same
    from zhikun.places.models import Area, Level  # noqa: PLC0415 - the same

    def area(code: int, name: str, level: Level, parent: int | None) -> Area:
        return Area(code=code, name=name, level=level, parent_id=parent, source="bench")

    county = COUNTY * 10**6
    found = [
        area(640000000000, "宁夏回族自治区", Level.PROVINCE, None), area(640400000000, "固原市", Level.CITY, 640000000000),
        area(county, "原州区", Level.COUNTY, 640400000000),
    ]  # fmt: skip
    towns = {int(code) * 1000: name for code, name in load("yuanzhou").places.items() if len(code) == 9}
    found += [area(code, name, Level.TOWNSHIP, county) for code, name in towns.items()]
    found += [area(code, name, Level.VILLAGE, code // 1000 * 1000) for code, name in places]
    Area.objects.bulk_create(found, ignore_conflicts=True, batch_size=500)
    office, _made = Organisation.objects.get_or_create(
        code="bench", defaults={"name": "示例民政局", "kind": Organisation.Kind.BUREAU, "area_id": county}
    )
    for name, role in (("bench-maker", Role.COUNTY_REVIEWER), ("bench-checker", Role.COUNTY_APPROVER)):
        if Officer.objects.filter(username=name).exists():
            continue
        officer = Officer(
            username=name, name="演示人员", organisation=office, must_change_password=False, generated=True
        )
        officer.set_unusable_password()
        officer.save()
        Appointment.objects.create(officer=officer, role=role, area_id=county)


if __name__ == "__main__":
    raise SystemExit(main())
