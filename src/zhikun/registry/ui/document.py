"""Photos and scans: added, shown after authorisation, taken down."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from zhikun.accounts.access import officer_of, requires
from zhikun.accounts.models import Officer
from zhikun.accounts.roles import Right
from zhikun.identity.errors import SealRefused
from zhikun.pages.errors import DomainError, shown_in
from zhikun.pages.forms import UploadField
from zhikun.pages.frame import Crumb
from zhikun.pages.render import render_page
from zhikun.registry import events
from zhikun.registry.models import Document
from zhikun.registry.selectors.file import looked_lately, unmasked_now, visible
from zhikun.registry.services import document as verbs
from zhikun.registry.services.guard import no_number_in
from zhikun.registry.ui.household import crumbs

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf"}


class DocumentForm(forms.Form):
    """A file and what it shows."""

    kind = forms.ChoiceField(label=_("类型"), choices=Document.Kind.choices)
    title = forms.CharField(label=_("说明"), max_length=100, required=False, help_text=_("不要写姓名和号码。"))
    file = UploadField(label=_("文件"), kinds=("jpg", "jpeg", "png", "webp", "pdf"))


class WithdrawForm(forms.Form):
    """Why a document is taken down."""

    reason = forms.CharField(label=_("撤下的理由"), max_length=200)


@requires(Right.HOUSEHOLD_EDIT)
def add(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Upload one file."""
    officer = officer_of(request)
    household = visible(officer, pk, Right.HOUSEHOLD_EDIT)
    form = DocumentForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            data = form.cleaned_data
            upload = verbs.Upload(data["file"].read(), data["kind"], no_number_in(data["title"]))
            kept = verbs.add(household, upload, acting_officer=officer)
            is_photo = kept.content_type.startswith("image/")
            told = (
                _("已上传。照片里的位置和时间已登记，并从图片中去掉。") if is_photo else _("已上传。文件已加密保存。")
            )
            messages.success(request, told)
            return HttpResponseRedirect(reverse("registry:household", args=[pk]) + "#documents")
    title = _("上传照片和材料")
    context = {
        "title": title, "form": form, "household": household, "multipart": True, "submit": _("上传"),
        "crumbs": [*crumbs(household, link=True), Crumb(str(title))],
    }  # fmt: skip
    return render_page(request, "registry/edit.html", context, status=422 if form.errors else 200)


@requires(Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def shown(request: HttpRequest, pk: uuid.UUID, one: uuid.UUID) -> HttpResponse:
    """The file itself. Each look is on record."""
    officer = officer_of(request)
    document = _document(officer, pk, one)
    if document.is_sensitive and unmasked_now(document.household, officer) is None:
        # With the right: say why, then look. Without it the paper is not there.
        if not officer.may(Right.HOUSEHOLD_UNMASK, document.household.area_id):
            raise Http404
        messages.info(request, _("这份材料上有完整的姓名和号码，请先写明查看的理由。"))
        return HttpResponseRedirect(reverse("registry:unmask", args=[pk]))
    response = _answer(document, thumbnail=False)
    verbs.seen(document, acting_officer=officer)
    return response


@requires(Right.HOUSEHOLD_VIEW, methods=("GET", "HEAD"))
def thumbnail(request: HttpRequest, pk: uuid.UUID, one: uuid.UUID) -> HttpResponse:
    """The small picture on the household's page, whose opening is on record already; seen alone, it is a look of its own."""
    officer = officer_of(request)
    document = _document(officer, pk, one)
    if document.is_sensitive and unmasked_now(document.household, officer) is None:
        raise Http404
    response = _answer(document, thumbnail=True)
    if not any(looked_lately(document.household, officer, event) for event in (events.VIEWED, events.DOCUMENT_SEEN)):
        verbs.seen(document, acting_officer=officer)
    return response


@requires(Right.HOUSEHOLD_EDIT)
def withdraw(request: HttpRequest, pk: uuid.UUID, one: uuid.UUID) -> HttpResponse:
    """Take a document down, with a reason."""
    officer = officer_of(request)
    household = visible(officer, pk, Right.HOUSEHOLD_EDIT)
    document = _document(officer, pk, one)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form):
            verbs.withdraw(document, reason=no_number_in(form.cleaned_data["reason"]), acting_officer=officer)
            messages.success(request, _("已撤下。"))
            return HttpResponseRedirect(reverse("registry:household", args=[pk]))
    title = _("撤下：{d}").format(d=document.title or document.get_kind_display())
    context = {
        "title": title, "form": form, "household": household, "submit": _("撤下"),
        "intro": _("撤下以后档案里不再显示；文件和撤下的理由保留，供核查。"),
        "crumbs": [*crumbs(household, link=True), Crumb(str(title))],
    }  # fmt: skip
    return render_page(request, "registry/edit.html", context, status=422 if form.errors else 200)


def _document(officer: Officer, pk: uuid.UUID, one: uuid.UUID) -> Document:
    household = visible(officer, pk)
    found = Document.objects.filter(household=household, pk=one, withdrawn_at__isnull=True).first()
    if found is None:
        raise Http404
    found.household = household
    return found


def _answer(document: Document, *, thumbnail: bool) -> HttpResponse:
    try:
        content = b"".join(verbs.read(document, thumbnail=thumbnail))
    except FileNotFoundError:
        raise Http404 from None
    except SealRefused:
        raise DomainError(
            str(_("这份材料打不开。")),
            why=str(_("文件被改动过，或密钥不对。")),
            remedy=str(_("请告诉系统管理员，从备份恢复。")),
        ) from None
    kind = "image/jpeg" if thumbnail else document.content_type
    response = HttpResponse(content, content_type=kind)
    # The name says nothing about the person; a browser shows pictures and PDF, and never takes them for a page.
    response["Content-Disposition"] = f'inline; filename="{document.pk.hex[:8]}.{_ENDINGS[kind]}"'
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
