"""Whether a file is UTF-8 does not depend on where its pieces end, and is what Python says of it."""

from __future__ import annotations

import random

from zhikun.intake.lists.csv_file import _Utf8

_GOOD = [b"a", b"\n", "身".encode(), "é".encode(), "😀".encode(), "\ufffd".encode(), b"\xef\xbb\xbf", b"\xed\x9f\xbf"]
_BAD = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe8", b"\xe8\xba", b"\xf0\x9f\x98", b"\x80", b"\xf4\x90\x80\x80"]
_BAD += [b"\xc2", b"\xf5\x80\x80\x80", b"\xe0\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xf0\x80\x80\x80"]


def _stands(pieces: list[bytes]) -> bool:
    decoder = _Utf8()
    try:
        for piece in pieces:
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def test_pieces_of_a_file_are_judged_as_the_whole():
    chance = random.Random(1)
    seen = set()
    for _turn in range(5000):
        content = b"".join(chance.choice(_GOOD * 3 + _BAD) for _ in range(chance.randint(0, 10)))
        cuts = sorted(chance.randint(0, len(content)) for _ in range(chance.randint(0, 4)))
        pieces = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
        try:
            content.decode("utf-8")
            right = True
        except UnicodeDecodeError:
            right = False
        assert _stands(pieces) is right, (content, cuts)
        seen.add(right)
    assert seen == {True, False}
