"""A survey and the households that came back corrected, number by number."""

from __future__ import annotations

import openpyxl
import pytest
from tests.intake.survey.factory import HEAD_B, TODAY, good, make_pack, save

from zhikun.intake import survey

PACK = make_pack()


def households(found):
    return sorted(found.tables["household"]["household"].to_pylist())


def errors(found):
    return [str(m) for m in found.of(survey.Severity.ERROR)]


def both(tmp_path, sheets, change):
    """The survey, and its rejects after `change` of their workbook, read together."""
    base = save(tmp_path / "base.xlsx", sheets)
    first = survey.read(base, PACK, today=TODAY)
    survey.write_rejects(first, PACK, tmp_path / "rejects.xlsx")
    book = openpyxl.load_workbook(tmp_path / "rejects.xlsx")
    change(book)
    book.save(tmp_path / "rejects.xlsx")
    return first, survey.read(base, PACK, corrected=tmp_path / "rejects.xlsx", today=TODAY)


def same_facts(found):
    """Every table by household and row: corrected ones stand last."""
    return {entity: sorted(map(str, table.to_pylist())) for entity, table in found.tables.items()}


def test_a_row_without_household_is_not_left_behind_in_the_survey(tmp_path):
    """The row below A1 that lost its number went back with A1; it must not hold up another household now."""
    sheets = good()
    sheets["成员"][2][0] = ""
    first, found = both(tmp_path, sheets, lambda book: book["成员"].cell(3, 1, "A1"))
    assert "A1" not in households(first)
    assert errors(found) == []
    whole = survey.read(save(tmp_path / "good.xlsx", good()), PACK, today=TODAY)
    assert same_facts(found) == same_facts(whole)
    assert (found.counts["replaced"], found.counts["added"], found.counts["rejected"]) == (1, 0, 0)


def test_a_mistyped_household_is_put_right(tmp_path):
    sheets = good()
    sheets["成员"][2][0] = "A11"

    def change(book):
        people = book["成员"]
        row = next(r for r in range(2, people.max_row + 1) if people.cell(r, 1).value == "A11")
        people.cell(row, 1, "A1")

    _first, found = both(tmp_path, sheets, change)
    assert errors(found) == []
    assert households(found) == ["A1", "A2", "A3"]


def test_every_household_may_be_corrected(tmp_path):
    """Nothing of the survey itself is left."""
    sheets = good()
    for row in sheets["家庭"][1:]:
        row[2] = "农忖"

    def change(book):
        for row in range(2, 5):
            book["家庭"].cell(row, 3, "农村")

    first, found = both(tmp_path, sheets, change)
    assert first.counts["accepted"] == 0
    assert (errors(found), households(found), found.counts["replaced"]) == ([], ["A1", "A2", "A3"], 3)


def test_a_good_household_of_the_survey_gives_way_to_its_correction(tmp_path):
    base = save(tmp_path / "base.xlsx", good())
    changed = good()
    changed["家庭"][1][3] = 777
    del changed["家庭"][2:], changed["成员"][3:]
    column = good()["家庭"][0][3]
    fact = next(f.name for f in PACK.facts_of("household") if f.title == column)
    found = survey.read(base, PACK, corrected=save(tmp_path / "more.xlsx", changed), today=TODAY)
    values = dict(zip(*(found.tables["household"][c].to_pylist() for c in ("household", fact)), strict=True))
    assert values["A1"] == 777
    assert households(found) == ["A1", "A2", "A3"]
    assert len(found.tables["member"]) == len(good()["成员"]) - 1


def test_a_correction_that_is_wrong_keeps_the_whole_household_out(tmp_path):
    """What the survey says of it is known to be superseded; half of each would be nobody's household."""
    base = save(tmp_path / "base.xlsx", good())
    changed = good()
    changed["家庭"][1][2] = "农忖"
    del changed["家庭"][2:], changed["成员"][3:]
    found = survey.read(base, PACK, corrected=save(tmp_path / "more.xlsx", changed), today=TODAY)
    assert households(found) == ["A2", "A3"]
    assert [text.partition("：")[0] for text in errors(found)] == ["“更正表·家庭”表第 2 行“城乡”列"]
    assert [row[0] for row in found.rejects["household"].rows] == ["A1"]
    assert found.counts["rejected"] == 1


def test_a_person_of_the_survey_cannot_come_in_again_with_a_corrected_household(tmp_path):
    base = save(tmp_path / "base.xlsx", good())
    changed = good()
    changed["家庭"][1][0] = changed["成员"][1][0] = changed["成员"][2][0] = "A9"
    changed["成员"][2][3] = HEAD_B
    changed["成员"][1][3] = ""
    del changed["家庭"][2:], changed["成员"][3:]
    found = survey.read(base, PACK, corrected=save(tmp_path / "more.xlsx", changed), today=TODAY)
    assert households(found) == ["A1", "A3"]
    told = "\n".join(errors(found))
    assert "与更正表第 3 行（户 A9）相同" in told
    assert "与原表第 4 行（户 A2）相同" in told
    assert HEAD_B not in told


def test_rejects_of_both_files_stand_in_one_workbook(tmp_path):
    sheets = good()
    sheets["家庭"][2][2] = "农忖"
    sheets["家庭"][0].append("村里意见")
    sheets["家庭"][2].append("同意")
    changed = good()
    changed["家庭"][1][2] = "城忖"
    changed["家庭"][0] = [changed["家庭"][0][0], *changed["家庭"][0][:0:-1]]  # the columns in another order
    changed["家庭"][1] = [changed["家庭"][1][0], *changed["家庭"][1][:0:-1]]
    del changed["家庭"][2:], changed["成员"][3:]
    found = survey.read(
        save(tmp_path / "base.xlsx", sheets), PACK, corrected=save(tmp_path / "more.xlsx", changed), today=TODAY
    )
    survey.write_rejects(found, PACK, tmp_path / "rejects.xlsx")
    home = openpyxl.load_workbook(tmp_path / "rejects.xlsx")["家庭"]
    rows = [
        dict(zip([c.value for c in home[1]], [c.value for c in row], strict=True)) for row in home.iter_rows(min_row=2)
    ]
    assert [(row["户编号"], row["城乡"], row["村里意见"]) for row in rows] == [
        ("A2", "农忖", "同意"),
        ("A1", "城忖", None),
    ]
    wrong = home.cell(3, [c.value for c in home[1]].index("城乡") + 1)
    assert wrong.fill.fgColor.rgb == "FFFCE4D6"
    assert survey.read(tmp_path / "rejects.xlsx", PACK, today=TODAY).counts["households"] == 2


def test_a_corrected_file_without_households_is_refused_by_its_name(tmp_path):
    changed = good()
    del changed["家庭"][1:]
    with pytest.raises(survey.UnreadableFile, match="“更正表·家庭”表：没有数据行"):
        survey.read(
            save(tmp_path / "base.xlsx", good()), PACK, corrected=save(tmp_path / "more.xlsx", changed), today=TODAY
        )
