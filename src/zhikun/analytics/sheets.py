"""The figures of a proxy means test as files: a workbook with all of them, or one table as CSV."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhikun.analytics.fits import Fit
from zhikun.documents.book import DECIMAL, TEXT, Book, Head
from zhikun.measures.cards import HEADER
from zhikun.tables import write_csv

#: What may be saved, and what it is called.
FILES: dict[str, str | Promise] = {
    "means.xlsx": gettext_lazy("全部表格（xlsx）"),
    "coefficients.csv": gettext_lazy("系数（CSV）"),
    "errors.csv": gettext_lazy("漏保和误保（CSV）"),
    "card.csv": gettext_lazy("评分卡（CSV）"),
}
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"
_DECIMALS = 6


@dataclass(frozen=True)
class Sheet:
    """One table."""

    name: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[object, ...], ...]


def made(name: str, fit: Fit, told: Mapping[str, Any]) -> tuple[bytes, str]:
    """The file of this name, and its type."""
    writes: dict[str, Callable[[Path], object]] = {
        "means.xlsx": lambda path: _workbook(path, fit, told),
        "coefficients.csv": lambda path: _csv(path, _coefficients(told)),
        "errors.csv": lambda path: _csv(path, _errors(told)),
        "card.csv": lambda path: write_csv(path, HEADER, _card(told).rows),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        writes[name](path)
        return path.read_bytes(), _WORKBOOK if name.endswith(".xlsx") else _CSV


def proposal() -> str:
    """What a proxy means test may be used for (docs/reference/measures.md): it stands on every page and sheet of it."""
    return _("推算只作线索，提示先走访谁：核实收入和财产以后由人决定，不能凭推算给予或拒绝救助。")


def _workbook(path: Path, fit: Fit, told: Mapping[str, Any]) -> None:
    left = [_("没有参加：{r}，{n} 户").format(r=reason, n=n) for reason, n in told["left_out"]]
    about = _("{n} 户参加；R² {r}，调整后 {a}。评估日 {d}。").format(
        n=told["households"], r=f"{told['r_squared']:.4f}", a=f"{told['adjusted']:.4f}", d=fit.run.on.isoformat()
    )
    with Book(path, _("准家计调查模型")) as book:
        for sheet in (_coefficients(told), _errors(told), _card(told)):
            title = _("准家计调查模型：{s}").format(s=sheet.name)
            book.table(sheet.name, sheet.heads, sheet.rows, title=title, remarks=(about, *left), warning=proposal(),
                       frozen_columns=1)  # fmt: skip


def _csv(path: Path, sheet: Sheet) -> None:
    write_csv(path, [head.title for head in sheet.heads], sheet.rows)


def _coefficients(told: Mapping[str, Any]) -> Sheet:
    heads = (Head(_("项"), 36, TEXT), *(Head(one, 14, DECIMAL) for one in (
        _("系数"), _("稳健标准误"), _("95% 下限"), _("95% 上限"), _("p 值"))))  # fmt: skip
    names = ("value", "error", "low", "high", "p")
    rows = tuple((one["title"], *(_round(one[name]) for name in names)) for one in told["coefficients"])
    return Sheet(_("系数"), heads, rows)


def _errors(told: Mapping[str, Any]) -> Sheet:
    names = {
        "cutoff": _("列入线"), "line": _("困难线"), "poor": _("困难"), "reached": _("列入"), "missed": _("漏保"),
        "undercoverage": _("漏保率"), "leaked": _("误保"), "leakage": _("误保率"), "total": _("推算了的"),
        "untold": _("推算不了"), "untold_poor": _("其中困难"),
    }  # fmt: skip
    rows = tuple(tuple(_round(one[name]) for name in names) for one in told["cutoffs"])
    return Sheet(_("漏保和误保"), tuple(Head(one, 12, DECIMAL) for one in names.values()), rows)


def _card(told: Mapping[str, Any]) -> Sheet:
    """As `zhikun measure score` reads it, with the words for a person in the last column."""
    heads = (Head(_("事实"), 24), Head(_("级别"), 14), Head(_("分"), 10, DECIMAL), Head(_("说明"), 40))
    lines: Sequence[Mapping[str, Any]] = told["card"]["lines"]
    rows = [(one["fact"], one["level"], one["points"], f"{one['title']}：{one['note']}") for one in lines]
    return Sheet(_("评分卡"), heads, (("", "", told["card"]["base"], _("基础分")), *rows))


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS)
