from hashlib import sha256

import pytest
from generated import OTHER_VILLAGE, VILLAGE, outcomes, record, table

from zhikun.identity import check_id_numbers, with_check_character
from zhikun.matching import MatchingError, Model, compare, dead_on_list, households_twice, people_model, people_twice

MODEL = people_model()


def compared(*rows):
    return outcomes(compare(table(*rows), model=MODEL))


def test_one_number_is_one_person_whatever_the_rest_says():
    found = compared(record("a", number="1"), record("b", "王晓明", None, number="1", place=OTHER_VILLAGE))
    assert found == {("a", "b"): ("linked", "token", "")}


def test_a_number_of_15_digits_and_its_upgrade_are_one_person():
    # GB 11643 in its old and new form, of an area that is not assigned: 15 digits gain the century and a check digit.
    old = "990101800102001"
    new = with_check_character("99010119800102001")
    numbers = check_id_numbers([old, new]).numbers.to_pylist()
    tokens = [sha256(number.encode()).hexdigest()[:16] for number in numbers]
    rows = [record("a", number=tokens[0]), record("b", number=tokens[1])]
    assert compared(*rows) == {("a", "b"): ("linked", "token", "")}


def test_same_name_birthday_and_village_is_one_person_however_the_dot_is_typed():
    found = compared(record("a", "阿依古丽·买买提"), record("b", "阿依古丽．买买提", number="1"))
    assert found == {("a", "b"): ("linked", "name", "")}


@pytest.mark.parametrize(
    ("second", "note"),
    [
        ({"number": "2"}, "tokens_differ"),
        ({"sex": "2"}, "sex_differs"),
        ({"place": VILLAGE[:9]}, "coarse"),
        ({"place": VILLAGE[:9] + "000"}, "coarse"),
    ],
)
def test_what_speaks_against_equal_names_goes_to_a_person(second, note):
    found = compared(record("a", number="1"), record("b", **second))
    assert found == {("a", "b"): ("review", "name", note)}


def test_two_people_of_one_name_and_birthday_in_a_village_leave_a_third_record_open():
    found = compared(record("a", number="1"), record("b", number="2"), record("c"))
    assert {outcome for outcome, _step, _note in found.values()} == {"review"}
    assert len(found) == 3


def test_same_name_and_birthday_in_another_village_of_the_township_is_not_linked_by_the_machine():
    assert compared(record("a"), record("b", place=OTHER_VILLAGE))["a", "b"][0] == "review"


def test_twins_are_never_linked():
    found = compared(record("a", "马小红", address="二组1号"), record("b", "马小兰", address="二组1号"))
    assert found["a", "b"] == ("review", "probability", "names_differ")


def test_twins_with_numbers_of_their_own_are_not_asked_about():
    found = compared(
        record("a", "马小红", number="1", address="二组1号"), record("b", "马小兰", number="2", address="二组1号")
    )
    assert found["a", "b"] == ("not_linked", "probability", "tokens_differ")


def test_a_missing_birth_date_is_no_agreement():
    found = compared(record("a", birth=None, address="三组"), record("b", address="三组"))
    assert found["a", "b"][0] == "review"
    both = compared(record("a", birth=None), record("b", birth=None))
    assert all(outcome != "linked" for outcome, _step, _note in both.values())


def test_every_pair_says_why_field_by_field():
    pair = compare(table(record("a", address="三组"), record("b", "王晓明", address="三组")), model=MODEL).to_pylist()[
        0
    ]
    assert [part["field"] for part in pair["parts"]] == ["姓名", "出生日期", "性别", "区划", "地址"]
    assert "姓名只差一个字（+" in pair["text"]
    assert pair["text"].startswith("待人工核对：")
    prior = pair["weight"] - sum(part["weight"] for part in pair["parts"])
    assert prior == pytest.approx(-18.93, abs=0.01), "the parts and the prior add up to the weight"


def test_a_repeated_run_gives_the_same_pairs_in_any_order_of_rows():
    rows = [record("a"), record("b", number="1"), record("c", "王晓明", address="三组"), record("d", birth=None)]
    first = compare(table(*rows), model=MODEL)
    assert first.equals(compare(table(*reversed(rows)), model=MODEL))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda t: t.drop_columns(["record_id"]), "没有 record_id 列"),
        (lambda t: t.drop_columns(["name", "sex"]), "缺少列：name、sex"),
        (lambda t: table(record("a"), record("a")), "1 个重复的记录编号"),
        (lambda t: table(record(None)), "没有编号"),
    ],
)
def test_a_table_that_cannot_be_compared_is_refused_never_found_free_of_duplicates(damage, said):
    with pytest.raises(MatchingError, match=said):
        compare(damage(table(record("a"), record("b"))), model=MODEL)


def test_an_empty_table_has_no_pairs():
    assert compare(table(), model=MODEL).num_rows == 0


def test_a_model_is_read_back_as_it_was_written():
    assert Model.from_json(MODEL.to_json()) == MODEL
    with pytest.raises(MatchingError, match="train"):
        Model.from_json("{}")


def test_one_person_in_two_households_and_one_household_twice():
    members = table(
        record("a1", "王小明", household="H1", number="1"),
        record("a2", "李秀英", "1982-03-04", household="H1", sex="2"),
        record("b1", "王小明", household="H2", number="1"),
        record("b2", "李秀英", "1982-03-04", household="H2", sex="2"),
        record("c1", "王小明", household="H3", number="1", place=OTHER_VILLAGE),
        record("c2", "赵铁柱", "1960-01-01", household="H3"),
    )
    found = people_twice(members, model=MODEL).to_pylist()
    assert {(row["left_id"], row["right_id"]) for row in found} >= {("a1", "b1"), ("a1", "c1"), ("a2", "b2")}
    twice = households_twice(members, model=MODEL).to_pylist()
    assert [(row["left_household"], row["right_household"], row["outcome"]) for row in twice] == [
        ("H1", "H2", "linked")
    ]
    assert "是同一户" in twice[0]["text"]


def test_a_dead_person_on_a_list_is_found_and_twins_are_only_asked_about():
    people = table(record("p1", number="1"), record("p2", "马小红", address="二组1号"))
    deaths = table(record("d1", number="1"), record("d2", "马小兰", address="二组1号"))
    found = {
        (row["left_id"], row["right_id"]): row["outcome"]
        for row in dead_on_list(people, deaths, model=MODEL).to_pylist()
    }
    assert found == {("d1", "p1"): "linked", ("d2", "p2"): "review"}
