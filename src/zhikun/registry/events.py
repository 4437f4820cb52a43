"""What the registry writes into the record: code, and the sentence that is shown for it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

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
