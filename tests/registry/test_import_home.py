"""Address, telephone and village that a file tells of a household on file: shown before, brought in, put back."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from tests import factories
from tests.import_files import checker, committed, home, maker, uploaded
from tests.officers import signed_in

from zhikun.audit.models import Entry
from zhikun.jobs.worker import work_off
from zhikun.places.models import Area
from zhikun.registry.models import Household, ImportBatch, ImportRow, Recording
from zhikun.registry.services import importing, structure
from zhikun.registry.services.change import Change
from zhikun.registry.services.home import found_at_home

pytestmark = pytest.mark.django_db
OLD, NEW, LATER = "12000000001", "12000000002", "12000000003"


@pytest.fixture
def made():
    """A household on file whose head has a telephone."""
    factories.areas()
    household = factories.household(n=1)
    household.head.phone = OLD
    household.head.save()
    return household


def now(household):
    held = Household.objects.get(pk=household.pk)
    return held.address, held.residences.get(until__isnull=True).address, held.head.phone


def said(batch, severity):
    return [(m["column"], m["found"]) for m in batch.messages if m["severity"] == severity]


def undone(batch):
    importing.undo(batch, reason="旧表", acting_officer=checker())
    work_off()


def test_the_address_and_telephone_of_a_file_come_in_with_source_event_and_entry(made):
    batch = committed([home("Z9", 1, address="示例路8号", phone=NEW)])
    assert now(made) == ("示例路8号", "示例路8号", NEW)
    told = Recording.objects.get(household=made, came_with=f"import:{batch.pk}")
    event = made.events.get(kind="corrected")
    assert event.details == {"recording": str(told.pk), "fields": ["address", "phone"]}
    assert (event.on, event.recorded_by) == (factories.DAY, maker())
    entry = Entry.objects.get(event="registry.facts_recorded", household=made.pk)
    assert (entry.details["fields"], entry.officer_id) == ("address、phone", checker().pk)
    made.refresh_from_db()
    assert made.version == 2
    kept = " ".join(str(row) for row in [*ImportRow.objects.values_list(), *Entry.objects.values_list("details")])
    for particular in ("示例路", OLD, NEW):
        assert particular not in kept


def test_an_old_list_does_not_take_back_what_was_told_for_a_later_day(made):
    with transaction.atomic():
        found_at_home(made, address="示例路9号", phone="", on=factories.DAY + timedelta(days=1), officer=checker())
    committed([home("Z9", 1, address="示例路8号", phone=NEW)])
    assert now(made) == ("示例路9号", "示例路9号", NEW)


def test_blank_cells_and_what_is_the_same_take_nothing_away_and_leave_no_event(made):
    committed([home("Z9", 1, address=None, phone=None)])
    batch = committed([home("Z9", 1, phone=OLD, pens=1)])
    assert now(made) == ("示例路1号", "示例路1号", OLD)
    assert not made.events.filter(kind="corrected").exists()
    assert ImportRow.objects.get(batch=batch).before is None


def test_the_dry_run_says_on_the_row_what_will_change_and_no_particulars(made):
    batch = uploaded([home("Z9", 1, address="示例路8号", phone=NEW), home("A2", 2, address="示例路9号", phone=LATER)])
    assert batch.counts["ready"] == 2
    assert said(batch, "warning") == [
        ("详细地址", "详细地址与档案里的不同，入库时改为表里的；档案里的若是在这批情况日期之后更正的，保留档案里的"),
        ("联系电话", "联系电话与档案里的不同，入库时改为表里的；档案里的若是在这批情况日期之后更正的，保留档案里的"),
    ]
    for particular in ("示例路", OLD, NEW, made.number):
        assert particular not in str([m for m in batch.messages if m["severity"] == "warning"])
    assert now(made) == ("示例路1号", "示例路1号", OLD)


def test_the_preview_shows_old_and_new_masked(made):
    batch = uploaded([home("Z9", 1, address="示例路8号", phone=NEW)])
    shown = signed_in(checker()).get(reverse("imports:row", args=[batch.pk, 1])).content.decode()
    assert "与档案里的不同：入库后由 ****** 改为表里的 ******" in shown
    assert "与档案里的不同：入库后由 120****0001 改为 120****0002" in shown
    for particular in ("示例路", OLD, NEW):
        assert particular not in shown


def test_the_preview_says_where_nothing_changes(made):
    batch = uploaded([home("Z9", 1, phone=None, address="示例路1号")])
    shown = signed_in(checker()).get(reverse("imports:row", args=[batch.pk, 1])).content.decode()
    assert "与档案里的相同" in shown
    assert "表里没有填，档案里的不变：120****0001" in shown


@pytest.mark.parametrize("place", [factories.VILLAGE + 1])
def test_another_village_than_the_files_goes_back_with_the_way_out(made, place):
    batch = uploaded([home("Z9", 1, area=place, address="示例路8号", pens=3)])
    assert batch.counts["ready"] == 0
    (one,) = [m for m in batch.messages if m["severity"] == "error"]
    assert (one["column"], one["row"]) == ("所在村（社区）编码", 3)
    assert one["found"] == f"表里的村（社区）与 {made.number} 号档案里的不同"
    assert "请先在档案里办理“迁移”" in one["remedy"]
    assert now(made) == ("示例路1号", "示例路1号", OLD)


def test_the_township_alone_is_the_same_place(made):
    one = home("Z9", 1, address="示例路8号")
    one["place"] = "640402103"
    committed([one])
    assert now(made)[0] == "示例路8号"
    assert Household.objects.get(pk=made.pk).area_id == factories.VILLAGE


def test_who_moves_between_check_and_approval_goes_back(made):
    batch = uploaded([home("Z9", 1, address="示例路8号")])
    place = structure.Home(Area.objects.get(pk=factories.VILLAGE + 1), "示例路20号")
    structure.move(made, place, Change(timezone.localdate(), "迁移"), acting_officer=maker())
    importing.submit(batch, acting_officer=maker())
    importing.approve(batch, acting_officer=checker())
    work_off()
    assert "请先在档案里办理“迁移”" in ImportRow.objects.get().problem
    assert now(made)[0] == "示例路20号"


def test_undoing_puts_back_what_stood_before(made):
    batch = committed([home("Z9", 1, address="示例路8号", phone=NEW)])
    undone(batch)
    assert now(made) == ("示例路1号", "示例路1号", OLD)
    row = ImportRow.objects.get()
    assert (row.state, row.problem, row.before) == ("undone", "", None)
    event = made.events.get(kind="undone")
    assert (event.reason, event.details["fields"]) == ("旧表", ["address", "phone"])
    entry = Entry.objects.get(event="registry.import_undone", household=made.pk)
    assert entry.details["put_back"] == "address、phone"


def test_undoing_puts_back_what_was_not_known(made):
    made.head.phone = None
    made.head.save()
    batch = committed([home("Z9", 1, phone=NEW)])
    assert now(made)[2] == NEW
    undone(batch)
    assert now(made)[2] is None


def test_undoing_leaves_what_somebody_changed_since_and_says_so(made):
    batch = committed([home("Z9", 1, address="示例路8号", phone=NEW)])
    held = Household.objects.get(pk=made.pk)
    found_at_home(held, address="", phone=LATER, on=date(2026, 11, 20), officer=maker())
    undone(batch)
    assert now(made) == ("示例路1号", "示例路1号", LATER)
    row = ImportRow.objects.get()
    assert (row.state, row.problem) == ("undone", "联系电话入库后又改过，保留现在的，请核对。")
    page = signed_in(checker()).get(reverse("imports:batch", args=[batch.pk]) + "?view=households").content.decode()
    assert "联系电话入库后又改过，保留现在的，请核对。" in page
    entry = Entry.objects.get(event="registry.import_undone", household=made.pk)
    assert (entry.details["put_back"], entry.details["left"]) == ("address", "phone")


def test_of_two_batches_the_earlier_one_undone_changes_nothing_of_the_later(made):
    first = committed([home("Z9", 1, address="示例路8号")])
    second = committed([home("Z9", 1, address="示例路9号")])
    undone(first)
    assert now(made)[0] == "示例路9号"
    undone(ImportBatch.objects.get(pk=second.pk))
    assert now(made)[0] == "示例路8号"


def test_the_telephone_goes_back_to_whom_it_was_even_when_another_is_head_now(made):
    batch = committed([home("Z9", 1, phone=NEW)])
    head = made.head
    wife = made.memberships.get(position=2).person
    structure.change_head(
        Household.objects.get(pk=made.pk), {wife.pk: "02", head.pk: "10"}, Change(timezone.localdate(), "换户主"),
        acting_officer=maker(),
    )  # fmt: skip
    undone(batch)
    head.refresh_from_db()
    wife.refresh_from_db()
    assert (head.phone, wife.phone) == (OLD, None)


def test_the_timeline_says_which_of_the_two_changed(made):
    committed([home("Z9", 1, address="示例路8号")])
    shown = signed_in(maker()).get(reverse("registry:timeline", args=[made.pk])).content.decode()
    assert "更正基本信息" in shown
    assert "发生日期 2026-11-02，详细地址" in shown
