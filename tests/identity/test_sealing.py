"""Sealed values open in their own place only; blind indexes find equal texts and nothing else."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from zhikun.identity.errors import KeysRefused, SealBroken, SealVersionUnknown
from zhikun.identity.keyring import begin_index, create_ring, end_index, read_ring, with_new_version, write_ring
from zhikun.identity.sealing import (
    Algorithm,
    Sm4Gcm,
    index_many,
    index_of,
    index_values,
    key_version,
    looks_sealed,
    seal,
    seal_many,
    unseal,
    unseal_many,
    unseal_text,
)

DAY = date(2026, 11, 1)
HERE = "registry_person.name_sealed:7c9e6679-7425-40de-944b-e07fc1f90ae7"
OTHER_ROW = "registry_person.name_sealed:7c9e6679-7425-40de-944b-e07fc1f90ae8"
OTHER_COLUMN = "registry_person.phone_sealed:7c9e6679-7425-40de-944b-e07fc1f90ae7"
NAME = "欧阳明镜"

both = pytest.mark.parametrize("algorithm", list(Algorithm), ids=lambda a: a.name)


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    return create_ring(tmp_path_factory.mktemp("one") / "conf" / "keys.json", DAY, "初次建立")


def rotated(ring, tmp_path, times=1):
    for _ in range(times):
        ring = write_ring(replace(with_new_version(ring, DAY, "每年一次", tmp_path / "data"), rotation=None))
    return ring


@both
@given(text=st.text(st.characters(exclude_categories=["Cs"])), binding=st.text("abc_.:", max_size=20))
def test_what_was_sealed_is_read_again(ring, algorithm, text, binding):
    sealed = seal(ring, "name", binding, text, algorithm)
    assert unseal_text(ring, "name", binding, sealed) == text
    assert looks_sealed(sealed)
    assert len(sealed) == 31 + len(text.encode())


@given(content=st.binary(max_size=300))
def test_bytes_are_read_again(ring, content):
    assert unseal(ring, "signature", HERE, seal(ring, "signature", HERE, content)) == content


@both
def test_the_form_is_algorithm_version_nonce_ciphertext_and_tag(ring, algorithm):
    sealed = seal(ring, "name", HERE, NAME, algorithm)
    assert sealed[0] == algorithm
    assert (sealed[1:3], key_version(sealed)) == (b"\0\1", 1)
    assert NAME.encode() not in sealed


def test_another_program_can_read_it_from_the_description(ring):
    """What docs/decisions/0013 says is enough: HKDF-SHA256, AES-256-GCM, head and binding as additional data."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = seal(ring, "name", HERE, NAME)
    info = b"zhikun/sealed/aes-256-gcm/name/1"
    key = HKDF(SHA256(), 32, ring.id.encode(), info).derive(ring.versions[0].secret)
    assert AESGCM(key).decrypt(sealed[3:15], sealed[15:], sealed[:3] + HERE.encode()).decode() == NAME


def test_sm4_in_gcm_is_that_of_the_standard():
    """RFC 8998, appendix A.1."""
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    nonce = bytes.fromhex("00001234567800000000ABCD")
    data = b"".join(bytes([value]) * 8 for value in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    beside = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    expected = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735D82710CA5C22F0CCFA7CBF93D496AC15"
        "A56834CBCF98C397B4024A2691233B8D83DE3541E4C2B58177E065A9BF7B62EC"
    )
    assert Sm4Gcm(key).encrypt(nonce, data, beside) == expected
    assert Sm4Gcm(key).decrypt(nonce, expected, beside) == data


@both
@pytest.mark.parametrize("place", [OTHER_ROW, OTHER_COLUMN, "", HERE + " "])
def test_a_value_moved_to_another_place_is_refused(ring, algorithm, place):
    sealed = seal(ring, "name", HERE, NAME, algorithm)
    with pytest.raises(SealBroken, match="打不开"):
        unseal(ring, "name", place, sealed)


@both
def test_another_purpose_is_another_key(ring, algorithm):
    with pytest.raises(SealBroken):
        unseal(ring, "phone", HERE, seal(ring, "name", HERE, NAME, algorithm))


@both
def test_every_flipped_bit_is_refused(ring, algorithm):
    sealed = seal(ring, "name", HERE, NAME, algorithm)
    for place in range(len(sealed) * 8):
        touched = bytearray(sealed)
        touched[place // 8] ^= 1 << place % 8
        with pytest.raises((SealBroken, SealVersionUnknown)):
            unseal(ring, "name", HERE, bytes(touched))


@both
def test_every_shorter_or_longer_value_is_refused(ring, algorithm):
    sealed = seal(ring, "name", HERE, NAME, algorithm)
    for length in range(len(sealed)):
        with pytest.raises((SealBroken, SealVersionUnknown)):
            unseal(ring, "name", HERE, sealed[:length])
    with pytest.raises(SealBroken):
        unseal(ring, "name", HERE, sealed + b"\0")


@both
def test_another_ring_opens_nothing(ring, algorithm, tmp_path):
    other = create_ring(tmp_path / "conf" / "keys.json", DAY, "乙")
    with pytest.raises(SealBroken, match="keys show"):
        unseal(other, "name", HERE, seal(ring, "name", HERE, NAME, algorithm))


def test_refusals_say_where_and_the_way_out_and_nothing_of_the_value(ring):
    sealed = seal(ring, "name", HERE, NAME)
    for value in (
        sealed[:-1],
        b"",
        b"\xff" + sealed[1:],
        sealed[:1] + b"\0\0" + sealed[3:],
        sealed[:1] + b"\0\2" + sealed[3:],
    ):
        with pytest.raises((SealBroken, SealVersionUnknown)) as refused:
            unseal(ring, "name", HERE, value)
        assert HERE in str(refused.value)
        assert "请" in str(refused.value)
        assert NAME not in str(refused.value)
        assert refused.value.__cause__ is None


def test_after_a_rotation_old_values_are_read_and_new_ones_are_new(ring, tmp_path):
    fresh = create_ring(tmp_path / "conf" / "keys.json", DAY, "甲")
    old = seal(fresh, "name", HERE, NAME)
    newer = rotated(fresh, tmp_path)
    new = seal(newer, "name", HERE, NAME)
    assert (key_version(old), key_version(new)) == (1, 2)
    assert unseal_many(newer, "name", [HERE, HERE], [old, new]) == [NAME, NAME]
    with pytest.raises(SealVersionUnknown, match=r"第 2 版.*只到第 1 版.*重启"):
        unseal(fresh, "name", HERE, new)


def test_a_version_written_over_is_refused(tmp_path):
    """The head is authenticated: an old value cannot be passed off as one of the new key."""
    ring = rotated(create_ring(tmp_path / "conf" / "keys.json", DAY, "甲"), tmp_path)
    sealed = seal(ring, "name", HERE, NAME)
    with pytest.raises(SealBroken):
        unseal(ring, "name", HERE, sealed[:1] + b"\0\1" + sealed[3:])


def test_no_nonce_comes_twice(ring):
    one_by_one = [seal(ring, "name", HERE, NAME) for _ in range(2000)]
    many = seal_many(ring, "name", [HERE] * 20_000, [NAME] * 20_000)
    nonces = [sealed[3:15] for sealed in one_by_one + many]
    assert len(set(nonces)) == len(nonces)
    assert len(set(many)) == len(many)


def test_columns_are_what_single_values_are(ring):
    places = [f"registry_person.name_sealed:{number}" for number in range(3)]
    sealed = seal_many(ring, "name", places, ["甲", None, ""])
    assert sealed[1] is None
    assert unseal_many(ring, "name", places, sealed) == ["甲", None, ""]
    with pytest.raises(SealBroken, match=":0 "):
        unseal_many(ring, "name", places, sealed[::-1])
    with pytest.raises(ValueError, match="shorter"):
        seal_many(ring, "name", places, ["甲"])


def test_many_threads_share_one_key(ring):
    fresh = copy.deepcopy(ring)

    def there_and_back(number):
        place = f"registry_person.name_sealed:{number}"
        return unseal_text(fresh, "name", place, seal(fresh, "name", place, str(number)))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(there_and_back, range(2000))) == [str(number) for number in range(2000)]


def test_derived_keys_are_neither_shown_nor_carried_away(ring):
    sealed = seal(ring, "name", HERE, NAME)
    index_of(ring, "name", NAME)
    again = pickle.loads(pickle.dumps(ring))  # noqa: S301  # our own bytes of a line ago
    assert (again, dict(again.kept)) == (ring, {})
    assert "secret" not in repr(ring)
    assert "Kept" not in repr(ring)
    assert unseal_text(again, "name", HERE, sealed) == NAME


def test_an_index_is_the_hmac_that_the_page_describes(ring):
    key = HKDF(SHA256(), 32, ring.id.encode(), b"zhikun/index/id_number/1").derive(ring.versions[0].secret)
    expected = hmac.digest(key, b"resident\x0011010519491231002X", hashlib.sha256)[:16]
    assert index_of(ring, "id_number", "resident\x0011010519491231002X") == expected
    assert index_many(ring, "id_number", ["resident\x0011010519491231002X", None]) == [expected, None]


def test_two_columns_cannot_be_joined_by_their_indexes(ring):
    assert index_of(ring, "person_phone", "13800000000") != index_of(ring, "contact_phone", "13800000000")


def test_no_key_serves_two_uses(ring):
    keys = [
        ring.key("name", 1),
        ring.index_key("name", 1),
        ring.sealing_key("name", 1, "aes-256-gcm", 32),
        ring.sealing_key("name", 1, "sm4-gcm", 16),
        ring.sealing_key("phone", 1, "aes-256-gcm", 32),
    ]
    assert len({key[:16] for key in keys}) == len(keys)


def test_a_rotation_alone_leaves_indexes_as_they_are(tmp_path):
    ring = create_ring(tmp_path / "conf" / "keys.json", DAY, "甲")
    before = index_of(ring, "id_number", "甲")
    assert index_of(rotated(ring, tmp_path, 2), "id_number", "甲") == before


def test_while_reindexing_runs_both_are_looked_for_and_only_the_new_is_written(tmp_path):
    path = tmp_path / "conf" / "keys.json"
    before = index_of(create_ring(path, DAY, "甲"), "id_number", "甲")
    rotated(read_ring(path), tmp_path)
    begun = begin_index(path)
    assert begin_index(path).index_versions == begun.index_versions == (1, 2)
    ring = read_ring(path)
    after = index_of(ring, "id_number", "甲")
    assert after != before
    assert index_values(ring, "id_number", "甲") == [after, before]
    assert index_values(end_index(path), "id_number", "甲") == [after]
    assert end_index(path) == read_ring(path)


def test_a_ring_from_before_there_were_indexes_has_the_first(tmp_path):
    path = tmp_path / "conf" / "keys.json"
    ring = create_ring(path, DAY, "甲")
    body = json.loads(path.read_bytes())
    del body["index_versions"], body["sum"]
    body["sum"] = hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps(body, ensure_ascii=False))
    assert read_ring(path) == ring


@pytest.mark.parametrize("versions", [[], [2], [0], [1, 1], [2, 1]])
def test_index_versions_that_cannot_be_are_damage(tmp_path, versions):
    path = tmp_path / "conf" / "keys.json"
    write_ring(replace(create_ring(path, DAY, "甲"), index_versions=tuple(versions)))
    with pytest.raises(KeysRefused, match="已损坏"):
        read_ring(path)


def test_a_purpose_is_a_plain_word(ring):
    with pytest.raises(ValueError, match="用途"):
        seal(ring, "name/1", HERE, NAME)
