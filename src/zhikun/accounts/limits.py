"""Figures of sign-in and delegation. What no law or standard fixes is a sample, and says so on the page."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Limit:
    """A figure with its unit; `sample`: ours, to be filled in by the place; `why` this figure and not another."""

    value: int
    unit: str | Promise
    why: str | Promise
    sample: bool = True


#: GB/T 22239-2019 8.1.4.1 b demands a time-out and names no figure; the setting ZHIKUN_IDLE_MINUTES decides.
DELEGATION_DAYS = Limit(90, _("日"), _("一个季度：够一次病假或外出培训；更长的应改任命"))
PASSWORD_DAYS = Limit(
    180, _("日"), _("GB/T 22239—2019 8.1.4.1 a 要求定期更换，未规定天数；半年一次不致使人把密码写在纸上")
)
CODE_FAILURES = Limit(5, _("次"), _("与密码输错的次数一致"))
CODE_LOCK_MINUTES = Limit(15, _("分钟"), _("与密码锁定的时间一致"))
PENDING_MINUTES = Limit(10, _("分钟"), _("输完密码后找到手机、打开验证器的时间"))
IMPORT_ROWS = Limit(300, _("行"), _("一个县一次新增的人员；每个初始密码的加密约需 0.1 秒"))
