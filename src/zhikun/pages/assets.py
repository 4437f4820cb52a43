"""Where browsers find what tools/frontend.py brought in, and whether it is there at all.

A machine that could not reach the package registry has no styles, icons or charts: pages must still open and say so.
"""

from __future__ import annotations

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage

VENDOR = "vendor"


def vendor_url(name: str) -> str:
    """The address of a file under `vendor`, or an empty string where the set-up could not fetch it."""
    path = f"{VENDOR}/{name}"
    try:
        return staticfiles_storage.url(path)
    except ValueError:  # hashed names are known only of files that are there
        return ""


def is_installed() -> bool:
    """Whether styles, icons and charts were fetched at set-up."""
    return finders.find(f"{VENDOR}/icons.svg") is not None
