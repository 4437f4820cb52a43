"""What an officer typed into the search box, kept out of addresses and logs: sealed in their session, named by a token.

The address carries the token and the filters; paging, reloading and going back work for half an hour.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from zhikun.identity.errors import SealRefused
from zhikun.identity.masks import mask_id_number
from zhikun.identity.pinyin import Query, QueryKind, as_query
from zhikun.identity.sealing import seal, unseal_text
from zhikun.privacy import algorithm, ring

_HELD = "registry.asked"
_SECONDS = 1800
_MOST = 20


@dataclass(frozen=True)
class Asked:
    """A text and what it was taken for."""

    token: str
    text: str
    query: Query

    @property
    def shown(self) -> str:
        """What stands in the box again: never a whole identity number."""
        return mask_id_number(self.text) if self.query.kind is QueryKind.ID_NUMBER else self.text


def keep(session: SessionBase, text: str) -> str:
    """Seal the text into the session; answers with its token. The oldest give way."""
    held = _fresh(session)
    token = secrets.token_urlsafe(9)
    sealed = seal(ring(), "search", f"search:{token}", text, algorithm())
    held[token] = [base64.b64encode(sealed).decode("ascii"), int(timezone.now().timestamp())]
    for old in sorted(held, key=lambda one: held[one][1])[:-_MOST]:
        del held[old]
    session[_HELD] = held
    return token


def asked(session: SessionBase, token: str) -> Asked | None:
    """What the token stands for; nothing once it is too old, or another's."""
    found = _fresh(session).get(token) if token else None
    if found is None:
        return None
    try:
        text = unseal_text(ring(), "search", f"search:{token}", base64.b64decode(found[0]))
    except SealRefused:
        return None
    return Asked(token, text, as_query(text))


def first_time(session: SessionBase, what: str, seconds: int = 600) -> bool:
    """Whether this was not looked at in the last minutes: a reloaded page is one look, not five."""
    now = int(timezone.now().timestamp())
    looks: dict[str, int] = {key: at for key, at in session.get("registry.looks", {}).items() if now - at < seconds}
    new = what not in looks
    if new:
        looks[what] = now
        session["registry.looks"] = dict(sorted(looks.items(), key=lambda one: one[1])[-50:])
    return new


def _fresh(session: SessionBase) -> dict[str, Any]:
    now = int(timezone.now().timestamp())
    return {token: kept for token, kept in session.get(_HELD, {}).items() if now - kept[1] < _SECONDS}
