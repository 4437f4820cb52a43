"""A renewal beside officers who change the same rows, on connections of their own: nobody's work is lost."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import date
from functools import partial

import pytest
from django.db import connection, transaction
from tests import factories
from tests.installation import until
from tests.web.rotated import rotate

from zhikun.identity.keyring import begin_index, create_ring
from zhikun.identity.sealing import key_version
from zhikun.privacy import keys, renew, renewal
from zhikun.registry.models import NameKey, Person
from zhikun.registry.services import members, person, structure
from zhikun.registry.services.change import Change

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "13900001111"


@pytest.fixture(autouse=True)
def own_ring(settings, tmp_path, monkeypatch):
    settings.ZHIKUN_KEYS, settings.ZHIKUN_DATA = tmp_path / "conf" / "keys.json", tmp_path / "data"
    monkeypatch.setattr(keys, "_HELD", keys._Held())
    monkeypatch.setattr(keys, "_LOOK_AGAIN", -1.0)
    return create_ring(settings.ZHIKUN_KEYS, date(2026, 11, 1), "初次建立")


@contextmanager
def beside(work):
    """`work` in a thread with a connection of its own; its fault is this test's."""
    faults = []

    def run():
        try:
            work()
        except Exception as error:  # noqa: BLE001 - told to the test, whatever it is
            faults.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(60)
        assert not thread.is_alive()
        assert not faults, faults


def change(household, new_phone=PHONE, name=None):
    head = household.head
    given = person.Particulars(name or head.name, head.id_number, phone=new_phone)
    officer = factories.officer(factories.Role.COUNTY_REVIEWER)
    return lambda: members.correct(
        household, head.pk, given, Change(factories.DAY, "更正", household.version), acting_officer=officer
    )


def waits_for_us(thread):
    """Until the other connection waits for a lock of ours (PostgreSQL says so), or for a moment (SQLite)."""

    def waits():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return cursor.fetchone()[0]

    if connection.vendor == "postgresql":
        until(lambda: waits() or not thread.is_alive())
    else:
        thread.join(0.3)
    assert thread.is_alive(), "it did not wait"


def people():
    return {one.pk: (one.name, one.phone, one.id_number) for one in Person.objects.all()}


def test_an_officer_who_saves_while_a_batch_is_being_written_waits_and_both_stand(settings, monkeypatch):
    house = factories.household()
    rotate(settings)
    real, held = renewal.write_columns, []

    def slowly(rows, names, using="default"):
        if not held:
            held.append(beside(change(house)))
            waits_for_us(held[0].__enter__())
        real(rows, names, using)

    monkeypatch.setattr(renewal, "write_columns", slowly)
    assert sum(one.changed for one in renew(Person)) == 2
    held[0].__exit__(None, None, None)
    head = Person.objects.get(pk=house.head_id)
    assert (head.phone, head.name) == (PHONE, "马试一")
    assert key_version(head.name_sealed) == 2
    assert key_version(head.phone_sealed) == 2


def test_a_batch_waits_for_an_officer_who_is_saving_and_renews_what_they_saved(settings):
    house = factories.household()
    rotate(settings)
    saved, go_on = threading.Event(), threading.Event()

    def officer():
        with transaction.atomic():
            row = Person.objects.select_for_update().get(pk=house.head_id)
            row.phone = PHONE
            row.save()
            saved.set()
            assert go_on.wait(60)

    with beside(officer):
        assert saved.wait(60)
        with beside(lambda: list(renew(Person))) as renewing:
            waits_for_us(renewing)
            go_on.set()
    head = Person.objects.get(pk=house.head_id)
    assert (head.phone, head.name) == (PHONE, "马试一")
    assert key_version(head.name_sealed) == 2


def test_who_saves_a_row_as_they_had_loaded_it_loses_nothing_and_the_next_walk_finds_it(settings):
    house = factories.household()
    loaded = Person.objects.get(pk=house.head_id)
    newer = rotate(settings)
    with beside(lambda: list(renew(Person))):
        pass
    loaded.phone = PHONE
    loaded.save()
    before = people()
    assert before[loaded.pk][1] == PHONE
    assert key_version(Person.objects.get(pk=loaded.pk).name_sealed) == 1
    assert sum(one.changed for one in renew(Person)) == 1
    assert people() == before
    assert key_version(Person.objects.get(pk=loaded.pk).name_sealed) == newer.current


@pytest.mark.parametrize("act", ["renamed", "moved"])
def test_names_are_indexed_anew_beside_an_officer_who_changes_where_they_are_found(settings, monkeypatch, act):
    """Locks are taken in one order, people before their keys: neither the officer nor the walk is broken off."""
    house = factories.household()
    officer = factories.officer(factories.Role.COUNTY_REVIEWER)
    if act == "renamed":
        work = change(house, name="马试改")
    else:
        home = structure.Home(factories.Area.objects.get(pk=factories.OTHER_VILLAGE), "新址2号")
        moving = Change(factories.DAY, "搬家", house.version)
        work = partial(structure.move, house, home, moving, acting_officer=officer)
    rotate(settings)
    begin_index(settings.ZHIKUN_KEYS)
    real, held = renewal.write_columns, []

    def slowly(rows, names, using="default"):
        if not held:
            held.append(beside(work))
            waits_for_us(held[0].__enter__())
        real(rows, names, using)

    monkeypatch.setattr(renewal, "write_columns", slowly)
    assert sum(one.changed for one in renew(Person)) == 2
    held[0].__exit__(None, None, None)
    list(renew(Person))
    name, area = ("马试改", factories.VILLAGE) if act == "renamed" else ("马试一", factories.OTHER_VILLAGE)
    found = NameKey.objects.filter(person=house.head_id)
    assert {(bytes(one.key), one.area) for one in found} == {(key, area) for key in person.name_indexes(name)}


def test_two_renewals_at_once_share_the_rows(settings):
    for n in range(1, 6):
        factories.household(n=n)
    before = people()
    rotate(settings)
    with beside(lambda: list(renew(Person, batch=2))), beside(lambda: list(renew(Person, batch=3))):
        pass
    assert people() == before
    assert {key_version(one.name_sealed) for one in Person.objects.all()} == {2}
