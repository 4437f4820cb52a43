"""Tokens: what stands in columnar data in place of an identity number.

A token is 16 bytes: HMAC-SHA256 over the kind of document and the normalised number, cut to 128 bits. A ring with
several versions applies them one after the other, each to the token of the version before, so that tokens of last
year's files can be brought to this year's version without any number (docs/decisions/0009).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from os import cpu_count

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhikun.identity.documents import DocumentKind
from zhikun.identity.keyring import KeyRing
from zhikun.wording import _

TOKEN_BYTES = 16
TOKEN = pa.binary(TOKEN_BYTES)
_BLOCK = 64
# DuckDB takes twice the work for a token that a loop over begun hashes takes, but all cores do it: on many it is done sooner.
_MANY_CORES = 4
_FEW = 4096  # fewer are done before DuckDB has started
_SLICE = 1 << 20
_LOOP = 1 << 17  # so many lie in memory one by one
_SHORT = 8


def token_of(ring: KeyRing, purpose: str, number: str, kind: DocumentKind = DocumentKind.RESIDENT) -> bytes:
    """The token of one normalised number, in the ring's current version."""
    return _carried(f"{kind.value}\0{number}".encode(), ring.keys(purpose))


def tokens_of(
    ring: KeyRing,
    purpose: str,
    numbers: pa.Array | pa.ChunkedArray,
    kind: DocumentKind | pa.Array = DocumentKind.RESIDENT,
) -> pa.ChunkedArray:
    """The tokens of a column of normalised numbers; null stays null. `kind` may be a column of kinds beside it.

    The numbers must have been normalised (`check_id_numbers`, `check_documents`): the same number written
    in two ways has two tokens.
    """
    texts, keys = numbers.cast(pa.string()), ring.keys(purpose)
    if isinstance(kind, DocumentKind):
        return _carried_column(texts.cast(pa.binary()), keys, f"{kind.value}\0".encode())
    messages = pc.binary_join_element_wise(kind.cast(pa.string()), texts, "\0").cast(pa.binary())
    return _carried_column(messages, keys)


def renewed(ring: KeyRing, purpose: str, tokens: pa.Array | pa.ChunkedArray, version: int) -> pa.ChunkedArray:
    """Tokens of an older version brought to the current one; null stays null."""
    return _carried_column(tokens.cast(pa.binary()), ring.keys(purpose, version + 1))


def renewed_token(ring: KeyRing, purpose: str, token: bytes, version: int) -> bytes:
    """One token of an older version brought to the current one, for a token that an officer has on paper."""
    return _carried(token, ring.keys(purpose, version + 1))


def token_text(token: bytes) -> str:
    """The 32 digits that officers see and type."""
    return token.hex()


def short_token(token: bytes | str) -> str:
    """The first eight digits, for a screen where the place is known; two persons of a province may share them."""
    return (token if isinstance(token, str) else token.hex())[:_SHORT]


def token_from_text(text: str) -> bytes:
    """The token that an officer typed: spaces, hyphens and capitals do not matter. Raises ValueError."""
    plain = "".join(c for c in text.strip().lower() if c not in " -\u3000")
    try:
        token = bytes.fromhex(plain) if plain.isascii() else b""
    except ValueError:
        token = b""
    if len(token) != TOKEN_BYTES:
        raise ValueError(_("“{t}”不是人员代码：应为 32 位数字和字母 a 至 f。请从名单或页面上整个复制。").format(t=text))
    return token


def token_texts(tokens: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of tokens as texts of 32 digits; null stays null."""
    return _asked("lower(hex(v))", tokens.cast(pa.binary()), {}, pa.string())


def tokens_from_texts(texts: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of texts as tokens; null where the text is none (`token_from_text` says why for one)."""
    known = "regexp_full_match(lower(v), '[0-9a-f]{32}')"
    return _asked(f"CASE WHEN {known} THEN unhex(v) END", texts.cast(pa.string()), {}, TOKEN)


def _carried(message: bytes, keys: Sequence[bytes]) -> bytes:
    for key in keys:
        message = hmac.digest(key, message, "sha256")[:TOKEN_BYTES]
    return message


def _carried_column(
    messages: pa.Array | pa.ChunkedArray, keys: Sequence[bytes], before: bytes = b""
) -> pa.ChunkedArray:
    """HMAC by each key in turn, of `before` and the message. Both ways are compared with Python's by the tests."""
    if not keys:
        return _chunked(messages.cast(TOKEN), TOKEN)
    if len(messages) < _FEW or (cpu_count() or 1) < _MANY_CORES:
        chunks = _chunked(messages, pa.binary()).chunks
        return pa.chunked_array([_looped(chunk, keys, before) for chunk in chunks], TOKEN)
    value, pads = "v", {}
    for number, key in enumerate(keys):
        inner, pads[f"o{number}"] = _pads(key)
        pads[f"i{number}"] = inner if number else inner + before
        value = f"unhex(left(sha256($o{number} || unhex(sha256($i{number} || {value}))), {2 * TOKEN_BYTES}))"
    return _asked(value, messages, pads, TOKEN)


def _looped(messages: pa.Array, keys: Sequence[bytes], before: bytes) -> pa.Array:
    """The tokens of a column, one after the other."""
    known = messages.drop_null() if messages.null_count else messages
    made = bytearray()
    for start in range(0, len(known), _LOOP):
        carried = _digests(known.slice(start, _LOOP).to_pylist(), keys[0], before)
        for key in keys[1:]:
            carried = _digests([digest[:TOKEN_BYTES] for digest in carried], key)
        whole = np.frombuffer(b"".join(carried), dtype=np.uint8).reshape(len(carried), -1)
        made += whole[:, :TOKEN_BYTES].tobytes()
    column = pa.FixedSizeBinaryArray.from_buffers(TOKEN, len(known), [None, pa.py_buffer(bytes(made))])
    if len(known) == len(messages):
        return column
    there = np.asarray(messages.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
    return column.take(pa.array(np.cumsum(there) - 1, mask=~there))


def _digests(messages: list[bytes], key: bytes, before: bytes = b"") -> list[bytes]:
    """HMAC-SHA256 of `before` and each message. Copies of two hashes begun with the key take half the time of `hmac.digest`."""
    inner, outer = _pads(key)
    begun, ended = hashlib.sha256(inner + before).copy, hashlib.sha256(outer).copy
    found: list[bytes] = []
    add = found.append
    for message in messages:
        first = begun()
        first.update(message)
        second = ended()
        second.update(first.digest())
        add(second.digest())
    return found


def _pads(key: bytes) -> tuple[bytes, bytes]:
    """The inner and the outer key of HMAC (RFC 2104)."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def _asked(
    value: str, column: pa.Array | pa.ChunkedArray, keys: dict[str, bytes], kind: pa.DataType
) -> pa.ChunkedArray:
    """The column with `value` (SQL over `v`) in place of each row, in its order. Keys are bound, never written in SQL."""
    import duckdb  # noqa: PLC0415 - only where there is much to do: it takes a tenth of a second to load

    chunks = []
    with duckdb.connect() as connection:
        for start in range(0, len(column), _SLICE):
            connection.register("source", pa.table({"v": column.slice(start, _SLICE)}))
            query = f"SELECT {value} AS v FROM source"  # noqa: S608 - made of our own words; keys are parameters
            found = connection.sql(query, params=keys or None).to_arrow_table()
            chunks += found.column("v").cast(kind).chunks
    return pa.chunked_array(chunks, kind)


def _chunked(column: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column], kind)
