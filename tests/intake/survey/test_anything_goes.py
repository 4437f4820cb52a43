"""Whatever stands in the cells: an answer, never a crash, and no household half read."""

from __future__ import annotations

import csv
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.intake.survey.factory import TODAY, good, make_pack

from zhikun.intake import survey
from zhikun.tables import cell_text

PACK = make_pack()
ODD = [
    "", " ", "无", "NA", "-", "1e400", "nan", "inf", "-0", "９", "1,000", "2023-02-30", "二〇二三年十月十十日", "99999",
    "6.4E+17", "A1", "A2", "户主", "示例", "\u200b", "=1", "'", "0000-00-00", "农历", "1/2/3", "[]", "、", "x" * 500,
]  # fmt: skip
WORDS = st.sampled_from(ODD) | st.text(max_size=12) | st.from_regex(r"[0-9０-９.,年月日/eE+-]{1,20}", fullmatch=True)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["家庭", "成员"]), st.integers(1, 5), st.integers(0, 10), WORDS), max_size=8
)


def read(path):
    try:
        return survey.read(path, PACK, today=TODAY), ()
    except survey.UnreadableFile as refused:
        return None, refused.messages


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=60
)
@given(changes=CHANGES)
def test_every_table_is_answered(changes, tmp_path):
    sheets = {name: [[cell_text(v) for v in row] for row in rows] for name, rows in good().items()}
    for sheet, row, column, word in changes:
        rows = sheets[sheet]
        rows[min(row, len(rows) - 1)][column % len(rows[0])] = word
    for name, rows in sheets.items():
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="", errors="replace") as file:
            csv.writer(file).writerows(rows)
    found, refused = read(tmp_path / "家庭.csv")
    assert all(message.remedy for message in refused if message.severity is survey.Severity.ERROR)
    if found is None:
        assert refused
        return
    accepted = set(found.tables["household"]["household"].to_pylist())
    blamed = {m.household for m in found.of(survey.Severity.ERROR)}
    assert not accepted & blamed
    assert set(found.tables["member"]["household"].to_pylist()) == accepted
    for entity in ("household", "member"):
        rejected = len(found.rejects[entity].rows)
        assert found.tables[entity].num_rows + rejected == found.counts[f"rows.{entity}"]
    assert not any(re.search(r"9904021965\d{8}", str(m)) for m in found.messages)
