"""Photos and scans: what is taken, what is stripped, who may see them."""

import io
import os
import uuid
import zlib
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from tests import factories
from tests.officers import signed_in

from zhikun.accounts.roles import Role
from zhikun.audit.models import Entry
from zhikun.identity.errors import SealRefused
from zhikun.registry.models import Document, Unmasking
from zhikun.registry.services import document
from zhikun.registry.services.images import FileRefused, prepared

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def photo(kind="JPEG", size=(60, 40), orientation=1, place=True):
    """Left half red, right half blue; taken at a place."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x0132] = "2026:11:01 09:30:00"
    exif[0x010F] = "SecretCameraMaker"
    if place:
        exif.get_ifd(0x8825).update({1: "N", 2: (36.0, 0.0, 36.0), 3: "E", 4: (106.0, 15.0, 0.0)})
    target = io.BytesIO()
    image.save(target, kind, exif=exif)
    return target.getvalue()


def added(made, content=None, **more):
    upload = document.Upload(photo() if content is None else content, "visit_photo", **more)
    return document.add(made, upload, acting_officer=factories.officer(Role.TOWNSHIP_CLERK))


def whole(one, **which):
    return b"".join(document.read(one, **which))


def test_where_and_when_go_into_the_row_and_out_of_the_picture():
    one = added(factories.household())
    assert (float(one.latitude), float(one.longitude)) == (36.01, 106.25)
    assert one.taken_at.astimezone().strftime("%Y-%m-%dT%H:%M%z") == one.taken_at.astimezone().strftime(
        "2026-11-01T%H:%M%z"
    )
    for stored in (whole(one), whole(one, thumbnail=True)):
        assert b"SecretCameraMaker" not in stored
        assert not Image.open(io.BytesIO(stored)).getexif()


def test_a_photo_held_sideways_is_stored_upright():
    shown = Image.open(io.BytesIO(whole(added(factories.household(), photo(orientation=6)))))
    assert shown.size == (40, 60)
    assert shown.getpixel((20, 5))[0] > 200  # red is above


def test_the_bytes_on_disk_are_sealed_and_bound_to_their_row():
    made = factories.household()
    one, two = added(made), added(made, photo(size=(80, 40)))
    raw = document.path_of(one).read_bytes()
    assert whole(one)[:64] not in raw
    assert document.path_of(one).is_relative_to(settings.ZHIKUN_DATA)
    document.path_of(two).write_bytes(raw)
    with pytest.raises(SealRefused):
        whole(two)
    browser = signed_in(factories.officer(Role.TOWNSHIP_REVIEWER))
    answer = browser.get(reverse("registry:document", args=[made.pk, two.pk]))
    assert answer.status_code == 422
    assert "打不开" in answer.content.decode()


@pytest.mark.parametrize(
    "content",
    [b"", b"<html><script>alert(1)</script>", b"GIF89a" + b"0" * 100, b"%PDF-1.4 cut off", photo()[:200], b"MZ" + b"0" * 99,
     b"0" * (10 * 1024 * 1024 + 1)],
    ids=["empty", "page", "gif", "cut pdf", "cut photo", "program", "too large"],
)  # fmt: skip
def test_what_is_no_picture_and_no_pdf_is_refused_whatever_it_is_called(content):
    with pytest.raises(FileRefused):
        prepared(content)


def test_a_picture_that_unfolds_to_gigabytes_is_refused_before_it_does():
    def chunk(name, body):
        return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")

    size = (40000).to_bytes(4, "big")
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size + size + b"\x08\x02\x00\x00\x00")
        + chunk(b"IDAT", zlib.compress(b"0" * 99))
    )
    with pytest.raises(FileRefused, match="像素"):
        prepared(bomb + chunk(b"IEND", b""))


def test_the_same_file_twice_is_one_document():
    made = factories.household()
    assert added(made) == added(made)
    assert Entry.objects.filter(event="registry.document_added").count() == 1


def test_a_document_is_shown_after_authorisation_kept_by_nobody_and_on_record():
    made = factories.household()
    one = added(made, PDF)
    address = reverse("registry:document", args=[made.pk, one.pk])
    answer = signed_in(factories.officer(Role.TOWNSHIP_REVIEWER)).get(address)
    assert answer.content == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith('inline; filename="')
    assert Entry.objects.get(event="registry.document_seen").household == made.pk
    for role, area in ((Role.TOWNSHIP_CLERK, factories.OTHER_TOWNSHIP), (Role.SURVEYOR, None), (Role.AUDITOR, None)):
        assert signed_in(factories.officer(role, area)).get(address).status_code == 404, role
    other = factories.household(n=2)
    wrong = reverse("registry:document", args=[other.pk, one.pk])
    assert signed_in(factories.officer(Role.TOWNSHIP_REVIEWER)).get(wrong).status_code == 404


def test_upload_by_form_and_taking_down_with_a_reason():
    made = factories.household()
    browser = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    add = reverse("registry:add-document", args=[made.pk])
    bad = SimpleUploadedFile("照片.jpg", b"not a photo")
    assert browser.post(add, {"kind": "dwelling", "file": bad}).status_code == 422
    good = SimpleUploadedFile("照片.jpg", photo())
    assert browser.post(add, {"kind": "dwelling", "title": "正房", "file": good}).status_code == 302
    one = Document.objects.get()
    shown = browser.get(reverse("registry:household", args=[made.pk])).content.decode()
    small = reverse("registry:thumbnail", args=[made.pk, one.pk])
    assert small in shown
    assert browser.get(small)["Content-Type"] == "image/jpeg"
    down = reverse("registry:withdraw-document", args=[made.pk, one.pk])
    assert browser.post(down, {"reason": ""}).status_code == 422
    assert browser.post(down, {"reason": "拍错了户"}).status_code == 302
    assert browser.get(small).status_code == 404
    assert document.path_of(one).exists()


def test_a_paper_with_full_particulars_opens_only_with_the_right_and_a_reason():
    made = factories.household()
    upload = document.Upload(photo(), "id_scan")
    one = document.add(made, upload, acting_officer=factories.officer(Role.TOWNSHIP_CLERK))
    paper, small = (
        reverse("registry:document", args=[made.pk, one.pk]),
        reverse("registry:thumbnail", args=[made.pk, one.pk]),
    )
    supervisor = signed_in(factories.officer(Role.CITY_SUPERVISOR))
    assert (supervisor.get(paper).status_code, supervisor.get(small).status_code) == (404, 404)
    clerk = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    asked = clerk.get(paper)
    assert (asked.status_code, asked["Location"]) == (302, reverse("registry:unmask", args=[made.pk]))
    assert clerk.get(small).status_code == 404
    unmasking = Unmasking.objects.create(
        household=made, officer=factories.officer(Role.TOWNSHIP_CLERK), reason="核对证件",
        until=timezone.now() + timedelta(minutes=5),
    )  # fmt: skip
    assert (clerk.get(paper).status_code, clerk.get(small).status_code) == (200, 200)
    Unmasking.objects.filter(pk=unmasking.pk).update(until=timezone.now())
    assert clerk.get(paper).status_code == 302


def test_a_photo_whose_row_was_never_kept_goes_with_its_thumbnail_and_the_kept_ones_stay():
    made = added(factories.household())
    stray = uuid.uuid4().hex
    paths = [document.path_of(made), document.path_of(made, thumbnail=True)]
    left = [path.with_name(path.name.replace(made.pk.hex, stray)) for path in paths]
    for path, beside in zip(paths, left, strict=True):
        beside.write_bytes(path.read_bytes())
    assert document.clear() == 0
    for path in paths + left:
        os.utime(path, (0, 0))
    assert document.clear() == 2
    assert all(path.exists() for path in paths)
    assert not any(path.exists() for path in left)


@pytest.mark.parametrize(("content", "name", "told"), [(PDF, "a.pdf", False), (photo(), "a.jpg", True)])
def test_what_is_said_of_photos_is_said_of_photos_only(content, name, told):
    made = factories.household()
    client = signed_in(factories.officer(Role.TOWNSHIP_CLERK))
    given = {"kind": "visit_photo", "file": SimpleUploadedFile(name, content)}
    answer = client.post(reverse("registry:add-document", args=[made.pk]), given, follow=True)
    assert ("照片里的位置" in answer.content.decode()) is told
    assert "已上传。" in answer.content.decode()
