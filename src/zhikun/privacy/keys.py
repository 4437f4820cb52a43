"""The key ring of this process: read once, and again when its file has changed.

A rotation is made by a command while the server runs. Within a second every process seals in the new version and can read what
others have sealed in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import monotonic

from django.conf import settings
from django.utils.translation import gettext as _

from zhikun.identity.errors import KeysRefused
from zhikun.identity.keyring import KeyRing, read_ring
from zhikun.identity.sealing import Algorithm

_LOOK_AGAIN = 1.0  # seconds
_ALGORITHMS = {"aes-256-gcm": Algorithm.AES_256_GCM, "sm4-gcm": Algorithm.SM4_GCM}

_Stamp = tuple[int, int, int]


class _Held:
    """The ring as it was read, and by what its file is known to be the same."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.given: KeyRing | None = None
        self.ring: KeyRing | None = None
        self.stamp: _Stamp | None = None
        self.looked = 0.0
        self.named: object = None

    def current(self) -> KeyRing:
        if self.given is not None:
            return self.given
        held, named = self.ring, settings.ZHIKUN_KEYS
        # Asked for with every value: comparing paths would take longer than opening one.
        if held is not None and named is self.named and monotonic() - self.looked < _LOOK_AGAIN:
            return held
        with self.lock:
            looked_at = self._looked_at(Path(named))
            self.named = named
            return looked_at

    def _looked_at(self, path: Path) -> KeyRing:
        held = self.ring if self.ring is not None and self.ring.path == path else None
        stamp = _stamp(path)
        # A file that is away for a moment (a backup is being put back) does not stop a server that has the ring.
        if held is None or (stamp is not None and stamp != self.stamp):
            data = getattr(settings, "ZHIKUN_DATA", None)
            read = read_ring(path, None if data is None else Path(data))
            if held is not None and read.id != held.id:
                raise KeysRefused(
                    _("密钥文件 {p} 被换成了另一份（{new}，原来是 {old}）：用它打不开已加密的姓名和号码。请换回原来的那一份。")
                    .format(p=path, new=read.id, old=held.id)
                )  # fmt: skip
            self.ring, self.stamp = read, stamp
            held = read
        self.looked = monotonic()
        return held


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


_HELD = _Held()


def ring() -> KeyRing:
    """The ring that the setting ZHIKUN_KEYS names. Raises KeysMissing or KeysRefused."""
    return _HELD.current()


def algorithm() -> Algorithm:
    """How new values are sealed: the setting ZHIKUN_CIPHER, aes-256-gcm where nothing is said, or sm4-gcm."""
    name = getattr(settings, "ZHIKUN_CIPHER", "aes-256-gcm")
    if name not in _ALGORITHMS:
        raise ValueError(_("ZHIKUN_CIPHER 应为 {known} 之一。").format(known="、".join(_ALGORITHMS)))
    return _ALGORITHMS[name]


@contextmanager
def use_ring(given: KeyRing) -> Iterator[KeyRing]:
    """The given ring for every thread of the process until the end of the block: for tests, and for a restored copy."""
    before = _HELD.given
    _HELD.given = given
    try:
        yield given
    finally:
        _HELD.given = before
