"""A verb refused: what happened, why, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from django.forms import BaseForm


class DomainError(Exception):
    """A verb refused."""

    status: ClassVar[int] = 422

    def __init__(self, what: str, *, why: str = "", remedy: str = "", field: str = "") -> None:
        self.what = what
        self.why = why
        self.remedy = remedy
        self.field = field
        super().__init__(" ".join(part for part in (what, why, remedy) if part))


@contextmanager
def shown_in(form: BaseForm) -> Iterator[None]:
    try:
        yield
    except DomainError as error:
        field = error.field if error.field in form.fields else None
        form.add_error(field, str(error))
