"""Persons as numbers: tokens are looked up once, in their order, and every step after that joins on whole numbers.

A token is 16 even bytes. Two unsigned numbers of 64 bits, the head and the tail, keep its order; the head alone tells nearly
all persons apart, the tail the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhikun.screening import arrays

Halves = NDArray[np.uint64]
Places = NDArray[np.int64]
#: A range of tokens: from the first, included, to the second; empty where it is open.
Part = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens in columns."""

    heads: Halves
    tails: Halves

    @classmethod
    def of(cls, column: pa.ChunkedArray | pa.Array) -> Tokens:
        """A column of tokens without nulls."""
        halves = np.frombuffer(arrays.token_bytes(column), dtype=">u8").reshape(-1, 2)
        return cls(halves[:, 0].astype(np.uint64), halves[:, 1].astype(np.uint64))

    @classmethod
    def none(cls) -> Tokens:
        return cls(np.zeros(0, np.uint64), np.zeros(0, np.uint64))

    def __len__(self) -> int:
        return len(self.heads)

    def take(self, which: NDArray[np.integer] | NDArray[np.bool_] | slice) -> Tokens:
        """Some of them."""
        return Tokens(self.heads[which], self.tails[which])

    def order(self) -> Places:
        """Their order; equal ones in any."""
        order = np.argsort(self.heads)
        heads = self.heads[order]
        same = heads[1:] == heads[:-1]
        if same.any():
            tied = np.flatnonzero(np.concatenate([same, [False]]) | np.concatenate([[False], same]))
            rows = order[tied]
            order[tied] = rows[np.lexsort((self.tails[rows], self.heads[rows]))]
        return order

    def firsts(self) -> NDArray[np.bool_]:
        """Of tokens in order, which are not the one before again."""
        first = np.ones(len(self), dtype=bool)
        first[1:] = (self.heads[1:] != self.heads[:-1]) | (self.tails[1:] != self.tails[:-1])
        return first

    def in_order(self) -> bool:
        """Whether they stand in order."""
        one, next_ = self.heads[:-1], self.heads[1:]
        return bool(((one < next_) | ((one == next_) & (self.tails[:-1] <= self.tails[1:]))).all())

    @classmethod
    def joined(cls, several: Sequence[Tokens]) -> Tokens:
        """Several columns one behind the other."""
        if not several:
            return cls.none()
        return cls(np.concatenate([one.heads for one in several]), np.concatenate([one.tails for one in several]))

    def within(self, part: Part) -> NDArray[np.bool_]:
        """Which of them lie in a range."""
        first, end = part
        inside = np.ones(len(self), dtype=bool) if not first else ~self._below(first)
        return inside & self._below(end) if end else inside

    def between(self, part: Part) -> slice:
        """Of tokens in order, those of a range."""
        first, end = part
        return slice(self._before(first), self._before(end) if end else len(self))

    def _before(self, bound: bytes) -> int:
        """How many tokens in order are below a bound, which may be the beginning of a token."""
        head, tail = _halves(bound)
        start, end = (int(np.searchsorted(self.heads, head, side)) for side in ("left", "right"))
        return start + int(np.searchsorted(self.tails[start:end], tail))

    def _below(self, bound: bytes) -> NDArray[np.bool_]:
        head, tail = _halves(bound)
        return (self.heads < head) | ((self.heads == head) & (self.tails < tail))

    def find(self, wanted: Tokens) -> Places:
        """The place of each token wanted among these, which are in order and different; -1 where there is none."""
        if not len(self):
            return np.full(len(wanted), -1, dtype=np.int64)
        at = np.searchsorted(self.heads, wanted.heads)
        last = len(self) - 1
        here = np.minimum(at, last)
        same = self.heads[here] == wanted.heads
        found = same & (self.tails[here] == wanted.tails)
        for row in np.flatnonzero(same & ~found):  # two persons share a head: hardly ever
            place = int(at[row]) + 1
            while place <= last and self.heads[place] == wanted.heads[row]:
                if self.tails[place] == wanted.tails[row]:
                    here[row], found[row] = place, True
                place += 1
        return np.where(found, here, -1)

    def to_arrow(self) -> pa.Array:
        """As a column of bytes."""
        halves = np.empty((len(self), 2), dtype=">u8")
        halves[:, 0], halves[:, 1] = self.heads, self.tails
        fixed = pa.Array.from_buffers(pa.binary(16), len(self), [None, pa.py_buffer(halves)])
        return fixed.cast(pa.binary())


def together(*several: Tokens) -> Tokens:
    """All of them, each once, in order."""
    every = Tokens.joined(several)
    every = every.take(every.order())
    return every.take(every.firsts())


def only(token: bytes) -> Part:
    """The range in which there is one person."""
    following = int.from_bytes(token, "big") + 1
    return token, following.to_bytes(16, "big") if following < 1 << 128 else b""


def _halves(bound: bytes) -> tuple[np.uint64, np.uint64]:
    whole = bound.ljust(16, b"\0")
    return np.uint64(int.from_bytes(whole[:8], "big")), np.uint64(int.from_bytes(whole[8:], "big"))
