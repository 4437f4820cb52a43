"""The charts of the style page: each kind in every state, with figures of ours."""

from __future__ import annotations

from django.utils.translation import gettext as _

from zhikun.pages.parts import Chart, Series


def charts() -> list[Chart]:
    """Bars with addresses, stacks with a gap, lines with a gap, a heat table; long names; nothing known; nothing at all."""
    return [_one_series(), _columns(), _stacked(), _lines(), _heat(), _long_names(), *_without_numbers(), _many()]


def _one_series() -> Chart:
    """Names wider than their columns on a phone, a zero, a gap, and every number a link."""
    numbers = [487, 291, 197, 12, 165, None, 0, 1632, 38]
    return Chart(
        _("致困原因（赋分 2 及以上）"), "bar", _causes(), [Series("", numbers, [f"?which={n}" for n in range(9)])], _("户"),
        sample=True, note=_("一户可以有多个原因，各项相加大于户数。"),
    )  # fmt: skip


def _columns() -> Chart:
    levels = [f"{half / 2:g}" for half in range(11)]
    return Chart(_("因病赋分"), "bar", levels, [Series("", [671, 242, 2137, 1266, 295, 113, 55, 15, 7, 0, 2])], _("户"))


def _stacked() -> Chart:
    """A series whose colour has a meaning, and a zero in each of the others."""
    return Chart(
        _("各镇认定结果"),
        "stacked",
        [_("城关镇"), _("河东镇"), _("南坪乡"), _("北山乡")],
        [
            Series(_("符合低保"), [420, 182, 96, 0], ["?category=1"] * 4),
            Series(_("符合低保边缘"), [210, 90, 0, 33]),
            Series(_("刚性支出困难"), [80, 46, 12, 5]),
            Series(_("不符合"), [120, 60, 44, 20]),
            Series(_("尚不能确定"), [12, 0, None, 8], tone="unknown"),
        ],
        _("户"),
    )


def _lines() -> Chart:
    months = [_("{a} 月").format(a=month) for month in range(1, 13)]
    return Chart(
        _("每月预警"),
        "line",
        months,
        [
            Series(_("红色"), [3, 5, 4, None, 6, 8, 7, 9, 6, 5, 4, 3], tone="red"),
            Series(_("橙色"), [12, 14, 11, None, 15, 18, 21, 17, 13, 12, 10, 9], tone="orange"),
            Series(_("蓝色"), [40, 38, 36, None, 44, 47, 51, 49, 43, 41, 37, 35], tone="blue"),
        ],
        _("户"),
        note=_("四月没有发布名单。"),
    )


def _heat() -> Chart:
    towns = [_("城关镇"), _("河东镇"), _("南坪乡"), _("北山乡"), _("石门回族自治乡")]
    numbers = [
        [148, 91, 60, 2, 51, 38, 0, 530, 9],
        [96, 62, 41, 0, 33, 29, 12, 311, 7],
        [71, 40, 33, 3, 30, 22, 5, 280, 8],
    ]
    numbers += [[102, 60, 38, 4, 31, 25, 9, 290, 8], [70, 38, 25, 3, 20, 19, 4, 221, 6]]
    columns = list(zip(*numbers, strict=True))
    series = [Series(name, [*column], ["?which=1"] * 5) for name, column in zip(_causes(), columns, strict=True)]
    series[5] = Series(_causes()[5], [None, 29, 22, 25, None])
    return Chart(_("各镇致困原因"), "heat", towns, series, _("户"))


def _long_names() -> Chart:
    names = [_("石门回族自治乡人民政府民生服务中心代管安置点"), _("城关镇"), _("河东镇第二社区居民委员会")]
    return Chart(_("两年对照"), "bar", names, [Series("2025", [12, 240, 31]), Series("2026", [15, 198, None])], _("户"))


def _many() -> Chart:
    """More categories than can be drawn: the rest stands in the table."""
    names = [_("第 {a} 村").format(a=n) for n in range(1, 66)]
    return Chart(_("各村户数"), "bar", names, [Series("", [(n * 37) % 91 for n in range(65)])], _("户"))


def _without_numbers() -> list[Chart]:
    unknown = Chart(_("本月支出"), "line", [_("上旬"), _("中旬")], [Series("", [None, None])], _("元"))
    return [unknown, Chart(_("入户进度"), "bar", [], [], _("户"))]


def _causes() -> list[str]:
    return [_("因病"), _("因残"), _("因学"), _("因灾"), _("就业"), _("因房"), _("技术"), _("劳动力"), _("其他")]
