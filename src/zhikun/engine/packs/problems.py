"""Faults of a pack: collected all together, each with its place and the way out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zhikun.engine.packs.model import Place
from zhikun.wording import _, did_you_mean


@dataclass(frozen=True, slots=True)
class PackError:
    """One fault: where it stands, what it is and what to do about it, in the user's language."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class PackErrors(Exception):
    """A pack cannot be used. `errors` holds every fault found, in the order of files and lines."""

    def __init__(self, errors: Iterable[PackError]) -> None:
        unique = {(e.place.file, e.place.line, e.text): e for e in errors}
        self.errors: tuple[PackError, ...] = tuple(unique[key] for key in sorted(unique))
        super().__init__("\n".join(str(e) for e in self.errors))


class Problems:
    """Collects faults while a pack is read, so that a writer sees all of them at once."""

    def __init__(self) -> None:
        self.errors: list[PackError] = []
        #: A file could not be read at all: names it defines would look unknown, so cross-checks are left out.
        self.unreadable = False

    def add(self, place: Place, text: str) -> None:
        """Record one fault; reading goes on."""
        self.errors.append(PackError(place, text))

    def raise_if_any(self) -> None:
        """Raise `PackErrors` with everything collected so far."""
        if self.errors:
            raise PackErrors(self.errors)


def suggestion(word: str, known: Iterable[str], limit: int = 30) -> str:
    """The way out for an unknown word: the nearest known one, otherwise what is allowed here (sets in alphabetical order)."""
    words = sorted(known) if isinstance(known, (set, frozenset)) else list(known)
    near = did_you_mean(word, words)
    if near:
        return near
    if not words:
        return _("这里还没有可用的名称。")
    shown = "、".join(words[:limit])
    if len(words) > limit:
        return _("可用的有：{names} 等 {count} 个。").format(names=shown, count=len(words))
    return _("可用的有：{names}。").format(names=shown)
