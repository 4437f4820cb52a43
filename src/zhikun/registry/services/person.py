"""A person's particulars: checked, sealed, and made findable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from zhikun.identity import IdFault, check_id_numbers, fault_text, is_name, normalise_name
from zhikun.identity.documents import DocumentKind
from zhikun.identity.numbers import birth_date_of, sex_of
from zhikun.identity.pinyin import search_keys
from zhikun.identity.sealing import index_of, index_values
from zhikun.privacy import ring
from zhikun.registry.errors import PersonRefused
from zhikun.registry.models import KeyKind, NameKey, Person

NAME_PURPOSES = {KeyKind.NAME: "name_whole", KeyKind.PINYIN: "name_pinyin", KeyKind.INITIALS: "name_initials"}


@dataclass(frozen=True)
class Particulars:
    """What a person is called and by which document they are known. Without a number (a newborn) they cannot be matched."""

    name: str
    id_number: str = ""
    id_kind: str = DocumentKind.RESIDENT
    phone: str = ""
    sex: str = ""
    born_on: date | None = None


def checked(given: Particulars) -> Particulars:
    """The particulars in their normal form; sex and birth out of the number where it says so. Raises PersonRefused."""
    name = normalise_name(given.name)
    if not is_name(name):
        raise PersonRefused(_("“姓名”空着或不是姓名。"), _("请按证件上的姓名填写，少数民族姓名用间隔号“·”。"), "name")
    if not given.id_number.strip():
        return Particulars(name, "", given.id_kind, given.phone.strip(), given.sex, given.born_on)
    if given.id_kind != DocumentKind.RESIDENT:
        return Particulars(name, given.id_number.strip(), given.id_kind, given.phone.strip(), given.sex, given.born_on)
    found = check_id_numbers([given.id_number])
    fault = int(found.fault[0])
    if fault not in {IdFault.NONE, IdFault.SUSPECT}:
        what, _expected, remedy = fault_text(fault)
        raise PersonRefused(what, remedy)
    number = str(found.numbers[0].as_py())
    return Particulars(
        name,
        number,
        given.id_kind,
        given.phone.strip(),
        sex_of(number) or given.sex,
        birth_date_of(number) or given.born_on,
    )


def number_index(id_kind: str, id_number: str) -> bytes | None:
    """The blind index of a document number. The kind is part of it: passport and permit of one number are two persons."""
    return index_of(ring(), "id_number", f"{id_kind}:{id_number}") if id_number else None


def name_indexes(name: str) -> list[bytes]:
    """The blind indexes under which a name is found: itself, its pinyin readings, their initials."""
    keys = search_keys(name)
    held = ring()
    return [
        index_of(held, NAME_PURPOSES[KeyKind.NAME], name),
        *(index_of(held, NAME_PURPOSES[KeyKind.PINYIN], one) for one in keys.full),
        *(index_of(held, NAME_PURPOSES[KeyKind.INITIALS], one) for one in keys.initials),
    ]


def looked_up(kind: KeyKind, text: str) -> list[bytes]:
    """What to look for in NameKey: the index in every version, so that a search goes on while names are indexed anew."""
    return index_values(ring(), NAME_PURPOSES[kind], text)


def created(given: Particulars, *, area: int, generated: bool = False) -> Person:
    """A new person with their search keys, in the caller's transaction. `given` has passed `checked`."""
    person = Person(
        id_kind=given.id_kind, sex=given.sex, born_on=given.born_on, generated=generated,
        id_number_index=number_index(given.id_kind, given.id_number),
    )  # fmt: skip
    person.name = given.name
    person.id_number = given.id_number or None
    person.phone = given.phone or None
    person.save(force_insert=True)
    NameKey.objects.bulk_create([NameKey(person=person, key=key, area=area) for key in name_indexes(given.name)])
    return person


def by_number(id_kind: str, id_number: str) -> Person | None:
    """The person who is known under this document."""
    if not id_number:
        return None
    return Person.objects.filter(
        id_number_index__in=index_values(ring(), "id_number", f"{id_kind}:{id_number}")
    ).first()
