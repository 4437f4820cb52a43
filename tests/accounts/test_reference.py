"""The reference page says of roles what the code does."""

from tools import accounts_page

from zhikun.accounts.roles import RIGHT_TITLES, RIGHTS, Right, Role


def test_the_tables_of_the_page_are_those_of_the_code():
    text = accounts_page.PAGE.read_text(encoding="utf-8")
    assert accounts_page.filled(text) == text, "run python tools/accounts_page.py"


def test_every_right_has_a_name_and_somebody_and_every_role_is_in_the_table():
    assert set(RIGHT_TITLES) == set(Right)
    assert set(RIGHTS) == set(Role)
    assert set().union(*RIGHTS.values()) == set(Right)
