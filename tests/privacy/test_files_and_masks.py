"""Sealed files on disk, and what pages show."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from django.db import models
from django.template import Context, Engine, TemplateSyntaxError
from django.test.utils import isolate_apps

from zhikun.identity.errors import SealBroken
from zhikun.identity.keyring import with_new_version
from zhikun.identity.masks import mask_name
from zhikun.identity.sealed_files import CHUNK
from zhikun.privacy import Sealed, SealedField, open_file, renew_file, seal_file, use_ring

PLACE = {"purpose": "document", "binding": "registry_document.file:7c9e6679-7425-40de-944b-e07fc1f90ae7"}
PHOTO = b"\xff\xd8\xff\xe0" + b"a face" * 40_000
ENGINE = Engine(libraries={"privacy": "zhikun.privacy.templatetags.privacy"})

with isolate_apps("zhikun.privacy"):

    class Neighbour(models.Model):
        id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
        name_sealed = SealedField(null=True)
        address_sealed = SealedField(null=True)
        name = Sealed("name_sealed", purpose="name", null=True, mask=mask_name)
        address = Sealed("address_sealed", purpose="address", null=True)

        class Meta:
            app_label = "privacy"


def page(text, **values):
    return ENGINE.from_string("{% load privacy %}" + text).render(Context(values))


def test_a_file_is_sealed_whole_and_for_its_owner_alone(ring, tmp_path):
    path = tmp_path / "files" / "7c" / "photo"
    assert seal_file(io.BytesIO(PHOTO), path, **PLACE) == len(PHOTO)
    assert b"".join(open_file(path, **PLACE)) == PHOTO
    assert b"a face" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_an_upload_that_breaks_off_leaves_nothing(ring, tmp_path):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 2 * CHUNK:
                raise OSError("the phone is out of reach")
            return super().read(size)

    with pytest.raises(OSError, match="out of reach"):
        seal_file(Broken(PHOTO), tmp_path / "files" / "photo", **PLACE)
    assert list((tmp_path / "files").iterdir()) == []


def test_a_file_of_another_place_is_refused_before_an_answer_begins(ring, tmp_path):
    path = tmp_path / "photo"
    seal_file(io.BytesIO(PHOTO), path, **PLACE)
    with pytest.raises(SealBroken):
        open_file(path, purpose="document", binding=PLACE["binding"][:-1] + "8")


def test_a_truncated_file_never_ends_well(ring, tmp_path):
    path = tmp_path / "photo"
    seal_file(io.BytesIO(PHOTO), path, **PLACE)
    path.write_bytes(path.read_bytes()[: -CHUNK // 2])
    with pytest.raises(SealBroken):
        b"".join(open_file(path, **PLACE))


@pytest.mark.parametrize("content", [b"", PHOTO, b"x" * 3 * CHUNK])
def test_files_come_to_the_new_version(ring, tmp_path, content):
    path = tmp_path / "photo"
    seal_file(io.BytesIO(content), path, **PLACE)
    before = path.read_bytes()
    assert not renew_file(path, **PLACE)
    with use_ring(replace(with_new_version(ring, date(2027, 1, 1), "每年一次", tmp_path), rotation=None)):
        assert renew_file(path, **PLACE)
        assert not renew_file(path, **PLACE)
        assert b"".join(open_file(path, **PLACE)) == content
    assert path.read_bytes() != before


def test_a_damaged_file_is_left_as_it_is_when_keys_are_renewed(ring, tmp_path):
    path = tmp_path / "photo"
    seal_file(io.BytesIO(PHOTO), path, **PLACE)
    path.write_bytes(damaged := path.read_bytes()[:-1])
    with (
        use_ring(replace(with_new_version(ring, date(2027, 1, 1), "每年一次", tmp_path), rotation=None)),
        pytest.raises(SealBroken),
    ):
        renew_file(path, **PLACE)
    assert path.read_bytes() == damaged
    assert [found.name for found in tmp_path.iterdir() if found.is_file() and found.suffix != ".lock"] == ["photo"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ v|masked_name }}", "欧***"),
        ("{{ v|masked_name }} {{ nobody|masked_name }}", "欧*** —"),
        ("{{ id|masked_id_number }}", "1101************2X"),
        ("{{ phone|masked_phone }}", "138****5678"),
        ("{{ account|masked_account }}", "***************5678"),
        ("{{ said|masked_numbers }}", "证件 1101************2X 已核对"),
        ("{{ nobody|masked_id_number }}{{ nobody|masked_phone }}{{ nobody|masked_account }}", "———"),
    ],
)
def test_pages_show_masks(text, shown):
    values = {
        "v": "欧阳明镜",
        "id": "11010519491231002X",
        "phone": "13812345678",
        "account": "6222020200012345678",
        "said": "证件 11010519491231002X 已核对",
        "nobody": None,
    }
    assert page(text, **values) == shown


def test_a_sealed_field_is_shown_by_its_own_mask(ring):
    neighbour = Neighbour(name="欧阳明镜", address="甲村 3 组 17 号")
    assert page('{{ n|masked:"name" }} {{ n|masked:"address" }}', n=neighbour) == "欧*** ********"
    assert page('{{ n|masked:"name" }} {{ nobody|masked:"name" }}', n=Neighbour(), nobody=None) == "— —"


def test_a_damaged_value_spoils_its_own_place_only(ring, caplog):
    neighbour, other = Neighbour(name="欧阳明镜"), Neighbour(name="张三")
    neighbour.name_sealed = other.name_sealed
    with caplog.at_level(logging.ERROR):
        assert page('{{ n|masked:"name" }} {{ o|masked:"name" }}', n=neighbour, o=other) == "无法解密 张*"
    assert str(neighbour.pk) in caplog.text
    assert "张三" not in caplog.text


def test_a_mask_for_what_is_no_sealed_field_is_a_fault_of_the_page(ring):
    with pytest.raises((TemplateSyntaxError, AttributeError)):
        page('{{ n|masked:"pk" }}', n=Neighbour())
