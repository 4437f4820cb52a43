"""Every kind of fault in `warnings/` answers with its place, what it is and the way out.

`watch_faults.yaml` has the faults, each one change to the good pack under `watch/`, with the messages beside it.
"""

import shutil
from pathlib import Path

import pytest
import yaml

from zhikun.engine.packs import PackErrors, load

WATCH = Path(__file__).parent / "watch"
BILLS = "sources/bills.yaml"
INDICATORS, GROUPS, LEVELS, ROUTES = "indicators.yaml", "groups.yaml", "levels.yaml", "routes.yaml"


@pytest.fixture
def packs(tmp_path):
    """A copy of the good pack that a test may break."""
    root = tmp_path / "packs"
    shutil.copytree(WATCH, root)
    return root


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def messages(root, name="watched"):
    try:
        load(name, root)
    except PackErrors as errors:
        return [str(error) for error in errors.errors]
    return []


def test_the_pack_that_is_broken_below_is_good():
    assert messages(WATCH) == []


FAULTS = yaml.safe_load((Path(__file__).parent / "watch_faults.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{n}-{fault['write'][:40]}" for n, fault in enumerate(FAULTS)])
def test_fault_is_answered_with_exactly_this(packs, fault):
    edit(packs / "watched/warnings" / fault["in"], fault["instead_of"], fault["write"])
    assert messages(packs) == [f"watched/{text}" for text in fault["says"]]


def test_every_message_leads_to_an_existing_line():
    for fault in FAULTS:
        for text in fault["says"]:
            file, number, _text = text.split(":", 2)
            if file != "warnings":
                assert 1 <= int(number) <= (WATCH / "watched" / file).read_bytes().count(b"\n") + 1, text


def without(packs, *files):
    for file in files:
        (packs / "watched/warnings" / file).unlink()


def test_whatever_is_missing_is_named_with_the_file_to_write(packs):
    without(packs, INDICATORS, GROUPS, LEVELS, ROUTES)
    assert messages(packs) == [
        "watched/warnings:1: 没有一个指标，发不出预警。请写 indicators.yaml，或用 extends 沿用别的政策包的 warnings。",
        "watched/warnings:1: 没有一个监测对象类别，发不出预警。请写 groups.yaml，或用 extends 沿用别的政策包的 warnings。",
        "watched/warnings:1: 没有一个预警级别，发不出预警。请写 levels.yaml，或用 extends 沿用别的政策包的 warnings。",
    ]


def test_two_populations_are_one_too_many(packs):
    folder = packs / "watched/warnings/sources"
    shutil.copy(folder / "people.yaml", folder / "people_again.yaml")
    (found,) = messages(packs)
    assert found.startswith("watched/warnings/sources/people_again.yaml:1: 监测对象名册只能有一个")


def test_files_that_nobody_reads_are_named(packs):
    (packs / "watched/warnings/notes.docx").write_text("", encoding="utf-8")
    (packs / "watched/warnings/sources/people.csv").write_text("", encoding="utf-8")
    known = "indicators.yaml、groups.yaml、levels.yaml、routes.yaml"
    assert messages(packs) == [
        f"watched/warnings/notes.docx:1: warnings 里只能有 {known} 和 sources 文件夹，这个文件不会被读取。请移走或改名。",
        "watched/warnings/sources/people.csv:1: sources 里只能放 .yaml 文件，这个文件不会被读取。请移走或改名。",
    ]


def test_a_source_file_is_named_like_an_identifier(packs):
    folder = packs / "watched/warnings/sources"
    (folder / "bills.yaml").rename(folder / "Bills-2.yaml")
    assert any("“Bills-2”不能作标识" in text for text in messages(packs))


def test_samples_in_the_monitoring_must_be_admitted_by_the_pack(packs):
    edit(packs / "watched/pack.yaml", "sample: true\n", "")
    (found,) = messages(packs)
    assert "包里有示例数字" in found


def test_faults_of_all_files_come_at_once(packs):
    edit(packs / "watched/warnings" / BILLS, "kind: event", "kind: evnt")
    edit(packs / "watched/warnings" / LEVELS, "days: 3", "days: 11")
    edit(packs / "watched/warnings" / ROUTES, "[near]", "[nearby]")
    assert [text.split(":")[0].rsplit("/", 1)[-1] for text in messages(packs)] == [
        "levels.yaml",
        "routes.yaml",
        "bills.yaml",
    ]
