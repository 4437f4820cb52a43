"""What this room writes into the record: code, and the sentence that is shown for it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from zhikun.surveys.models import Recheck

ROUND_OPENED = "surveys.round_opened"
ROUND_CLOSED = "surveys.round_closed"
TEAM_FORMED = "surveys.team_formed"
ASSIGNED = "surveys.assigned"
UNASSIGNED = "surveys.unassigned"
FOUND = "surveys.household_found"
OPENED = "surveys.questionnaire_opened"
SUBMITTED = "surveys.visit_submitted"
RETURNED = "surveys.visit_returned"
ACCEPTED = "surveys.visit_accepted"
VISIT_SEEN = "surveys.visit_seen"
FILE_SEEN = "surveys.file_seen"
RECHECK_DRAWN = "surveys.recheck_drawn"
RECHECKED = "surveys.rechecked"
CODE_HANDED = "surveys.self_report_code_handed"
REPORTED = "surveys.self_report_arrived"
REPORT_SEEN = "surveys.self_report_seen"
REPORT_TAKEN = "surveys.self_report_taken"
REPORT_REFUSED = "surveys.self_report_refused"
ENGAGED = "surveys.firm_engaged"
STATED = "surveys.account_stated"

SENTENCES = {
    ROUND_OPENED: _("开展一轮入户调查"),
    ROUND_CLOSED: _("结束一轮入户调查"),
    TEAM_FORMED: _("组成入户小组"),
    ASSIGNED: _("分派入户调查"),
    UNASSIGNED: _("收回入户调查"),
    FOUND: _("登记走访中发现的家庭"),
    OPENED: _("打开入户问卷"),
    SUBMITTED: _("提交入户调查"),
    RETURNED: _("退回入户调查"),
    ACCEPTED: _("通过入户调查"),
    VISIT_SEEN: _("查看入户调查"),
    FILE_SEEN: _("查看入户照片或签名"),
    RECHECK_DRAWN: _("抽取复核样本"),
    RECHECKED: _("登记复核结果"),
    CODE_HANDED: _("发放自行申报码"),
    REPORTED: _("收到自行申报"),
    REPORT_SEEN: _("查看自行申报"),
    REPORT_TAKEN: _("受理自行申报"),
    REPORT_REFUSED: _("不受理自行申报"),
    ENGAGED: _("登记第三方委托"),
    STATED: _("查看第三方结算单"),
}

#: What the details of an entry mean.
DETAILS = {
    "households": _("户数"),
    "result": _("结果"),
    "differences": _("有出入的项数"),
    "of": _("从多少户里抽"),
    "drawn": _("新抽出多少户"),
    "seed": _("抽样种子"),
    "unfinished": _("没有做完的户"),
    "declared": _("待核实的自行申报"),
    "comments": _("退回意见条数"),
    "price": _("每户单价（元）"),
    "days": _("有效天数"),
    "first": _("从"),
    "last": _("到"),
    "left": _("留空的项数"),
    "pack": _("政策包"),
    "round": _("轮次编号"),
    "team": _("小组编号"),
    "members": _("组员编号"),
    "assignment": _("分派编号"),
    "visit": _("调查编号"),
    "recheck": _("复核编号"),
    "report": _("申报编号"),
    "engagement": _("委托编号"),
    "recording": _("记录编号"),
    "file": _("照片或签名编号"),
    "person": _("人员编号"),
    "questionnaire": _("问卷版本"),
}
VALUES = {"result": dict(Recheck.Result.choices)}
