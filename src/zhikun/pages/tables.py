"""A table whose state is its address: the page number and the order are query parameters, sorting and paging are links.

    table = Table(request, households, [
        Column("number", _("户编号"), sort="number", link=lambda h: h.get_absolute_url()),
        Column("income", _("人均月收入"), kind="money", sort="income_per_head"),
    ], order="number", target="results")

A QuerySet that comes here has passed `visible_to`. What is unknown stands last in either direction, on every database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpRequest, QueryDict
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhikun.pages import formats
from zhikun.pages.formats import Text

#: Counting a million rows costs more than showing fifty of them; nobody pages through more than this.
MOST_COUNTED = 10_000
PER_PAGE = 50
NUMBERS = {"money", "count", "percent"}


@dataclass(frozen=True)
class Column:
    """One column. `value` is the name of an attribute (dots lead on) or a function of the row; without it, `name`.

    `kind` is how values are drawn (`formats.KINDS`); `template` draws them instead, with `row` and `value`. `sort` is
    the expression to order by; without it the column cannot be sorted. `wide` columns may break their lines.
    """

    name: str
    title: Text
    value: str | Callable[[Any], Any] = ""
    kind: str = "text"
    sort: str = ""
    link: Callable[[Any], str] | None = None
    template: str = ""
    wide: bool = False
    heading: bool = False


@dataclass(frozen=True)
class Head:
    """A column's heading as it stands on this page: where a click leads, and how the rows are ordered now."""

    title: Text
    url: str
    direction: str
    css: str


@dataclass(frozen=True)
class Cell:
    """One value of one row, drawn."""

    label: Text
    html: SafeString
    css: str
    heading: bool


@dataclass(frozen=True)
class PageLink:
    """One step of the paging. Without an address it is this page, or a gap."""

    title: str
    url: str = ""
    current: bool = False


@dataclass
class Table:
    """The rows of one page, with headings to sort by and links to the other pages.

    `name` tells two tables on one page apart in the address; `target` is the id of the element that HTMX replaces
    when somebody sorts or pages; `empty` is said when there are no rows, `remedy` what to do then.
    """

    request: HttpRequest
    source: QuerySet[Any] | Sequence[Any]
    columns: Sequence[Column]
    _: KW_ONLY
    caption: Text = ""
    order: str = ""
    name: str = ""
    target: str = ""
    per_page: int = PER_PAGE
    empty: Text = ""
    remedy: Text = ""

    def __post_init__(self) -> None:
        self.empty = self.empty or _("没有符合条件的记录。")
        self._page_key, self._sort_key = (f"{self.name}-page", f"{self.name}-sort") if self.name else ("page", "sort")
        self.order = self._asked_order(self.order)
        counted = self._count()
        self.over = counted > MOST_COUNTED
        self.total = min(counted, MOST_COUNTED)
        self.pages = max(1, -(-self.total // self.per_page))
        self.number = min(max(1, _whole(self.request.GET.get(self._page_key, "1"))), self.pages)

    @property
    def heads(self) -> list[Head]:
        """The headings; of the column that orders now, a click turns the order."""
        heads = []
        for column in self.columns:
            direction = ""
            if column.sort and self.order.removeprefix("-") == column.name:
                direction = "descending" if self.order.startswith("-") else "ascending"
            wanted = f"-{column.name}" if direction == "ascending" else column.name
            url = self._address({self._sort_key: wanted, self._page_key: ""}) if column.sort else ""
            heads.append(Head(column.title, url, direction, _css(column)))
        return heads

    @property
    def lines(self) -> Iterator[list[Cell]]:
        """The rows of this page as cells."""
        draws = [_drawer(column) for column in self.columns]
        for row in self.rows:
            yield [
                Cell(column.title, draw(row), _css(column), column.heading)
                for column, draw in zip(self.columns, draws, strict=True)
            ]

    @property
    def rows(self) -> Sequence[Any]:
        """The rows of this page, in the order asked for; a last key makes the order total, so that no row is missed."""
        first = (self.number - 1) * self.per_page
        last = min(first + self.per_page, MOST_COUNTED)
        return list(self._ordered()[first:last])

    @property
    def summary(self) -> str:
        """How many there are, and where this page stands."""
        if self.over:
            return _("超过 {n} 条，只列前 {n} 条，请缩小范围；第 {page} / {pages} 页").format(
                n=f"{MOST_COUNTED:,}", page=self.number, pages=self.pages
            )
        return _("共 {n} 条，第 {page} / {pages} 页").format(n=f"{self.total:,}", page=self.number, pages=self.pages)

    @property
    def paging(self) -> list[PageLink]:
        """上一页, the numbers around this page with the first and the last, 下一页."""
        if self.pages == 1:
            return []
        near = {n for n in range(self.number - 2, self.number + 3) if 1 <= n <= self.pages} | {1, self.pages}
        links = [PageLink(_("上一页"), self._page_url(self.number - 1) if self.number > 1 else "")]
        before = 0
        for number in sorted(near):
            if number - before > 1:
                links.append(PageLink("…"))
            here = number == self.number
            links.append(PageLink(str(number), "" if here else self._page_url(number), here))
            before = number
        links.append(PageLink(_("下一页"), self._page_url(self.number + 1) if self.number < self.pages else ""))
        return links

    def _asked_order(self, otherwise: str) -> str:
        asked = self.request.GET.get(self._sort_key, "") or otherwise
        known = {column.name for column in self.columns if column.sort}
        return asked if asked.removeprefix("-") in known else otherwise

    def _count(self) -> int:
        if isinstance(self.source, QuerySet):
            return self.source.order_by()[: MOST_COUNTED + 1].count()
        return len(self.source)

    def _ordered(self) -> QuerySet[Any] | Sequence[Any]:
        column = next((one for one in self.columns if one.name == self.order.removeprefix("-") and one.sort), None)
        down = self.order.startswith("-")
        if isinstance(self.source, QuerySet):
            if column is None:
                return self.source if self.source.ordered else self.source.order_by("pk")
            by = F(column.sort.replace(".", "__"))
            return self.source.order_by(by.desc(nulls_last=True) if down else by.asc(nulls_last=True), "pk")
        if column is None:
            return self.source
        key = _reader(column.sort)
        known = sorted((row for row in self.source if not formats.is_unknown(key(row))), key=key, reverse=down)
        return known + [row for row in self.source if formats.is_unknown(key(row))]

    def _page_url(self, number: int) -> str:
        return self._address({self._page_key: "" if number == 1 else str(number)})

    def _address(self, changed: dict[str, str]) -> str:
        query: QueryDict = self.request.GET.copy()
        for key, value in changed.items():
            query.pop(key, None)
            if value:
                query[key] = value
        text = query.urlencode()
        return f"{self.request.path}?{text}" if text else self.request.path


def _drawer(column: Column) -> Callable[[Any], SafeString]:
    read = column.value if callable(column.value) else _reader(column.value or column.name)
    draw = formats.COLUMNS[column.kind]
    if column.template:
        template = get_template(column.template)
        return lambda row: SafeString(template.render({"row": row, "value": read(row)}))
    if column.link is not None:
        link = column.link
        return lambda row: format_html('<a href="{}">{}</a>', link(row), draw(read(row)))
    return lambda row: draw(read(row))


def _reader(path: str) -> Callable[[Any], Any]:
    names = path.replace("__", ".").split(".")

    def read(row: Any) -> Any:
        for name in names:
            if row is None:
                return None
            row = row.get(name) if isinstance(row, dict) else getattr(row, name)
        return row

    return read


def _css(column: Column) -> str:
    return " ".join(word for word, said in (("zk-right", column.kind in NUMBERS), ("zk-wide", column.wide)) if said)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
