"""How a view answers: the page for a browser, one named block of it for HTMX.

A fragment is a `{% block name %}` that stands in the page's own template: one file shows both, and what HTMX gets is
what the page shows. Django 6 has template partials built in; 5.2 has not, and blocks need no package and no new tag
(docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.template import Template, TemplateDoesNotExist
from django.template.context import make_context
from django.template.loader import get_template, render_to_string
from django.template.loader_tags import BlockNode
from django.utils.cache import patch_vary_headers


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, or, for a request of HTMX, the block of its template that is named `fragment`.

    `Vary: HX-Request` keeps a cache from serving a fragment as a page. Messages that wait for the officer come along
    with a fragment, into the place where pages show them. Raises `TemplateDoesNotExist` for an unknown block.
    """
    if fragment is not None and wants_fragment(request):
        text = render_fragment(request, template, fragment, context)
        if len(get_messages(request)):
            text += render_to_string("pages/messages.html", {"out_of_band": True}, request)
    else:
        text = render_to_string(template, dict(context or {}), request)
    response = HttpResponse(text, status=status)
    vary_by_htmx(response)
    return response


def wants_fragment(request: HttpRequest) -> bool:
    """Whether HTMX asks for a part of a page; when it restores a page from the history, it needs the whole."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and "true" not in (
        headers.get("HX-History-Restore-Request"),
        headers.get("HX-Boosted"),
    )


def vary_by_htmx(response: HttpResponse) -> None:
    """Tell caches that the same address answers HTMX with something else."""
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request", "HX-Boosted"])


def render_fragment(request: HttpRequest, template: str, name: str, context: Mapping[str, Any] | None = None) -> str:
    """The block of the template, drawn alone, with everything that the page's template would see."""
    engine_template: Template = get_template(template).template  # type: ignore[attr-defined]  # Django's own engine
    block = _block(engine_template, name)
    values = make_context(dict(context or {}), request, autoescape=engine_template.engine.autoescape)
    with values.render_context.push_state(engine_template), values.bind_template(engine_template):
        return block.render(values)


def _block(template: Template, name: str) -> BlockNode:
    found = template.nodelist.get_nodes_by_type(BlockNode)
    blocks = {node.name: node for node in found if isinstance(node, BlockNode)}
    if name not in blocks:
        known = ", ".join(sorted(blocks)) or "none"
        raise TemplateDoesNotExist(f"{template.name} has no block {name!r} of its own (it has: {known})")
    return blocks[name]
