"""Questions that a page asks in the same words each time: worked out into SQL once, then asked again about another row.

    _members = Asked(lambda pk: Membership.objects.now().filter(household=pk).select_related("person"))
    rows = _members(household.pk)

Django works every QuerySet out anew, which takes longer than the database takes to answer: with a dozen questions about one
household that was a quarter of its page. What a question is about is one UUID, and nothing else may differ from one time to the
next: a question with a moment, an area or an officer's reach in it is asked in Django's way.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query import get_related_populators

_Row = TypeVar("_Row", bound=models.Model)

#: Stands in the question for what it will be about.
_SOMEBODY = uuid.UUID("5a686b75-6e00-4000-8000-717565737431")


class Asked(Generic[_Row]):
    """One question about a row, with the joins of its QuerySet; it has no prefetches, annotations or deferred fields."""

    def __init__(self, question: Callable[[uuid.UUID], models.QuerySet[_Row]]) -> None:
        self._question = question
        self._said: dict[str, _Said[_Row]] = {}

    def __call__(self, about: uuid.UUID) -> list[_Row]:
        """The rows, in the order of the question."""
        connection = connections[DEFAULT_DB_ALIAS]
        if connection.vendor not in self._said:
            self._said[connection.vendor] = _Said(self._question(_SOMEBODY), connection)
        return list(self._said[connection.vendor].rows(about, connection))


class _Said(Generic[_Row]):
    """The question in the words of one database, and what becomes of a row of the answer."""

    def __init__(self, question: models.QuerySet[_Row], connection: BaseDatabaseWrapper) -> None:
        # What the rest of `ModelIterable` would work out for each answer; the compiler itself belongs to one thread.
        compiler = question.query.get_compiler(connection=connection)
        self._sql, params = compiler.as_sql()
        self._params: tuple[Any, ...] = tuple(params)
        if _value(_SOMEBODY, connection) not in self._params:
            raise ValueError(f"the question is about no row: {self._sql}")
        select, about = compiler.select, compiler.klass_info
        self._model: type[_Row] = about["model"]
        own = about["select_fields"]
        self._own = slice(own[0], own[-1] + 1)
        self._names = [column[0].target.attname for column in select[self._own]]
        self._joined = get_related_populators(about, select, question.db)  # type: ignore[call-arg]  # the stubs are of a later Django
        self._convert = list(compiler.get_converters([column[0] for column in select]).items())

    def rows(self, about: uuid.UUID, connection: BaseDatabaseWrapper) -> Iterator[_Row]:
        nobody, its = _value(_SOMEBODY, connection), _value(about, connection)
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [its if param == nobody else param for param in self._params])
            found = cursor.fetchall()
        for told in found:
            row: list[Any] = list(told)
            for at, (converters, expression) in self._convert:
                for convert in converters:
                    row[at] = convert(row[at], expression, connection)
            one = self._model.from_db(connection.alias, self._names, row[self._own])
            for joined in self._joined:
                joined.populate(row, one)
            yield one


def _value(about: uuid.UUID, connection: BaseDatabaseWrapper) -> Any:
    """The UUID as this database takes it."""
    return about if connection.features.has_native_uuid_field else about.hex
