"""What a good pack turns into: types, what comes along from extended packs, identity, days of change."""

import random
import re
import shutil
import time
from datetime import date
from pathlib import Path

import pytest

from zhikun.engine.packs import PackErrors, change_days, find_root, load, names, yaml_file
from zhikun.engine.packs.__main__ import main
from zhikun.engine.packs.cases import cases_of
from zhikun.engine.packs.model import FIRST_DAY, LAST_DAY, Period, Source
from zhikun.engine.packs.yaml_file import plain_value

GOOD = Path(__file__).parent / "good"


@pytest.fixture(scope="module")
def tiny():
    return load("tiny", GOOD)


@pytest.fixture
def packs(tmp_path):
    """A copy of the good packs that a test may change."""
    root = tmp_path / "packs"
    shutil.copytree(GOOD, root)
    return root


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# -- what the writer wrote is what the pack holds


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("none", "none"),
        ("true", True),
        ("g1", "g1"),
        ("012", "012"),
        ("1:30", "1:30"),
        ("1e3", "1e3"),
        ("1_000", "1_000"),
        ("１", "１"),
        ("585", 585),
        ("-0.5", -0.5),
        ("2024-02-29", date(2024, 2, 29)),
        ("2023-02-29", "2023-02-29"),
        ("2024-2-9", "2024-2-9"),
        ("~", None),
    ],
)
def test_unquoted_words_mean_what_a_reader_takes_them_for(raw, value):
    found = plain_value(raw)
    assert found == value
    assert type(found) is type(value)


def test_codes_that_yaml_takes_for_true_and_false_stay_codes(tiny):
    assert tiny.facts["household", "residence"].choices == {"on": "城镇", "no": "农村"}


def test_place_keeps_its_leading_zero(tiny):
    assert tiny.place == "064042"
    assert [v.place for v in tiny.standards["line"].values] == ["", "", "064042"]


def test_standard_values_are_in_order_of_place_and_day(tiny):
    values = [(v.place, v.first, v.value) for v in tiny.standards["line"].values]
    assert values == [
        ("", date(2020, 1, 1), 500.0),
        ("", date(2024, 7, 1), 620.0),
        ("064042", date(2024, 1, 1), 550.5),
    ]
    assert all(type(value) is float for _place, _day, value in values)


def test_a_changed_law_is_two_versions_with_their_own_sources(tiny):
    old, new = tiny.rules["household", "eligible"].versions
    assert old.period == Period(date(2020, 1, 1), date(2021, 6, 30))
    assert new.period == Period(date(2021, 7, 1), LAST_DAY)
    assert old.source == Source("第3条", "B")
    assert new.source == Source("新办法第3条")
    assert new.formula == "DIVIDE(income, member_count, 0) / 12 < line"


def test_table_rows_have_open_bands_and_ignore_what_is_for_people(tiny):
    (version,) = tiny.tables["care_score"].versions
    assert version.rows == (
        (("well", (None, 60.0)), 0.0),
        (("well", (60.0, None)), 1.5),
        (("ill", (None, None)), 2.0),
    )
    assert version.source.sample
    assert version.source.reason == "以邻县的分档为准"


def test_items_keep_order_department_and_dates(tiny):
    visit, meal = tiny.rules["household", "policies"].items
    assert (visit.order, visit.department, visit.period) == (20.0, "民政局", Period())
    assert (meal.order, meal.period.first) == (2.0, date(2024, 3, 1))
    assert tiny.rules["household", "vetoes"].items[0].confirm == "看发放记录"
    assert tiny.rules["household", "vetoes"].items[0].source.reference == "本县第6条"


def test_otherwise_is_the_branch_without_condition(tiny):
    (version,) = tiny.rules["household", "category"].decisions
    assert [(b.when, b.then) for b in version.branches] == [("eligible", "dibao"), ("", "none")]


def test_rounding_carries_its_clause(tiny):
    rounding = tiny.rules["member", "points"].versions[0].rounding
    assert (rounding.to, rounding.direction, rounding.source.reference) == (0.5, "half_up", "本县第2条")


# -- what comes along from extended packs


def test_facts_of_the_parent_come_along_only_when_used(tiny):
    household = [f.name for f in tiny.facts_of("household")]
    assert household == ["place", "residence", "income", "alone"]
    assert "unused_line" not in tiny.standards
    assert ("household", "untaken") not in tiny.rules


def test_a_skip_condition_brings_the_fact_it_asks_about(tiny):
    assert ("member", "school_stage") in tiny.facts
    assert ("member", "in_school") in tiny.facts


def test_names_of_people_come_along_though_no_formula_may_use_them(tiny):
    assert ("member", "name") in tiny.facts


def test_counted_rows_bring_the_fact_that_says_what_a_row_is(tiny):
    assert [f.name for f in tiny.facts_of("supporter")] == ["relation"]
    assert "vehicle" not in tiny.entities


def test_own_facts_come_after_the_parents_and_replace_them(tiny):
    member = [f.name for f in tiny.facts_of("member")]
    assert member[-1] == "birth_date"
    assert tiny.facts["member", "birth_date"].title == "出生年月日"
    assert tiny.facts["member", "birth_date"].required


def test_without_programmes_everything_of_the_parent_is_taken(packs):
    edit(packs / "tiny/pack.yaml", "{pack: base, programmes: [household, dibao]}", "{pack: base}")
    whole = load("tiny", packs)
    assert ("household", "unused") in whole.facts
    assert "vehicle" in whole.entities
    assert set(whole.programmes) == {"household", "dibao", "other", "care"}


def test_a_column_of_the_results_counts_as_use(packs):
    edit(packs / "tiny/pack.yaml", "[member_count, income]", "[member_count, unused]")
    assert ("household", "unused") in load("tiny", packs).facts


def test_the_same_pack_reached_by_two_ways_is_one(packs):
    middle = packs / "middle"
    middle.mkdir()
    text = (packs / "base/pack.yaml").read_text(encoding="utf-8").split("sources:")[0].replace("id: base", "id: middle")
    (middle / "pack.yaml").write_text(text + "extends: [{pack: base}]\n", encoding="utf-8")
    edit(packs / "tiny/pack.yaml", "extends:\n", "extends:\n  - {pack: middle}\n")
    assert ("household", "eligible") in load("tiny", packs).rules


def test_sources_of_the_parent_are_kept_under_its_name(tiny):
    assert tiny.sources["T1"]["title"] == "本县办法"
    assert tiny.sources["base.B1"]["grade"] == "A"


def test_a_sample_in_the_parent_must_be_admitted_by_the_child(packs):
    edit(packs / "tiny/pack.yaml", "sample: true\n", "")
    edit(
        packs / "tiny/care/rules.yaml", "    sample: true\n    reason: 以邻县的分档为准\n", "    reference: 本县附表\n"
    )
    load("tiny", packs)
    sample = "sample: true, reason: 取整"
    edit(packs / "base/household/rules.yaml", "reference: 第2条", sample)
    with pytest.raises(PackErrors, match=r"base/household/rules.yaml:2"):
        load("tiny", packs)


# -- identity


def test_hash_does_not_depend_on_line_ends_byte_order_marks_or_cases(packs, tiny):
    rules = packs / "tiny/care/rules.yaml"
    rules.write_bytes(b"\xef\xbb\xbf" + rules.read_bytes().replace(b"\n", b"\r\n"))
    (packs / "tiny/care/cases/care.yaml").unlink()
    assert load("tiny", packs).hash == tiny.hash


@pytest.mark.parametrize(
    ("file", "old", "new", "changes"),
    [
        ("tiny/care/tables/care_score.csv", "1.5", "1.6", True),
        ("base/dibao/rules.yaml", "第3条", "第4条", True),
        ("base/standards.yaml", "620", "621", True),
        ("base/other/rules.yaml", "第9条", "第8条", False),
    ],
)
def test_hash_changes_exactly_with_the_files_that_take_part(packs, tiny, file, old, new, changes):
    edit(packs / file, old, new)
    assert (load("tiny", packs).hash != tiny.hash) is changes


# -- days


def test_change_days_are_the_first_day_and_every_beginning_and_end(tiny):
    assert change_days(tiny) == (
        date(2021, 1, 1),  # first_day; what began on 2020-01-01 began before anybody may ask
        date(2021, 7, 1),  # the new version; the day after the old one's last
        date(2024, 1, 1),  # the county's own standard
        date(2024, 3, 1),  # an item
        date(2024, 7, 1),
        date(2026, 1, 1),  # the day after the table's last
    )


def test_open_periods_add_no_day(tiny):
    assert FIRST_DAY not in change_days(tiny)
    assert LAST_DAY not in change_days(tiny)


# -- where packs are


def test_root_is_the_variable_then_the_current_folder(packs, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZHIKUN_PACKS", raising=False)
    assert find_root() == packs
    monkeypatch.setenv("ZHIKUN_PACKS", str(GOOD))
    assert find_root() == GOOD
    assert names() == ("base", "tiny")


def test_a_variable_that_leads_nowhere_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("ZHIKUN_PACKS", str(tmp_path / "nowhere"))
    with pytest.raises(PackErrors, match="ZHIKUN_PACKS"):
        find_root()


def test_an_unknown_pack_is_answered_with_the_nearest(monkeypatch):
    with pytest.raises(PackErrors, match="tiny"):
        load("tinny", GOOD)


def test_a_name_that_is_no_pack_folder_is_refused(tmp_path):
    with pytest.raises(PackErrors):
        load("../good/tiny", GOOD)


def test_shell_prints_every_fault_and_fails(packs, capsys):
    assert main(["--root", str(packs)]) == 0
    assert capsys.readouterr().out.count("OK") == 2
    edit(packs / "tiny/care/cases/care.yaml", "alone: true", "alon: true")
    assert main(["tiny", "--root", str(packs)]) == 1
    assert "tiny/care/cases/care.yaml:2: " in capsys.readouterr().out


# -- without libyaml, and fast


def test_pure_python_yaml_reads_the_same_pack(monkeypatch, tiny):
    monkeypatch.setattr(yaml_file, "_loader", yaml_file._SlowLoader)
    assert load("tiny", GOOD) == tiny


def test_a_large_pack_loads_within_a_quarter_of_a_second(packs):
    facts = "".join(
        f"    fact_{i}: {{title: 事实{i}, type: number, unit: 元, min: 0, question: 问？, reference: 第{i}条}}\n"
        for i in range(80)
    )
    edit(packs / "tiny/facts.yaml", "  household:\n", "  household:\n" + facts)
    rules = "".join(
        f"  rule_{i}:\n    title: 规则{i}\n    on: household\n    type: number\n    unit: 元\n"
        f"    formula: IF(fact_{i % 80} > 0, fact_{i % 7} + rule_{max(0, i - 1)}, 0)\n    reference: 第{i}条\n"
        for i in range(300)
    )
    (packs / "tiny/care/many.yaml").write_text("rules:\n" + rules, encoding="utf-8")
    times = []
    for _attempt in range(3):
        begin = time.process_time()
        assert len(load("tiny", packs).rules) > 300
        times.append(time.process_time() - begin)
    assert min(times) < 0.25


# -- score tables with two bands


def two_bands(packs, rows):
    edit(
        packs / "tiny/care/rules.yaml",
        "      - {column: health, choices_of: member.health}\n",
        "      - {column: income, unit: 元/年}\n",
    )
    heading = "income_from,income_below,age_from,age_below,points\n"
    (packs / "tiny/care/tables/care_score.csv").write_text(heading + rows, encoding="utf-8")


def test_two_bands_may_be_cut_differently_in_every_row(packs):
    two_bands(packs, ",100,,60,1\n,100,60,,2\n100,,,18,3\n100,,18,,4\n")
    assert len(load("tiny", packs).tables["care_score"].versions[0].rows) == 4


def test_a_hole_between_two_bands_is_named_by_its_edges(packs):
    two_bands(packs, ",100,,60,1\n,100,65,,2\n100,,,,3\n")
    with pytest.raises(PackErrors) as raised:
        load("tiny", packs)
    (error,) = raised.value.errors
    assert "income 不到 100，age 从 60 到不足 65" in error.text


# -- damage


@pytest.mark.parametrize("seed", range(100))
def test_no_damage_to_a_file_escapes_as_anything_but_an_answer(packs, seed):
    chance = random.Random(seed)
    path = chance.choice(sorted(p for p in packs.rglob("*") if p.is_file()))
    lines = path.read_text(encoding="utf-8").split("\n")
    number = chance.randrange(len(lines))
    words = [m.span() for m in re.finditer(r"[^\s,:{}\[\]]+", lines[number])] or [(0, 0)]
    begin, end = chance.choice(words)
    damage = chance.choice(["[]", "{}", "{a: [b]}", "~", "''", "1", "x.y", "-1", "2024-01-01", "[[a]]", "- a"])
    lines[number] = lines[number][:begin] + damage + lines[number][end:]
    path.write_text("\n".join(lines), encoding="utf-8")
    errors = ()
    try:
        cases_of(load("tiny", packs), packs)
    except PackErrors as found:
        errors = found.errors or [None]
    assert all(error.place.file.partition("/")[0] in ("base", "tiny") for error in errors)
