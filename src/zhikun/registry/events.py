"""What the registry writes into the record: code, and the sentence that is shown for it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from zhikun.registry.models import Document, Export, Household, HouseholdEvent, ImportBatch
from zhikun.registry.sources import SourceKind
from zhikun.registry.vocabulary import categories, entity_title, title_of

REGISTERED = "registry.household_registered"
RECORDED = "registry.facts_recorded"
WITHDRAWN = "registry.recording_withdrawn"
SETTLED = "registry.contradiction_settled"
VIEWED = "registry.household_viewed"
SEARCHED = "registry.searched"
UNMASKED = "registry.unmasked"
CHANGED = "registry.household_changed"
EXPORTED = "registry.exported"
DOCUMENT_ADDED = "registry.document_added"
DOCUMENT_SEEN = "registry.document_seen"
PRIVACY_VIEWED = "registry.privacy_viewed"
IMPORT_UPLOADED = "registry.import_uploaded"
IMPORT_SUBMITTED = "registry.import_submitted"
IMPORT_DECIDED = "registry.import_decided"
IMPORT_COMMITTED = "registry.import_committed"
IMPORT_UNDONE = "registry.import_undone"

SENTENCES = {
    REGISTERED: _("建立家庭档案"),
    RECORDED: _("记录家庭情况"),
    WITHDRAWN: _("撤回一次记录"),
    SETTLED: _("核定申报与核对不符"),
    VIEWED: _("查看家庭档案"),
    SEARCHED: _("查询家庭"),
    UNMASKED: _("查看完整个人信息"),
    CHANGED: _("变更家庭档案"),
    EXPORTED: _("导出家庭名单"),
    DOCUMENT_ADDED: _("上传材料"),
    DOCUMENT_SEEN: _("查看材料"),
    PRIVACY_VIEWED: _("查看谁看过档案"),
    IMPORT_UPLOADED: _("上传导入文件"),
    IMPORT_SUBMITTED: _("导入送审"),
    IMPORT_DECIDED: _("审核导入"),
    IMPORT_COMMITTED: _("导入入库"),
    IMPORT_UNDONE: _("撤销导入"),
}


def _fact(path: str) -> str:
    """What a fact is called, of member.wage_income_year; its name where the pack no longer knows it."""
    entity, dot, fact = path.partition(".")
    return f"{entity_title(entity)} · {title_of(entity, fact)}" if dot else path


def _column(name: str) -> str:
    from zhikun.registry.services.exporting_columns import columns_offered  # noqa: PLC0415 - it reads pages of a search
    from zhikun.registry.services.exporting_sources import title_of  # noqa: PLC0415 - the same

    return str(columns_offered().get(name) or title_of(name) or name)


def _as_it_is(code: str) -> str:
    return code


def _of_contact(names: str) -> str:
    from zhikun.registry.services.home import in_words  # noqa: PLC0415 - it reads the models of what this file names

    return in_words(names.split("、"))


def _category(code: str) -> str:
    return categories().get(code, code)


_KINDS = {
    **dict(HouseholdEvent.Kind.choices),
    **dict(Document.Kind.choices),
    "list": _("按条件列出"),
    "name": _("按姓名"),
    "pinyin": _("按拼音"),
    "initials": _("按首字母"),
    "id_number": _("按证件号"),
    "household_number": _("按户编号"),
    "nothing": _("看不懂的文字"),
    "moved_away": _("成员迁往别处"),
    "recoded": _("区划代码变更"),
    "document_withdrawn": _("撤回材料"),
}
#: What the details of an entry mean.
DETAILS = {
    "kind": _("种类"),
    "decision": _("结论"),
    "step": _("步骤"),
    "what": _("内容"),
    "source": _("来源"),
    "on": _("日期"),
    "fact": _("哪一项"),
    "facts": _("哪些项"),
    "people": _("人数"),
    "households": _("户数"),
    "count": _("找到几户"),
    "shown": _("列出几户"),
    "opened": _("新建档案（户）"),
    "recorded": _("补记已有档案（户）"),
    "late": _("入库时退回（户）"),
    "undone": _("已撤销（户）"),
    "kept": _("保留（户）"),
    "ready": _("可入库（户）"),
    "rejected": _("有错（户）"),
    "rows": _("行数"),
    "columns": _("导出哪些列"),
    "format": _("格式"),
    "unmasked": _("显示完整个人信息"),
    "full": _("含完整个人信息"),
    "category": _("救助类别"),
    "state": _("档案状态"),
    "contradicted": _("只看有不一致的"),
    "place": _("地区代码"),
    "typed": _("输入了查询文字"),
    "run": _("评估编号"),
    "asked": _("条件（代码）"),
    "minutes": _("显示多少分钟"),
    "size": _("文件大小（字节）"),
    "command": _("用命令办理"),
    "to": _("到哪个地区（代码）"),
    "left": _("离开哪个地区（代码）"),
    "fields": _("随之改动的"),
    "put_back": _("恢复原来的"),
    "as_it_is": _("后来又改过，保留现在的"),
    "document": _("材料编号"),
    "recording": _("记录编号"),
    "export": _("导出编号"),
    "sha256": _("文件指纹"),
}
VALUES = {
    "kind": _KINDS,
    "decision": dict(ImportBatch.State.choices),
    "step": {"asked": _("提出申请"), "made": _("已生成"), "fetched": _("已下载"), "done": _("已完成")},
    "what": {"import": _("导入中的一户"), "rejects": _("退回的行")},
    "source": dict(SourceKind.choices),
    "fact": _fact,
    "facts": _fact,
    "format": dict(Export.Format.choices),
    "category": _category,
    "state": dict(Household.State.choices),
    "place": _as_it_is,
    "to": _as_it_is,
    "left": _as_it_is,
    **dict.fromkeys(("fields", "put_back", "as_it_is"), _of_contact),
    "columns": _column,
}
