"""Where browsers find what tools/frontend.py brought in, and whether it is there at all.

A machine that could not reach the package registry has no styles, icons or charts: pages must still open and say so.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage

VENDOR = "vendor"

#: Addresses already worked out: a page asks for that of the icons fifty times, and it never changes under a running server.
_addresses: dict[tuple[str, str, str], str] = {}


def vendor_url(name: str) -> str:
    """The address of a file under `vendor`, or an empty string where the set-up could not fetch it."""
    where = (settings.STATIC_URL, str(settings.STATIC_ROOT), name)
    if where not in _addresses:
        try:
            address = staticfiles_storage.url(f"{VENDOR}/{name}")
        except ValueError:  # hashed names are known only of files that are there
            return ""
        if settings.DEBUG:  # files come and go while somebody works on them
            return address
        _addresses[where] = address
    return _addresses[where]


def is_installed() -> bool:
    """Whether styles, icons and charts were fetched at set-up."""
    return finders.find(f"{VENDOR}/icons.svg") is not None
