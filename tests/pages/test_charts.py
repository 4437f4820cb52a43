"""The charts of the page kit: the numbers drawn are the numbers told, and what is not known is neither zero nor silent."""

import json
import re

import pytest
from django.template import Context, Template

from zhikun.pages.parts import Chart, Series


def drawn(chart: Chart) -> str:
    return Template("{% load pages %}{% chart one %}").render(Context({"one": chart}))


def data_of(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)[1])


def rows_of(text: str) -> list[str]:
    return re.findall(r"<tr>(.*?)</tr>", text.split("<tbody>")[1], re.DOTALL)


def test_the_table_says_what_the_drawing_draws_and_each_number_leads_to_its_list():
    chart = Chart("致困原因", "bar", ["因病", "因灾"], [Series("", [487, 12.5], ["/list?a=1&b=2", "/other"])], "户")
    text = drawn(chart)
    data = data_of(text)
    assert data["series"][0]["values"] == [487, 12.5]
    assert data["series"][0]["urls"] == ["/list?a=1&b=2", "/other"]
    first, second = rows_of(text)
    assert '<a href="/list?a=1&amp;b=2"><span class="zk-number">487</span></a>' in first
    assert '<a href="/other"><span class="zk-number">12.5</span></a>' in second
    assert "数值（户）" in text
    assert data["said"] == "致困原因：因病 487户，因灾 12.5户"


def test_names_and_addresses_in_the_table_are_words_and_not_markup():
    chart = Chart("户数", "bar", ["<b>甲</b>村"], [Series("", [1234567], ['/list?"<x>'])], urls=['/place?"<y>'])
    (only,) = rows_of(drawn(chart))
    assert '<a href="/place?&quot;&lt;y&gt;">&lt;b&gt;甲&lt;/b&gt;村</a>' in only
    assert '<a href="/list?&quot;&lt;x&gt;"><span class="zk-number">1,234,567</span></a>' in only


def test_a_zero_is_drawn_but_leads_nowhere():
    text = drawn(Chart("户数", "bar", ["甲村", "乙村"], [Series("", [0, 1], ["/none", "/one"])]))
    assert data_of(text)["series"][0] == {"name": "", "tone": "", "values": [0, 1], "urls": ["", "/one"]}
    assert "/none" not in text


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_the_unknown_is_a_gap_and_is_said_in_words(nothing):
    series = [Series("今年", [3, nothing], ["/a", "/b"]), Series("去年", [nothing, 0])]
    text = drawn(Chart("户数", "line", ["甲村", "乙村"], series, "户"))
    assert [one["values"] for one in data_of(text)["series"]] == [[3, None], [None, 0]]
    assert "未知，图中没有画出：甲村（去年）、乙村（今年）" in text
    first, second = rows_of(text)
    assert "未知" in first
    assert "未知" in second
    assert data_of(text)["said"] == "户数：甲村 今年 3户，甲村 去年 未知，乙村 今年 未知，乙村 去年 0户"


def test_many_unknown_are_counted_and_not_listed_for_ever():
    names = [f"村{n}" for n in range(20)]
    text = drawn(Chart("户数", "bar", names, [Series("", [1] + [None] * 19)]))
    assert "村12 等 19 项" in text
    assert "村13 " not in text.split("<table")[0]


def test_without_a_known_number_nothing_is_drawn_and_the_table_stays():
    text = drawn(Chart("支出", "line", ["上旬"], [Series("", [None])]))
    assert "data-chart " not in text
    assert "没有可画的图" in text
    assert len(rows_of(text)) == 1
    nothing = drawn(Chart("支出", "bar", [], []))
    assert "没有可画的数据" in nothing
    assert "<table" not in nothing


def test_what_is_too_much_for_a_picture_stands_in_the_table_and_the_page_says_so():
    names = [f"村{n}" for n in range(64)]
    text = drawn(Chart("户数", "bar", names, [Series("", list(range(64)))]))
    assert len(data_of(text)["categories"]) == len(data_of(text)["series"][0]["values"]) == 60
    assert "图中只画前 60 项，其余 4 项见下面的数据。" in text
    assert len(rows_of(text)) == 64
    assert data_of(text)["said"].endswith("……其余见下面的数据表")


def test_numbers_that_do_not_belong_to_a_category_are_refused():
    with pytest.raises(ValueError, match="as many as the 2 categories"):
        Chart("户数", "bar", ["甲", "乙"], [Series("", [1])])
    with pytest.raises(ValueError, match="as many as the 2 categories"):
        Chart("户数", "bar", ["甲", "乙"], [Series("", [1, 2], ["/a"])])
    with pytest.raises(ValueError, match="as many as the 1 categories"):
        Chart("户数", "bar", ["甲"], [Series("", [1])], urls=["/a", "/b"])


def test_names_cannot_break_out_of_the_data_or_the_table():
    text = drawn(Chart("</script><b>", "heat", ["<i>甲</i>"], [Series("<u>", [1])], "<s>"))
    assert text.count("</script>") == 1
    assert not set(re.findall(r"<[bius]>", text))


def test_a_category_leads_to_its_own_page_and_a_sample_is_marked():
    text = drawn(
        Chart("户数", "stacked", ["城关镇"], [Series("低保", [4])], sample=True, urls=["/place"], note="按住址。")
    )
    assert '<th scope="row"><a href="/place">城关镇</a></th>' in text
    assert "示例参数，须由本地填报" in text
    assert "按住址。" in text


def test_a_gap_that_is_no_ignorance_has_a_word_of_its_own():
    text = drawn(Chart("户数", "line", ["五月", "六月"], [Series("", [None, 9])], "户", gap="少于5"))
    assert "少于5，图中没有画出：五月" in text
    assert "少于5" in rows_of(text)[0]
    assert data_of(text)["words"] == {"unknown": "少于5"}
    assert data_of(text)["said"] == "户数：五月 少于5，六月 9户"
    assert "未知" not in text
