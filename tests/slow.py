"""A server that answers late, to find tests that read a page before it has come.

`SLOW_PAGES=0.8 .venv/bin/python -m pytest tests/browser` makes every page and every answer to a script wait that many
seconds. A journey that presumes an answer without waiting for it passes on a quiet machine and fails here, every time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

WAIT = float(os.environ.get("SLOW_PAGES") or 0)


class SlowPages:
    """Lets a browser wait; Django's own test client, which reads nothing too early, is answered at once."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "SERVER_SOFTWARE" in request.META:
            time.sleep(WAIT)
        return self.answer(request)
