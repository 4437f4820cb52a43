"""A unit is said once, whatever the title says of it already."""

import pytest

from zhikun.wording import with_unit


@pytest.mark.parametrize(
    ("title", "unit", "said"),
    [
        ("困难指数", "分", "困难指数（分）"),
        ("困难指数（分）", "分", "困难指数（分）"),
        ("工资性收入（年）", "元/年", "工资性收入（元/年）"),
        ("收到的赡养（抚养、扶养）费（年）", "元/年", "收到的赡养（抚养、扶养）费（元/年）"),
        ("健康状况（自述）", "分", "健康状况（自述）（分）"),
        ("金融资产", "元", "金融资产（元）"),
        ("住房（间）数", "间", "住房（间）数（间）"),
        ("共同生活", "", "共同生活"),
        ("共同生活", None, "共同生活"),
    ],
)
def test_a_unit_is_said_once(title, unit, said):
    assert with_unit(title, unit) == said
