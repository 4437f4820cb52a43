"""Who may do what: rights, roles, and which of them one person may not hold together. Data; the code only reads it.

A right is held at a place: an appointment gives a role in an area, and reaches that area and everything below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Right(StrEnum):
    """What may be done. Pages and verbs ask for a right, never for a role."""

    HOUSEHOLD_VIEW = "household.view"
    HOUSEHOLD_EDIT = "household.edit"
    HOUSEHOLD_UNMASK = "household.unmask"
    HOUSEHOLD_SETTLE = "household.settle"
    HOUSEHOLD_EXPORT = "household.export"
    HOUSEHOLD_IMPORT = "household.import"
    IMPORT_APPROVE = "import.approve"
    PRIVACY_VIEW = "privacy.view"
    SURVEY_FILL = "survey.fill"
    SURVEY_MANAGE = "survey.manage"
    SURVEY_REVIEW = "survey.review"
    SURVEY_RECHECK = "survey.recheck"
    ASSESSMENT_RUN = "assessment.run"
    POLICY_TRY = "policy.try"
    WARNING_VIEW = "warning.view"
    ACCOUNT_MANAGE = "account.manage"
    AREA_MANAGE = "area.manage"
    JOB_MANAGE = "job.manage"
    AUDIT_VIEW = "audit.view"
    SYSTEM_VIEW = "system.view"


#: What each right is called, for pages and the reference.
RIGHT_TITLES: dict[Right, str | Promise] = {
    Right.HOUSEHOLD_VIEW: _("查看家庭档案"),
    Right.HOUSEHOLD_EDIT: _("修改家庭档案"),
    Right.HOUSEHOLD_UNMASK: _("查看完整的证件号等（须写理由）"),
    Right.HOUSEHOLD_SETTLE: _("裁定不一致的信息"),
    Right.HOUSEHOLD_EXPORT: _("导出家庭"),
    Right.HOUSEHOLD_IMPORT: _("导入家庭"),
    Right.IMPORT_APPROVE: _("批准导入"),
    Right.PRIVACY_VIEW: _("查看谁看过档案"),
    Right.SURVEY_FILL: _("填写入户调查"),
    Right.SURVEY_MANAGE: _("安排入户调查"),
    Right.SURVEY_REVIEW: _("审核入户调查"),
    Right.SURVEY_RECHECK: _("抽查复核"),
    Right.ASSESSMENT_RUN: _("运行评估"),
    Right.POLICY_TRY: _("试算政策（不影响任何家庭）"),
    Right.WARNING_VIEW: _("查看预警"),
    Right.ACCOUNT_MANAGE: _("管理机构和账号"),
    Right.AREA_MANAGE: _("管理行政区划"),
    Right.JOB_MANAGE: _("管理后台任务"),
    Right.AUDIT_VIEW: _("查看留痕"),
    Right.SYSTEM_VIEW: _("查看系统状态"),
}


class Role(models.TextChoices):
    """The duties of an office, from the village up."""

    VILLAGE_ASSISTANT = "village_assistant", _("村（居）民政协理员")
    SURVEYOR = "surveyor", _("入户调查员")
    TOWNSHIP_CLERK = "township_clerk", _("乡镇经办")
    TOWNSHIP_REVIEWER = "township_reviewer", _("乡镇审核")
    COUNTY_REVIEWER = "county_reviewer", _("县级审查")
    COUNTY_APPROVER = "county_approver", _("县级审批")
    DEPARTMENT_OFFICER = "department_officer", _("部门经办")
    CITY_SUPERVISOR = "city_supervisor", _("市级监督")
    PROVINCE_SUPERVISOR = "province_supervisor", _("省级监督")
    AUDITOR = "auditor", _("审计员")
    ADMINISTRATOR = "administrator", _("系统管理员")


_R = Right
_SEE = {_R.HOUSEHOLD_VIEW}

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VILLAGE_ASSISTANT: frozenset(_SEE | {_R.HOUSEHOLD_EDIT, _R.HOUSEHOLD_UNMASK, _R.SURVEY_FILL, _R.WARNING_VIEW}),
    # A surveyor sees households only through an assignment (surveys room), never a whole area.
    Role.SURVEYOR: frozenset({_R.SURVEY_FILL}),
    Role.TOWNSHIP_CLERK: frozenset(
        _SEE
        | {
            _R.HOUSEHOLD_EDIT, _R.HOUSEHOLD_UNMASK, _R.HOUSEHOLD_IMPORT, _R.HOUSEHOLD_EXPORT, _R.SURVEY_FILL, _R.SURVEY_MANAGE,
            _R.WARNING_VIEW,
        }
    ),
    Role.TOWNSHIP_REVIEWER: frozenset(
        _SEE
        | {
            _R.HOUSEHOLD_UNMASK, _R.HOUSEHOLD_SETTLE, _R.HOUSEHOLD_EXPORT, _R.IMPORT_APPROVE, _R.SURVEY_REVIEW, _R.WARNING_VIEW,
            _R.PRIVACY_VIEW,
        }
    ),
    Role.COUNTY_REVIEWER: frozenset(
        _SEE
        | {
            _R.HOUSEHOLD_EDIT, _R.HOUSEHOLD_UNMASK, _R.HOUSEHOLD_SETTLE, _R.HOUSEHOLD_IMPORT, _R.HOUSEHOLD_EXPORT,
            _R.SURVEY_MANAGE, _R.SURVEY_REVIEW, _R.SURVEY_RECHECK, _R.ASSESSMENT_RUN, _R.POLICY_TRY, _R.WARNING_VIEW,
            _R.PRIVACY_VIEW,
        }
    ),
    Role.COUNTY_APPROVER: frozenset(
        _SEE
        | {
            _R.HOUSEHOLD_UNMASK, _R.HOUSEHOLD_EXPORT, _R.IMPORT_APPROVE, _R.SURVEY_RECHECK, _R.POLICY_TRY,
            _R.WARNING_VIEW, _R.PRIVACY_VIEW,
        }
    ),
    # A department sees a household only when it was referred to it; files of lists are received by command.
    Role.DEPARTMENT_OFFICER: frozenset(),
    Role.CITY_SUPERVISOR: frozenset(_SEE | {_R.POLICY_TRY, _R.WARNING_VIEW}),
    Role.PROVINCE_SUPERVISOR: frozenset(_SEE | {_R.POLICY_TRY, _R.WARNING_VIEW}),
    Role.AUDITOR: frozenset({_R.AUDIT_VIEW, _R.PRIVACY_VIEW}),
    # Keeps accounts and machines, and sees no household: 8.1.4.2 of GB/T 22239-2019, separation of administrator powers.
    Role.ADMINISTRATOR: frozenset({_R.ACCOUNT_MANAGE, _R.AREA_MANAGE, _R.JOB_MANAGE, _R.SYSTEM_VIEW}),
}  # fmt: skip

#: Roles that approve or administer: a second factor is demanded.
SECOND_FACTOR = frozenset(
    {Role.TOWNSHIP_REVIEWER, Role.COUNTY_APPROVER, Role.COUNTY_REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR}
)


@dataclass(frozen=True)
class Incompatible:
    """Two roles that one person may not hold at the same time, and why."""

    one: Role
    other: Role
    why: str | Promise


_EVERY_DUTY = tuple(role for role in Role if role not in {Role.ADMINISTRATOR, Role.AUDITOR})

INCOMPATIBLE: tuple[Incompatible, ...] = (
    *(Incompatible(Role.ADMINISTRATOR, role, _("管理账号的人不经办业务，否则可以给自己开权限")) for role in _EVERY_DUTY),
    *(Incompatible(Role.AUDITOR, role, _("审计的人不经办业务，否则是自己查自己")) for role in _EVERY_DUTY),
    Incompatible(Role.AUDITOR, Role.ADMINISTRATOR, _("管理账号的人不能审计自己开的账号")),
    *(
        Incompatible(maker, Role.TOWNSHIP_REVIEWER, _("经办和审核须由两人分别承担"))
        for maker in (Role.VILLAGE_ASSISTANT, Role.SURVEYOR, Role.TOWNSHIP_CLERK)
    ),
    *(
        Incompatible(maker, Role.COUNTY_APPROVER, _("经办、审查和审批须由不同的人承担"))
        for maker in (
            Role.VILLAGE_ASSISTANT, Role.SURVEYOR, Role.TOWNSHIP_CLERK, Role.TOWNSHIP_REVIEWER, Role.COUNTY_REVIEWER,
        )
    ),
)  # fmt: skip


def clashes(roles: set[Role]) -> list[Incompatible]:
    """The pairs among these roles that one person may not hold together."""
    return [pair for pair in INCOMPATIBLE if pair.one in roles and pair.other in roles]
