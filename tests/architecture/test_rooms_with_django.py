"""What an import linter cannot see between the rooms with Django: relations, signals, guards, scope, strict pages."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from zhikun.pages import menu

SOURCE = Path(__file__).resolve().parents[2] / "src" / "zhikun"
#: From the top down, as in pyproject.toml.
LAYERS = (
    ("web",),
    ("analytics",),
    ("surveys", "monitoring"),
    ("assessments",),
    ("registry",),
    ("accounts",),
    ("places", "jobs"),
    ("audit",),
    ("pages", "privacy"),
)
HEIGHT = {label: -number for number, layer in enumerate(LAYERS) for label in layer}
TEMPLATES = sorted(SOURCE.rglob("templates/**/*.html"))


def our_models():
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in HEIGHT]


def test_relations_between_models_point_down():
    up = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in our_models()
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model is not None
        if field.related_model._meta.app_label in HEIGHT
        if HEIGHT[field.related_model._meta.app_label] > HEIGHT[model._meta.app_label]
        # Who did it: every room may name an officer by the settings' user model (docs/decisions/0015).
        if field.related_model._meta.label != "accounts.Officer"
    ]
    assert not up


def test_no_app_speaks_through_signals():
    # After a migration the audit room puts its triggers up again; when a request begins the server looks whether its file is
    # still there: Django's own moments, no app speaks to another.
    heard = re.compile(
        r"django\.(db\.models|core|dispatch|contrib\.auth)\.?signals(?! import (?:post_migrate|request_started)$)|import receiver|@receiver"
    )
    found = [
        f"{path.relative_to(SOURCE)}:{number}"
        for path in SOURCE.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if heard.search(line)
    ]
    assert not found, "a verb calls another verb (house: no signals between our apps)"


def views(patterns, prefix=""):
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from views(one.url_patterns, prefix + str(one.pattern))
        elif isinstance(one, URLPattern):
            yield prefix + str(one.pattern), one.callback


def test_every_page_says_whom_it_is_for():
    open_doors = [path for path, view in views(get_resolver().url_patterns) if not hasattr(view, "rights")]
    assert not open_doors, "put requires(...) or public before the view"


def test_djangos_admin_stays_out():
    assert not apps.is_installed("django.contrib.admin"), "it knows no scope and asks no reason"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_template_keeps_the_strict_policy_and_speaks_through_gettext(path):
    content = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", content), "no inline style or script (CSP)"
    inline = re.findall(r"<script(?![^>]*\ssrc=)(?![^>]*application/json)[^>]*>", content)
    assert not inline, "scripts stand in files"
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", content), "nothing from outside"
    spoken = re.sub(r"\{%\s*comment.*?endcomment\s*%\}|\{#.*?#\}", "", content, flags=re.DOTALL)
    spoken = re.sub(
        r"\{%\s*blocktranslate.*?endblocktranslate\s*%\}|\{%.*?%\}|\{\{.*?\}\}", "", spoken, flags=re.DOTALL
    )
    bare = [line.strip() for line in spoken.splitlines() if re.search(r"[\u4e00-\u9fff]", line)]
    assert not bare, "words for people go through {% translate %}"


def test_every_line_of_the_menu_leads_to_a_page_that_its_right_opens():
    for entry in menu._entries.values():
        view = resolve(reverse(entry.view)).func
        rights = view.rights or ()
        assert not entry.permission or not rights or entry.permission in rights, (
            f"{entry.view}: shown to who gets a 404"
        )
