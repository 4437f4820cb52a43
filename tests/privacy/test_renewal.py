"""After a rotation rows are sealed anew, batch by batch, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext, isolate_apps

from zhikun.identity.errors import SealBroken
from zhikun.identity.keyring import begin_index, end_index, read_ring, with_new_version, write_ring
from zhikun.identity.sealing import index_of, key_version
from zhikun.privacy import BlindIndexField, Sealed, SealedField, renew, renewal, use_ring
from zhikun.privacy import ring as current_ring

with isolate_apps("zhikun.privacy"):

    class Shown(models.Manager):
        def get_queryset(self):
            return super().get_queryset().filter(hidden=False)

    class Resident(models.Model):
        id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
        hidden = models.BooleanField(default=False)
        changed = models.DateTimeField(auto_now=True)
        name_sealed = SealedField()
        number_sealed = SealedField(null=True)
        number_index = BlindIndexField(null=True)

        name = Sealed("name_sealed", purpose="name")
        number = Sealed("number_sealed", purpose="id_number", null=True, index="number_index")

        objects = Shown()

        class Meta:
            app_label = "privacy"
            db_table = "test_resident"


MODELS = [Resident]
pytestmark = [pytest.mark.usefixtures("tables", "ring"), pytest.mark.django_db]
EVERYBODY = Resident._base_manager


@pytest.fixture
def people(ring):
    made = [Resident(name=f"测试{n}", number=None if n % 5 == 0 else f"N{n}", hidden=n % 7 == 0) for n in range(23)]
    Resident.objects.bulk_create(made)
    return sorted(made, key=lambda one: one.pk)


@pytest.fixture
def newer(ring, tmp_path, people):
    with use_ring(rotated(ring, tmp_path)) as given:
        yield given


def rotated(ring, tmp_path):
    held = read_ring(ring.path)
    return write_ring(replace(with_new_version(held, date(2027, 1, 1), "每年一次", tmp_path), rotation=None))


def versions():
    return {key_version(one.name_sealed) for one in EVERYBODY.all()}


def contents():
    return {one.pk: (one.name, one.number, one.hidden, one.changed) for one in EVERYBODY.all()}


def test_every_row_comes_to_the_new_version_and_nothing_else_changes(newer, people):
    before, indexes = contents(), set(EVERYBODY.values_list("pk", "number_index"))
    reports = list(renew(Resident, batch=10))
    assert [(one.seen, one.changed, one.broken) for one in reports] == [(10, 10, ()), (10, 10, ()), (3, 3, ())]
    assert versions() == {2}
    assert contents() == before
    assert set(EVERYBODY.values_list("pk", "number_index")) == indexes
    assert sum(one.changed for one in renew(Resident, batch=10)) == 0


def test_a_walk_goes_on_where_it_stopped(newer, people):
    walk = renew(Resident, batch=10)
    stopped = next(walk)
    walk.close()
    assert stopped.after == people[9].pk
    assert versions() == {1, 2}
    assert [one.seen for one in renew(Resident, after=stopped.after, batch=10)] == [10, 3]
    assert versions() == {2}


def test_a_batch_that_was_broken_off_leaves_its_rows_as_they_were(newer, people, monkeypatch):
    before = list(EVERYBODY.order_by("pk").values_list("name_sealed", flat=True))

    def killed(*args, **kwargs):
        real(*args, **kwargs)
        raise KeyboardInterrupt

    real = renewal.write_columns
    monkeypatch.setattr(renewal, "write_columns", killed)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        next(renew(Resident, batch=10))
    monkeypatch.undo()
    with use_ring(newer):
        assert list(EVERYBODY.order_by("pk").values_list("name_sealed", flat=True)) == before
        assert sum(one.changed for one in renew(Resident)) == 23


def test_rows_that_are_current_are_not_written(newer, people):
    list(renew(Resident))
    with CaptureQueriesContext(connection) as queries:
        list(renew(Resident, batch=10))
    assert not [query for query in queries if query["sql"].startswith("UPDATE")]


def test_one_damaged_row_is_named_and_keeps_nobody_else_back(newer, people):
    damaged = people[4]
    EVERYBODY.filter(pk=damaged.pk).update(name_sealed=people[5].name_sealed)
    reports = list(renew(Resident, batch=10))
    assert [name for one in reports for name in one.broken] == [f"test_resident.name_sealed:{damaged.pk}"]
    assert sum(one.changed for one in reports) >= 22
    held = EVERYBODY.get(pk=damaged.pk)
    assert held.number == damaged.number
    with pytest.raises(SealBroken):
        _ = held.name


def test_indexes_stay_with_a_rotation_and_move_when_reindexing_has_begun(newer, people):
    someone = next(one for one in people if one.number and not one.hidden)
    list(renew(Resident))
    with use_ring(begin_index(newer.path)):
        assert Resident.objects.get(Resident.number.matches(someone.number)).pk == someone.pk
        reports = list(renew(Resident, batch=10))
        assert sum(one.changed for one in reports) == sum(one.number is not None for one in people)
        assert EVERYBODY.get(pk=someone.pk).number_index != someone.number_index
        assert Resident.objects.get(Resident.number.matches(someone.number)).pk == someone.pk
        assert sum(one.changed for one in renew(Resident)) == 0
    with use_ring(end_index(newer.path)):
        assert Resident.objects.get(Resident.number.matches(someone.number)).pk == someone.pk


def test_a_row_saved_with_its_old_index_is_brought_along_by_the_next_walk(newer, people):
    with use_ring(begin_index(newer.path)):
        late = EVERYBODY.filter(number_index__isnull=False).first()
        list(renew(Resident))
        late.save()
        assert sum(one.changed for one in renew(Resident)) == 1
        assert sum(one.changed for one in renew(Resident)) == 0


def test_indexes_of_several_fields_are_brought_along(newer, people):
    """As a document number whose kind is part of its index, or names that are found by rows of another table."""
    seen = []

    def reindex(rows):
        for row in rows:
            seen.append(row.name)
            row.number_index = index_of(current_ring(), "pair", f"{row.hidden}:{row.name}")
        return {row.pk: ["number_index"] for row in rows}

    list(renew(Resident, batch=10, reindex=reindex))
    assert seen == []
    damaged = people[4]
    EVERYBODY.filter(pk=damaged.pk).update(name_sealed=people[5].name_sealed)
    with use_ring(begin_index(newer.path)) as moving, CaptureQueriesContext(connection) as queries:
        reports = list(renew(Resident, batch=10, reindex=reindex))
        assert len(queries) < 20
        other = people[6]
        assert EVERYBODY.get(pk=other.pk).number_index == index_of(moving, "pair", f"{other.hidden}:{other.name}")
    assert len(seen) == 22
    assert [name for one in reports for name in one.broken] == [f"test_resident.name_sealed:{damaged.pk}"]


def test_indexes_are_made_anew_when_asked_although_one_version_is_in_use(newer, people):
    """As after the end of a change of versions, when somebody saves a row that they had loaded before."""
    someone = next(one for one in people if one.number and not one.hidden)
    list(renew(Resident))
    EVERYBODY.filter(pk=someone.pk).update(number_index=b"0" * 16)
    assert sum(one.changed for one in renew(Resident)) == 0
    assert not Resident.objects.filter(Resident.number.matches(someone.number)).exists()
    assert sum(one.changed for one in renew(Resident, indexes=True)) == 1
    assert Resident.objects.get(Resident.number.matches(someone.number)).pk == someone.pk


def test_two_rows_of_one_number_are_named_and_keep_nobody_else_back(newer, people):
    """Two processes registered one person at once, each in its own index version: the unique index could not see it."""
    numbered = [one for one in people if one.number]
    first, second = numbered[3], numbered[9]
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX resident_once ON test_resident (number_index)")
    with use_ring(begin_index(newer.path)):
        second.number = first.number
        second.save()
        reports = list(renew(Resident, batch=10))
        assert [name for one in reports for name in one.doubled] == [f"test_resident:{first.pk}"]
        assert [one.seen for one in reports] == [10, 10, 3]
        assert Resident._base_manager.filter(Resident.number.matches(first.number)).count() == 2
        assert versions() == {1, 2}
        second.number = "N-right"
        second.save()
        again = list(renew(Resident, batch=10))
        assert [one.doubled for one in again] == [(), (), ()]
        assert sum(one.changed for one in again) == 2, (
            "the one that was in the way, and the name that was saved as it was loaded"
        )
    assert versions() == {2}


def test_only_the_columns_that_changed_are_written(newer, people):
    with CaptureQueriesContext(connection) as queries:
        list(renew(Resident, batch=100))
    written = {query["sql"].split(" WHERE ")[0] for query in queries if "UPDATE " in query["sql"].split("SELECT")[0]}
    assert len(written) == 2, "rows with a number and rows without"
    assert not [sql for sql in written if "changed" in sql or "number_index" in sql]


def test_an_empty_table_is_done_at_once(ring):
    assert list(renew(Resident)) == []
