"""A table's state is its address; what is unknown stands last; nobody's query string chooses what to order by."""

from types import SimpleNamespace

import pytest
from django.contrib.contenttypes.models import ContentType
from django.template.loader import render_to_string
from django.test import RequestFactory

from zhikun.pages import tables
from zhikun.pages.tables import Column, Table

ROWS = [
    SimpleNamespace(n=n, income=None if n % 3 == 0 else n * 10, home=SimpleNamespace(name=f"村{n}"))
    for n in range(1, 8)
]
COLUMNS = [
    Column("n", "编号", sort="n"),
    Column("income", "收入", kind="money", sort="income"),
    Column("village", "村", value="home.name"),
]


def at(query, rows=ROWS, **more):
    return Table(RequestFactory().get(f"/list/{query}"), rows, COLUMNS, **more)


def numbers(table):
    return [row.n for row in table.rows]


def test_unknown_stands_last_in_both_directions():
    assert numbers(at("?sort=income")) == [1, 2, 4, 5, 7, 3, 6]
    assert numbers(at("?sort=-income")) == [7, 5, 4, 2, 1, 3, 6]


@pytest.mark.parametrize("wish", ["password", "-", "village", "n; drop", "--income"])
def test_only_sortable_columns_order(wish):
    assert numbers(at(f"?sort={wish}", order="-n"))[0] == 7


@pytest.mark.parametrize(
    ("page", "number"), [("2", 2), ("0", 1), ("-1", 1), ("99", 3), ("x", 1), ("1e3", 1), ("９", 1), ("9" * 400, 1)]
)
def test_pages_outside_lead_to_the_nearest_one(page, number):
    assert at(f"?page={page}", per_page=3).number == number


def test_every_row_is_on_one_page():
    seen = [n for page in (1, 2, 3) for n in numbers(at(f"?page={page}&sort=-income", per_page=3))]
    assert sorted(seen) == list(range(1, 8))


def test_links_keep_the_filters_and_a_new_order_begins_at_the_first_page():
    table = at("?name=张&name=李&page=2&sort=n", per_page=3)
    assert table.heads[0].direction == "ascending"
    assert table.heads[0].url == "/list/?name=%E5%BC%A0&name=%E6%9D%8E&sort=-n"
    assert table.heads[2].url == "", "no order by village was offered"
    assert [link.title for link in table.paging] == ["上一页", "1", "2", "3", "下一页"]
    assert "page=3" in table.paging[-1].url
    assert "page" not in table.paging[0].url.replace("/list/", "")


def test_two_tables_on_a_page_do_not_disturb_each_other():
    request = RequestFactory().get("/list/?page=2&help-page=3")
    first, second = Table(request, ROWS, COLUMNS, per_page=2), Table(request, ROWS, COLUMNS, per_page=2, name="help")
    assert (first.number, second.number) == (2, 3)


def test_counting_stops_and_the_page_says_so(monkeypatch):
    monkeypatch.setattr(tables, "MOST_COUNTED", 5)
    table = at("", per_page=3)
    assert table.pages == 2
    assert "超过 5 条" in table.summary
    assert len(at("?page=2", per_page=3).rows) == 2


def test_an_empty_table_says_so_and_what_to_do():
    table = at("", rows=[], empty="没有待办。", remedy="新的任务到了会在这里。")
    text = render_to_string("components/table.html", {"table": table})
    assert "没有待办。" in text
    assert "新的任务到了会在这里。" in text
    assert "<table" not in text


def test_cells_are_escaped_and_named_for_small_screens():
    rows = [SimpleNamespace(n="<i>", income=None, home=None)]
    text = render_to_string("components/table.html", {"table": at("", rows=rows)})
    assert "&lt;i&gt;" in text
    assert 'data-label="收入"' in text
    assert text.count("未知") == 2, "no income, no village: both unknown, neither empty"


def test_links_are_drawn_with_their_address_escaped():
    column = Column("n", "编号", link=lambda row: '/x/"><script>')
    table = Table(RequestFactory().get("/"), ROWS[:1], [column])
    assert "&quot;&gt;&lt;script&gt;" in next(iter(table.lines))[0].html


@pytest.mark.django_db
def test_a_queryset_is_ordered_totally_and_asked_twice(django_assert_num_queries):
    for n in range(5):
        ContentType.objects.create(app_label=f"app{n % 2}", model=f"m{n}")
    kinds = ContentType.objects.filter(app_label__in=["app0", "app1"])
    columns = [Column("app", "应用", value="app_label", sort="app_label"), Column("model", "模型")]
    with django_assert_num_queries(2):
        table = Table(RequestFactory().get("/?sort=-app"), kinds, columns, per_page=3)
        first = [kind.pk for kind in table.rows]
    rest = [kind.pk for kind in Table(RequestFactory().get("/?sort=-app&page=2"), kinds, columns, per_page=3).rows]
    assert len({*first, *rest}) == 5
    assert first == sorted(first[:2]) + first[2:], "equal values stand in the order of their keys"
