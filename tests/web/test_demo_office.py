"""The demo county through the whole platform: uploaded, approved by another, committed, assessed."""

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from django.urls import reverse
from tests.analytics import report_of
from tests.officers import signed_in

from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Role
from zhikun.assessments.results import results_in
from zhikun.audit.chain import verify
from zhikun.documents.values import shown_of
from zhikun.engine.packs import load
from zhikun.intake import survey
from zhikun.intake.demo import generate
from zhikun.registry.models import Household, ImportBatch, Person
from zhikun.web.demo import build

PUBLISHED = Path(__file__).resolve().parents[1] / "intake" / "published_causes.csv"
DAY = date(2023, 11, 30)


@pytest.mark.django_db(transaction=True)
def test_every_cell_of_the_published_table_comes_out_of_the_files_of_the_households(tmp_path):
    workbook = tmp_path / "county.xlsx"
    survey.write(generate(1, "yuanzhou"), load("yuanzhou"), workbook)
    made = build(workbook, DAY, lambda text: None)
    assert {one.role for one in made.accounts} == set(Role)
    assert (Household.objects.open().count(), Person.objects.count()) == (4803, 15396)
    pack = load("yuanzhou")
    titles = {name: shown_of(pack, name).title for name in pack.results.causes}
    found = {name: Counter() for name in titles}
    results = results_in(made.run, [made.run.range])
    for name, counts in found.items():
        counts.update(score for (score,) in results.select(f'"{name}"').fetchall())
    lines = [line for line in PUBLISHED.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    published = {row["cause"]: row for row in csv.DictReader(lines)}
    scores = [key for key in next(iter(published.values())) if key not in {"cause", "total"}]
    assert {name: [counts[float(score)] for score in scores] for name, counts in found.items()} == {
        name: [int(published[title][score]) for score in scores] for name, title in titles.items()
    }
    report_of.holds(made.run)
    browser = signed_in(Officer.objects.get(appointments__role=Role.COUNTY_REVIEWER))
    page = browser.get(reverse("analytics:newest"), follow=True).content.decode()
    table = page[page.index('id="causes"') :]
    for title, row in published.items():
        cells = table[table.index(f'<th scope="row">{title}</th>') :].split("</tr>")[0]
        told = [int(re.sub(r"<[^>]*>|,", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", cells)]
        assert told[:12] == [int(row[score]) for score in (*scores, "total")], title
    again = build(workbook, DAY, lambda text: None)
    assert (again.run.pk, ImportBatch.objects.count()) == (made.run.pk, 1)
    assert Household.objects.count() == 4803
    assert verify().broken == ""
