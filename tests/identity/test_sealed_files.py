"""Sealed photos and scans: read again to the last byte, or refused."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhikun.identity.errors import SealBroken, SealVersionUnknown
from zhikun.identity.keyring import create_ring, with_new_version, write_ring
from zhikun.identity.sealed_files import CHUNK, file_version, open_stream, plain_size, seal_stream
from zhikun.identity.sealing import TAG_BYTES, Algorithm

DAY = date(2026, 11, 1)
HERE = "registry_document.file:7c9e6679-7425-40de-944b-e07fc1f90ae7"
HEAD = 24
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17]


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    return create_ring(tmp_path_factory.mktemp("one") / "conf" / "keys.json", DAY, "初次建立")


def sealed(ring, content, algorithm=Algorithm.AES_256_GCM):
    target = io.BytesIO()
    assert seal_stream(ring, "document", HERE, io.BytesIO(content), target, algorithm) == len(content)
    return target.getvalue()


def opened(ring, content, place=HERE, purpose="document"):
    return b"".join(open_stream(ring, purpose, place, io.BytesIO(content)))


def content_of(size):
    return bytes(number * 7 % 251 for number in range(251)) * (size // 251) + b"x" * (size % 251)


@pytest.mark.parametrize("algorithm", list(Algorithm), ids=lambda a: a.name)
@pytest.mark.parametrize("size", SIZES)
def test_the_content_comes_back_and_its_size_is_known_beforehand(ring, size, algorithm):
    content = content_of(size)
    held = sealed(ring, content, algorithm)
    assert opened(ring, held) == content
    assert plain_size(len(held)) == size
    assert file_version(io.BytesIO(held)) == 1
    assert size < 64 or content[:64] not in held  # a single byte may be there by chance


@given(pieces=st.lists(st.binary(max_size=CHUNK + 5), max_size=6), turn=st.randoms(use_true_random=False))
def test_a_source_that_gives_pieces_is_read_whole(ring, pieces, turn):
    class Pipe:
        def __init__(self, content):
            self.whole = io.BytesIO(content)

        def read(self, size):
            return self.whole.read(turn.randint(1, size))

    content = b"".join(pieces)
    target = io.BytesIO()
    seal_stream(ring, "document", HERE, Pipe(content), target)
    assert b"".join(open_stream(ring, "document", HERE, Pipe(target.getvalue()))) == content


@pytest.mark.parametrize("size", SIZES)
def test_a_shorter_file_is_noticed_wherever_it_was_cut(ring, size):
    held = sealed(ring, content_of(size))
    ends = {0, 1, HEAD - 1, HEAD, HEAD + 1, len(held) - 1, len(held) - TAG_BYTES}
    ends |= {HEAD + number * (CHUNK + TAG_BYTES) for number in range(4)}
    for end in ends:
        if end < len(held):
            with pytest.raises(SealBroken, match="截断"):
                opened(ring, held[:end])


def test_chunks_that_changed_places_came_twice_or_were_added_are_noticed(ring):
    held = sealed(ring, content_of(3 * CHUNK))
    head, step = held[:HEAD], CHUNK + TAG_BYTES
    first, second, third = (held[HEAD + n * step : HEAD + (n + 1) * step] for n in range(3))
    for chunks in [
        (second, first, third),
        (first, first, third),
        (first, third),
        (first, second, third, third),
        (third,),
    ]:
        with pytest.raises(SealBroken):
            opened(ring, head + b"".join(chunks))


def test_a_chunk_of_another_file_is_refused(ring):
    one, other = sealed(ring, content_of(2 * CHUNK)), sealed(ring, content_of(2 * CHUNK))
    with pytest.raises(SealBroken):
        opened(ring, one[: HEAD + CHUNK + TAG_BYTES] + other[HEAD + CHUNK + TAG_BYTES :])


def test_no_chunk_is_given_before_it_is_authenticated(ring):
    held = bytearray(sealed(ring, content_of(3 * CHUNK)))
    held[HEAD + CHUNK + TAG_BYTES + 5] ^= 1
    chunks = open_stream(ring, "document", HERE, io.BytesIO(bytes(held)))
    assert next(chunks) == content_of(3 * CHUNK)[:CHUNK]
    with pytest.raises(SealBroken):
        next(chunks)


def test_every_flipped_bit_of_the_head_and_the_ends_is_refused(ring):
    held = sealed(ring, b"scan")
    for place in range(len(held) * 8):
        touched = bytearray(held)
        touched[place // 8] ^= 1 << place % 8
        with pytest.raises((SealBroken, SealVersionUnknown)):
            opened(ring, bytes(touched))


def test_a_file_moved_to_another_place_or_purpose_is_refused(ring, tmp_path):
    held = sealed(ring, b"scan")
    other = create_ring(tmp_path / "conf" / "keys.json", DAY, "乙")
    for call in (
        lambda: opened(ring, held, HERE[:-1] + "8"),
        lambda: opened(ring, held, purpose="photo"),
        lambda: opened(other, held),
        lambda: opened(ring, b"\xff\xd8\xff\xe0 a photo that was never sealed"),
    ):
        with pytest.raises(SealBroken, match="请"):
            call()


def test_old_files_are_read_after_a_rotation_and_newer_ones_ask_for_the_newer_ring(tmp_path):
    first = create_ring(tmp_path / "conf" / "keys.json", DAY, "甲")
    old = sealed(first, b"scan")
    second = write_ring(replace(with_new_version(first, DAY, "每年一次", tmp_path / "data"), rotation=None))
    new = sealed(second, b"scan")
    assert opened(second, old) == opened(second, new) == b"scan"
    assert [file_version(io.BytesIO(held)) for held in (old, new, b"", b"\xff\xd8 photo" * 9)] == [1, 2, None, None]
    with pytest.raises(SealVersionUnknown, match="只到第 1 版"):
        opened(first, new)


def test_two_files_of_one_content_share_nothing_but_their_length(ring):
    one, other = sealed(ring, b"scan" * 1000), sealed(ring, b"scan" * 1000)
    assert len(one) == len(other)
    assert one[HEAD : HEAD + 64] != other[HEAD : HEAD + 64]


def test_memory_stays_at_a_few_chunks(ring):
    """A scan of a gigabyte must not fill a village's server: nothing is read far ahead of what was written."""

    class Watched(io.RawIOBase):
        def __init__(self, size):
            self.left, self.most = size, 0

        def read(self, size=-1):
            self.most = max(self.most, size)
            piece = b"\0" * min(size, self.left)
            self.left -= len(piece)
            return piece

    class Counting:
        written = 0

        def write(self, piece):
            self.written += len(piece)
            assert source.left >= 100 * CHUNK - self.written - 3 * CHUNK

    source, target = Watched(100 * CHUNK), Counting()
    assert seal_stream(ring, "document", HERE, source, target) == 100 * CHUNK
    assert source.most <= CHUNK
    assert plain_size(target.written) == 100 * CHUNK
