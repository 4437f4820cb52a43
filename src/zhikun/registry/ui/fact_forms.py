"""Forms of facts, made from the vocabulary: one field for each, empty where nothing is known."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zhikun.pages.forms import DayInput
from zhikun.registry.vocabulary import Known
from zhikun.wording import with_unit

NONE_OF_THEM = "_none"
PERSONAL = "personal-"


class ToldForm(forms.Form):
    """Of which day it is said, and why it is changed."""

    observed_on = forms.DateField(label=_("情况日期"), widget=DayInput, help_text=_("这是哪一天的情况，不一定是今天。"))
    reason = forms.CharField(
        label=_("依据或说明"), max_length=200, required=False,
        help_text=_("如“看了户口簿”“本人电话说明”。不要写姓名和号码。"),
    )  # fmt: skip

    def clean_observed_on(self) -> date:
        on: date = self.cleaned_data["observed_on"]
        if on > timezone.localdate():
            raise forms.ValidationError(_("情况日期在今天之后。请填写情况发生或核实的日期。"))
        return on


class FactsForm(ToldForm):
    """Some facts of one entity. `opened` is what the officer saw; what differs from it is what they changed."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    opened = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        known: Iterable[Known],
        values: Mapping[str, Any],
        version: int,
        *,
        data: Any = None,
        personal: Mapping[str, str] | None = None,
    ) -> None:
        """`personal`: particulars that may be written with it, masked as they stand now."""
        self.known = {one.name: one for one in known if not one.personal}
        self.personal = dict(personal or {})
        initial = {
            "version": version,
            "opened": told_opened(values, self.known),
            "observed_on": timezone.localdate(),
        }
        super().__init__(data, initial=initial)
        ahead: dict[str, forms.Field] = {name: field_of(one) for name, one in self.known.items()}
        for name, one in self.known.items():
            self.initial[name] = initial_of(one, values.get(name))
        for name, (title, masked) in ((name, _split(text)) for name, text in self.personal.items()):
            words = _("现在是 {m}，不改请留空。").format(m=masked) if masked else ""
            ahead[PERSONAL + name] = forms.CharField(label=title, required=False, max_length=100, help_text=words)
        self.fields = {**ahead, **self.fields}

    @property
    def mine(self) -> dict[str, Any]:
        """The facts as this officer wants them; None where nothing is said."""
        return {name: value_of(one, self.cleaned_data.get(name)) for name, one in self.known.items()}

    @property
    def opened_values(self) -> dict[str, Any]:
        """The facts as they were when the page was opened."""
        try:
            found = json.loads(self.cleaned_data.get("opened") or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def changed(self) -> dict[str, Any]:
        """What this officer changed: where a choice was made between two versions, only what they kept of their own."""
        opened = self.opened_values
        return {
            name: value
            for name, value in self.mine.items()
            if value != opened.get(name) and self.data.get(f"choose-{name}") != "saved"
        }

    @property
    def written(self) -> dict[str, str]:
        """The particulars that were typed in."""
        typed = {name: self.cleaned_data.get(PERSONAL + name, "") for name in self.personal}
        return {name: text.strip() for name, text in typed.items() if text.strip()}


def told_opened(values: Mapping[str, Any], asked: Container[str]) -> str:
    """What the officer saw, as the form keeps it: of the facts that it asks for, and no other."""
    return json.dumps({name: value for name, value in values.items() if name in asked}, ensure_ascii=False)


def field_of(known: Known) -> forms.Field:
    """The form field of a fact. None is required: what is not known stays empty."""
    label, asks = with_unit(known.title, known.unit), known.question
    if known.type == "number":
        number = forms.DecimalField(
            label=label, help_text=asks, required=False, decimal_places=known.decimals, max_digits=15,
            min_value=_limit(known.min), max_value=_limit(known.max),
        )  # fmt: skip
        for one in number.validators:
            if isinstance(one, MinValueValidator):
                one.message = _outside(str(_("{t}不能小于 {n}。请核对后重填。")), known, known.min)
            elif isinstance(one, MaxValueValidator):
                one.message = _outside(str(_("{t}不能大于 {n}。请核对后重填。")), known, known.max)
        return number
    if known.type == "boolean":
        yes_no = [("", _("未知")), ("yes", _("是")), ("no", _("否"))]
        return forms.ChoiceField(label=label, help_text=asks, required=False, choices=yes_no)
    if known.type == "choice":
        options = [("", _("未知")), *(known.choices or {}).items()]
        return forms.ChoiceField(label=label, help_text=asks, required=False, choices=options)
    if known.type == "choices":
        several = [*(known.choices or {}).items(), (NONE_OF_THEM, _("无（以上都没有）"))]
        return forms.MultipleChoiceField(
            label=label, help_text=asks, required=False, choices=several, widget=forms.CheckboxSelectMultiple
        )
    if known.type == "date":
        return forms.DateField(label=label, help_text=asks, required=False, widget=DayInput)
    return forms.CharField(label=label, help_text=asks, required=False, max_length=500)


def initial_of(known: Known, value: Any) -> Any:
    """A recorded value as its field shows it."""
    if value is None:
        return None
    if known.type == "boolean":
        return "yes" if value else "no"
    if known.type == "choices":
        return list(value) or [NONE_OF_THEM]
    return value


def value_of(known: Known, cleaned: Any) -> Any:
    """What a field says, as it is recorded; None where it says nothing."""
    if cleaned is None or cleaned in ("", []):
        return None
    if known.type == "number":
        number = Decimal(cleaned)
        return int(number) if number == number.to_integral_value() else float(number)
    if known.type == "boolean":
        return cleaned == "yes"
    if known.type == "choices":
        return [one for one in cleaned if one != NONE_OF_THEM]
    if isinstance(cleaned, date):
        return cleaned.isoformat()
    return cleaned


def posted(known: Known, value: Any) -> list[str]:
    """A value as the browser would post it."""
    shown = initial_of(known, value)
    if shown is None:
        return []
    return [str(one) for one in shown] if isinstance(shown, list) else [str(shown)]


def _outside(words: str, known: Known, limit: float | None) -> str:
    amount = f"{limit or 0:,.6f}".rstrip("0").rstrip(".")
    return words.format(t=known.title, n=f"{amount} {known.unit}".strip()).replace("%", "%%")


def _limit(limit: float | None) -> Decimal | None:
    return None if limit is None else Decimal(str(limit))


def _split(text: str) -> tuple[str, str]:
    title, _bar, masked = text.partition("|")
    return title, masked
