"""What is drawn without Django's own way is letter for letter what Django's way draws."""

from decimal import Decimal

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from zhikun.pages.formats import drawn
from zhikun.pages.forms import FormRenderer


class Number(int):
    pass


@pytest.mark.parametrize(
    "part",
    ["<b>'\"&", SafeString("<b>&amp;</b>"), gettext_lazy("未知"), 7, Decimal("1.50"), None, True, Number(3), [1, "<"]],
    ids=lambda part: type(part).__name__,
)
def test_parts_are_escaped_as_django_escapes_them(part):
    text = drawn("<i>{0}</i>{1}", part, "x")
    assert text == format_html("<i>{0}</i>{1}", part, "x")
    assert isinstance(text, SafeString)


CHOICES = [
    ("", "全部"), (1, gettext_lazy("未知")), ("a<b", 'x"<i>&'), (2500, 2500), (SafeString("s&"), SafeString("<b>")),
    ("组<", [("n", "内"), ("m", "外")]),
]  # fmt: skip


@pytest.mark.parametrize("value", [None, "", "1", "m", ["n", "a<b"]], ids=str)
@pytest.mark.parametrize(
    "widget",
    [
        forms.Select(choices=CHOICES),
        forms.Select(attrs={"class": "a&b", "required": True, "hidden": False, "size": 3}, choices=CHOICES),
        forms.SelectMultiple(choices=CHOICES),
        forms.NullBooleanSelect(),
        forms.Select(),
    ],
    ids=["plain", "attributes", "several", "yes-no", "empty"],
)
def test_a_list_to_choose_from(widget, value):
    told = value[0] if isinstance(value, list) and not widget.allow_multiple_selected else value
    ours, djangos = (
        widget.render("where<", told, {"id": "id_where"}, renderer) for renderer in (FormRenderer(), DjangoTemplates())
    )
    assert ours == djangos


def test_options_with_a_template_of_their_own_are_left_to_django():
    class Marked(forms.Select):
        option_template_name = "django/forms/widgets/radio_option.html"

    widget = Marked(choices=[("a", "甲")])
    ours, djangos = (widget.render("where", "a", {}, renderer) for renderer in (FormRenderer(), DjangoTemplates()))
    assert ours == djangos
    assert "radio" in ours or "<label" in ours or "input" in ours
