"""Months of department files: the same bytes, numbers that are right and known as generated, and the flaws where they are said to be."""

from __future__ import annotations

import csv
import hashlib
import json
import unicodedata
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from zhikun.engine.packs import load
from zhikun.engine.packs.monitoring import Column, ListSource
from zhikun.identity import IdFault, check_id_numbers, normalise_id_number
from zhikun.identity.generated import GENERATED_AREA
from zhikun.intake.demo import NOTE, generate
from zhikun.intake.demo.months import Asked, MonthsRefused, write_months
from zhikun.intake.demo.months import write as writing
from zhikun.intake.demo.months.habits import of_hardship
from zhikun.intake.demo.months.periods import read_month
from zhikun.intake.demo.months.sheets import Files, Sheet

PACKS = ("gansu", "national", "zhejiang", "yunnan", "hunan")
PEOPLE = 6000
GANSU_LISTS = ("inpatients", "chronic_illness", "disability_certificates", "unemployed", "college_admissions")
PROVINCE = Asked("province", seed=3, people=PEOPLE)
ID, NAME, GROUP = "身份证号", "姓名", "监测对象类别"


@pytest.fixture(scope="module")
def gansu():
    return load("gansu")


@pytest.fixture(scope="module", params=PACKS)
def province(request, tmp_path_factory):
    """Twelve months of a small province for each pack with monitoring."""
    pack, out = load(request.param), tmp_path_factory.mktemp("months") / "out"
    write_months(pack, PROVINCE, out)
    return pack, out


@pytest.fixture(scope="module")
def gansu_months(gansu, tmp_path_factory):
    out = tmp_path_factory.mktemp("months") / "gansu"
    write_months(gansu, PROVINCE, out)
    return out


@pytest.fixture(scope="module")
def county_tables():
    return generate(2)


@pytest.fixture(scope="module")
def county(gansu, county_tables, tmp_path_factory):
    out = tmp_path_factory.mktemp("months") / "county"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writing, "county_tables", {2: county_tables}.__getitem__)  # made once for all tests here
        write_months(gansu, Asked("county", seed=2), out)
    return out


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def manifest(out: Path) -> dict:
    return json.loads((out / "manifest.json").read_text(encoding="utf-8"))


def files(out: Path) -> dict[str, str]:
    return {p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in out.rglob("*.*")}


def people(out: Path, file: str) -> set[str]:
    return {row[ID] for row in read(out / file)}


def changed(before: set[str], after: set[str]) -> float:
    return len(before ^ after) / len(before)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_people(gansu, gansu_months, tmp_path):
    write_months(gansu, PROVINCE, tmp_path / "again")
    assert files(tmp_path / "again") == files(gansu_months)
    write_months(gansu, replace(PROVINCE, seed=4), tmp_path / "other")
    # Numbers are dealt in the order of the keys, so only a few agree by chance in birth day and sex.
    both = people(tmp_path / "other", "population/2025-12.csv") & people(gansu_months, "population/2025-12.csv")
    assert len(both) < PEOPLE / 100


def test_fewer_months_are_the_first_ones_of_more(gansu, gansu_months, tmp_path):
    write_months(gansu, replace(PROVINCE, months=2), tmp_path / "two")
    two = {name: digest for name, digest in files(tmp_path / "two").items() if name != "manifest.json"}
    assert len(two) == 18
    assert two.items() <= files(gansu_months).items()


def test_blocks_do_not_show(gansu, gansu_months, tmp_path, monkeypatch):
    monkeypatch.setattr("zhikun.intake.demo.months.populations.BLOCK", 997)
    write_months(gansu, PROVINCE, tmp_path / "blocks")
    assert files(tmp_path / "blocks") == files(gansu_months)


def test_every_number_is_right_and_known_as_generated(province):
    _pack, out = province
    for path in sorted(out.rglob("*.csv")):
        numbers = [row[ID] for row in read(path) if ID in row]  # leads are told by name
        checked = check_id_numbers(numbers)
        assert not checked.fault.any(), path
        assert all(number.startswith(GENERATED_AREA) for number in numbers), path


def test_one_number_is_one_person(gansu_months):
    names: dict[str, set[str]] = {}
    for path in gansu_months.rglob("*.csv"):
        for row in read(path):
            names.setdefault(row[ID], set()).add(row[NAME])
    assert len(names) > PEOPLE
    assert all(len(found) == 1 for found in names.values())
    assert len(people(gansu_months, "population/2025-12.csv")) == PEOPLE


def test_columns_are_those_of_the_pack_and_values_keep_to_them(province):
    pack, out = province
    for entry in manifest(out)["files"]:
        columns = {column.title: column for column in pack.monitoring.sources[entry["source"]].columns.values()}
        rows = read(out / entry["file"])
        assert len(rows) == entry["rows"]
        assert not rows or list(rows[0]) == list(columns), entry["file"]
        for row in rows:
            for title, text in row.items():
                assert fits(columns[title], text), (entry["file"], title, text)


def fits(column: Column, text: str) -> bool:
    if not text:
        return not column.required
    if column.type == "choice":
        return text in column.choices.values()
    if column.type == "number":
        low = column.min if column.min is not None else float("-inf")
        high = column.max if column.max is not None else float("inf")
        return low <= float(text) <= high
    if column.type == "date":
        return date.fromisoformat(text).isoformat() == text
    if column.type == "place":
        return len(text) == 12 and text.isdigit()
    return True


def test_files_stand_for_the_periods_in_which_the_list_is_due(province):
    pack, out = province
    rhythms = {
        "monthly": {f"2026-{month:02d}" for month in range(1, 12)} | {"2025-12"},
        "quarterly": {"2025-12", "2026-03", "2026-06", "2026-09"},
    }
    for source in pack.monitoring.sources.values():
        found = {path.stem for path in (out / source.id).glob("*.csv")}
        wanted = rhythms.get(source.rhythm) or {p for p in rhythms["monthly"] if int(p[5:]) in source.months}
        assert found == wanted, source.id
    received = [(entry["source"], entry["period"]) for entry in manifest(out)["receive"]]
    assert len(received) == len(set(received)) == len(manifest(out)["files"])
    days = [entry["day"] for entry in manifest(out)["receive"]]
    assert days == sorted(days)


def test_events_of_a_month_happen_in_it(gansu_months):
    days = [row["入院日期"] for row in read(gansu_months / "inpatients" / "2026-02.csv")]
    filled = [day for day in days if day]
    assert {day[:7] for day in filled} == {"2026-02"}
    assert 0 < days.count("") < len(days) * 0.06  # may stay blank, and sometimes does


def test_registers_stay_events_come_and_go_and_the_population_moves_slowly(gansu_months):
    months = ["2025-12", *(f"2026-{month:02d}" for month in range(1, 12))]
    everybody = set().union(*(people(gansu_months, f"population/{month}.csv") for month in months))
    for register in ("chronic_illness", "disability_certificates"):
        stands = [people(gansu_months, f"{register}/{month}.csv") for month in months]
        shares = [changed(before, after) for before, after in pairwise(stands)]
        assert 0.01 <= sum(shares) / len(shares) <= 0.02, register
        others = [one - everybody for one in stands]
        shares = [changed(before, after) for before, after in pairwise(others)]
        assert 0.005 <= sum(shares) / len(shares) <= 0.02, register
    ill = [people(gansu_months, f"inpatients/{month}.csv") for month in months[:2]]
    assert changed(*ill) > 0.5
    watched = [people(gansu_months, f"population/{month}.csv") for month in months]
    assert all(0.005 < changed(*pair) < 0.02 for pair in pairwise(watched))
    assert abs(len(watched[-1]) - PEOPLE) < PEOPLE * 0.02


def test_lists_of_a_province_name_everybody_and_an_eighth_of_the_watched_have_a_warning(gansu, tmp_path):
    """As many as the province had: 526,349 warnings among 4.1911 million people watched."""
    asked = Asked("province", seed=3, months=1, first="2026-09", people=40_000)
    write_months(gansu, asked, tmp_path / "out")
    watched = people(tmp_path / "out", "population/2026-09.csv")
    warned = set()
    for listed in GANSU_LISTS:
        rows = read(tmp_path / "out" / listed / "2026-09.csv")
        assert 0.14 < len(rows) / len(watched) < 0.16, listed  # 630 thousand rows where 4.2 million are watched
        assert 0.165 < sum(row[ID] in watched for row in rows) / len(rows) < 0.2, listed
        warned |= watched & {row[ID] for row in rows}
    assert 0.1125 < len(warned) / len(watched) < 0.1375
    born = Counter(row[ID][6:10] for row in read(tmp_path / "out" / "college_admissions" / "2026-09.csv"))
    assert born.keys() == {"2007", "2008", "2009"}
    assert born["2008"] > 0.6 * born.total()


def test_signs_that_somebody_may_no_longer_qualify_stay_as_rare_as_they_are(gansu_months):
    watched = people(gansu_months, "population/2026-09.csv")
    assert 0 < len(people(gansu_months, "vehicles/2026-09.csv")) < 0.005 * len(watched)
    found = people(gansu_months, "incomes/2026-09.csv")
    assert 0.9 < len(found & watched) / len(found) < 1


@pytest.mark.parametrize("name", [name for name in PACKS if name != "gansu"])
def test_of_each_list_of_hardship_most_rows_are_of_people_who_are_not_watched(name, tmp_path):
    pack, out = load(name), tmp_path / "out"
    write_months(pack, Asked("province", seed=3, months=1, first="2026-09", people=20_000), out)
    watched = people(out, "population/2026-09.csv")
    for source in pack.monitoring.sources.values():
        if source.kind != "population" and of_hardship(source, pack.monitoring) and ID in titles(source):
            rows = read(out / source.id / "2026-09.csv")
            assert 0.08 < len(rows) / len(watched) < 0.18, source.id
            assert 0.16 < sum(row[ID] in watched for row in rows) / len(rows) < 0.22, source.id


def titles(source: ListSource) -> set[str]:
    return {column.title for column in source.columns.values()}


def test_people_of_several_groups_have_several_rows_and_some_move(gansu_months):
    first = read(gansu_months / "population" / "2025-12.csv")
    last = read(gansu_months / "population" / "2026-11.csv")
    assert 1.03 < len(first) / PEOPLE < 1.2
    groups = Counter((row[ID], row[GROUP]) for row in first)
    assert max(groups.values()) == 1  # no row twice
    before, after = ({row[ID]: row["区划代码"] for row in rows} for rows in (first, last))
    stayed = before.keys() & after.keys()
    assert 0.005 < sum(before[one] != after[one] for one in stayed) / len(stayed) < 0.05
    homes = {row["户编号"]: row["区划代码"] for row in last}
    assert all(homes[row["户编号"]] == row["区划代码"] for row in last)  # a household moves together


def test_the_dead_are_named_once_and_stand_in_no_later_list(gansu_months):
    months = ["2025-12", *(f"2026-{month:02d}" for month in range(1, 12))]
    dead: set[str] = set()
    for month in months:
        for listed in ("inpatients", "chronic_illness", "unemployed", "incomes", "deaths"):
            assert not dead & people(gansu_months, f"{listed}/{month}.csv"), (listed, month)
        dead |= people(gansu_months, f"deaths/{month}.csv")
    assert dead
    assert not dead & people(gansu_months, "population/2026-11.csv") - people(
        gansu_months, "deaths/2026-11.csv"
    ) - people(gansu_months, "deaths/2026-10.csv")


def test_numbers_stay_apart_and_right_at_the_end_of_all_keys():
    import numpy as np

    from zhikun.intake.demo.months.numbers import MOST_KEYS, numbers_for

    generator = np.random.default_rng(5)
    key = np.unique(
        np.concatenate([
            np.arange(500), np.arange(4_801_900, 4_802_600), np.arange(MOST_KEYS - 500, MOST_KEYS),
            generator.integers(0, MOST_KEYS, 50_000),
        ])
    ).astype(np.uint64)  # fmt: skip
    # Everybody wishes for the same day: the numbers must differ all the same.
    numbers, born = numbers_for(key, np.full(len(key), 3000), np.ones(len(key), bool))
    checked = check_id_numbers(numbers)
    assert not checked.fault.any()
    assert len(set(numbers.to_pylist())) == len(key)
    assert checked.birth_date.cast(pa.int32()).to_pylist() == born.tolist()
    assert set(checked.sex.to_pylist()) == {"male"}


def test_the_county_is_the_demo_county(county, county_tables):
    member = county_tables["member"]
    wanted = dict(zip(member["id_number"].to_pylist(), member["household"].to_pylist(), strict=True))
    names = dict(zip(member["id_number"].to_pylist(), member["name"].to_pylist(), strict=True))
    rows = read(county / "population" / "2025-12.csv")
    assert {row[ID]: row["户编号"] for row in rows} == wanted
    assert {row[ID]: row[NAME] for row in rows} == names
    assert len(set(wanted.values())) == 4803
    places = dict(
        zip(county_tables["household"]["household"].to_pylist(), county_tables["household"]["place"].to_pylist(), strict=True)
    )  # fmt: skip
    assert all(places[row["户编号"]] == row["区划代码"] for row in rows)


def test_lists_of_the_county_agree_with_what_the_survey_says(county, county_tables):
    member = county_tables["member"]
    number = member["id_number"].to_pylist()
    grades = dict(zip(number, member["disability_grade"].to_pylist(), strict=True))
    healthy = {
        n for n, health in zip(number, member["health"].to_pylist(), strict=True) if health in ("healthy", "weak")
    }
    words = {"一级": "g1", "二级": "g2", "三级": "g3", "四级": "g4"}
    own = [row for row in read(county / "disability_certificates" / "2026-06.csv") if row[ID] in grades]
    assert len(own) > 100
    assert all(grades[row[ID]] == words[row["残疾等级"]] for row in own)
    assert not healthy & people(county, "chronic_illness/2026-06.csv")
    dibao = {n for n, on in zip(number, member["on_dibao"].to_pylist(), strict=True) if on}
    watched = {row[ID] for row in read(county / "population" / "2025-12.csv") if row[GROUP].startswith("城乡低保")}
    assert watched <= dibao
    assert len(watched) > len(dibao) / 2


def test_the_manifest_says_what_is_wrong_where(county):
    said = manifest(county)
    assert said["generated"] is True
    assert said["note"] == NOTE
    assert (said["seed"], said["pack"]["id"], said["watched"]) == (
        2,
        "gansu",
        len(people(county, "population/2025-12.csv")),
    )
    found = Counter()
    for entry in said["files"]:
        lines = read(county / entry["file"])
        assert len(lines) == entry["rows"]
        for flaw in entry["flaws"]:
            found[flaw["kind"]] += 1
            assert is_so(flaw["kind"], lines, flaw["line"] - 2), flaw
    assert found == {"check_digit": 1, "fifteen_digits": 1, "lower_case": 1, "full_width": 1, "rounded": 1, "doubled": 2,
                     "middle_dot": 2}  # fmt: skip


@pytest.mark.parametrize("name", PACKS)
def test_every_pack_has_spoiled_files_for_its_county(name, county_tables, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "county_tables", {2: county_tables}.__getitem__)
    write_months(load(name), Asked("county", seed=2, months=5), tmp_path / name)
    said = manifest(tmp_path / name)
    flaws = {flaw["kind"] for entry in said["files"] for flaw in entry["flaws"]}
    assert {"check_digit", "lower_case", "full_width", "doubled", "middle_dot"} <= flaws
    assert len(said["missing"]) == 1
    assert [entry["file"] for entry in said["files"] if entry["file"].endswith("-corrected.csv")]
    for entry in said["files"]:
        lines = read(tmp_path / name / entry["file"])
        assert all(is_so(flaw["kind"], lines, flaw["line"] - 2) for flaw in entry["flaws"]), entry["file"]


def test_leads_of_the_county_are_written_by_ear_and_most_are_as_the_register_says(county_tables, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "county_tables", {2: county_tables}.__getitem__)
    write_months(load("national"), Asked("county", seed=2, months=2), tmp_path / "out")
    for entry in (e for e in manifest(tmp_path / "out")["files"] if e["source"] == "leads"):
        lines = read(tmp_path / "out" / entry["file"])
        register = {row[NAME] for row in read(tmp_path / "out" / "population" / f"{entry['period']}.csv")}
        kinds = Counter(flaw["kind"] for flaw in entry["flaws"])
        assert len(lines) > 20
        assert kinds.keys() == {"name_by_ear", "day_month", "birth_blank"}
        assert sum(kinds.values()) < len(lines) / 3
        wrong = {flaw["line"] - 2 for flaw in entry["flaws"] if flaw["kind"] == "name_by_ear"}
        right = [row[NAME] for place, row in enumerate(lines) if place not in wrong]
        assert sum(name in register for name in right) > 0.9 * len(right)


def is_so(kind: str, lines: list[dict[str, str]], row: int) -> bool:
    number = lines[row].get(ID, "")
    fault = check_id_numbers([number]).fault[0]
    return {
        "check_digit": fault == IdFault.CHECK,
        "fifteen_digits": fault == IdFault.NONE and len(number) == 15,
        "lower_case": number.endswith("x") and fault == IdFault.NONE,
        "full_width": not number.isascii() and unicodedata.normalize("NFKC", number) == normalise_id_number(number),
        "rounded": fault == IdFault.ROUNDED,
        "doubled": lines[row] == lines[row - 1],
        "middle_dot": any(dot in lines[row][NAME] for dot in "•．"),
        "name_by_ear": True,  # whose name it was is seen below
        "day_month": int(lines[row].get("出生日期", "0-0-99")[8:] or 99) <= 12,
        "birth_blank": lines[row].get("出生日期") == "",
    }[kind]


def test_no_other_row_of_the_county_is_spoiled(county):
    for entry in manifest(county)["files"]:
        lines = read(county / entry["file"])
        spoiled = {flaw["line"] - 2 for flaw in entry["flaws"]}
        good = [row[ID] for place, row in enumerate(lines) if place not in spoiled]
        assert not check_id_numbers(good).fault.any(), entry["file"]
        assert not any(dot in row[NAME] for p, row in enumerate(lines) if p not in spoiled for dot in "•．"), entry[
            "file"
        ]


def test_one_list_is_late_one_missing_one_corrected(county):
    said = manifest(county)
    (missing,) = said["missing"]
    assert not (county / missing["source"] / f"{missing['period']}.csv").exists()
    assert (missing["source"], missing["period"]) not in {(e["source"], e["period"]) for e in said["receive"]}
    (late,) = [e for e in said["files"] if e["note"].startswith("迟报")]
    day = next(e["day"] for e in said["receive"] if e["file"] == late["file"])
    assert day[:7] > late["period"]
    (corrected,) = [e for e in said["files"] if e["file"].endswith("-corrected.csv")]
    order = [e["file"] for e in said["receive"]]
    broken = corrected["file"].replace("-corrected", "")
    assert order.index(broken) < order.index(corrected["file"])
    part, whole = read(county / broken), read(county / corrected["file"])
    assert 0 < len(part) < len(whole) / 2
    assert whole[: len(part)] == part


def test_nothing_is_wrong_with_a_province(gansu_months):
    said = manifest(gansu_months)
    assert said["missing"] == []
    assert not [entry for entry in said["files"] if entry["flaws"] or entry["note"]]


def test_words_with_a_comma_do_not_break_a_line(gansu, tmp_path):
    listed = gansu.monitoring.sources["chronic_illness"]
    kind = replace(listed.columns["kind"], title='病种,"类别"', choices={"chronic": "慢性病,其他"})
    listed = replace(listed, columns={"kind": kind})
    sheet = Sheet.due(listed, read_month("2026-02"))
    with Files(tmp_path) as made:
        for _block in range(2):
            made.add(sheet, pa.table({kind.title: ["慢性病,其他"]}))
    assert read(tmp_path / sheet.file) == [{'病种,"类别"': "慢性病,其他"}] * 2
    assert (sheet.rows, sheet.arrives) == (2, date(2026, 2, 28))


def test_a_folder_with_other_files_is_left_alone_and_ours_is_replaced_whole(gansu, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("kept", encoding="utf-8")
    few = Asked("province", months=1, people=50)
    with pytest.raises(MonthsRefused, match="已有别的文件"):
        write_months(gansu, few, out)
    assert (out / "mine.txt").read_text(encoding="utf-8") == "kept"
    write_months(gansu, replace(few, months=2), tmp_path / "fresh")
    write_months(gansu, few, tmp_path / "fresh")
    assert {path.stem for path in (tmp_path / "fresh").glob("*/*.csv")} == {"2025-12"}
    (tmp_path / "fresh" / "population" / "notes.csv").write_text("kept", encoding="utf-8")
    with pytest.raises(MonthsRefused, match="已有别的文件"):
        write_months(gansu, few, tmp_path / "fresh")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked("city"), "county、province"),
        (Asked("province", months=0), "1 至 120"),
        (Asked("province", first="2026-13"), "2026-13"),
        (Asked("province", seed=-1), "正整数"),
        (Asked("province", people=0), "人数"),
        (Asked("county", people=10), "固定"),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing(gansu, tmp_path, asked, words):
    with pytest.raises(MonthsRefused, match=words):
        write_months(gansu, asked, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_pack_without_monitoring_is_refused(tmp_path):
    with pytest.raises(MonthsRefused, match="监测预警"):
        write_months(load("yuanzhou"), Asked("province", people=10), tmp_path / "out")


def test_what_breaks_off_leaves_neither_half_a_folder_nor_takes_the_old_one(gansu, tmp_path, monkeypatch):
    few = Asked("province", months=1, people=50)
    write_months(gansu, few, tmp_path / "out")
    before = files(tmp_path / "out")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "list_rows", full)
    with pytest.raises(OSError, match="No space"):
        write_months(gansu, replace(few, seed=9), tmp_path / "out")
    assert files(tmp_path / "out") == before
    assert not [p for p in tmp_path.iterdir() if p.is_dir() and p.name != "out"]
