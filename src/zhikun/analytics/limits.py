"""Figures of this room that no law fixes: samples of ours, for the place to fill in."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from zhikun.accounts.limits import Limit

#: On a screen that the public sees, smaller numbers of households are not told (docs/reference/statistics-wall.md).
SMALL_NUMBER = Limit(
    5,
    _("户"),
    _("大屏人人可见：一个村镇里某种情况只有一两户时，邻里认得出是谁家。法律没有规定户数，各地统计部门多取 3 至 10"),
)

#: A proxy means test that tells less than this share of the differences between households is called useless on its page.
USEFUL_SHARE = Limit(
    20,
    "%",
    _(
        "各国公布的准家计调查模型多在四成到六成；不到两成，推算与按平均数猜差不多，漏保和误保都会很多。没有规定，须由本地核定"
    ),
)
