"""After a rotation the platform follows: every row, every file, and when asked for every blind index."""

from __future__ import annotations

import io
import uuid
from datetime import date

import pytest
from django.template import Context, Engine
from tests import factories
from tests.web.rotated import rotate

from zhikun.identity.keyring import announce_index, begin_index, create_ring, read_ring
from zhikun.identity.pinyin import as_query
from zhikun.identity.sealing import Algorithm, key_version
from zhikun.jobs.models import Job
from zhikun.jobs.worker import work_off
from zhikun.pages.errors import DomainError
from zhikun.privacy import keys, ring
from zhikun.privacy.keys import algorithm
from zhikun.privacy.reach import sealed_models
from zhikun.registry.errors import PersonElsewhere
from zhikun.registry.models import Household, KeyKind, Membership, NameKey, Person, Recording
from zhikun.registry.selectors.search import Wanted, find, scope
from zhikun.registry.services import importing_files, members, person
from zhikun.registry.services.change import Change
from zhikun.web import renewal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_ring(settings, tmp_path, monkeypatch):
    """A ring in a file, read whenever it is asked for; nobody has to wait for other processes."""
    settings.ZHIKUN_KEYS, settings.ZHIKUN_DATA = tmp_path / "conf" / "keys.json", tmp_path / "data"
    monkeypatch.setattr(keys, "_HELD", keys._Held())
    monkeypatch.setattr(keys, "_LOOK_AGAIN", -1.0)
    monkeypatch.setattr(renewal, "SETTLE", 0.0)
    settings.ZHIKUN_DATA.mkdir()
    return create_ring(settings.ZHIKUN_KEYS, date(2026, 11, 1), "初次建立")


@pytest.fixture
def made():
    return [factories.household(n=n) for n in range(1, 4)]


def versions(model, column):
    return {key_version(value) for value in model._base_manager.values_list(column, flat=True) if value}


def everything():
    people = {one.pk: (one.name, one.id_number, one.phone) for one in Person.objects.all()}
    homes = {one.pk: one.address for one in Household.objects.all()}
    return people, homes, {one.pk: one.personal for one in Recording.objects.all()}


def done(kind):
    job = Job.objects.filter(kind=kind).latest("asked_at")
    return job.state, job.result


def import_file(content):
    batch = uuid.uuid4()
    importing_files.keep(batch, "file", io.BytesIO(content))
    return batch


def test_every_row_and_file_comes_to_the_new_key(settings, made):
    batch = import_file(b"a workbook")
    before = everything()
    newer = rotate(settings)
    renewal.ask_renewal(newer)
    assert sum(part.standing.older_than(2) for part in renewal.standing()) > 10
    work_off()
    state, result = done(renewal.RENEW)
    assert (state, result["version"], result["faults"]) == ("done", 2, 0)
    assert everything() == before
    assert b"".join(importing_files.content(batch, "file")) == b"a workbook"
    for part in renewal.standing():
        assert set(part.standing.versions) <= {2}, part.title
    job = Job.objects.get()
    assert job.done == job.total == sum(model._base_manager.count() for model in sealed_models()) + 1
    assert versions(Person, "name_sealed") == versions(Household, "address_sealed") == {2}


def test_asked_twice_it_is_one_work_and_afterwards_one_more(settings, made):
    newer = rotate(settings)
    first = renewal.ask_renewal(newer)
    assert renewal.ask_renewal(newer) == first
    work_off()
    assert renewal.ask_renewal(newer) != first
    work_off()
    assert done(renewal.RENEW)[1]["changed"] == 0


def test_a_version_that_comes_while_the_work_runs_is_followed_too(settings, made, monkeypatch):
    renewal.ask_renewal(rotate(settings))
    real = renewal._walk_files

    def rotated_once_more(*args):
        if read_ring(settings.ZHIKUN_KEYS).current == 2:
            rotate(settings)
        yield from real(*args)

    monkeypatch.setattr(renewal, "_walk_files", rotated_once_more)
    work_off()
    assert done(renewal.RENEW)[1]["version"] == 3
    assert versions(Person, "name_sealed") == {3}


def test_cancelled_it_stops_and_tried_again_it_goes_on(settings, made, monkeypatch):
    from zhikun.jobs import services

    (job,) = renewal.ask_renewal(rotate(settings))
    monkeypatch.setattr(renewal, "_ROWS", 1)
    real = renewal.renew

    def cancelled(model, **about):
        for report in real(model, **about):
            if model is Person:
                Job.objects.filter(pk=job.pk).update(cancel_asked=True)
            yield report

    monkeypatch.setattr(renewal, "renew", cancelled)
    monkeypatch.setattr("zhikun.jobs.progress._EVERY", -1.0)
    work_off()
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert versions(Person, "name_sealed") == {1, 2}
    monkeypatch.setattr(renewal, "renew", real)
    services.retry(job, acting_officer=None)
    work_off()
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", job.total)
    assert versions(Person, "name_sealed") == {2}


def test_a_damaged_value_is_named_by_its_place_and_keeps_nobody_back(settings, made):
    damaged, other = Person.objects.order_by("pk")[:2]
    Person.objects.filter(pk=damaged.pk).update(phone_sealed=other.name_sealed)
    renewal.ask_renewal(rotate(settings))
    work_off()
    state, result = done(renewal.RENEW)
    assert (state, result["faults"]) == ("done", 1)
    assert f"registry_person.phone_sealed:{damaged.pk}" in result["text"]
    assert other.name not in result["text"]


def test_indexes_follow_only_when_asked_for(settings, made):
    before = set(Person.objects.values_list("id_number_index", flat=True))
    newer = rotate(settings)
    renewal.ask_renewal(newer)
    work_off()
    assert set(Person.objects.values_list("id_number_index", flat=True)) == before
    assert ring().index_versions == (1,)
    renewal.ask_renewal(newer, indexes=True)
    work_off()
    assert done(renewal.REINDEX)[0] == "done"
    assert ring().index_versions == (2,)
    assert not before & set(Person.objects.values_list("id_number_index", flat=True))


def test_people_are_found_by_number_and_name_before_within_and_after(settings, made):
    officer = factories.officer(factories.Role.COUNTY_REVIEWER)
    head = made[1].head
    keys_before = set(NameKey.objects.values_list("pk", "person", "area"))

    def found():
        by_number = person.by_number(head.id_kind, head.id_number)
        by_name = NameKey.objects.filter(key__in=person.looked_up(KeyKind.INITIALS, "msy"))
        texts = (head.id_number, "马试一", "mashiyi", "msy")
        hits = [find(officer, Wanted(scope(officer), as_query(text))).hits for text in texts]
        households = [{hit.household.pk for hit in some} for some in hits]
        assert all(households), households
        return by_number.pk, set(by_name.values_list("person_id", flat=True)), households

    before = found()
    newer = rotate(settings)
    announce_index(settings.ZHIKUN_KEYS)
    assert (ring().index_versions, found()) == ((2, 1), before)
    begin_index(settings.ZHIKUN_KEYS)
    assert (ring().index_versions, found()) == ((1, 2), before)
    renewal.ask_renewal(newer, indexes=True)
    work_off()
    assert (ring().index_versions, found()) == ((2,), before)
    assert set(NameKey.objects.values_list("pk", "person", "area")) == keys_before
    wanted = {key for one in Person.objects.all() for key in person.name_indexes(one.name)}
    assert {bytes(key) for key in NameKey.objects.values_list("key", flat=True)} == wanted


@pytest.mark.parametrize("stage", ["announced", "begun"])
def test_one_number_stays_one_person_while_two_index_versions_are_in_use(settings, made, stage):
    """Registered before the change, and registered within it: neither can be registered or written to another once more."""
    rotate(settings)
    announce_index(settings.ZHIKUN_KEYS)
    if stage == "begun":
        begin_index(settings.ZHIKUN_KEYS)
    late = factories.household(n=8)
    for known in (made[0], late):
        with pytest.raises(PersonElsewhere):
            factories.household(members=[impostor(known.head, "02")])
        mover = Membership.objects.now().get(household=made[2], relation="10").person
        officer = factories.officer(factories.Role.COUNTY_REVIEWER)
        with pytest.raises(PersonElsewhere):
            members.correct(
                made[2], mover.pk, person.Particulars(mover.name, known.head.id_number),
                Change(factories.DAY, "更正", made[2].version), acting_officer=officer,
            )  # fmt: skip
        with pytest.raises(DomainError):
            members.joins(
                made[2], impostor(known.head, "30"),
                Change(factories.DAY, "加入", made[2].version), acting_officer=officer,
            )  # fmt: skip
    assert Person.objects.count() == 8


def impostor(known, relation):
    return factories.households.NewMember(person.Particulars("冒名者", known.id_number), relation)


def test_two_people_of_one_number_keep_the_old_index_in_use(settings, made):
    """Two processes registered one person in the same moment, each in its own version: found by the walk, told, and nobody lost."""
    first, second = made[0].head, made[1].head
    newer = rotate(settings)
    begin_index(settings.ZHIKUN_KEYS)
    second.id_number_index = person.number_index(first.id_kind, first.id_number)
    second.id_number = first.id_number
    second.save()
    renewal.ask_renewal(newer, indexes=True)
    work_off()
    job = Job.objects.get(kind=renewal.REINDEX)
    assert job.state == "failed"
    assert f"registry_person:{first.pk}" in job.error
    assert first.id_number not in job.error
    assert ring().index_versions == (1, 2)
    second.id_number = factories.id_number(900)
    second.id_number_index = person.number_index(second.id_kind, second.id_number)
    second.save()
    from zhikun.jobs import services

    services.retry(job, acting_officer=None)
    work_off()
    assert done(renewal.REINDEX)[0] == "done"
    assert ring().index_versions == (2,)
    assert person.by_number(first.id_kind, first.id_number) == first


def test_a_person_saved_late_with_the_old_index_is_found_all_the_same(settings, made, monkeypatch):
    newer = rotate(settings)
    late = Person.objects.get(pk=made[0].head_id)
    real = renewal.end_index

    def saved_late(*args, **about):
        Person.objects.filter(pk=late.pk).update(id_number_index=late.id_number_index)
        return real(*args, **about)

    monkeypatch.setattr(renewal, "end_index", saved_late)
    renewal.ask_renewal(newer, indexes=True)
    work_off()
    assert ring().index_versions == (2,)
    assert person.by_number(late.id_kind, late.id_number) == late


def test_killed_between_the_steps_of_the_ring_it_goes_on(settings, made, monkeypatch):
    """After each change of the ring once: the next run finds its way by the ring, not by what it had noted."""
    newer = rotate(settings)
    renewal.ask_renewal(newer, indexes=True)
    killed = []
    for name in ("announce_index", "begin_index", "end_index"):
        real = getattr(renewal, name)

        def once(*args, real=real, name=name, **about):
            changed = real(*args, **about)
            if name not in killed:
                killed.append(name)
                raise RuntimeError("killed")
            return changed

        monkeypatch.setattr(renewal, name, once)
    for _again in range(6):
        work_off()
        Job.objects.filter(kind=renewal.REINDEX).update(due_at=None)
    assert killed == ["announce_index", "begin_index", "end_index"]
    assert done(renewal.REINDEX)[0] == "done"
    assert ring().index_versions == (2,)
    for house in made:
        assert person.by_number(house.head.id_kind, house.head.id_number) == house.head


def test_the_record_says_that_keys_were_rotated(settings, made):
    from zhikun.audit.models import Entry
    from zhikun.audit.registry import event_of

    renewal.ask_renewal(rotate(settings), indexes=True, reason="密钥可能外泄")
    found = Entry.objects.filter(event__startswith="web.").order_by("number")
    assert [(one.event, one.reason, one.details) for one in found] == [
        ("web.keys_rotated", "密钥可能外泄", {"version": 2}),
        ("web.indexes_rotated", "密钥可能外泄", {"version": 2}),
    ]
    assert str(event_of("web.keys_rotated").sentence) == "轮换密钥"


def test_an_office_may_seal_by_sm4_and_a_rotation_brings_everything_to_it(settings, made):
    before = everything()
    batch = import_file(b"a workbook")
    settings.ZHIKUN_CIPHER = "sm4-gcm"
    assert algorithm() is Algorithm.SM4_GCM
    new = factories.household(n=9)
    assert {value[0] for value in Person.objects.values_list("name_sealed", flat=True)} == {1, 2}
    assert person.by_number(new.head.id_kind, new.head.id_number) == new.head
    assert Person.objects.get(pk=new.head_id).name == "马试一"
    renewal.ask_renewal(rotate(settings))
    work_off()
    for model, column in ((Person, "name_sealed"), (Person, "id_number_sealed"), (Household, "address_sealed")):
        assert {value[0] for value in model._base_manager.values_list(column, flat=True) if value} == {2}
    assert everything()[0].items() >= before[0].items()
    assert b"".join(importing_files.content(batch, "file")) == b"a workbook"
    settings.ZHIKUN_CIPHER = "aes-256-gcm"
    assert everything()[0].items() >= before[0].items(), "both are read whatever is set"


def test_counting_opens_nothing_and_writes_nothing(settings, made, django_assert_num_queries, monkeypatch):
    rotate(settings)
    monkeypatch.setattr("zhikun.identity.sealing.unseal", lambda *_about: pytest.fail("opened"))
    with django_assert_num_queries(len(sealed_models())) as queries:
        found = {part.title: part.standing.versions for part in renewal.standing()}
    assert found["人员"] == {1: 6}
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)


def test_a_page_shows_people_by_their_masks(made):
    page = Engine(libraries={"privacy": "zhikun.privacy.templatetags.privacy"}).from_string(
        '{% load privacy %}{{ p|masked:"name" }} {{ p|masked:"id_number" }} {{ p|masked:"phone" }} {{ h|masked:"address" }}'
    )
    head = made[0].head
    head.phone = "13812345678"
    shown = page.render(Context({"p": head, "h": made[0]}))
    assert shown == f"马** 6404************{head.id_number[-2:]} 138****5678 *****"


def test_import_files_are_known_by_their_names_alone(settings):
    batch = import_file(b"x")
    (settings.ZHIKUN_DATA / "imports" / f"open-{batch}").mkdir()
    (settings.ZHIKUN_DATA / "imports" / f"open-{batch}" / "upload.xlsx").write_bytes(b"plain")
    (settings.ZHIKUN_DATA / "imports" / "readme.file").write_bytes(b"plain")
    found = [file.binding for file in renewal.FOLDERS["imports"].files()]
    assert found == [f"registry_importbatch.file:{batch}"]
