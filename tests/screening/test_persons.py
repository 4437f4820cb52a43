"""Tokens looked up in their order: nobody gets somebody else's number, and nobody is lost at the end of a range."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from zhikun.screening.persons import Tokens, only, together

LAST = b"\xff" * 16


def tokens(*values):
    return Tokens.of(pa.array(values, pa.binary(16)))


def shared(tail):
    """A token whose first half is that of others."""
    return bytes.fromhex("00000000000000aa") + tail.to_bytes(8, "big")


def test_persons_who_share_the_first_half_of_a_token_are_told_apart():
    known = tokens(bytes(16), shared(1), shared(5), shared(9), LAST)
    wanted = tokens(shared(9), shared(2), shared(1), LAST, shared(10), bytes(16), shared(5))
    assert known.find(wanted).tolist() == [3, -1, 1, 4, -1, 0, 2]


def test_tokens_of_several_tables_are_put_in_order_each_once():
    found = together(
        tokens(shared(9), shared(1), LAST), tokens(shared(1), bytes(16)), Tokens.none(), tokens(shared(9), shared(5))
    )
    assert found.to_arrow().to_pylist() == [bytes(16), shared(1), shared(5), shared(9), LAST]
    assert found.in_order()
    assert found.firsts().all()


@pytest.mark.parametrize("count", [0, 1, 2, 300])
def test_ranges_hold_every_token_once_whatever_the_bounds(count):
    chance = np.random.default_rng(count)
    every = together(
        Tokens(*(chance.integers(0, 2**64, count, dtype=np.uint64) for _half in range(2))), tokens(shared(1), shared(5))
    )
    every = together(every, tokens(bytes(16), LAST))
    bounds = [b"", shared(5), b"\x00\x00\x00\x01", b"\x80", b"\xff\xff\xff\xff", b""]
    parts = list(pairwise(bounds))
    sizes = [len(every.take(every.between(part))) for part in parts]
    assert sum(sizes) == len(every)
    for part in parts:
        assert every.take(every.between(part)).to_arrow() == every.take(every.within(part)).to_arrow()


@pytest.mark.parametrize("token", [bytes(16), shared(5), shared(2**64 - 1), LAST[:-1] + b"\xfe", LAST])
def test_the_range_of_one_person_holds_that_person_alone(token):
    every = together(
        tokens(
            bytes(16),
            bytes(15) + b"\x01",
            shared(4),
            shared(5),
            shared(6),
            shared(2**64 - 1),
            LAST[:-1] + b"\xfe",
            LAST,
        )
    )
    assert every.take(every.between(only(token))).to_arrow().to_pylist() == [token]


def test_nobody_is_found_among_nobody():
    assert Tokens.none().find(tokens(shared(1))).tolist() == [-1]
    assert tokens(shared(1)).find(Tokens.none()).tolist() == []
