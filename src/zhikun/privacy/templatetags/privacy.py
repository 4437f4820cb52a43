"""Filters for pages that show who somebody is without giving it away: `{% load privacy %}`.

`{{ person.name|masked_name }}` masks a text. `{{ person|masked:"name" }}` masks a sealed field by its own mask, and shows one that
cannot be opened as such: one damaged row must not keep a whole list from opening.
"""

from __future__ import annotations

import logging

from django import template
from django.db import models
from django.utils.translation import gettext as _

from zhikun.identity.errors import SealRefused
from zhikun.identity.masks import mask_account, mask_id_number, mask_id_numbers_in, mask_name, mask_phone
from zhikun.privacy.fields import Sealed

register = template.Library()
log = logging.getLogger(__name__)

_UNKNOWN = "—"


@register.filter
def masked_name(name: str | None) -> str:
    """张*."""
    return mask_name(name) if name else _UNKNOWN


@register.filter
def masked_id_number(number: str | None) -> str:
    """1101************2X."""
    return mask_id_number(number) if number else _UNKNOWN


@register.filter
def masked_phone(phone: str | None) -> str:
    """138****5678."""
    return mask_phone(phone) if phone else _UNKNOWN


@register.filter
def masked_account(account: str | None) -> str:
    """***************5678."""
    return mask_account(account) if account else _UNKNOWN


@register.filter
def masked_numbers(text: str | None) -> str:
    """A sentence with every identity number in it masked."""
    return mask_id_numbers_in(text) if text else _UNKNOWN


@register.filter
def masked(instance: models.Model | None, name: str) -> str:
    """A sealed field of an instance, by the mask that the field was given; without one nothing of it is shown."""
    if instance is None:
        return _UNKNOWN
    sealed = getattr(type(instance), name)
    if not isinstance(sealed, Sealed):
        raise template.TemplateSyntaxError(_("{name} 不是加密字段。").format(name=name))
    try:
        text = sealed.__get__(instance, type(instance))
    except SealRefused as refused:
        log.error("sealed value refused: %s", refused)  # noqa: TRY400 - the place is told; a traceback would say no more
        return _("无法解密")
    if not text:
        return _UNKNOWN
    return sealed.mask(text) if sealed.mask is not None else "*" * min(len(text), 8)
