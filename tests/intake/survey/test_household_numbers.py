"""A row whose household is not on the household sheet: which household may be meant, and when nobody can say."""

from __future__ import annotations

import pytest
from tests.intake.survey.factory import TODAY, good, make_pack, save

from zhikun.intake import survey

PACK = make_pack()


@pytest.mark.parametrize(
    ("number", "others", "meant"),
    [
        ("a010", ["A010"], "A010"),
        ("A10", ["A010"], "A010"),
        ("Ａ ０１０", ["A10"], "A10"),
        ("A008", ["A010"], ""),  # a neighbour in the series is not who was meant
        ("A100", ["A10"], ""),
        ("0", ["00"], "00"),
        ("A1", ["A01", "A001"], ""),  # either could be meant
    ],
)
def test_only_another_way_of_writing_the_number_is_proposed(tmp_path, number, others, meant):
    sheets = good()
    home, people = sheets["家庭"], sheets["成员"]
    home[1][0] = others[0]
    people[1][0], people[2][0] = number, others[0]
    for other in others[1:]:
        home.append([other, *home[2][1:]])
    found = survey.read(save(tmp_path / "s.xlsx", sheets), PACK, today=TODAY)
    told = [m for m in found.of(survey.Severity.ERROR) if "家庭表里没有户编号" in m.found and m.row == 2]
    assert [m.remedy for m in told] == [f"您是不是想写“{meant}”？" if meant else "请在家庭表补上这一户，或改正户编号"]
