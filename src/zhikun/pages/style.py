"""The style page: every component in every state, with generated data. It reads and writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from zhikun.identity.masks import mask_id_number, mask_name
from zhikun.pages.errors import Conflict, DomainError, Notice
from zhikun.pages.explanation import tree
from zhikun.pages.formats import TONES
from zhikun.pages.frame import Crumb, Frame
from zhikun.pages.menu import Group, Line
from zhikun.pages.parts import Axis, Confirm, Detail, Difference, Event, Figure, Progress, Radar, Tab
from zhikun.pages.render import render_page
from zhikun.pages.style_charts import charts
from zhikun.pages.style_forms import WRONG, Example, Filters
from zhikun.pages.tables import Column, Table

View = Callable[[HttpRequest], HttpResponse]
TEXTBOOK_NUMBER = "11010519491231002X"  # the example of GB 11643


def shown_by_setting(view: View) -> View:
    """Without the setting the page is not there."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not settings.ZHIKUN_STYLE_PAGE:
            raise Http404
        return view(request)

    guarded.rights = None  # type: ignore[attr-defined]  # for everybody: the permission table in the tests reads it
    return guarded


@shown_by_setting
@require_GET
def style_page(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    if "say" in request.GET:
        messages.success(request, _("已保存：张*家的家庭成员。"))
        messages.warning(request, _("已导入 118 行，另有 2 行需要更正。"))
    context = {
        "title": _("组件一览"),
        "crumbs": [Crumb(_("首页"), "/"), Crumb(_("组件一览"))],
        "tones": [(tone, words) for tone, words in zip(TONES, _tone_words(), strict=True)],
        "filters": Filters(request.GET or None),
        "table": Table(
            request,
            households(),
            columns(),
            caption=_("家庭（生成数据）"),
            order="number",
            target="results",
            per_page=8,
        ),
        "no_rows": Table(
            request, [], columns(), caption=_("没有结果的表格"), name="none", remedy=_("请放宽条件，或者登记这户家庭。")
        ),
        "form": Example(auto_id="new_%s"),
        "wrong_form": Example(WRONG, auto_id="wrong_%s"),
        **values(),
        **parts(),
    }
    if not request.user.is_authenticated:
        context |= {"frame": _frame(), "menu": _menu()}
    return render_page(request, "pages/style.html", context, fragment="results")


@shown_by_setting
@require_GET
def running(request: HttpRequest) -> HttpResponse:
    """A job that runs."""
    return _job(request, _running())


@shown_by_setting
@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """A job that waits for as long as somebody looks."""
    return _job(request, _jobs()[0])


@shown_by_setting
@require_GET
def job(request: HttpRequest) -> HttpResponse:
    """The same job, done when it is asked for again."""
    return _job(request, replace(_running(), state="done", done=4803, message="", result_url=reverse("pages:style")))


def _job(request: HttpRequest, one: Progress) -> HttpResponse:
    crumbs = [Crumb(_("组件一览"), reverse("pages:style")), Crumb(_("后台任务"))]
    context = {"title": _("后台任务"), "crumbs": crumbs, "job": one}
    return render_page(request, "pages/style_job.html", context, fragment="job")


@shown_by_setting
@require_GET
def refused(request: HttpRequest) -> HttpResponse:
    """A verb that refuses: as a page, or, asked for by HTMX, as a notice."""
    if "conflict" in request.GET:
        raise Conflict(
            _("没有保存：王*在您打开之后修改过这户家庭。"),
            why=_("两个人同时修改时，后保存的不能悄悄盖掉先保存的。"),
            remedy=_("请对照两个版本，选择采用哪一个。"),
        )
    raise DomainError(
        _("这户家庭不能提交审核。"),
        why=_("入户调查须有两名调查员签名，现在只有一名。"),
        remedy=_("请另一名调查员补签后再提交。"),
    )


@dataclass(frozen=True)
class Sample:
    """A generated household, as a table needs it."""

    number: str
    head: str
    village: str
    income: Decimal | None
    seen: date | None
    state: tuple[str, str] | None


def households() -> list[Sample]:
    """Thirty-seven generated households; some things about some of them are unknown."""
    surnames = "赵钱孙李周吴郑王冯陈"
    states = [("success", _("在保")), ("warning", _("待核实")), ("danger", _("已超期")), None, ("neutral", _("已停保"))]
    return [
        Sample(
            number=f"T{n:05d}",
            head=mask_name(f"{surnames[n % 10]}生成"),
            village=_("桃源镇第{n}村").format(n=n % 6 + 1),
            income=None if n % 7 == 3 else Decimal(n * 137 % 1800) + Decimal("0.505"),
            seen=None if n % 9 == 4 else date(2026, 1 + n % 10, 1 + n % 28),
            state=states[n % 5],
        )
        for n in range(1, 38)
    ]


def columns() -> list[Column]:
    return [
        Column("number", _("户编号"), sort="number", link=lambda row: f"?number={row.number}", heading=True),
        Column("head", _("户主"), kind="masked"),
        Column("village", _("村（社区）"), sort="village"),
        Column("income", _("人均月收入"), kind="money", sort="income"),
        Column("seen", _("最近入户"), kind="day", sort="seen"),
        Column("state", _("状态"), kind="status"),
    ]


def _frame() -> Frame:
    style = reverse("pages:style")
    return Frame(_("张经办"), _("桃源县民政局"), _("桃源镇"), account_url=style, sign_out_url=style, home_url=style)


def _menu() -> list[Group]:
    style = reverse("pages:style")
    return [
        Group("", [Line(_("组件一览"), style, "home", True)]),
        Group(
            _("信息录入"),
            [Line(_("家庭档案"), style, "users", False), Line(_("入户调查"), style, "clipboard-list", False)],
        ),
        Group(
            _("信息计算"), [Line(_("评估"), style, "scale", False), Line(_("监测预警"), style, "alert-triangle", False)]
        ),
        Group(_("信息统计"), [Line(_("统计"), style, "chart-bar", False)]),
    ]


def values() -> dict[str, Any]:
    """Values known, unknown and at the edges of how they are drawn."""
    return {
        "values": [
            Detail(_("金额"), Decimal("1234567.895"), "money"),
            Detail(_("金额为零"), 0, "money"),
            Detail(_("金额未知"), None, "money"),
            Detail(_("数量"), Decimal("0.3330"), "count"),
            Detail(_("数量未知"), None, "count"),
            Detail(_("比例"), Decimal("0.1255"), "percent"),
            Detail(_("日期"), date(2026, 11, 22), "day"),
            Detail(_("日期未知"), None, "day"),
            Detail(_("时间"), datetime(2026, 11, 22, 1, 30, tzinfo=UTC), "moment"),
            Detail(_("是否"), False, "yes_no"),
            Detail(_("是否未知"), None, "yes_no"),
            Detail(_("文字为空"), ""),
        ],
        "facts": [
            Detail(_("户主健康状况"), _("慢性病"), source=_("入户调查 王*"), on=date(2026, 10, 9)),
            Detail(
                _("家庭月收入"),
                Decimal(1860),
                "money",
                source=_("本人申报"),
                on=date(2026, 9, 30),
                note=_("与社保记录不符"),
            ),
            Detail(_("低保标准"), Decimal(680), "money", sample=True),
            Detail(_("住房面积"), None, "count", source=_("尚未调查")),
        ],
        "masked_number": mask_id_number(TEXTBOOK_NUMBER),
    }


def parts() -> dict[str, Any]:
    """The components that take one object each."""
    return {
        "figures": [
            Figure(_("在册家庭"), 4803, _("户"), url="?number=all", note=_("演示县全部乡镇")),
            Figure(_("本月应入户"), 128, _("户"), tone="warning", note=_("其中 16 户已超期")),
            Figure(_("本月支出"), Decimal("1256800.5"), kind="money"),
            Figure(_("待救助人数"), None, note=_("本月名单尚未收到")),
        ],
        "events": _events(),
        "steps": tree(EXPLANATION, origins={"income": _("入户调查，2026-10-09，王*")}),
        "jobs": _jobs(),
        "radar_chart": _radar(),
        "charts": charts(),
        "differences": [
            Difference("phone", _("联系电话"), "138****0001", "138****0001", "138****0002"),
            Difference("income", _("月收入"), Decimal(800), Decimal(950), Decimal(1200), "money"),
            Difference("health", _("健康状况"), _("健康"), _("慢性病"), _("健康")),
            Difference("area", _("住房面积"), None, Decimal(86), None, "count"),
        ],
        "tabs": [
            Tab(_("全部"), "?", True, 37),
            Tab(_("待核实"), "?tab=1", count=8),
            Tab(_("已停保"), "?tab=2", count=0),
        ],
        "confirms": [
            Confirm(_("删除照片"), _("删除这张照片？"), "?", consequence=_("删除后不能恢复，删除人和时间会留下记录。")),
            Confirm(_("提交审核"), _("把这户家庭提交乡镇审核？"), "?", danger=False, reason=_("说明")),
        ],
        "notices": _notices(),
    }


def _radar() -> Radar:
    scores: list[tuple[str, int | float | None]] = [
        (_("疾病"), 12), (_("残疾"), 6), (_("教育"), 0), (_("住房"), None), (_("就业"), 8), (_("劳力"), 10), (_("技能"), 4),
        (_("灾害"), 0), (_("其他"), 2.5),
    ]  # fmt: skip
    return Radar(_("九类致困原因得分"), [Axis(name, score, 15) for name, score in scores], _("分"), sample=True)


def _events() -> list[Event]:
    return [
        Event(
            datetime(2026, 11, 20, 2, 15, tzinfo=UTC),
            _("发现收入变化"),
            _("监测"),
            _("社保名单显示新增工资收入。"),
            "warning",
        ),
        Event(
            date(2026, 10, 9), _("入户调查"), "王*、李*", _("两名调查员到场，拍照三张。"), "success", "?number=T00001"
        ),
        Event(date(2026, 9, 30), _("本人申报"), tone="info"),
        Event(None, _("首次登记（纸质档案，日期不详）")),
    ]


def _running() -> Progress:
    return Progress(
        _("导入调查表"), "running", reverse("pages:style-job"), 1920, 4803, _("正在核对第 1,920 行"),
        cancel_url=reverse("pages:style"), id="job-live",
    )  # fmt: skip


def _jobs() -> list[Progress]:
    style = reverse("pages:style")
    return [
        Progress(
            _("导出家庭名册"),
            "waiting",
            reverse("pages:style-waiting"),
            id="job-waiting",
            message=_("前面还有 2 个任务"),
        ),
        Progress(
            _("核对部门名单"),
            "failed",
            style,
            300,
            650,
            _("第 301 行起没有读完：文件被移走了"),
            retry_url=style,
            id="job-failed",
        ),
        Progress(_("生成报告"), "done", style, 12, 12, result_url=style, id="job-done"),
        Progress(_("重新评估"), "cancelled", style, 40, 100, _("由李*取消"), retry_url=style, id="job-cancelled"),
    ]


def _notices() -> list[Notice]:
    return [
        Notice(
            _("这户家庭不能提交审核。"),
            _("入户调查须有两名调查员签名，现在只有一名。"),
            _("请另一名调查员补签后再提交。"),
        ),
        Notice(_("王*在您打开之后修改过这户家庭。"), remedy=_("请对照两个版本，选择采用哪一个。"), tone="warning"),
        Notice(_("已保存。"), tone="success"),
        Notice(_("今年的工作日历尚未公布，期限为暂定。"), tone="info"),
    ]


def _tone_words() -> list[str]:
    return [
        _("已停保"), _("公示中"), _("正在处理"), _("在保"), _("待核实"), _("已超期"), _("待定"), _("红色预警"),
        _("橙色预警"), _("黄色预警"), _("蓝色预警"),
    ]  # fmt: skip


def _told(name: str, title: str, display: str, **more: Any) -> dict[str, Any]:
    """One step of an explanation as the engine writes it."""
    plain: dict[str, Any] = {
        "id": name, "name": name, "title": title, "display": display, "on": "household", "row": 0, "kind": "fact",
        "formula": "", "filled": "", "reference": "", "sample": False, "reason": "", "inputs": [], "state": "determined",
    }  # fmt: skip
    return plain | more


EXPLANATION: dict[str, Any] = {
    "targets": [{"name": "grant"}, {"name": "housing"}],
    "steps": [
        _told("income", "家庭月收入", "1,860.00 元"),
        _told("members", "家庭人口", "3 人"),
        _told("standard", "低保标准", "680.00 元/月", kind="standard", sample=True, reference="桃源县示例文件"),
        _told(
            "per_head", "人均月收入", "620.00 元", kind="rule", formula="家庭月收入 / 家庭人口",
            filled="1,860.00 / 3 = 620.00", inputs=["income", "members"], reference="《社会救助暂行办法》第十条",
        ),
        _told(
            "grant", "每月补差", "180.00 元", kind="rule", formula="(低保标准 - 人均月收入) × 家庭人口",
            filled="(680.00 - 620.00) × 3 = 180.00", inputs=["standard", "per_head", "members"],
        ),
        _told("area", "住房面积", "未知", state="undetermined"),
        _told("housing", "住房困难", "未定", kind="decision", state="undetermined", inputs=["area", "members"]),
    ],
}  # fmt: skip
