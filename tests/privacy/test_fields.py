"""Sealed fields on real tables: what the database holds, what instances show, what is refused."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.writer import MigrationWriter
from django.db.models import F, Q
from django.test.utils import CaptureQueriesContext, isolate_apps

from zhikun.identity.errors import SealBroken, SealVersionUnknown
from zhikun.identity.keyring import create_ring, with_new_version
from zhikun.identity.masks import mask_name
from zhikun.identity.numbers import normalise_id_number
from zhikun.identity.sealing import Algorithm, key_version, seal
from zhikun.privacy import BlindIndexField, Sealed, SealedField, use_ring

NAME, NUMBER, PHONE = "欧阳明镜", "11010519491231002X", "13812345678"

with isolate_apps("zhikun.privacy"):

    class Village(models.Model):
        title = models.CharField(max_length=20)

        class Meta:
            app_label = "privacy"
            db_table = "test_village"

    class Person(models.Model):
        id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
        village = models.ForeignKey(Village, null=True, on_delete=models.CASCADE, related_name="people")
        note = models.CharField(max_length=20, default="")
        name_sealed = SealedField()
        number_sealed = SealedField(null=True)
        number_index = BlindIndexField(null=True)
        phone_sealed = SealedField(null=True, db_column="phone")

        name = Sealed("name_sealed", purpose="name", mask=mask_name)
        number = Sealed(
            "number_sealed", purpose="id_number", null=True, index="number_index", normal=normalise_id_number
        )
        phone = Sealed("phone_sealed", purpose="phone", null=True)

        class Meta:
            app_label = "privacy"
            db_table = "test_person"

    class Elder(Person):
        class Meta:
            app_label = "privacy"
            proxy = True


MODELS = [Village, Person]
pytestmark = [pytest.mark.usefixtures("tables", "ring"), pytest.mark.django_db]


def person(**values):
    return Person.objects.create(**{"name": NAME, "number": NUMBER, "phone": PHONE, **values})


def raw_rows():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name_sealed, number_sealed, number_index, phone FROM test_person ORDER BY id")
        return [[None if value is None else bytes(value) for value in row] for row in cursor.fetchall()]


def test_written_sealed_and_read_plain():
    held = person()
    again = Person.objects.get(pk=held.pk)
    assert (again.name, again.number, again.phone) == (NAME, NUMBER, PHONE)
    assert raw_rows()[0][0][:3] == b"\1\0\1"


def test_neither_the_database_nor_the_queries_hold_plain_text():
    with CaptureQueriesContext(
        connection,
    ) as queries:
        held = person()
        held.name = NAME[::-1]
        held.save()
        list(Person.objects.filter(Person.number.matches(NUMBER)))
        Person.objects.filter(pk=held.pk).update(phone_sealed=held.phone_sealed)
    kept = b"".join(value for row in raw_rows() for value in row)
    if connection.vendor == "sqlite":
        kept = connection.connection.serialize()
        assert bytes(Person.objects.get().name_sealed) in kept
    sql = "".join(query["sql"] for query in queries)
    assert "test_person" in sql
    for plain in (NAME, NAME[::-1], NUMBER, PHONE):
        for spelled in (plain.encode(), plain.encode("utf-16-le"), plain.encode().hex().encode()):
            assert spelled not in kept
            assert spelled not in sql.encode()
        assert plain not in sql


def test_one_query_reads_and_one_writes(django_assert_num_queries):
    with django_assert_num_queries(1):
        held = person()
    with django_assert_num_queries(1):
        again = Person.objects.get(pk=held.pk)
        assert (again.name, again.number, again.name) == (NAME, NUMBER, NAME)


def test_a_value_is_opened_once(monkeypatch):
    again = Person.objects.get(pk=person().pk)
    opened = []
    real = __import__("zhikun.privacy.fields", fromlist=["unseal_text"]).unseal_text
    monkeypatch.setattr("zhikun.privacy.fields.unseal_text", lambda *args: opened.append(args[2]) or real(*args))
    assert [again.name, again.name, again.phone] == [NAME, NAME, PHONE]
    assert opened == [f"test_person.name_sealed:{again.pk}", f"test_person.phone:{again.pk}"]


def test_nothing_is_opened_that_nobody_reads(ring, tmp_path):
    held = person()
    with use_ring(create_ring(tmp_path / "other" / "keys.json", date(2026, 11, 1), "乙")):
        again = Person.objects.get(pk=held.pk)
        again.note = "已走访"
        again.save()
        with pytest.raises(SealBroken):
            _ = again.name
    assert Person.objects.get(pk=held.pk).name == NAME


@pytest.mark.parametrize(("source", "target"), [("name_sealed", "phone_sealed"), ("phone_sealed", "number_sealed")])
def test_a_value_copied_into_another_column_is_refused(source, target):
    held = person()
    Person.objects.filter(pk=held.pk).update(**{target: F(source)})
    again = Person.objects.get(pk=held.pk)
    with pytest.raises(SealBroken, match=str(held.pk)):
        getattr(again, target.removesuffix("_sealed"))


def test_a_value_copied_into_another_row_is_refused():
    one, other = person(), person(name="张三")
    Person.objects.filter(pk=other.pk).update(name_sealed=one.name_sealed)
    with pytest.raises(SealBroken, match=str(other.pk)):
        _ = Person.objects.get(pk=other.pk).name


def test_a_copied_instance_cannot_be_saved_as_another_row():
    held = Person.objects.get(pk=person().pk)
    held.pk = uuid4()
    held._state.adding = True
    with pytest.raises(SealBroken), transaction.atomic():
        held.save()
    assert Person.objects.count() == 1
    held.name, held.number, held.phone = NAME, NUMBER, PHONE
    held.save()
    assert [one.name for one in Person.objects.all()] == [NAME, NAME]


def test_instances_show_nothing():
    held = person()
    assert (held.name, held.phone) == (NAME, PHONE)
    again = pickle.loads(pickle.dumps(vars(held)))  # noqa: S301  # our own bytes of a line ago
    for shown in (repr(held), str(held), repr(vars(held)), repr(held.__dict__["_opened"])):
        assert NAME not in shown
        assert PHONE not in shown
    assert NAME.encode() not in pickle.dumps(held)
    assert again["_opened"] == {}
    assert again["name_sealed"] == held.name_sealed


def test_refresh_sees_what_others_wrote():
    held = person()
    other = Person.objects.get(pk=held.pk)
    other.name = "张三"
    other.save()
    assert held.name == NAME
    held.refresh_from_db()
    assert held.name == "张三"
    held.name = "李四"
    held.refresh_from_db(fields=["name_sealed"])
    assert held.name == "张三"


def test_deferred_columns_are_fetched_when_read(django_assert_num_queries):
    pk = person().pk
    with django_assert_num_queries(1):
        light = Person.objects.only("note").get(pk=pk)
    with django_assert_num_queries(1):
        assert (light.name, light.name) == (NAME, NAME)
    with django_assert_num_queries(2):
        assert Person.objects.defer("phone_sealed").get(pk=pk).phone == PHONE
    light = Person.objects.only("note").get(pk=pk)
    with django_assert_num_queries(1):
        light.save()
    assert Person.objects.get(pk=pk).name == NAME


def test_saving_other_fields_leaves_the_seal_as_it_is():
    held = person()
    before = raw_rows()
    held.note = "已走访"
    held.save(update_fields=["note"])
    again = Person.objects.get(pk=held.pk)
    again.save()
    assert raw_rows() == before


def test_many_rows_at_once():
    people = [Person(name=f"测试{number}", number=None, phone=f"1380000{number:04}") for number in range(50)]
    Person.objects.bulk_create(people)
    held = {one.pk: one for one in Person.objects.all()}
    assert [held[one.pk].name for one in people] == [f"测试{number}" for number in range(50)]
    for one in people:
        one.name += "改"
    Person.objects.bulk_update(people, ["name_sealed"])
    assert Person.objects.get(pk=people[7].pk).name == "测试7改"


def test_bulk_create_refuses_values_of_other_rows():
    held = person()
    with pytest.raises(SealBroken), transaction.atomic():
        Person.objects.bulk_create([Person(name_sealed=held.name_sealed)])
    assert Person.objects.count() == 1


def test_nothing_known_is_null_and_finds_nobody():
    held = person(number=None, phone=None)
    assert (held.number, held.phone, held.number_index) == (None, None, None)
    assert Person.objects.filter(number_sealed__isnull=True).get().pk == held.pk
    held.number = NUMBER
    assert held.number_index is not None
    held.number = None
    held.save()
    assert raw_rows()[0][1:] == [None, None, None]
    assert not Person.objects.filter(Person.number.matches(NUMBER)).exists()
    with pytest.raises(ValueError, match="不能为空"):
        held.name = None


def test_an_empty_text_is_kept_and_found_by_nobody():
    held = person(phone="", number="")
    assert Person.objects.get(pk=held.pk).phone == ""
    assert held.number_index is None
    assert not Person.objects.filter(Person.number.matches("")).exists()
    assert not Person.objects.filter(Person.number.matches(" ")).exists()


def test_a_row_without_its_name_is_not_written():
    assert Person(note="甲").name is None
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create(note="甲")


@pytest.mark.parametrize("value", [7, b"bytes", ["甲"], object()])
def test_only_text_is_taken_and_never_repeated_in_the_refusal(value):
    with pytest.raises(TypeError) as refused:
        Person(name=value)
    assert str(value) not in str(refused.value)


@pytest.mark.parametrize(
    "value", [NAME, NAME.encode(), b"", b"\1\0\1short", b"\x09" + bytes(40), memoryview(b"x" * 40)]
)
def test_plain_text_cannot_reach_a_sealed_column(value):
    held = person()
    before = raw_rows()
    for write in (
        lambda: Person.objects.filter(pk=held.pk).update(name_sealed=value),
        lambda: Person.objects.bulk_create([Person(name_sealed=value)]),
    ):
        with pytest.raises(ValueError, match="只接受加密后的内容") as refused, transaction.atomic():
            write()
        assert NAME not in str(refused.value)
    held.name_sealed = value
    with pytest.raises(ValueError, match="只接受加密后的内容"), transaction.atomic():
        held.save()
    assert raw_rows() == before


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Person.objects.filter(name=NAME),
        lambda: Person.objects.exclude(name=NAME),
        lambda: Person.objects.get_or_create(name=NAME),
        lambda: Person.objects.filter(name_sealed=b"x" * 40),
        lambda: Person.objects.filter(name_sealed=None),
        lambda: Person.objects.filter(name_sealed__in=[b"x" * 40]),
        lambda: Person.objects.filter(name_sealed__contains=NAME),
        lambda: Person.objects.filter(Q(name_sealed__startswith=NAME)),
        lambda: Person.objects.filter(name_sealed__gt=b"x"),
        lambda: Person.objects.order_by("name"),
        lambda: Person.objects.values_list("name"),
        lambda: Village.objects.filter(people__name=NAME),
        lambda: Person.objects.filter(number_index__gt=b"x" * 16),
        lambda: Person.objects.filter(number_index__contains=b"x"),
        lambda: Person.objects.filter(number_index=NUMBER.encode()),
        lambda: Person.objects.filter(number_index__in=[NUMBER]),
        lambda: Person.objects.only("name").get(),
        lambda: Person.objects.update(name=NAME),
        lambda: Person.objects.filter(Person.phone.matches(PHONE)),
        lambda: person().save(update_fields=["name"]),
    ],
)
def test_asking_the_database_for_plain_text_fails_loudly(ask):
    with pytest.raises((FieldError, FieldDoesNotExist, ValueError, TypeError)):
        list(ask())


def test_found_by_index_in_every_spelling():
    held = person()
    person(number="990402199001010009")
    for typed in (NUMBER, NUMBER.lower(), "１１０１０５１９４９１２３１００２ｘ", " 110105 19491231 002X\u200b"):
        assert Person.objects.get(Person.number.matches(typed)).pk == held.pk
    assert not Person.objects.filter(Person.number.matches(NUMBER[:-1] + "1")).exists()


def test_found_through_a_relation():
    village = Village.objects.create(title="甲村")
    person(village=village)
    assert Village.objects.get(Person.number.matches(NUMBER, through="people__")) == village


def test_the_index_is_an_index_and_is_used():
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "test_person")
    assert any(one["index"] and one["columns"] == ["number_index"] for one in constraints.values())


def test_columns_have_indexes_of_their_own():
    class_index = Person.number.index_of(NUMBER)
    other = Sealed("number_sealed", purpose="contact_number", index="number_index")
    assert other.index_of(NUMBER) != class_index


def test_after_a_rotation_old_rows_are_read_and_new_ones_are_of_the_new_version(ring, tmp_path):
    held = person()
    with use_ring(replace(with_new_version(ring, date(2027, 1, 1), "每年一次", tmp_path), rotation=None)):
        again = Person.objects.get(Person.number.matches(NUMBER))
        assert again.name == NAME
        again.phone = "13900000000"
        again.save()
        assert [key_version(value) for value in raw_rows()[0] if len(value) > 16] == [1, 1, 2]
    with pytest.raises(SealVersionUnknown, match="重启"):
        _ = Person.objects.get(pk=held.pk).phone


def test_sm4_where_the_office_wants_it(settings):
    settings.ZHIKUN_CIPHER = "sm4-gcm"
    held = person()
    assert raw_rows()[0][0][0] == Algorithm.SM4_GCM
    settings.ZHIKUN_CIPHER = "aes-256-gcm"
    assert Person.objects.get(pk=held.pk).name == NAME
    settings.ZHIKUN_CIPHER = "rot13"
    with pytest.raises(ValueError, match="sm4-gcm"):
        Person(name=NAME)


def test_a_key_written_as_text_is_the_same_key():
    pk = uuid4()
    person(id=str(pk).upper())
    assert Person.objects.get(pk=pk).name == NAME


def test_a_key_chosen_after_the_values_is_the_one_they_are_bound_to():
    key = uuid4()
    held = Person(name=NAME, phone=PHONE, pk=key)
    assert held.name == NAME
    held.save()
    again = Person.objects.get(pk=key)
    assert (again.name, again.phone) == (NAME, PHONE)


def test_a_proxy_reads_the_same_rows():
    held = person()
    assert Elder.objects.get(pk=held.pk).name == NAME
    elder = Elder.objects.create(name="张三")
    assert Person.objects.get(pk=elder.pk).name == "张三"


def test_rows_written_past_the_model_are_read(ring):
    pk = uuid4()
    sealed = Person.name.sealed(Person, pk, NAME)
    with connection.cursor() as cursor:
        key = pk if connection.vendor == "postgresql" else pk.hex
        cursor.execute("INSERT INTO test_person (id, note, name_sealed) VALUES (%s, '', %s)", [key, sealed])
    assert Person.objects.get(pk=pk).name == NAME
    assert seal(ring, "name", f"test_person.name_sealed:{pk}", NAME)[:3] == sealed[:3]


def test_a_stated_place_outlives_a_renamed_table():
    with isolate_apps("zhikun.privacy"):

        class Renamed(models.Model):
            id = models.UUIDField(primary_key=True, default=uuid4)
            name_sealed = SealedField()
            name = Sealed("name_sealed", purpose="name", place="test_person.name_sealed")

            class Meta:
                app_label = "privacy"

    held = person()
    assert Renamed(pk=held.pk, name_sealed=held.name_sealed).name == NAME


def test_migrations_know_the_columns_and_no_keys():
    for field in (SealedField(null=True), BlindIndexField(null=True, unique=True)):
        field.set_attributes_from_name("x")
        text, imports = MigrationWriter.serialize(field)
        assert "max_length" not in text
        assert imports == {"import zhikun.privacy.fields"}
        again = type(field)(*field.deconstruct()[2], **field.deconstruct()[3])
        assert again.deconstruct()[1:] == field.deconstruct()[1:]


def test_faults_of_a_model_are_told_before_the_server_starts():
    assert not Person.check()
    with isolate_apps("zhikun.privacy"):

        class Wrong(models.Model):
            id = models.BigAutoField(primary_key=True)
            one = SealedField()
            two = SealedField(null=True)
            three = SealedField()
            two_text = Sealed("two", purpose="two")
            three_text = Sealed("three", purpose="three", index="nowhere")

            class Meta:
                app_label = "privacy"

    found = {error.id for error in Wrong.check()}
    assert {"privacy.E001", "privacy.E002", "privacy.E003", "privacy.E004"} <= found
