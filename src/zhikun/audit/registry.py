"""What can stand in the record, and how it is said: each app's `events.py`, read once when the platform starts.

    EVENTS = (Event("places.areas_imported", _("导入了行政区划文件 {subject}"), contains=_("只有文件名和行数")),)

Short for the same: `SENTENCES = {code: phrase}` or a `TextChoices` named `Event`; a set `NOISE` names the codes that a
page of the record leaves out unless somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from django.apps import apps
from django.db.models import TextChoices
from django.utils.functional import Promise

from zhikun.audit import words

_EVENTS: dict[str, Event] = {}


@dataclass(frozen=True)
class Event:
    """One kind of act or look.

    `sentence` says what the officer did; `{subject}` stands for the object of the entry, which follows the sentence where
    the sentence does not place it. `looks`: nothing was changed. `contains` says what the entry keeps. `noise`: so frequent
    or so void that pages leave it out (polling, sign-ins that failed).
    """

    code: str
    sentence: str | Promise
    looks: bool = False
    contains: str | Promise = ""
    noise: bool = False

    def told(self, subject: str) -> str:
        """The sentence for one entry, without officer and reason."""
        text, subject = str(self.sentence), words.spoken(subject)
        if "{subject}" in text:
            return text.replace("{subject}", subject).rstrip()
        return f"{text}{subject}" if subject.startswith("（") else f"{text} {subject}".rstrip()


def register(*events: Event) -> None:
    """Make kinds of entries known. One code has one meaning: another sentence for a known code is an error."""
    for event in events:
        if _EVENTS.setdefault(event.code, event) != event:
            raise ValueError(f"two meanings of the event {event.code}")


def event_of(code: str) -> Event:
    """What is known of a code; one that no app knows (any more) is shown as it stands."""
    return _EVENTS.get(code) or Event(code, code)


def known() -> list[Event]:
    """Every kind, in the order of the apps."""
    return list(_EVENTS.values())


def noisy() -> list[str]:
    """The codes that pages leave out."""
    return [event.code for event in _EVENTS.values() if event.noise]


def collect() -> None:
    """Read the events of every app."""
    for config in apps.get_app_configs():
        name = f"{config.name}.events"
        if config.name.startswith("zhikun.") and find_spec(name) is not None:
            module = import_module(name)
            register(*events_of(module))
            words.tell(config.label, getattr(module, "DETAILS", {}), getattr(module, "VALUES", {}))


def events_of(module: ModuleType) -> Iterator[Event]:
    """The events that a module names, in any of the three forms."""
    noise = {str(code) for code in getattr(module, "NOISE", ())}
    listed: Iterable[Event] = getattr(module, "EVENTS", ())
    yield from listed
    short = dict(getattr(module, "SENTENCES", {}))
    choices = getattr(module, "Event", None)
    if isinstance(choices, type) and issubclass(choices, TextChoices):
        short |= {member.value: member.label for member in choices}
    for code, sentence in short.items():
        yield Event(str(code), sentence, noise=str(code) in noise)
