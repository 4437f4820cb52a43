"""Blocks onto paper and screen: one HTML file that opens offline, or a PDF set by Typst."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import jinja2
import typst
from markupsafe import Markup

from zhikun.documents.blocks import Document
from zhikun.documents.fonts import SANS_FAMILIES, typst_fonts
from zhikun.wording import _, shown

_TEMPLATES = Path(__file__).parent / "templates"
_LOCK = Lock()


def html_page(document: Document) -> str:
    """The document as one HTML file: styles inline, no scripts, nothing fetched from anywhere."""
    return shown(_environment().get_template("document.html.j2").render(document=document))


def pdf_bytes(document: Document) -> bytes:
    """The document as A4 PDF with embedded fonts. Raises FontsMissing where no Chinese font can be found."""
    _fonts, sans, serif = typst_fonts()
    data = {**_shown(document.data()), "sans": sans, "serif": serif}
    # Data travels as a value, never as text of the template: a name cannot become markup.
    with _LOCK:
        made = _compiler().compile(format="pdf", sys_inputs={"data": json.dumps(data, ensure_ascii=False)})
    if not isinstance(made, bytes):
        raise TypeError(f"typst returned {type(made).__name__}, not one PDF")
    return made


def _shown(value: Any) -> Any:
    """Plain data with every text as it may be shown."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list | tuple) else value


@cache
def _compiler() -> typst.Compiler:
    # A path, not bytes: a compiler made from bytes compiles only once. Only the template folder can be read.
    return typst.Compiler(_TEMPLATES / "document.typ", root=_TEMPLATES, font_paths=typst_fonts()[0])


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(
            {name: (_TEMPLATES / name).read_text(encoding="utf-8") for name in ("document.html.j2", "document.css")}
        ),
        autoescape=jinja2.select_autoescape(enabled_extensions=("j2",), default=True),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["_"] = _
    families = ", ".join(f'"{f}"' if " " in f else f for f in SANS_FAMILIES)
    environment.globals["families"] = Markup(families)  # noqa: S704 - our own list of names, nothing from outside
    environment.filters["svg"] = Markup  # charts are drawn by charts.py, which escapes every text
    return environment
