"""Organisations, officers, and the appointments that give an officer a role in an area for a time."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.limits import PASSWORD_DAYS
from zhikun.accounts.roles import RIGHTS, SECOND_FACTOR, Right, Role
from zhikun.identity import mask_phone
from zhikun.pages.asked import Asked
from zhikun.places.models import Area, AreaRange
from zhikun.privacy import Sealed, SealedField


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    """Organisations, filtered."""

    def visible_to(self, officer: Officer, right: Right = Right.ACCOUNT_MANAGE) -> OrganisationQuerySet:
        """Those whose area lies where the officer holds the right."""
        return self.filter(in_ranges("area_id", officer.reach(right)))

    def open(self) -> OrganisationQuerySet:
        """Those that are not closed."""
        return self.filter(is_active=True)


def in_ranges(field: str, ranges: list[AreaRange]) -> Q:
    """The condition that a field with the code of an area lies in one of the ranges; of no range: never."""
    wanted = Q(pk__in=[])
    for one in ranges:
        wanted |= Q(**{f"{field}__gte": one.first, f"{field}__lte": one.last})
    return wanted


class Organisation(models.Model):
    """An office, a department, a village committee, a firm or a charity, in an area."""

    class Kind(models.TextChoices):
        """What it is, which decides what its officers can be appointed to."""

        BUREAU = "bureau", _("民政局")
        TOWNSHIP = "township", _("乡镇（街道）民生服务中心")
        VILLAGE = "village", _("村（居）民委员会")
        DEPARTMENT = "department", _("协同部门")
        FIRM = "firm", _("第三方评估机构")
        SOCIAL = "social", _("社会工作机构")
        CHARITY = "charity", _("慈善组织")
        UPPER = "upper", _("上级民政部门")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(_("机构代码"), max_length=40, unique=True)
    name = models.CharField(_("机构名称"), max_length=100)
    kind = models.CharField(_("机构类型"), max_length=12, choices=Kind.choices)
    line = models.CharField(
        _("部门"), max_length=20, blank=True, help_text=_("协同部门写明是哪一家：医保、人社、教育……")
    )
    area = models.ForeignKey(Area, verbose_name=_("地区"), on_delete=models.PROTECT, related_name="+")
    is_active = models.BooleanField(_("启用"), default=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("机构")
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name


def plain_username(text: str | None) -> str:
    """The name of an account as it is kept: names are told apart without regard to case, width or spaces around them."""
    return unicodedata.normalize("NFKC", text or "").strip().lower()


class OfficerQuerySet(models.QuerySet["Officer"]):
    """Officers, filtered."""

    def visible_to(self, officer: Officer, right: Right = Right.ACCOUNT_MANAGE) -> OfficerQuerySet:
        """Those whose organisation lies where the officer holds the right."""
        return self.filter(in_ranges("organisation__area_id", officer.reach(right)))

    def open(self, on: date) -> OfficerQuerySet:
        """Those whose account is open on the day."""
        return self.filter(is_active=True, organisation__is_active=True).filter(
            Q(expires_on__isnull=True) | Q(expires_on__gte=on)
        )


def name_officers(*rows: tuple[Iterable[models.Model], str], known: Officer | None = None) -> None:
    """Puts officers with their organisations where rows of any kind name them: one question for all, none where nobody is named.

    A join to officers for each kind of row costs a page more than the rows do. `known` is already there: whoever asks.
    """
    named = [(row, field, getattr(row, f"{field}_id")) for some, field in rows for row in some]
    found = {known.pk: known} if known is not None else {}
    wanted = {pk for _row, _field, pk in named if pk is not None} - set(found)
    if wanted:
        found.update(Officer.objects.select_related("organisation").in_bulk(wanted))
    for row, field, pk in named:
        if pk is not None:
            setattr(row, field, found[pk])


class OfficerManager(BaseUserManager.from_queryset(OfficerQuerySet)):  # type: ignore[misc]  # a class made by Django
    """Makes officers; the verbs of services/ do so with guard and audit entry."""

    def get_by_natural_key(self, username: str | None) -> Officer:
        """The account of this name."""
        found: Officer = self.get(username=plain_username(username))
        return found


class Officer(AbstractBaseUser):
    """A person who works with the platform, in one organisation. What they may do stands in their appointments."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(_("账号"), max_length=40, unique=True)
    name = models.CharField(_("姓名"), max_length=50)
    organisation = models.ForeignKey(
        Organisation, verbose_name=_("机构"), on_delete=models.PROTECT, related_name="officers"
    )
    phone_sealed = SealedField(_("电话"), null=True, editable=False)
    phone = Sealed("phone_sealed", purpose="officer_phone", null=True, mask=mask_phone)
    second_factor_sealed = SealedField(_("动态口令密钥"), null=True, editable=False)
    #: The secret that the officer's telephone shares. While `second_factor_since` is empty it is offered, not yet in use.
    second_factor_secret = Sealed("second_factor_sealed", purpose="second_factor", null=True)
    #: The 30-second step of the last code that was taken: neither it nor an earlier one is taken again.
    second_factor_step = models.BigIntegerField(default=0, editable=False)
    second_factor_failures = models.PositiveSmallIntegerField(default=0, editable=False)
    second_factor_locked_until = models.DateTimeField(null=True, editable=False)
    second_factor_since = models.DateTimeField(_("动态口令启用时间"), null=True, editable=False)
    is_active = models.BooleanField(_("启用"), default=True)
    expires_on = models.DateField(_("账号到期日"), null=True, blank=True)
    must_change_password = models.BooleanField(_("须改初始密码"), default=True)
    password_changed_at = models.DateTimeField(_("密码修改时间"), null=True, editable=False)
    #: The administrator who gave the password, until the officer has signed in with a second factor and chosen their own:
    #: changing it without a second factor proves nothing, since whoever gave it can do that too.
    password_from = models.ForeignKey(
        "self", verbose_name=_("密码由谁给出"), null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    #: The administrator who gave the code for setting up a second factor; none for a command on the server.
    set_up_from = models.ForeignKey(
        "self", verbose_name=_("启用码由谁给出"), null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    #: That code, hashed. Empty: none was given, or it was used.
    set_up_digest = models.CharField(max_length=128, blank=True, editable=False)
    #: Sessions begun before this moment are over: sign-out everywhere.
    sessions_from = models.DateTimeField(_("此前的登录全部失效"), default=timezone.now, editable=False)
    generated = models.BooleanField(_("演示账号"), default=False)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    is_anonymous = False
    is_authenticated = True

    objects = OfficerManager()

    class Meta:
        verbose_name = _("工作人员")
        ordering = ("username",)

    def __str__(self) -> str:
        return f"{self.name}（{self.organisation.name}）"

    @cached_property
    def held(self) -> list[Appointment]:
        """The appointments in force now, delegations among them."""
        now = timezone.now()
        return [one for one in _appointments(self.pk) if one.is_in_force(now)]

    @property
    def roles(self) -> set[Role]:
        """The roles held now."""
        return {Role(one.role) for one in self.held}

    @property
    def needs_second_factor(self) -> bool:
        """Whether one of the roles held demands a second factor."""
        return bool(self.roles & SECOND_FACTOR)

    @property
    def needs_set_up_code(self) -> bool:
        """Whether a second factor is set up against a code only: somebody else has had the password, or the last factor was reset."""
        return bool(self.set_up_digest) or self.password_from_id is not None

    def owes_password(self, now: datetime) -> bool:
        """Whether a new password is due: the first one was given by somebody else, or the last one is old."""
        if self.must_change_password:
            return True
        changed = self.password_changed_at
        return changed is not None and now - changed > timedelta(days=PASSWORD_DAYS.value)

    def may(self, right: Right, area: int | None = None) -> bool:
        """Whether the right is held now: anywhere, or at the area of this code."""
        ranges = self.reach(right)
        return bool(ranges) if area is None else any(one.first <= area <= one.last for one in ranges)

    def reach(self, right: Right) -> list[AreaRange]:
        """The areas in which the right is held now, as ranges of codes; none: nowhere."""
        return [one.area.range for one in self.held if right in RIGHTS[Role(one.role)]]

    def is_current(self, on: date) -> bool:
        """Whether the account is open on the day."""
        return self.is_active and self.organisation.is_active and (self.expires_on is None or on <= self.expires_on)


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    """Appointments, filtered."""

    def in_force(self, at: datetime) -> AppointmentQuerySet:
        """Begun, not ended, not revoked."""
        return self.not_over(at).filter(begins__lte=at)

    def not_over(self, at: datetime) -> AppointmentQuerySet:
        """In force or still to begin: not ended, not revoked."""
        return self.filter(revoked_at__isnull=True).filter(Q(ends__isnull=True) | Q(ends__gt=at))


class Appointment(models.Model):
    """An officer's role in an area, for a time. With `delegated_by` it is another officer's duty, lent until it ends."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    officer = models.ForeignKey(Officer, verbose_name=_("人员"), on_delete=models.PROTECT, related_name="appointments")
    role = models.CharField(_("角色"), max_length=24, choices=Role.choices)
    area = models.ForeignKey(Area, verbose_name=_("地区"), on_delete=models.PROTECT, related_name="+")
    begins = models.DateTimeField(_("开始"), default=timezone.now)
    ends = models.DateTimeField(_("结束"), null=True, blank=True)
    delegated_by = models.ForeignKey(
        Officer, verbose_name=_("委托人"), null=True, blank=True, on_delete=models.PROTECT, related_name="delegations"
    )
    reason = models.CharField(_("委托理由"), max_length=200, blank=True)
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, editable=False)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("任职")
        constraints = [
            models.CheckConstraint(
                condition=Q(delegated_by__isnull=True) | Q(ends__isnull=False), name="delegation_ends"
            ),
        ]

    def __str__(self) -> str:
        return f"{Role(self.role).label}·{self.area}"

    @property
    def last_day(self) -> date | None:
        """The last day on which it holds, as people say it (至): `ends` is the moment after; None without end."""
        return None if self.ends is None else timezone.localdate(self.ends - timedelta(microseconds=1))

    def is_in_force(self, at: datetime) -> bool:
        """Begun, not ended, not revoked: `AppointmentQuerySet.in_force` of one."""
        return self.revoked_at is None and self.begins <= at and (self.ends is None or self.ends > at)


#: Every page asks for the appointments of whoever asks for it.
_appointments = Asked(lambda pk: Appointment.objects.filter(officer=pk, revoked_at=None).select_related("area"))


class RecoveryCode(models.Model):
    """One of the ten codes that open the account once when the telephone with the second factor is lost. Hashed."""

    officer = models.ForeignKey(
        Officer, verbose_name=_("人员"), on_delete=models.CASCADE, related_name="recovery_codes"
    )
    digest = models.CharField(_("摘要"), max_length=128)
    used_at = models.DateTimeField(_("使用时间"), null=True)

    class Meta:
        verbose_name = _("备用码")

    def __str__(self) -> str:
        return str(self.used_at or "")


class AccountImport(models.Model):
    """A file of accounts that was read and checked, and waits for the administrator's word. `rows`: what it says."""

    class State(models.TextChoices):
        """How far it is."""

        CHECKED = "checked", _("已核对，待导入")
        DONE = "done", _("已导入")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    officer = models.ForeignKey(Officer, verbose_name=_("上传人"), on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(_("文件"), max_length=200)
    uploaded_at = models.DateTimeField(_("上传时间"), auto_now_add=True)
    rows = models.JSONField(default=list)
    messages = models.JSONField(default=list)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.CHECKED)
    done_at = models.DateTimeField(_("导入时间"), null=True)

    class Meta:
        verbose_name = _("账号导入")

    def __str__(self) -> str:
        return self.file_name
