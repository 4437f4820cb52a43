"""Folders of households by command: the same files as by the page, block by block, killed and begun again."""

import random
import signal
import time
from dataclasses import replace

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from django.utils import timezone
from tests import factories
from tests.import_files import committed, home, maker, tables

from zhikun.accounts.roles import Role
from zhikun.audit import chain
from zhikun.jobs.worker import work_off
from zhikun.places.models import Area
from zhikun.registry.models import (
    Household,
    HouseholdFacts,
    ImportBatch,
    ImportRow,
    Membership,
    NameKey,
    Recording,
)
from zhikun.registry.services import bulk, bulk_source, importing, structure
from zhikun.registry.services.change import Change
from zhikun.registry.services.importing_errors import NotAnotherPerson
from zhikun.tables import UnreadableFile


def folder_of(path, homes, shuffle=False):
    path.mkdir(exist_ok=True)
    for entity, table in tables(homes).items():
        rows = (
            random.Random(3).sample(range(len(table)), len(table))
            if shuffle and entity == "member"
            else range(len(table))
        )
        pq.write_table(table.take(pa.array(rows)), path / f"{entity}.parquet", row_group_size=7)
    return path


def asked(path, **changes):
    county = Area.objects.get(pk=factories.COUNTY)
    approver = factories.officer(Role.COUNTY_APPROVER)
    base = bulk.Asked(path, county, factories.officer(Role.COUNTY_REVIEWER), factories.DAY, approver, block=4)
    return replace(base, **changes)


def quiet(*_about):
    pass


def many(count):
    return [home(f"A{n:04d}", n, address=f"示例路{n}号", pens=n) for n in range(1, count + 1)]


def content(numbers):
    """What the registry holds of these households, without ids and moments."""
    found = {}
    for one in Household.objects.filter(number__in=numbers).select_related("head").order_by("number"):
        members = Membership.objects.now().filter(household=one).select_related("person").order_by("position")
        facts = HouseholdFacts.objects.get(household=one).values
        found[one.number] = (
            one.area_id, one.address, one.head.name, one.people, one.state, one.version, one.residences.get().address,
            [(m.relation, m.since, m.person.name, m.person.id_number, m.person.sex, m.person.born_on) for m in members],
            facts["household"], [facts.get("member", {}).get(str(m.person_id)) for m in members],
            Recording.objects.get(household=one).facts == facts,
            sorted(NameKey.objects.filter(person=one.head).values_list("key", "area")),
        )  # fmt: skip
    return found


@pytest.fixture
def places(db):
    factories.areas()


def test_by_command_and_by_page_the_same_files_come_out(places, tmp_path):
    homes = many(9)
    done = bulk.import_folder(asked(folder_of(tmp_path / "in", homes)), quiet)
    assert (done.batch.state, done.counts["opened"], done.counts["people"]) == ("committed", 9, 18)
    numbers = [one["household"] for one in homes]
    by_command = content(numbers)
    assert len(by_command) == 9
    importing.undo(done.batch, reason="比对", acting_officer=factories.officer(Role.COUNTY_APPROVER))
    work_off()
    committed([{**one, "household": f"B{n}"} for n, one in enumerate(homes)])
    by_page = content([f"B{n}" for n in range(9)])
    assert list(by_command.values()) == list(by_page.values())
    assert chain.verify().whole


def test_without_a_second_officer_nothing_is_written(places, tmp_path):
    done = bulk.import_folder(asked(folder_of(tmp_path / "in", many(5)), approver=None), quiet)
    assert done.counts["ready"] == 5
    assert not Household.objects.exists()
    assert not ImportBatch.objects.exists()


def test_nobody_approves_their_own_folder(places, tmp_path):
    wanted = asked(folder_of(tmp_path / "in", many(2)))
    wanted.by.appointments.create(role=Role.COUNTY_APPROVER, area_id=factories.COUNTY)
    both = type(wanted.by).objects.get(pk=wanted.by.pk)
    with pytest.raises(NotAnotherPerson):
        bulk.import_folder(replace(wanted, by=both, approver=both), quiet)
    assert not ImportBatch.objects.exists()


def test_members_in_any_order_find_their_household(places, tmp_path):
    homes = many(11)
    bulk.import_folder(asked(folder_of(tmp_path / "in", homes, shuffle=True)), quiet)
    assert Household.objects.count() == 11
    for one in Household.objects.select_related("head"):
        assert one.head.id_number == factories.id_number(2 * int(one.number[1:]))
        assert one.people == 2


def test_csv_of_an_old_windows_is_read_in_blocks(places, tmp_path):
    where = tmp_path / "in"
    where.mkdir()
    for entity, table in tables(many(6)).items():
        pacsv.write_csv(table, where / f"{entity}.csv")
        path = where / f"{entity}.csv"
        path.write_bytes(path.read_bytes().decode().encode("gb18030"))
    done = bulk.import_folder(asked(where), quiet)
    assert done.counts["opened"] == 6
    assert Household.objects.order_by("number").first().head.name == "马试一"


def test_what_is_wrong_goes_back_with_the_row_of_the_file_and_the_rest_comes_in(places, tmp_path):
    homes = many(10)
    homes[8]["people"][1]["id_number"] = "640402197003010041"
    homes[5]["place"] = str(factories.FAR_VILLAGE)
    rejects = tmp_path / "back"
    done = bulk.import_folder(asked(folder_of(tmp_path / "in", homes), rejects=rejects), quiet)
    assert (done.counts["opened"], done.counts["rejected"]) == (8, 2)
    assert {(m.sheet, m.row) for m in done.messages if m.severity == "error"} >= {("member.parquet", 19)}
    assert len(list(rejects.glob("*.xlsx"))) == 2


def test_the_same_number_in_two_blocks_goes_back_with_both(places, tmp_path):
    homes = many(6)
    homes[5]["household"] = "A0001"
    done = bulk.import_folder(asked(folder_of(tmp_path / "in", homes)), quiet)
    assert not Household.objects.filter(number="A0001").exists()
    assert (done.counts["opened"], done.counts["rejected"]) == (4, 2)


def test_a_folder_that_is_in_is_not_taken_again(places, tmp_path):
    where = folder_of(tmp_path / "in", many(3))
    bulk.import_folder(asked(where), quiet)
    with pytest.raises(bulk.AlreadyIn):
        bulk.import_folder(asked(where), quiet)
    assert Household.objects.count() == 3


def test_the_same_people_in_a_second_folder_are_one_more_recording(places, tmp_path):
    bulk.import_folder(asked(folder_of(tmp_path / "one", many(3))), quiet)
    later = many(3)
    for one in later:
        one["pens"] = 99
    done = bulk.import_folder(asked(folder_of(tmp_path / "two", later)), quiet)
    assert (done.counts["opened"], done.counts["recorded"]) == (0, 3)
    assert Household.objects.count() == 3
    assert {f.values["household"][""]["pens"] for f in HouseholdFacts.objects.all()} == {99}
    assert ImportRow.objects.filter(batch=done.batch, adds=False, version_after=2).count() == 3


def test_a_second_folder_brings_addresses_in_and_its_undoing_puts_them_back(places, tmp_path):
    bulk.import_folder(asked(folder_of(tmp_path / "one", many(3))), quiet)
    before = dict(Household.objects.values_list("number", "pk"))
    later = many(3)
    later[0]["address"] = "示例路88号"
    later[1]["place"] = str(factories.VILLAGE + 1)
    done = bulk.import_folder(asked(folder_of(tmp_path / "two", later)), quiet)
    assert (done.counts["recorded"], done.counts["rejected"], done.counts["messages.warning"]) == (2, 1, 1)
    changed = Household.objects.get(address_sealed__isnull=False, events__kind="corrected")
    assert (changed.pk, changed.address) == (before[later[0]["household"]], "示例路88号")
    assert any("请先在档案里办理“迁移”" in one.remedy for one in done.messages)
    importing.undo(ImportBatch.objects.get(pk=done.batch.pk), reason="旧表", acting_officer=asked(tmp_path).approver)
    work_off()
    assert Household.objects.get(pk=changed.pk).address == "示例路1号"


def test_a_file_that_is_closed_after_its_block_was_checked_is_not_recorded_onto(places, tmp_path, monkeypatch):
    bulk.import_folder(asked(folder_of(tmp_path / "one", many(2))), quiet)
    gone = Household.objects.get(number="A0001")
    commit, tried = bulk._commit, []

    def late(*about):
        if not tried:
            structure.close(gone, Change(timezone.localdate(), "全户迁走"), acting_officer=maker())
        tried.append(about)
        return commit(*about)

    monkeypatch.setattr(bulk, "_commit", late)
    later = many(3)
    later[1]["pens"] = 98
    done = bulk.import_folder(asked(folder_of(tmp_path / "two", later)), quiet)
    assert (done.counts["opened"], done.counts["recorded"]) == (1, 1)
    assert Recording.objects.filter(household=gone).count() == 1


@pytest.mark.parametrize("missing", ["household", "member"])
def test_a_folder_without_one_of_the_tables_says_which(places, tmp_path, missing):
    where = folder_of(tmp_path / "in", many(2))
    (where / f"{missing}.parquet").unlink()
    with pytest.raises(UnreadableFile) as refused:
        bulk.import_folder(asked(where), quiet)
    assert "家庭" in str(refused.value) or "成员" in str(refused.value)
    assert not ImportBatch.objects.exists()


def test_another_process_on_the_same_batch_gives_way(places, tmp_path, monkeypatch):
    where = folder_of(tmp_path / "in", many(9))
    blocks = bulk_source.Source.blocks

    def overtaken(self, size, first=0):
        for block in blocks(self, size, first):
            yield block
            ImportBatch.objects.update(counts={**ImportBatch.objects.get().counts, "blocks": 7})

    monkeypatch.setattr(bulk_source.Source, "blocks", overtaken)
    with pytest.raises(bulk.AnotherRun):
        bulk.import_folder(asked(where), quiet)
    assert Household.objects.count() == 4


def test_nobody_of_another_county_imports_here(places, tmp_path):
    from zhikun.registry.errors import NotAllowedHere

    with pytest.raises(NotAllowedHere):
        bulk.import_folder(asked(folder_of(tmp_path / "in", many(1)), by=maker()), quiet)


SETUP = """
from tests import factories
from zhikun.accounts.roles import Role
factories.areas()
factories.officer(Role.COUNTY_REVIEWER)
factories.officer(Role.COUNTY_APPROVER)
"""


def held(installation):
    return installation.ask("SELECT count(*) FROM registry_household")[0][0]


def test_the_command_killed_again_and_again_ends_with_every_household_once(installation, tmp_path):
    homes = many(450)
    where = folder_of(tmp_path / "in", homes)
    installation.run("manage", "shell", "-v", "0", "-c", SETUP)
    county = factories.COUNTY
    words = ["registry", "import", str(where), "--by", f"county_reviewer-{county}", "--approve-as",
             f"county_approver-{county}", "--on", "2026-11-02", "--generated", "--block", "20"]  # fmt: skip
    chance = random.Random(5)
    kills = 0
    while True:
        # Once a few more are in, however quick the machine is.
        goal = held(installation) + chance.randrange(1, 90) if kills < 7 else 451
        with installation.start(*words) as process:
            while process.poll() is None and held(installation) < goal:
                time.sleep(0.01)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
                continue
            # Killed between its last transaction and its end, it was done: the next run says so.
            assert process.returncode == 0 or "没有再导入" in installation.log("registry"), installation.log("registry")
            break
    assert kills
    counted = {
        table: installation.ask(f"SELECT count(*) FROM registry_{table}")[0][0]  # noqa: S608 - names of our own tables
        for table in ("household", "person", "membership", "recording", "householdfacts", "importrow", "householdevent")
    }
    assert counted == {
        "household": 450, "person": 900, "membership": 900, "recording": 450, "householdfacts": 450, "importrow": 450,
        "householdevent": 450,
    }  # fmt: skip
    assert installation.ask("SELECT state FROM registry_importbatch") == [("committed",)]
    assert installation.ask("SELECT count(*) FROM registry_person WHERE generated")[0][0] == 900
    entries = installation.ask("SELECT count(*) FROM audit_entry WHERE event = 'registry.household_registered'")
    assert entries == [(450,)]
    assert not list((installation.data / "imports").glob("open-*"))
    again = installation.run(*words, code=4)
    assert "没有再导入" in again.stdout + again.stderr
