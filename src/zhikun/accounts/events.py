"""The codes under which this room's acts stand in the record, and what they are called on a page."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.models import Organisation
from zhikun.accounts.roles import Role


class Event(models.TextChoices):
    """What was done to an account. `SIGN_IN_FAILED` is a kind of its own, so that pages can leave the noise out."""

    SIGNED_IN = "accounts.signed_in", _("登录")
    SIGN_IN_FAILED = "accounts.sign_in_failed", _("登录失败")
    LOCKED = "accounts.locked", _("登录锁定")
    SIGNED_OUT = "accounts.signed_out", _("退出登录")
    SIGNED_OUT_EVERYWHERE = "accounts.signed_out_everywhere", _("全部设备退出登录")
    PASSWORD_CHANGED = "accounts.password_changed", _("修改密码")
    PASSWORD_RESET = "accounts.password_reset", _("重置密码")
    SECOND_FACTOR_SET_UP = "accounts.second_factor_set_up", _("启用动态口令")
    SECOND_FACTOR_RESET = "accounts.second_factor_reset", _("重置动态口令")
    SET_UP_CODE_GIVEN = "accounts.set_up_code_given", _("给出动态口令启用码")
    RECOVERY_CODES_RENEWED = "accounts.recovery_codes_renewed", _("更换备用码")
    RECOVERY_CODE_USED = "accounts.recovery_code_used", _("使用备用码登录")
    ORGANISATION_ADDED = "accounts.organisation_added", _("新增机构")
    ORGANISATION_EDITED = "accounts.organisation_edited", _("修改机构")
    ORGANISATION_CLOSED = "accounts.organisation_closed", _("停用机构")
    ORGANISATION_REOPENED = "accounts.organisation_reopened", _("恢复机构")
    OFFICER_ADDED = "accounts.officer_added", _("新增账号")
    OFFICER_EDITED = "accounts.officer_edited", _("修改账号")
    PHONE_CHANGED = "accounts.phone_changed", _("修改工作人员电话")
    OFFICER_CLOSED = "accounts.officer_closed", _("停用账号")
    OFFICER_REOPENED = "accounts.officer_reopened", _("恢复账号")
    APPOINTED = "accounts.appointed", _("授予角色")
    APPOINTMENT_ENDED = "accounts.appointment_ended", _("终止角色")
    DELEGATED = "accounts.delegated", _("委托职责")
    DELEGATION_ENDED = "accounts.delegation_ended", _("收回委托")
    IMPORTED = "accounts.imported", _("导入账号")


#: What a page of the record leaves out unless somebody asks for it.
NOISE = frozenset({Event.SIGN_IN_FAILED})

#: What "my last sign-ins" shows.
SIGN_INS = frozenset({Event.SIGNED_IN, Event.SIGN_IN_FAILED, Event.LOCKED, Event.RECOVERY_CODE_USED})

#: What the details of an entry mean.
DETAILS = {
    "name": _("名称"),
    "role": _("角色"),
    "begins": _("开始日期"),
    "ends": _("结束日期"),
    "from": _("委托人账号"),
    "organisation": _("机构代码"),
    "expires_on": _("账号到期日"),
    "line": _("部门"),
    "kind": _("机构类型"),
    "factors": _("怎样登录"),
    "why": _("原因"),
    "left": _("还剩备用码"),
    "appointments": _("终止的角色和委托"),
    "accounts": _("新增账号"),
    "phone": _("电话"),
}
VALUES = {
    "phone": {"given": _("已登记新号码（号码不入留痕）"), "removed": _("已删除")},
    "role": dict(Role.choices),
    "kind": dict(Organisation.Kind.choices),
    "factors": {1: _("只用密码"), 2: _("密码和动态口令")},
    "why": {
        "password": _("密码不正确"),
        "code": _("动态口令不正确"),
        "closed": _("账号停用或到期"),
        "locked": _("锁定期间再试"),
        "own": _("本人退出"),
        "idle": _("太久没有操作"),
        "everywhere": _("已在全部设备上退出"),
        "second_factor": _("启用了动态口令，须重新登录"),
    },
}
