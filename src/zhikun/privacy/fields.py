"""Fields for personal data: sealed where they are stored, plain where a person with the right reads them.

class Person(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    id_number_sealed = SealedField(null=True)
    id_number_index = BlindIndexField(null=True)
    id_number = Sealed("id_number_sealed", purpose="id_number", null=True, index="id_number_index", normal=id_number_text)

Person(id_number="...")                                # sealed here, its index beside it
Person.objects.filter(Person.id_number.matches(typed)) # found by the index
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, overload
from uuid import UUID

from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldError
from django.db import models
from django.db.models import Q
from django.db.models.lookups import Lookup
from django.utils.translation import gettext as _

from zhikun.identity.sealing import INDEX_BYTES, index_of, index_values, looks_sealed, seal, unseal_text
from zhikun.privacy.keys import algorithm, ring

Held = TypeVar("Held", str, str | None)


if TYPE_CHECKING:  # the field is generic for mypy only
    _BinaryField = models.BinaryField[Any, Any]
else:
    _BinaryField = models.BinaryField


class _BytesField(_BinaryField):
    """Bytes, or None where nothing was written yet (not an empty value), alike on every database."""

    def get_default(self) -> Any:
        return super().get_default() if self.has_default() else None

    def from_db_value(self, value: Any, *_of_the_query: Any) -> bytes | None:
        return None if value is None else bytes(value)


class SealedField(_BytesField):
    """The column of a sealed value. Only whether it is empty can be asked of the database."""

    def get_lookup(self, lookup_name: str) -> type[Lookup[Any]] | None:
        if lookup_name != "isnull":
            raise FieldError(
                _("{name} 是加密存放的，数据库不能按内容查找。请用盲索引：filter(模型.字段.matches(文字))。").format(
                    name=self.name
                )
            )
        return super().get_lookup(lookup_name)

    def get_prep_value(self, value: Any) -> Any:
        """Refuses whatever was not sealed, so that plain text cannot reach the database."""
        value = super().get_prep_value(value)
        if value is not None and not (isinstance(value, bytes | memoryview) and looks_sealed(bytes(value))):
            raise ValueError(
                _("{name} 只接受加密后的内容，没有写入数据库。请给明文的字段赋值。").format(name=self.name)
            )
        return value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """A new row is written only with values that open in it: a copied row must seal its values anew."""
        value = super().pre_save(model_instance, add)
        sealed = sealed_fields(type(model_instance)).get(self.name)
        if not add or self.get_prep_value(value) is None or sealed is None:
            return value
        sealed.__get__(model_instance, type(model_instance))
        return super().pre_save(model_instance, add)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return [*super().check(**kwargs), *self._check_use()]

    def _check_use(self) -> Iterable[CheckMessage]:
        where = f"{self.model._meta.label}.{self.name}"  # noqa: SLF001 - Django's documented way to a model's description
        pk = self.model._meta.pk  # noqa: SLF001 - the same
        if not isinstance(pk, models.UUIDField) and pk.remote_field is None:
            yield Error(_("{f} 绑定在行号上，行号应为写入前就有的 UUID。").format(f=where), obj=self, id="privacy.E001")
        sealed = sealed_fields(self.model).get(self.name)
        if sealed is None:
            yield Error(_("{f} 没有读写它的 Sealed 字段。").format(f=where), obj=self, id="privacy.E002")
            return
        if sealed.null != self.null:
            yield Error(_("{f} 和它的 Sealed 字段的 null 应当一致。").format(f=where), obj=self, id="privacy.E003")
        if sealed.index is not None and sealed.index not in {f.name for f in self.model._meta.fields}:  # noqa: SLF001 - the same
            yield Error(_("{f} 的盲索引字段 {i} 不存在。").format(f=where, i=sealed.index), obj=self, id="privacy.E004")


class BlindIndexField(_BytesField):
    """The 16 bytes by which a sealed value is found: equal, one of several, or empty. Nothing else can be asked."""

    _ASKED = frozenset({"exact", "in", "isnull"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = INDEX_BYTES
        kwargs.setdefault("db_index", True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, list(args), dict(kwargs)

    def get_lookup(self, lookup_name: str) -> type[Lookup[Any]] | None:
        if lookup_name not in self._ASKED:
            raise FieldError(_("{name} 是盲索引，只能问相等或为空。").format(name=self.name))
        return super().get_lookup(lookup_name)

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value is not None and not (isinstance(value, bytes | memoryview) and len(value) == INDEX_BYTES):
            raise ValueError(_("{name} 只接受 16 字节的盲索引，不接受明文。").format(name=self.name))
        return value


class Opened(dict[str, tuple[bytes, Any, str]]):
    """What an instance has opened: the sealed bytes, the row they were opened for, the text. Never shown, never pickled."""

    def __repr__(self) -> str:
        return "Opened(...)"

    def __reduce__(self) -> tuple[type[Opened], tuple[()]]:
        return (Opened, ())


class Sealed(property, Generic[Held]):
    """The plain side of a SealedField: read it and it is opened, assign it and it is sealed with the blind index beside it.

    A `property`, so that Django lets it be given when an instance is made. `purpose` chooses the key, for the index too: give
    each column its own. `place` is written into every value; state it when a table or column is renamed, as it was before.
    """

    @overload
    def __init__(
        self: Sealed[str],
        field: str,
        *,
        purpose: str,
        null: Literal[False] = ...,
        index: str | None = ...,
        normal: Callable[[str], str] = ...,
        mask: Callable[[str], str] | None = ...,
        place: str | None = ...,
    ) -> None: ...

    @overload
    def __init__(
        self: Sealed[str | None],
        field: str,
        *,
        purpose: str,
        null: Literal[True],
        index: str | None = ...,
        normal: Callable[[str], str] = ...,
        mask: Callable[[str], str] | None = ...,
        place: str | None = ...,
    ) -> None: ...

    def __init__(
        self,
        field: str,
        *,
        purpose: str,
        null: bool = False,
        index: str | None = None,
        normal: Callable[[str], str] = str,
        mask: Callable[[str], str] | None = None,
        place: str | None = None,
    ) -> None:
        super().__init__()
        self.field, self.purpose, self.null = field, purpose, null
        self.index, self.normal, self.mask, self.place = index, normal, mask, place

    @overload
    def __get__(self, instance: None, owner: type | None = ...) -> Sealed[Held]: ...

    @overload
    def __get__(self, instance: models.Model, owner: type | None = ...) -> Held: ...

    def __get__(self, instance: models.Model | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        sealed = getattr(instance, self.field)
        if sealed is None:
            return None
        held = _opened(instance)
        known = held.get(self.field)
        if known is not None and known[0] == sealed:
            if known[1] == instance.pk:
                return known[2]
            if instance._state.adding:  # its key was chosen after the value: Person(name="...", pk=key)  # noqa: SLF001 - Django's public name for "not yet in the database"
                self.__set__(instance, cast(Any, known[2]))
                return known[2]
        text = unseal_text(ring(), self.purpose, self.binding(type(instance), instance.pk), bytes(sealed))
        held[self.field] = (sealed, instance.pk, text)
        return text

    def __set__(self, instance: models.Model, value: Held) -> None:
        if value is None:
            if not self.null:
                raise ValueError(_("{name} 不能为空。").format(name=self.field))
            setattr(instance, self.field, None)
            if self.index is not None:
                setattr(instance, self.index, None)
            return
        if not isinstance(value, str):
            raise TypeError(_("{name} 应为文字。").format(name=self.field))
        sealed = self.sealed(type(instance), instance.pk, value)
        setattr(instance, self.field, sealed)
        _opened(instance)[self.field] = (sealed, instance.pk, value)
        if self.index is not None:
            setattr(instance, self.index, self.index_of(value))

    def sealed(self, model: type[models.Model], pk: UUID, value: str) -> bytes:
        """The value as the row with this key would keep it: for rows that are written past the model."""
        return seal(ring(), self.purpose, self.binding(model, pk), value, algorithm())

    def index_of(self, value: str) -> bytes | None:
        """The blind index of a value as it is written now; nothing for an empty one, which would find all the others."""
        normal = self.normal(value)
        return index_of(ring(), self.purpose, normal) if normal else None

    def matches(self, text: str, through: str = "") -> Q:
        """The rows that hold this text, whatever index version they are in. `through` is the way to them: "members__"."""
        if self.index is None:
            raise FieldError(_("{name} 没有盲索引，不能查找。").format(name=self.field))
        normal = self.normal(text)
        values = index_values(ring(), self.purpose, normal) if normal else []
        return Q(**{f"{through}{self.index}__in": values})

    def binding(self, model: type[models.Model], pk: Any) -> str:
        """Where a value belongs: "registry_person.name_sealed:<uuid>"."""
        if pk is None:
            raise ValueError(_("{name} 要先有行号才能加密。").format(name=self.field))
        row = pk if isinstance(pk, UUID) else UUID(str(pk))
        return f"{self.place or _place(model, self.field)}:{row}"


@cache
def sealed_fields(model: type[models.Model]) -> dict[str, Sealed[Any]]:
    """The sealed columns of a model, each with its plain side."""
    found = (inspect.getattr_static(model, name) for name in dir(model))
    return {one.field: one for one in found if isinstance(one, Sealed)}


@cache
def _place(model: type[models.Model], field: str) -> str:
    """The table and the column in which a field of this model, or of its parent, is kept."""
    column = cast("models.Field[Any, Any]", model._meta.get_field(field))  # noqa: SLF001 - Django's documented way to a model's description
    return f"{column.model._meta.db_table}.{column.column}"  # noqa: SLF001 - the same


def _opened(instance: models.Model) -> Opened:
    held: Opened = instance.__dict__.setdefault("_opened", Opened())
    return held
