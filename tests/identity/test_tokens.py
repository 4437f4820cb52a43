"""Tokens: the same as HMAC, apart by purpose, kind and ring, never a number."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhikun.identity import tokens
from zhikun.identity.documents import DocumentKind
from zhikun.identity.keyring import KeyRing, KeyVersion
from zhikun.identity.tokens import (
    TOKEN,
    renewed,
    renewed_token,
    short_token,
    token_from_text,
    token_of,
    token_text,
    token_texts,
    tokens_from_texts,
    tokens_of,
)


def ring(*secrets, name="a1"):
    versions = tuple(KeyVersion(n, date(2026, 1, n), "初次", s * 32) for n, s in enumerate(secrets, 1))
    return KeyRing(name, None, versions)


ONE = ring(b"k")
TWO = ring(b"k", b"n")
NUMBERS = st.one_of(st.none(), st.text(min_size=0, max_size=200))


@pytest.fixture(params=["loop", "duckdb"])
def way(request, monkeypatch):
    """Both ways in which a column is carried."""
    monkeypatch.setattr(tokens, "_FEW", 0 if request.param == "duckdb" else 1 << 30)
    monkeypatch.setattr(tokens, "_MANY_CORES", 1)
    return request.param


# RFC 4231, test cases 1 to 4, 6 and 7: key, data, HMAC-SHA256.
VECTORS = [
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm."
        ),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]


@pytest.mark.parametrize(("key", "data", "wanted"), VECTORS)
def test_the_published_vectors(way, key, data, wanted):
    column = tokens._carried_column(pa.array([data, None], pa.binary()), [key])
    assert column.to_pylist() == [bytes.fromhex(wanted)[:16], None]


@settings(max_examples=40, deadline=None)
@given(st.lists(NUMBERS, max_size=40), st.binary(min_size=1, max_size=100), st.binary(min_size=1, max_size=100))
def test_columns_equal_pythons_hmac(values, first, second):
    messages = [None if v is None else v.encode() for v in values]
    once = [None if m is None else hmac.new(first, m, hashlib.sha256).digest()[:16] for m in messages]
    twice = [None if t is None else hmac.new(second, t, hashlib.sha256).digest()[:16] for t in once]
    column = pa.array(messages, pa.binary())
    before = tokens._FEW, tokens._MANY_CORES
    tokens._MANY_CORES = 1
    try:
        for tokens._FEW in (0, 1 << 30):
            assert tokens._carried_column(column, [first]).to_pylist() == once
            assert tokens._carried_column(column, [first, second]).to_pylist() == twice
    finally:
        tokens._FEW, tokens._MANY_CORES = before


def test_a_column_is_its_rows_one_by_one(way):
    numbers = ["11010519491231002X", None, "", "110105194912310021"]
    column = tokens_of(TWO, "monitoring", pa.array(numbers))
    assert column.type == TOKEN
    assert column.to_pylist() == [None if n is None else token_of(TWO, "monitoring", n) for n in numbers]


def test_order_survives_slices_and_chunks(way, monkeypatch):
    monkeypatch.setattr(tokens, "_SLICE", 7)
    monkeypatch.setattr(tokens, "_LOOP", 7)
    numbers = [f"99010119900101{n:04d}" for n in range(50)]
    column = pa.chunked_array([numbers[:3], numbers[3:20], [], numbers[20:]])
    assert tokens_of(ONE, "monitoring", column).to_pylist() == [token_of(ONE, "monitoring", n) for n in numbers]
    assert len(tokens_of(ONE, "monitoring", pa.array([], pa.string()))) == 0


def test_all_null(way):
    assert tokens_of(ONE, "monitoring", pa.array([None, None], pa.string())).to_pylist() == [None, None]


def test_purposes_kinds_rings_and_versions_are_apart():
    number = "11010519491231002X"
    made = [
        token_of(r, p, number, k)
        for r in (ONE, TWO, ring(b"k", name="b2"))
        for p in ("monitoring", "matching")
        for k in DocumentKind
    ]
    assert len(set(made)) == len(made)
    assert all(number.encode() not in t and len(t) == 16 for t in made)


def test_kinds_may_stand_beside_the_numbers(way):
    kinds = pa.array(["resident", "passport"])
    column = tokens_of(ONE, "monitoring", pa.array(["E12345678"] * 2), kinds)
    assert column.to_pylist() == [
        token_of(ONE, "monitoring", "E12345678", k) for k in ("resident", "passport") for k in [DocumentKind(k)]
    ]


def test_older_tokens_become_those_of_incoming_numbers(way):
    numbers = pa.array(["11010519491231002X", None])
    old, new = tokens_of(ONE, "monitoring", numbers), tokens_of(TWO, "monitoring", numbers)
    assert renewed(TWO, "monitoring", old, 1).equals(new)
    assert renewed(TWO, "monitoring", new, 2).equals(new)
    assert renewed_token(TWO, "monitoring", old[0].as_py(), 1) == new[0].as_py()


def test_texts_that_officers_see():
    token = token_of(ONE, "monitoring", "1")
    text = token_text(token)
    assert len(text) == 32
    assert text == text.lower()
    assert token_from_text(f" {text[:8].upper()}-{text[8:]} ") == token
    assert short_token(token) == short_token(text) == text[:8]
    column = pa.chunked_array([pa.array([token, None], TOKEN)])
    assert token_texts(column).to_pylist() == [text, None]
    assert tokens_from_texts(token_texts(column)).equals(column)
    assert tokens_from_texts(pa.array([text[:31], "张三", "g" * 32])).null_count == 3


@pytest.mark.parametrize("text", ["", "12", "z" * 32, "0" * 31, "0" * 34, "张三", "０" * 32])
def test_what_is_no_token_is_said(text):
    with pytest.raises(ValueError, match="不是人员代码"):
        token_from_text(text)


def test_secrets_are_in_no_text_of_the_ring():
    assert "kkkk" not in repr(ONE)
    assert "secret" not in repr(ONE)


@pytest.mark.parametrize("purpose", ["", "监测", "a b", "A", "1a", "x" * 40])
def test_a_purpose_is_a_plain_word(purpose):
    with pytest.raises(ValueError, match="用途"):
        ONE.key(purpose, 1)
