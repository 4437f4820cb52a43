"""What may go wrong while people work, drawn in one way: what happened, why, and what to do.

    DomainError                a verb refused: 422, or 409 where somebody else was faster
    404                        not there, or not theirs: the page says the same for both
    403                        a form that was open too long, or cookies switched off (CSRF)
    405                        the address of a button, opened as if it were a page
    429                        too many tries
    400, 500                   a broken request; a fault of ours, with a number that stands in the log

A verb raises a `DomainError`; no view has to catch it. A view that shows a form catches it with `shown_in(form)`, so
that what was typed stays on the screen.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from zhikun.pages.formats import Text
from zhikun.pages.render import vary_by_htmx, wants_fragment

logger = logging.getLogger("zhikun.pages")

#: The element of base.html into which notices go that belong to no form.
NOTICE = "#notice"


class DomainError(Exception):
    """A verb refused. Apps derive theirs and say it in the words of the work, without personal data.

    `what` happened, `why` the rule stands (the clause, the other officer's change), `remedy`: what to do now. `field`
    names the form field that it is about, if it is about one.
    """

    status: ClassVar[int] = 422

    def __init__(self, what: Text, *, why: Text = "", remedy: Text = "", field: str = "") -> None:
        self.what, self.why, self.remedy = str(what), str(why), str(remedy)
        self.field = field
        super().__init__(" ".join(part for part in (self.what, self.why, self.remedy) if part))


class Conflict(DomainError):
    """Somebody else changed the same thing first."""

    status = 409


@dataclass(frozen=True)
class Notice:
    """What components/notice.html draws. `tone` is danger, warning, info or success."""

    what: str
    why: str = ""
    remedy: str = ""
    tone: str = "danger"
    code: str = ""


@contextmanager
def shown_in(form: BaseForm) -> Iterator[None]:
    """A verb that refuses inside this block puts its sentences into the form: at its field, or above all fields."""
    try:
        yield
    except DomainError as error:
        # A hidden field has no place and no label on the page: its refusal stands above all fields.
        field = error.field if error.field in form.fields and not form[error.field].is_hidden else None
        form.add_error(field, str(error))


class DomainErrorMiddleware:
    """Answers a request whose verb refused with the one page, or, for HTMX, with the one notice."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)
        if response.status_code == 405 and not response.streaming and not response.content:
            return not_allowed(request, response["Allow"])
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        notice = Notice(error.what, error.why, error.remedy, "warning" if error.status == 409 else "danger")
        return answer(request, _("没有办成"), notice, error.status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(
        request,
        _("请求有误"),
        Notice(_("系统看不懂这个请求。"), remedy=_("请返回上一页重新操作；如果是从别处复制的网址，请检查是否完整。")),
        400,
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(
        request,
        _("不能这样操作"),
        Notice(
            _("您的岗位没有这项权限。"),
            remedy=_("如果工作需要，请向本单位的系统管理员申请；换过岗位的，请退出后重新登录。"),
        ),
        403,
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The same sentences whether the thing does not exist or is not this officer's: nobody learns which."""
    return answer(
        request,
        _("没有找到"),
        Notice(
            _("没有这个页面，或者它不在您的管理范围内。"),
            why=_("您只能看到本人管辖地区和职责范围内的内容。"),
            remedy=_("请检查网址和编号是否完整，或从菜单重新进入。"),
        ),
        404,
    )


def not_allowed(request: HttpRequest, methods: str) -> HttpResponse:
    """Somebody came by address to what only a button does: reloaded, a bookmark, sent back here by the sign-in."""
    notice = Notice(
        _("这个网址不能直接打开，什么也没有办理。"),
        why=_("它只在点页面上的按钮时使用；登录过期以后重新登录，也会回到这里。"),
        remedy=_("请从菜单打开原来的页面，再点一次按钮。"),
    )
    response = answer(request, _("没有办成"), notice, 405)
    response["Allow"] = methods
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For the setting `CSRF_FAILURE_VIEW`."""
    return answer(
        request,
        _("没有提交成功"),
        Notice(
            _("为保护您的账号，这次提交没有被接受，内容没有保存。"),
            why=_("页面打开的时间太长、期间重新登录过，或者浏览器关闭了 Cookie。"),
            remedy=_("请返回上一页，刷新后重新提交；反复出现时，请在浏览器设置中允许本网站使用 Cookie。"),
        ),
        403,
    )


def too_many(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    """For whatever limits tries: `AXES_LOCKOUT_CALLABLE` among them."""
    return answer(
        request,
        _("尝试次数过多"),
        Notice(
            _("短时间内尝试次数过多，已暂停受理。"),
            why=_("这是为了防止他人猜测密码。"),
            remedy=_("请十五分钟后再试；忘记密码的，请联系本单位的系统管理员重置。"),
        ),
        429,
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours. Drawn without menu, officer or database: any of them may be what failed."""
    code = secrets.token_hex(4)
    match = request.resolver_match
    logger.error("server error %s at %s", code, match.view_name if match is not None else "an unknown page")
    notice = Notice(
        _("系统出了故障，您的操作没有完成。"),
        why=_("这不是您的问题，故障已经记录下来。"),
        remedy=_("请稍后再试；反复出现时，请把错误编号告诉系统管理员。"),
        code=code,
    )
    return answer(request, _("系统故障"), notice, 500)


def answer(request: HttpRequest, title: str, notice: Notice, status: int) -> HttpResponse:
    """The notice as a page of its own, or, for HTMX, into the place for notices of the page that is open."""
    if wants_fragment(request):
        response = HttpResponse(drawn(notice), status=status)
        response["HX-Retarget"] = NOTICE
        response["HX-Reswap"] = "innerHTML show:top"
    else:
        template = "pages/fault.html" if status == 500 else "pages/error.html"
        context = {"title": title, "notice": notice, "back": _back(request)}
        response = HttpResponse(render_to_string(template, context, None if status == 500 else request), status=status)
    vary_by_htmx(response)
    return response


def drawn(notice: Notice) -> SafeString:
    """The notice alone."""
    return render_to_string("components/notice.html", {"notice": notice})


def _back(request: HttpRequest) -> str:
    """Where the officer came from, if it was a page of ours: never another site, never the same address again."""
    came_from = request.META.get("HTTP_REFERER", "")
    here = request.build_absolute_uri() if came_from else ""
    ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}) if came_from else False
    return came_from if ours and came_from != here else ""
