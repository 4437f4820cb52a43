"""The county report as a leader opens it: offline, complete, adding up, without personal data."""

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

import pyarrow as pa
import pypdf
import pytest
from tests.documents.factory import make_assessed, make_line, make_pack

from zhikun.documents import FontsMissing, charts, county_report, fonts, html_page, pdf_bytes, statistics, write_report
from zhikun.engine.packs.model import Results

NOBODY = ("小军", "秀兰", "国强", "玉花")


@pytest.fixture(scope="module")
def county():
    return make_assessed()


@pytest.fixture(scope="module")
def page(county):
    return html_page(county_report(county))


@pytest.fixture(scope="module")
def pdf_text(county):
    reader = pypdf.PdfReader(io.BytesIO(pdf_bytes(county_report(county))))
    return "\n".join(p.extract_text() for p in reader.pages)


class Tags(HTMLParser):
    """Every tag with its attributes, and whether each opened section is closed."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag in {"section", "table", "svg", "main", "figure", "div"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in {"section", "table", "svg", "main", "figure", "div"}:
            assert self.open.pop() == tag


def test_the_page_asks_nobody_for_anything(page):
    """It is opened on an office machine without internet: no script, no link to load, no picture elsewhere."""
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    names = {tag for tag, _ in tags.found}
    assert not names & {"script", "link", "iframe", "img", "object"}
    loaded = [v for _, attrs in tags.found for k, v in attrs.items() if k in {"src", "href", "xlink:href", "action"}]
    assert all(v.startswith("#") for v in loaded)
    assert "url(http" not in page
    assert "@import" not in page


def test_the_page_fits_a_phone_and_paper(page):
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "@media print" in page
    assert '<html lang="zh-CN">' in page


@pytest.mark.fonts
def test_both_documents_say_the_same(page, pdf_text):
    flat = re.sub(r"\s", "", pdf_text)
    for sentence in (
        "系统提出建议，由人作出决定",
        "示例参数，须由本地填报",
        "全部家庭和人员由程序生成，不是真实居民",
        "有60户缺少能够改变结果的信息",
        "因就业165户",
        "困难家庭致困原因统计表（户）",
        "核实车辆现值和用途，残疾人代步车除外",
        "调查表共4,812户，受理4,803户，退回更正9户",
        "3f9a1c0b7de23f9a",
        "2025年3月1日",
    ):
        assert sentence in re.sub(r"\s", "", page), sentence
        assert sentence in flat, sentence


@pytest.mark.fonts
def test_the_pdf_carries_its_fonts_and_counts_its_pages(county, pdf_text):
    reader = pypdf.PdfReader(io.BytesIO(pdf_bytes(county_report(county))))
    used = [f["/BaseFont"] for p in reader.pages for f in p["/Resources"]["/Font"].values()]
    assert any("NotoSans" in str(name) for name in used)
    assert all("+" in str(name) for name in used)  # subsets, so they are embedded
    assert f"第 1 页，共 {len(reader.pages)} 页" in pdf_text


def test_headline_figures_add_up_with_the_tables(county, page):
    whole = statistics.totals(county)
    for figure in (f"{whole.households:,}", f"{whole.members:,}", f"{whole.amount:,.2f}"):
        assert page.count(figure) >= 2  # in the headline and in the total row


def test_no_identity_number_and_no_full_name_appears(page):
    assert "110105" not in page
    assert not any(name in page for name in NOBODY)


@pytest.mark.fonts
def test_the_pdf_shows_no_full_name(pdf_text):
    assert "110105" not in pdf_text
    assert not any(name in pdf_text for name in NOBODY)


def test_texts_of_a_pack_cannot_become_markup(county):
    pack = make_pack(title="<script>alert(1)</script>桃源 & 县 #emph[x] $y$")
    page = html_page(county_report(replace(county, pack=pack)))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;桃源 &amp; 县" in page


@pytest.mark.fonts
def test_texts_of_a_pack_cannot_become_typst(county):
    pack = make_pack(title="桃源 #panic() $x$ *粗* _斜_ @a `b` \\")
    reader = pypdf.PdfReader(io.BytesIO(pdf_bytes(county_report(replace(county, pack=pack)))))
    assert "#panic() $x$ *粗*" in reader.pages[0].extract_text()


def test_a_pack_without_causes_amount_or_category_still_reports(county):
    pack = make_pack(
        results=Results(), notes=(), sources={}, sample=False, standards={}, tables={}, rankings={}, rules={}
    )
    page = html_page(county_report(replace(county, pack=pack)))
    assert "致困原因统计表" not in page
    assert "示例参数" not in page
    assert "4,803" in page


def test_a_county_without_open_questions_says_so(county):
    empty = county.missing.slice(0, 0)
    assert "没有待补充的信息" in html_page(county_report(replace(county, missing=empty)))


def test_an_empty_list_makes_an_empty_report_not_a_crash(county):
    results = {"household": county.results["household"].slice(0, 0)}
    page = html_page(county_report(replace(county, results=results, missing=county.missing.slice(0, 0))))
    assert "评估家庭" in page


def test_without_a_chinese_font_the_pdf_is_refused_with_the_way_out(county, monkeypatch, tmp_path):
    class NoFonts:
        def __init__(self, **_settings):
            pass

        def families(self):
            return ["DejaVu Sans"]

    fonts.typst_fonts.cache_clear()
    monkeypatch.setattr(fonts.typst, "Fonts", NoFonts)
    monkeypatch.setattr(fonts, "font_files", lambda: ())
    with pytest.raises(FontsMissing, match=r"没有找到中文字体.*make demo.*fonts-noto-cjk"):
        write_report(county, tmp_path / "report.html", tmp_path / "report.pdf")
    fonts.typst_fonts.cache_clear()
    assert (tmp_path / "report.html").exists()  # what can be written has been written


def test_charts_are_text_with_a_title_for_those_who_cannot_see(county):
    svgs = [
        charts.causes_chart(statistics.causes_table(county)),
        charts.place_chart(statistics.by_place(county), statistics.by_category(county)),
        charts.category_chart(statistics.by_category(county)),
        charts.distribution_chart(statistics.distribution(county, "income_per_head")),
    ]
    ids = []
    for svg in svgs:
        root = ET.fromstring(svg)  # noqa: S314 - our own drawing
        assert root.get("role") == "img"
        assert root[0].tag.endswith("title")
        assert root[0].text
        assert root[0].get("id") in root.get("aria-labelledby")
        assert root[1].tag.endswith("desc")
        assert root.get("width") is None  # it takes the width of the page
        assert any(e.tag.endswith("text") for e in root.iter())
        ids += [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))  # several charts share a page
    assert ">因病<" in svgs[0]
    assert re.findall(r">(3,890|487|79)<", svgs[0]) == ["3,890", "487", "79"]  # a column for each level
    assert ">三营镇<" in svgs[1]


def test_a_chart_is_the_same_every_time(county):
    table = statistics.causes_table(county)
    assert charts.causes_chart(table) == charts.causes_chart(table)


def test_two_places_of_one_name_keep_two_bars():
    groups = [statistics.Group("640402100", "中心乡", 3), statistics.Group("640402101", "中心乡", 5)]
    groups = [replace(g, categories={"": g.households}) for g in groups]
    assert ">5<" in charts.place_chart(groups, ())
    assert ">3<" in charts.place_chart(groups, ())


def test_the_longest_table_of_flags_shows_what_is_not_clear_yet(county):
    table = county.results["household"]
    waiting = pa.array([["study_abroad"]] * table.num_rows)
    table = table.append_column("flags__undetermined", waiting)
    page = html_page(county_report(replace(county, results={**county.results, "household": table})))
    assert re.search(r"子女自费出国留学.*?4,803", page, re.DOTALL)


def test_a_pack_without_a_line_says_that_two_points_were_taken(page):
    assert "政策包没有规定致困认定线，本报告按2分及以上计。" in page


def test_the_line_of_the_pack_is_counted_charted_and_cited(county):
    """At 1.5 points 3,604 households have an “other” cause, at 2 points 1,985."""
    pack = make_pack(standards=make_line({"2024-01-01": 1.5}))
    page = html_page(county_report(replace(county, pack=pack)))
    table = statistics.causes_table(replace(county, pack=pack))
    other = next(r for r in table.rows if r.name == "other")
    assert (other.at_least(1.5), other.at_least(2.0)) == (3604, 1985)
    assert f"1.5分及以上{other.at_least(1.5):,}户" in page
    assert "按1.5分及以上计" in page
    assert "致困认定线：1.5分及以上。依据：认定办法第3条。" in page
    assert ">≥0.5分<" in page  # the legend of the chart
    assert "2分及以上" not in page.replace("就业2分及以上", "")  # a note of the pack speaks of 2 points


@pytest.mark.parametrize(("line", "legend"), [(1.0, ["1", "2"]), (5.0, ["4", "5"]), (2.0, ["1", "2", "3"])])
def test_a_chart_shows_no_level_that_nobody_can_score(county, line, legend):
    svg = charts.causes_chart(replace(statistics.causes_table(county), line=statistics.CauseLine(line)))
    assert re.findall(r">≥([\d.]+)分<", svg) == legend


def test_needs_and_policies_stand_under_headings_of_their_own(county):
    needs = replace(make_pack().rules["household", "policies"], name="needs", title="帮扶需求清单")
    rules = make_pack().rules | {("household", "needs"): needs}
    results = replace(make_pack().results, policies=("needs", "policies"))
    table = county.results["household"]
    table = table.append_column("needs", table.column("policies"))
    two = replace(county, results={**county.results, "household": table}, pack=make_pack(rules=rules, results=results))
    page = html_page(county_report(two))
    assert (
        page.index("<h2>帮扶需求与可享受的政策</h2>")
        < page.index("<h3>帮扶需求清单</h3>")
        < page.index("<h3>可享受的政策</h3>")
    )
    assert "<h3>可享受的政策</h3>" not in html_page(county_report(county))  # one list needs no second heading


def test_the_sentence_on_households_without_a_rank_stands_under_the_ranking_only_where_there_are_some(county):
    with_some = html_page(county_report(county))
    assert "有60户没有位次：60户的困难指数待补充。" in with_some
    everybody = county.results["household"].drop_columns("rank")
    ranks = pa.array(range(1, 4804), pa.int64())
    ranked = replace(county, results=county.results | {"household": everybody.append_column("rank", ranks)})
    assert "没有位次" not in html_page(county_report(ranked))


def test_a_place_nobody_named_is_shown_as_such_and_not_as_a_bare_code(county):
    assert county.place_name("640402199") == "未登记名称（640402199）"
    nameless = county.townships()[0]
    names = {code: name for code, name in county.place_names.items() if code != nameless}
    assert f">未登记名称（{nameless}）<" in html_page(county_report(replace(county, place_names=names)))


def test_a_wide_table_says_on_a_phone_that_it_can_be_moved(page):
    wide = page.count("左右滑动看全表")
    assert wide == len(re.findall(r'<table class="(?:dense )?(?:many|some)', page)) > 0
