"""What a good `warnings` folder turns into: conditions, codes, ways, what is inherited, identity; the shipped packs too."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from zhikun.engine.packs import PackErrors, find_root, load, names
from zhikun.engine.packs.__main__ import main
from zhikun.engine.packs.monitoring import DIRECTIONS, LEVELS, WAYS

WATCH = Path(__file__).parent / "watch"
WATCHING = ("gansu", "hunan", "national", "yunnan", "zhejiang")


@pytest.fixture(scope="module")
def watched():
    return load("watched", WATCH).monitoring


@pytest.fixture
def packs(tmp_path):
    root = tmp_path / "packs"
    shutil.copytree(WATCH, root)
    return root


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def child(packs, extends, **files):
    """A pack `child` that extends `watched`, with files of its own in `warnings`."""
    folder = packs / "child"
    (folder / "warnings").mkdir(parents=True)
    (folder / "pack.yaml").write_text(
        "format: 1\nid: child\ntitle: 子包\nversion: 1.0.0\nplace: '620000'\nfirst_day: 2024-01-01\nsample: true\n"
        f"extends: [{{pack: watched{extends}}}]\n",
        encoding="utf-8",
    )
    for name, text in files.items():
        (folder / "warnings" / f"{name}.yaml").write_text(text, encoding="utf-8")
    if not files:
        (folder / "warnings").rmdir()
    return folder


# -- what the writer wrote is what the pack holds


def test_conditions_are_typed_by_their_columns_and_carry_their_source(watched):
    kind, paid = watched.indicators["large_bill"].where
    assert (kind.column, kind.operator, kind.value) == ("kind", "=", "inpatient")
    assert kind.source == watched.indicators["large_bill"].source
    assert (paid.operator, paid.value, paid.source.grade) == (">=", 100.0, "B")
    (emergency,) = watched.indicators["emergency"].where
    assert emergency.value is True


def test_dates_and_lists_of_codes_are_values_of_their_columns(packs):
    edit(
        packs / "watched/warnings/indicators.yaml",
        "- {column: kind, is: inpatient}",
        "- {column: kind, none_of: [outpatient]}\n"
        "      - {column: paid_on, above: 2024-02-29, sample: true, reason: 试}\n"
        "      - {column: paid_on, known: true}",
    )
    none_of, above, known, _paid = load("watched", packs).monitoring.indicators["large_bill"].where
    assert (none_of.operator, none_of.value) == ("not in", ("outpatient",))
    assert (above.operator, above.value) == (">", date(2024, 2, 29))
    assert (known.operator, known.value) == ("known", None)


def test_the_population_takes_its_groups_from_the_groups_file(watched):
    assert watched.population.id == "people"
    assert watched.population.columns["group"].choices == {"poor": "低保对象", "near": "边缘人口"}


def test_who_may_no_longer_qualify_is_looked_for_among_the_enrolled(watched):
    assert watched.indicators["dead"].groups == ("poor",)
    assert watched.indicators["large_bill"].groups == ()


def test_a_source_without_numbers_is_matched_by_name_birth_and_place(watched):
    assert watched.sources["deaths"].column_of("id_number") is None
    assert watched.sources["deaths"].months == (3, 9)


def test_what_the_delivery_rests_on_is_told_apart_from_what_the_columns_rest_on(watched):
    bills = watched.sources["bills"]
    assert (bills.due_day, bills.delivery.reference, bills.source.reference) == (30, "每月30日前", "第2条")
    assert watched.sources["people"].delivery == watched.sources["people"].source


@pytest.mark.parametrize(
    ("indicator", "groups", "level", "way"),
    [
        ("large_bill", ("poor",), 0, "deliver"),
        ("large_bill", ("near",), 0, "enrol"),
        ("large_bill", ("near", "poor"), 0, "deliver"),
        ("large_bill", ("near",), 1, "conference"),
        ("dead", ("poor",), 1, "recheck"),
    ],
)
def test_every_warning_has_one_of_four_ways(watched, indicator, groups, level, way):
    assert watched.way_of(watched.indicators[indicator], groups, watched.levels[level]) == way


# -- what comes along from extended packs


def test_facts_alone_bring_no_monitoring(packs):
    child(packs, ", programmes: []")
    assert load("child", packs).monitoring is None


def test_all_of_the_monitoring_comes_along_when_it_is_asked_for(packs, watched):
    child(packs, ", programmes: [warnings]")
    assert load("child", packs).monitoring == watched


def test_own_definitions_replace_by_id_and_levels_as_a_whole(packs):
    child(
        packs,
        ", programmes: [warnings]",
        groups="groups:\n  near: {title: 近邻, enrolled: true, reference: 本县, grade: S}\n",
        levels="levels:\n  yellow: {title: 黄, from: 50, days: 5, reference: 本县, grade: S}\n",
    )
    found = load("child", packs).monitoring
    assert {code: (g.title, g.pack) for code, g in found.groups.items()} == {
        "poor": ("低保对象", "watched"),
        "near": ("近邻", "child"),
    }
    assert found.indicators["dead"].groups == ("poor", "near")
    assert [level.id for level in found.levels] == ["yellow"]
    assert (found.escalations, found.quiet_months) == ((), 0)


def test_named_indicators_come_with_their_lists_and_nothing_else(packs):
    child(packs, ", programmes: [warnings], indicators: [dead]")
    found = load("child", packs).monitoring
    assert set(found.indicators) == {"dead"}
    assert set(found.sources) == {"people", "deaths"}
    assert found.routes == {}  # the only route is about a cause that no indicator looks for


def test_unknown_indicators_and_groups_of_extends_are_answered_with_the_nearest(packs):
    child(packs, ", programmes: [warnings], indicators: [deed], groups: [poor, nearer]")
    with pytest.raises(PackErrors) as errors:
        load("child", packs)
    texts = "\n".join(error.text for error in errors.value.errors)
    assert "没有指标“deed”" in texts
    assert "是不是想写“dead”" in texts
    assert "没有监测对象类别“nearer”" in texts


def test_weights_still_have_to_make_a_hundred_after_inheriting(packs):
    child(packs, ", programmes: [warnings], indicators: [large_bill, dead]")
    with pytest.raises(PackErrors, match="合计 60，应当是 100"):
        load("child", packs)


# -- identity


@pytest.mark.parametrize(
    "file",
    ["indicators.yaml", "groups.yaml", "levels.yaml", "routes.yaml", "sources/people.yaml", "sources/bills.yaml"],
)
def test_hash_changes_with_every_file_of_the_monitoring(packs, file):
    before = load("watched", packs).hash
    path = packs / "watched/warnings" / file
    path.write_text(path.read_text(encoding="utf-8") + "# ...\n", encoding="utf-8")
    assert load("watched", packs).hash != before


def test_hash_does_not_change_with_monitoring_that_is_not_taken(packs):
    child(packs, ", programmes: []")
    before = load("child", packs).hash
    edit(packs / "watched/warnings/levels.yaml", "from: 20", "from: 21")
    assert load("child", packs).hash == before


# -- the packs we ship


def test_these_packs_watch():
    assert tuple(name for name in names() if load(name).monitoring) == WATCHING


@pytest.mark.parametrize("name", WATCHING)
def test_shipped_monitoring_is_whole(name):
    found = load(name).monitoring
    assert [level.id for level in found.levels] == list(LEVELS)
    assert found.population.columns["group"].choices
    for direction in DIRECTIONS:
        assert sum(i.weight for i in found.indicators.values() if i.direction == direction) == pytest.approx(100)
    for indicator in found.indicators.values():
        for group in indicator.groups or found.groups:
            assert all(found.way_of(indicator, (group,), level) in WAYS for level in found.levels)


@pytest.mark.parametrize("name", WATCHING)
def test_shipped_hash_covers_every_file_of_the_monitoring(name, tmp_path):
    shutil.copytree(find_root(), tmp_path / "packs")
    before = load(name, tmp_path / "packs").hash
    assert before == load(name).hash
    for file in sorted((tmp_path / "packs" / name / "warnings").rglob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        file.write_text(text + "# ...\n", encoding="utf-8")
        assert load(name, tmp_path / "packs").hash != before, file
        file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", WATCHING)
def test_weights_points_thresholds_and_hours_that_were_not_published_are_samples(name):
    found = load(name).monitoring
    assert all(indicator.weight_source.sample for indicator in found.indicators.values())
    assert all(band.source.sample for indicator in found.indicators.values() for band in indicator.bands)
    assert all(level.source.sample for level in found.levels)


def test_gansu_is_as_published():
    found = load("gansu").monitoring
    assert len(found.groups) == 10
    hardship = {name: i for name, i in found.indicators.items() if i.direction == "hardship"}
    assert len(hardship) == 5
    assert all(i.source.grade == "S" and not i.source.sample for i in hardship.values())
    assert {i.list_source for i in hardship.values()} <= found.sources.keys()
    assert all(s.due_day == 30 for s in found.sources.values() if s.pack == "gansu")
    assert found.sources["college_admissions"].rhythm == "yearly"
    assert {e.to for e in found.escalations} == {"county", "city", "province"}
    assert {r.department for r in found.routes.values()} == {"乡村振兴（农业农村）部门", "人力资源社会保障部门"}


def test_shell_counts_sources_and_indicators(capsys):
    assert main(["gansu"]) == 0
    assert "监测名单 10，预警指标 9" in capsys.readouterr().out
