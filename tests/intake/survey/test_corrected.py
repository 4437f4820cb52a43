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
    return first, survey.read(base, PACK, corrected=[tmp_path / "rejects.xlsx"], today=TODAY)


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
    found = survey.read(base, PACK, corrected=[save(tmp_path / "more.xlsx", changed)], today=TODAY)
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
    found = survey.read(base, PACK, corrected=[save(tmp_path / "more.xlsx", changed)], today=TODAY)
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
    found = survey.read(base, PACK, corrected=[save(tmp_path / "more.xlsx", changed)], today=TODAY)
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
        save(tmp_path / "base.xlsx", sheets), PACK, corrected=[save(tmp_path / "more.xlsx", changed)], today=TODAY
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
            save(tmp_path / "base.xlsx", good()), PACK, corrected=[save(tmp_path / "more.xlsx", changed)], today=TODAY
        )


def unnumbered(sheets):
    """A2 lost its number on both sheets, below A1, which has a fault of its own; A3 stays good."""
    sheets["家庭"][1][2] = "农忖"
    sheets["家庭"][2][0] = sheets["成员"][3][0] = ""
    return sheets


def only_first(book):
    """Only A1 comes back, put right."""
    book["家庭"].cell(2, 3, "农村")
    for name in ("家庭", "成员"):
        for row in range(book[name].max_row, 1, -1):
            if book[name].cell(row, 1).value != "A1":
                book[name].delete_rows(row)


def test_rows_of_nobody_that_did_not_come_back_are_still_told_of(tmp_path):
    _first, found = both(tmp_path, unnumbered(good()), only_first)
    assert households(found) == ["A1", "A3"]
    assert (found.counts["households"], found.counts["rejected"]) == (3, 1)
    assert [text.partition("：")[0] for text in errors(found)] == [
        "“家庭”表第 3 行“户编号”列",
        "“成员”表第 4 行“户编号”列",
    ]
    assert [row[2] for row in found.rejects["member"].rows] == ["王乙一"]


@pytest.mark.parametrize("identified", [True, False])
def test_rows_of_nobody_that_came_back_count_once(tmp_path, identified):
    sheets = unnumbered(good())
    if not identified:
        sheets["成员"][3][3] = ""

    def change(book):
        book["家庭"].cell(2, 3, "农村")
        book["家庭"].cell(3, 1, "A2")
        book["成员"].cell(4, 1, "A2")
        if identified:
            book["成员"].cell(4, 3, "王乙")  # a cell that was right changes too

    first, found = both(tmp_path, sheets, change)
    assert households(first) == ["A3"]
    assert errors(found) == []
    assert households(found) == ["A1", "A2", "A3"]
    assert len(found.tables["member"]) == 5
    assert (found.counts["replaced"], found.counts["added"], found.counts["rejected"]) == (1, 1, 0)


@pytest.mark.parametrize("word", ["", "X9"])
def test_a_row_left_behind_does_not_hold_back_the_household_two_above(tmp_path, word):
    """A2 is replaced; the row of nobody that stood below it never was A1's."""
    sheets = good()
    sheets["家庭"][2][2] = "农忖"
    sheets["成员"].insert(4, [word, "", "钱某", "", "子女", "男", "", 5, "否"])

    def change(book):
        book["家庭"].cell(2, 3, "农村")
        rows = [r for r in range(2, book["成员"].max_row + 1) if book["成员"].cell(r, 1).value != "A2"]
        for row in reversed(rows):
            book["成员"].delete_rows(row)

    _first, found = both(tmp_path, sheets, change)
    assert households(found) == ["A1", "A2", "A3"]
    assert [text.partition("：")[0] for text in errors(found)] == ["“成员”表第 5 行“户编号”列"]


def test_a_row_like_another_household_s_own_is_not_taken_for_it(tmp_path):
    """Two supporters alike, one without a number: one came back, so the other did not."""
    sheets = good()
    sheets["家庭"][1][2] = "农忖"
    sheets["赡养人"] = [["户编号", "赡养人序号", "总收入"], ["A1", "", 5000], ["", "", 5000]]

    def change(book, rows):
        book["家庭"].cell(2, 3, "农村")
        for row in range(3, 3 + rows):
            book["赡养人"].cell(row, 1, "A1")
        if not rows:
            book["赡养人"].delete_rows(3)

    _first, found = both(tmp_path, sheets, lambda book: change(book, 0))
    assert [text.partition("：")[0] for text in errors(found)] == ["“赡养人”表第 3 行“户编号”列"]
    _first, found = both(tmp_path, sheets, lambda book: change(book, 1))
    assert errors(found) == []
    assert len(found.tables["supporter"]) == 2


def two_rounds(tmp_path):
    """A1 and A2 wrong; the first round mends A1 and leaves A2 wrong in another way, the second mends A2."""
    sheets = good()
    sheets["家庭"][1][2] = sheets["家庭"][2][2] = "农忖"
    base = save(tmp_path / "base.xlsx", sheets)
    files = [base]
    for mended, other in (("A1", "城忖"), ("A2", "")):
        found = survey.read(base, PACK, corrected=files[1:], today=TODAY)
        back = tmp_path / f"back{len(files)}.xlsx"
        survey.write_rejects(found, PACK, back)
        book = openpyxl.load_workbook(back)
        for row in range(2, book["家庭"].max_row + 1):
            book["家庭"].cell(row, 3, "农村" if book["家庭"].cell(row, 1).value == mended else other)
        book.save(back)
        files.append(back)
    return files


def test_two_rounds_of_corrections_both_count(tmp_path):
    base, *backs = two_rounds(tmp_path)
    found = survey.read(base, PACK, corrected=backs, today=TODAY)
    assert (errors(found), households(found)) == ([], ["A1", "A2", "A3"])
    assert (found.counts["households"], found.counts["replaced"], found.counts["added"]) == (3, 2, 0)
    whole = survey.read(save(tmp_path / "good.xlsx", good()), PACK, today=TODAY)
    assert same_facts(found) == same_facts(whole)
    other_way = survey.read(base, PACK, corrected=backs[::-1], today=TODAY)
    assert households(other_way) == ["A1", "A3"]
    assert [text.partition("：")[0] for text in errors(other_way)] == ["“更正表2·家庭”表第 3 行“城乡”列"]


def test_a_person_cannot_come_in_with_two_rounds(tmp_path):
    base = save(tmp_path / "base.xlsx", good())
    files = []
    for number in ("B1", "B2"):
        changed = good()
        del changed["家庭"][2:], changed["成员"][2:]
        changed["家庭"][1][0] = changed["成员"][1][0] = number
        files.append(save(tmp_path / f"{number}.xlsx", changed))
    found = survey.read(base, PACK, corrected=files, today=TODAY)
    assert households(found) == ["A2", "A3"]
    assert "与更正表2第 2 行（户 B2）相同" in "\n".join(errors(found))
