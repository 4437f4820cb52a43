"""The components as template tags. README.md lists them; the style page shows each in every state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.forms import BaseForm, BoundField
from django.forms.utils import ErrorList
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhikun.pages import assets, formats
from zhikun.pages import steps as drawn_steps
from zhikun.pages.errors import Notice
from zhikun.pages.forms import told_errors
from zhikun.pages.parts import Chart, Confirm, Detail, Difference, Event, Figure, Progress, Radar, Step, Tab
from zhikun.pages.tables import Table
from zhikun.wording import amount_text

register = template.Library()

for _name in ("money", "count", "percent", "day", "moment", "yes_no", "masked"):
    register.filter(_name, formats.KINDS[_name])
register.filter("money_in_column", formats.money_in_column)
register.filter("amounts", formats.amounts)


@register.filter
def amount(value: Any) -> SafeString:
    """The digits of an amount whose unit is said beside it."""
    return formats.unknown() if formats.is_unknown(value) else formats.text(amount_text(value))


@register.filter
def or_unknown(value: object, words: str = "") -> SafeString:
    """The value, or 未知 (or the words given) where there is none."""
    return formats.unknown(words) if formats.is_unknown(value) else formats.text(value)


@register.simple_tag
def vendor(name: str) -> str:
    """The address of a fetched file, empty where the set-up could not fetch it."""
    return assets.vendor_url(name)


@register.simple_tag
def field_errors(field: BoundField) -> ErrorList:
    """What is wrong with a field, in sentences that name it."""
    return told_errors(field)


@register.simple_tag
def own_style(name: str) -> SafeString:
    """A style sheet of ours, for the page of a fault: whatever is missing then, that page must still open."""
    try:
        return format_html('<link rel="stylesheet" href="{}">', staticfiles_storage.url(name))
    except ValueError:
        return SafeString("")


@register.simple_tag
def chart_scripts() -> SafeString:
    """Put into `{% block scripts %}` of a page with charts: no other page loads the chart library."""
    library = assets.vendor_url("echarts/echarts.js")
    if not library:
        return SafeString("")
    ours = static("pages/charts.js")
    return format_html('<script src="{}" defer></script>\n  <script src="{}" defer></script>', library, ours)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One icon: `{% icon "home" %}`; with a label where it stands without words."""
    return formats.icon(name, label)


@register.simple_tag
def status(tone: str, words: str) -> SafeString:
    """A status mark: `{% status "warning" "待核实" %}`."""
    return formats.status(tone, words)


@register.simple_tag
def sample_mark(reason: str = "") -> SafeString:
    """Stands beside every figure that is an example of ours and must be filled in locally."""
    return formats.sample_mark(reason)


@register.simple_tag
def generated_mark() -> SafeString:
    """Stands beside people, households and accounts that a generator made."""
    return format_html('<span class="zk-generated">{}</span>', _("生成数据"))


@register.simple_tag
def busy() -> SafeString:
    """What HTMX shows while it waits: give its id, `busy`, to `hx-indicator`."""
    return format_html(
        '<span class="zk-busy htmx-indicator" id="busy" role="status"><span class="zk-spinner" aria-hidden="true"></span>{}</span>',
        _("正在读取……"),
    )


@register.inclusion_tag("components/notice.html")
def notice(one: Notice) -> dict[str, Any]:
    """What happened, why, what to do."""
    return {"notice": one}


@register.inclusion_tag("components/table.html")
def table(one: Table) -> dict[str, Any]:
    """A table with its paging, or what is said when it is empty."""
    return {"table": one}


@register.inclusion_tag("components/empty.html")
def empty(words: str, remedy: str = "", url: str = "", action: str = "") -> dict[str, Any]:
    """Nothing here: why, and what to do about it."""
    return {"words": words, "remedy": remedy, "url": url, "action": action}


@register.inclusion_tag("components/timeline.html")
def timeline(events: Sequence[Event]) -> dict[str, Any]:
    """What happened, in the order given."""
    return {"events": events}


@register.simple_tag
def explanation(steps: Sequence[Step], opened: bool = True) -> SafeString:
    """Results that open into what they were worked out from."""
    return drawn_steps.as_html(steps, opened)


@register.inclusion_tag("components/figure.html")
def figure(one: Figure) -> dict[str, Any]:
    """One number with its name."""
    return {"figure": one}


@register.inclusion_tag("components/details.html")
def details(lines: Sequence[Detail], columns: int = 2) -> dict[str, Any]:
    """What is known of one thing: label, value, source, day."""
    return {"lines": lines, "columns": columns}


@register.inclusion_tag("components/identity.html")
def identity(shown: str | None, label: str, unmask_url: str = "") -> dict[str, Any]:
    """A masked number or name with, for those who may, the way to unmask it (which asks for a reason)."""
    return {"shown": formats.masked(shown), "known": not formats.is_unknown(shown), "label": label, "url": unmask_url}


@register.inclusion_tag("components/filters.html", takes_context=True)
def filters(context: Context, form: BaseForm, target: str = "") -> dict[str, Any]:
    """A search form whose answers stand in the address. `target` is the id of the element that HTMX replaces."""
    request = context["request"]
    names = {field.html_name for field in form}
    return {
        "form": form,
        "target": target,
        "path": request.path,
        "narrowed": any(request.GET.get(name) for name in names),
        "sort": request.GET.get("sort", ""),
    }


@register.inclusion_tag("components/confirm.html", takes_context=True)
def confirm(context: Context, one: Confirm) -> dict[str, Any]:
    """A button that asks before it acts; works without JavaScript."""
    return {"confirm": one, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("components/progress.html", takes_context=True)
def progress(context: Context, job: Progress) -> dict[str, Any]:
    """Where a job stands; asks again by itself while it runs."""
    return {"job": job, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("components/radar.html")
def radar(one: Radar) -> dict[str, Any]:
    """A radar chart with the table it draws; without JavaScript the table alone."""
    return {"chart": one}


@register.inclusion_tag("components/chart.html")
def chart(one: Chart) -> dict[str, Any]:
    """A chart of bars, lines or a heat table with the numbers it draws; without JavaScript the numbers alone."""
    return {"chart": one, "data": one.data, "single": len(one.series) == 1 and not one.series[0].name}


@register.inclusion_tag("components/comparison.html")
def comparison(rows: Sequence[Difference], saved_by: str = "", choose: bool = False) -> dict[str, Any]:
    """Two versions of one thing side by side; with `choose` a choice for each field that both changed."""
    return {"rows": rows, "saved_by": saved_by, "choose": choose}


@register.inclusion_tag("components/tabs.html")
def tabs(those: Sequence[Tab], label: str) -> dict[str, Any]:
    """Views of one thing, each with its own address."""
    return {"tabs": those, "label": label}
