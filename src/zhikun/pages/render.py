"""How a view answers: the page for a browser, one named fragment of it for HTMX."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, fragment: str | None = None, status: int = 200
) -> HttpResponse:
    """The page, or, for a request of HTMX, its fragment: the template `<name>.<fragment>.html` beside it.

    `Vary: HX-Request` keeps a cache from serving a fragment as a page.
    """
    name = template
    if fragment is not None and request.headers.get("HX-Request") == "true":
        name = template.removesuffix(".html") + f".{fragment}.html"
    response = HttpResponse(render_to_string(name, context, request), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
