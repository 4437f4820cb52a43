"""Digit by digit: a run's kept result, the engine asked again, the page, the report and the export say the same of a household.

1,000 households of the generated county, drawn at random in two halves, with cents in their sums and gaps in what is known.
The text of the report is compared for all of them; setting one in type takes longer than all the rest, so of 100 the PDF is
made through its page and read back, which shows that setting loses and changes nothing. The comparison with neighbours,
which asks the results of a whole place for each page, is left out of the other 900 pages. On PostgreSQL a tenth of the
households is enough: only reading the facts differs there.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from html import unescape

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pypdf
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from tests.analytics import report_of
from tests.assessments.test_list_exports import address_of_export, exported
from tests.officers import signed_in

from zhikun.accounts.models import Officer
from zhikun.assessments import opening, report
from zhikun.assessments.results import kept_in, pack_of
from zhikun.assessments.services import provisional
from zhikun.documents.values import shown_of
from zhikun.engine.packs import load
from zhikun.intake import survey
from zhikun.intake.demo import generate
from zhikun.registry.models import Household
from zhikun.registry.services import exporting
from zhikun.tables import read_sheets
from zhikun.web.demo import build

HALF = 500 if connection.vendor == "sqlite" else 50
IN_TYPE = HALF // 10
#: Never left open: what a household is found by.
CERTAIN = {"household", "place", "address", "phone", "row", "name", "id_number", "relation", "sex", "birth_date"}
UNKNOWN = "尚不能确定"


@cache
def whole_county():
    return generate(1, "yuanzhou")


def drawn(half):
    """Half of the households, with cents and gaps."""
    tables = whole_county()
    dice = np.random.default_rng(2026)
    ids = tables["household"]["household"].take(dice.permutation(tables["household"].num_rows)[half * HALF :][:HALF])
    found = {}
    for entity, table in tables.items():
        mine = table.filter(pc.is_in(table["household"], value_set=ids.combine_chunks()))
        columns = {}
        for field in mine.schema:
            column = columns[field.name] = mine[field.name].combine_chunks()
            if field.name in CERTAIN:
                continue
            if field.name.endswith("_income_year"):
                cents = pa.array(dice.integers(0, 100, len(column)) / 100)
                column = pc.if_else(pc.greater(column, 0), pc.round(pc.add(column, cents), 2), column)
            gaps = pa.array(dice.random(len(column)) < 0.01)
            columns[field.name] = pc.if_else(gaps, pa.nulls(len(column), field.type), column)
        found[entity] = pa.table(columns, schema=mine.schema)
    return found


def expected(run, kept):
    """What stands beside each title, by the kept result: (title, words and digits or None while unknown, unit)."""
    pack = pack_of(run)
    shown = pack.results
    values = {shown.category: kept.category, shown.index: kept.index, **kept.causes}
    values |= {name: kept.values[name] for name in shown.columns if name in kept.values and name not in pack.rankings}
    faces = {name: shown_of(pack, name) for name in values}
    return {
        name: (faces[name].title, None if value is None else written(value, faces[name]), faces[name].unit)
        for name, value in values.items()
    }


def written(value, face):
    """A whole amount of money has no decimals, any other two; parts of a cent below one yuan, and everything else, as they are."""
    if not isinstance(value, float) or "元" not in face.unit:
        return face.text(value)
    exact = Decimal(str(value))
    cents = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    if abs(exact) < 1 and cents != exact:
        return f"{exact:f}"
    return f"{cents:,}".removesuffix(".00")


def in_a_cell(words):
    """What a spreadsheet holds of it: a number is a number."""
    if words is None:
        return UNKNOWN
    digits = words.replace(",", "")
    whole = re.fullmatch(r"-?\d+\.\d*", digits)
    return digits.rstrip("0").rstrip(".") if whole else digits


def on_page(page):
    """Titles and figures of the proposal and the causes."""
    part = page[page.index('id="proposal"') : page.index('id="explanation"')]
    pairs = re.findall(r"<dt>([^<]*)</dt><dd>(.*?)</dd>", part, re.DOTALL)
    return {unescape(title): " ".join(unescape(re.sub(r"<[^>]*>", " ", told)).split()) for title, told in pairs}


def in_document(document):
    """Titles and figures of every table of the report: each with all that is said beside it."""
    told = {}
    for block in document.blocks:
        for row in getattr(block, "rows", ()):
            cells = [cell.text for cell in row]
            told.setdefault(cells[0], set()).update(cells[1:])
    return told


def rows_of(made, tmp_path):
    """Household number -> column -> cell."""
    content = b"".join(exporting.content(made))
    if made.format == "csv":
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:-1]
    else:
        path = tmp_path / "list.xlsx"
        path.write_bytes(content)
        lines = [row for part in [read_sheets(path)[0].head(HALF + 9)] for row in part][1:]
    return {row[0]: dict(zip(made.columns, row, strict=True)) for row in lines[1:]}


def squeezed(text):
    return re.sub(r"\s", "", text)


class Reported:
    """The report's document of every household whose page is opened, made of the same opened assessment."""

    def __init__(self, monkeypatch, officer):
        self.officer, self.last = officer, None
        real = opening.opened
        monkeypatch.setattr("zhikun.assessments.ui.household.opened", self._kept(real))

    def _kept(self, real):
        def opened(household, officer):
            self.last = real(household, officer)
            return self.last

        return opened

    def document(self, monkeypatch):
        with monkeypatch.context() as quick:
            quick.setattr(report, "pdf_bytes", lambda document: document)
            return report.report_of(self.last, self.officer, full=False)


@pytest.mark.fonts
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("half", [0, 1])
def test_of_a_thousand_households_everything_says_the_same(half, tmp_path, monkeypatch):
    workbook, today = tmp_path / "county.xlsx", timezone.localdate()
    survey.write(drawn(half), load("yuanzhou"), workbook)
    run = build(workbook, today, lambda _text: None).run
    assert report_of.lists_hold(run, most=10) > 1000, "what is counted of villages when the run ends"
    officer = Officer.objects.get(username="demo-county-reviewer")
    browser, reported, real = signed_in(officer), Reported(monkeypatch, officer), opening.alike
    names = [*expected(run, kept_in(run, Household.objects.first().pk))]
    columns = ["number", *(f"run.{name}" for name in ("_category", "_index", *names[2:]))]
    files = [
        rows_of(exported(browser, address_of_export(run), form=form, columns=columns), tmp_path)
        for form in ("csv", "xlsx")
    ]
    homes = list(Household.objects.open().order_by("number"))
    assert (run.households, len(homes), {len(rows) for rows in files}) == (HALF, HALF, {HALF})
    assert HALF / 20 < run.undetermined < HALF / 2
    for n, home in enumerate(homes):
        in_type = n % (HALF // IN_TYPE) == 0
        monkeypatch.setattr(opening, "alike", real if in_type else lambda *_about: None)
        compare(run, home, browser, reported, monkeypatch, [rows[home.number] for rows in files], in_type=in_type)


def compare(run, home, browser, reported, monkeypatch, rows, *, in_type):
    """One household: everything against its kept result."""
    kept = kept_in(run, home.pk)
    told = expected(run, kept)
    again = provisional.of(home, run.on)
    figures = {one.name: one.value for one in (again.category, again.index, *again.causes, *again.others)}
    pack = pack_of(run)
    mine = {pack.results.category: kept.category, pack.results.index: kept.index, **kept.causes, **kept.values}
    top = {pack.results.category, pack.results.index, *pack.results.causes}
    # A column of reports that nothing of this household rests on stands in the export alone.
    shown = {name for name in told if name in figures}
    assert shown >= top
    assert {name: _plain(figures[name]) for name in shown} == {name: mine[name] for name in shown}, home.number
    assert {one["code"] for one in again.flags if one.get("state") != "undetermined"} == set(kept.flags)
    assert set(kept.missing) <= {f"{one.entity}.{one.fact}" for one in again.missing}
    page = on_page(browser.get(reverse("assessments:household", args=[home.pk])).content.decode())
    document = in_document(reported.document(monkeypatch))
    text = squeezed(pdf_of(browser, home)) if in_type else None
    for name, (title, words, unit) in told.items():
        where = (home.number, title)
        column = {pack.results.category: "run._category", pack.results.index: "run._index"}.get(name, f"run.{name}")
        assert {row[column] for row in rows} == {in_a_cell(words)}, where
        if name not in shown:
            continue
        whole = f"{words} {unit}" if unit else words
        assert page[title] == ("未知" if words is None else whole), where
        assert document[title] & ({"待补充信息后确定", "待补充"} if words is None else {whole}), where
        if text is not None:
            # In the table of results the figure stands beside its title, among the steps behind how it came about.
            between = "" if name in top else ".{0,600}?"
            assert re.search(
                re.escape(squeezed(title)) + between + re.escape(squeezed(whole if words else "待补充")), text
            ), where


def _plain(value):
    """A category that is none yet is empty in an explanation and nothing in a result."""
    return None if value == "" else value


def pdf_of(browser, home):
    answer = browser.get(reverse("assessments:report", args=[home.pk]))
    if reader := shutil.which("pdftotext"):  # of poppler: twenty times as quick
        return subprocess.run(
            [reader, "-raw", "-", "-"], input=answer.content, capture_output=True, check=True
        ).stdout.decode()
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
