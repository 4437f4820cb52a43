"""What the verbs of this room refuse, in the words of the work."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from zhikun.pages.errors import DomainError


class AccountRefused(DomainError):
    """A verb of this room refused."""


class NotSignedIn(AccountRefused):
    """Name or password is wrong, or there is no such account: which of the two is not said."""

    def __init__(self) -> None:
        super().__init__(
            _("账号或密码不正确。"),
            remedy=_(
                "请检查大小写和输入法；连续输错 5 次，本机将暂停登录该账号 15 分钟。忘记密码请联系本单位的系统管理员重置。"
            ),
        )


class TooManyTries(AccountRefused):
    """The account is locked for this address after five wrong passwords, whether or not there is such an account."""

    status = 429

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        super().__init__(
            _("密码连续输错次数过多，已暂停登录。"),
            why=_("这是为了防止他人猜测密码。在这期间输入正确的密码也不能登录。"),
            remedy=_("请约 {n} 分钟后再试；忘记密码的，请联系本单位的系统管理员重置。").format(n=minutes),
        )


class AccountClosed(AccountRefused):
    """The password is right, but the account, or the organisation, is closed or expired. Said only to who knows the password."""

    def __init__(self, expired_on: date | None = None) -> None:
        super().__init__(
            _("账号已于 {day} 到期。").format(day=expired_on.isoformat()) if expired_on else _("账号已停用。"),
            remedy=_("仍需使用的，请联系本单位的系统管理员延期或恢复。"),
        )


class WrongCode(AccountRefused):
    """A code of the second factor that is wrong, old or already used."""

    def __init__(self, left: int | None) -> None:
        """`left`: how often one may still try; None: as often as one likes."""
        tries = _("还可以试 {n} 次。").format(n=left) if left is not None else ""
        super().__init__(
            _("动态口令不正确或已经用过。") + tries,
            why=_("每个口令 30 秒内有效，只能用一次。"),
            remedy=_("请等下一个口令出现后再输入；一直不对时，请检查手机的时间是否为自动设置。"),
            field="code",
        )


class CodeLocked(AccountRefused):
    """Too many wrong codes."""

    def __init__(self, minutes: int) -> None:
        super().__init__(
            _("动态口令连续输错 5 次，已暂停登录。"),
            why=_("这是为了防止知道密码的人猜测口令。"),
            remedy=_("请约 {n} 分钟后再试；手机丢失的，请用备用码，或联系本单位的系统管理员重置动态口令。").format(
                n=minutes
            ),
            field="code",
        )


class OneHand(AccountRefused):
    """Password and second factor of one account are not given by one administrator: together they are the account."""

    def __init__(self, username: str, *, password: bool) -> None:
        """`password`: a password is refused, since the code came from this administrator; else the code, since the password did."""
        given = _("动态口令的启用码") if password else _("密码")
        command = "password" if password else "second-factor"
        super().__init__(
            _("这个账号的{given}是您给的，另一半须由别人办理。").format(given=given),
            why=_(
                "同时掌握密码和动态口令的人，可以用这个账号登录、审批。本人用自己的新密码和动态口令登录以后，限制解除。"
            ),
            remedy=_(
                "请由另一位系统管理员办理；没有第二位的，由服务器维护人员运行 zhikun accounts {command} {username}，同样留痕。"
            ).format(command=command, username=username),
        )


class WrongSetUpCode(AccountRefused):
    """The code for setting up a second factor is missing, wrong, used, or was replaced by a newer one."""

    def __init__(self) -> None:
        super().__init__(
            _("启用码不正确，或已经作废。"),
            why=_("启用码只能用一次；管理员给出新的，旧的就作废。"),
            remedy=_("请核对后重新输入；没有启用码的，请向系统管理员索取，给您密码的那一位除外。"),
            field="set_up_code",
        )


class WrongPassword(AccountRefused):
    """The officer's own password, asked again before something important, is wrong."""

    def __init__(self) -> None:
        super().__init__(_("当前密码不正确。"), remedy=_("请重新输入您登录时用的密码。"), field="password")


class ReasonMissing(AccountRefused):
    """An act that is to be justified comes without a reason, or with a word that gives none."""

    def __init__(self, given: str = "") -> None:
        super().__init__(
            _("理由太短。") if given else _("没有填写理由。"),
            why=_("这项操作会留痕备查。"),
            remedy=_("请写明原因，至少 4 个字。"),
            field="reason",
        )


class OutOfReach(AccountRefused):
    """The organisation, officer, role or area is not within the administrator's own area."""

    def __init__(self, what: str, field: str = "") -> None:
        super().__init__(
            _("“{what}”不在您的管理范围内。").format(what=what),
            why=_("管理员只能管理本人管辖地区内的机构、人员和角色。"),
            remedy=_("请由上级地区的系统管理员办理。"),
            field=field,
        )


class OwnAccount(AccountRefused):
    """Nobody changes what they themselves may do."""

    def __init__(self) -> None:
        super().__init__(
            _("不能给自己授权，也不能停用、延期或重置自己的账号。"),
            why=_("权限须由他人授予（GB/T 22239—2019 8.1.4.2 要求管理权限分离）。"),
            remedy=_("请由另一位系统管理员办理；修改自己的密码请到“我的账号”。"),
        )


class LastAdministrator(AccountRefused):
    """After this nobody could manage the accounts of the area."""

    def __init__(self, area: str) -> None:
        super().__init__(
            _("这是“{area}”最后一位系统管理员，不能停用或撤销。").format(area=area),
            why=_("否则该地区的账号将无人管理。"),
            remedy=_("请先另任命一位长期的系统管理员。"),
        )


class RolesClash(AccountRefused):
    """Two roles that one person may not hold at the same time."""

    def __init__(self, one: str, other: str, why: str, *, delegated: bool = False) -> None:
        kind = _("（受托）") if delegated else ""
        super().__init__(
            _("“{one}”不能与该人员已有的“{other}”{kind}同时担任。").format(one=one, other=other, kind=kind),
            why=why + _("。"),
            remedy=_("请换一位人员，或先终止原有角色，或把开始日期定在原有角色结束之后。"),
            field="role",
        )


class AlreadyAppointed(AccountRefused):
    """The officer holds this role in this area already for a part of that time."""

    def __init__(self, role: str, area: str) -> None:
        super().__init__(
            _("该人员在这段时间已经是“{area}”的“{role}”。").format(role=role, area=area),
            remedy=_("不需要重复授予；要改结束日期，请先终止原有任职。"),
            field="role",
        )


class NotForThisOffice(AccountRefused):
    """A role that officers of this kind of organisation, or in this level of area, do not hold."""

    def __init__(self, what: str, remedy: str, field: str) -> None:
        super().__init__(what, remedy=remedy, field=field)


class WrongDates(AccountRefused):
    """An end before the beginning, or in the past, or too far away."""

    def __init__(self, what: str, remedy: str, field: str = "ends") -> None:
        super().__init__(what, remedy=remedy, field=field)


class NameTaken(AccountRefused):
    """Another account or organisation has this name or code."""

    def __init__(self, what: str, field: str) -> None:
        super().__init__(
            _("“{what}”已被使用。").format(what=what), remedy=_("请换一个；停用过的也不能重复使用。"), field=field
        )


class NotAsItWas(AccountRefused):
    """The thing is no longer in the state in which this act makes sense: somebody was faster, or the button was pressed twice."""

    status = 409

    def __init__(self, what: str) -> None:
        super().__init__(what, why=_("可能已由他人办理，或重复提交。"), remedy=_("请刷新页面查看最新情况。"))


class StillInUse(AccountRefused):
    """An organisation with open accounts is not closed."""

    def __init__(self, count: int) -> None:
        super().__init__(
            _("该机构还有 {n} 个启用的账号。").format(n=count),
            why=_("机构停用后其人员都不能登录。"),
            remedy=_("请先停用这些账号，或把人员转到其他机构。"),
        )


class BadName(AccountRefused):
    """A name of an account that is no name."""

    def __init__(self, what: str, field: str) -> None:
        super().__init__(
            what, remedy=_("请用 3 至 40 个小写字母、数字、点、横线或下划线，不要用身份证号或手机号。"), field=field
        )


class BadPhone(AccountRefused):
    """A number that nobody can call."""

    def __init__(self) -> None:
        super().__init__(
            _("这不像电话号码。"), remedy=_("请填手机号码，或带区号的座机号码，如 0954-1234567。"), field="phone"
        )


class PasswordRefused(AccountRefused):
    """A new password that is too short, too common, all digits, like the account's name, or the old one."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("".join(faults), field="new")


class NotYourDuty(AccountRefused):
    """A duty that is not the acting officer's to lend or take back, or not to this person."""

    def __init__(self, what: str, field: str = "") -> None:
        super().__init__(
            what,
            why=_("委托出去的是本人的权限，责任仍可追溯到人。"),
            remedy=_("需要其他安排的，请联系系统管理员。"),
            field=field,
        )


class FileRefused(AccountRefused):
    """A file of accounts that cannot be used, or a row of it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy=remedy or _("请改正后重新上传，其他行不受影响，也还没有导入。"), field="file")
