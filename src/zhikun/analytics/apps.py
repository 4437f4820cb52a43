"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    """统计与试算."""

    name = "zhikun.analytics"
    label = "analytics"
    verbose_name = _("统计与试算")

    def ready(self) -> None:
        """The menu leads to the pages of this room; when a run ends, its statistics are made ready."""
        from zhikun.analytics import coded, exporting, fit_exporting  # noqa: PLC0415 - models are not there when the module is read
        from zhikun.analytics.ui import entries  # noqa: PLC0415 - models are not there when the module is read
        from zhikun.assessments import followers  # noqa: PLC0415 - the same
        from zhikun.pages import menu  # noqa: PLC0415 - the same
        from zhikun.registry.services import exporting_sources  # noqa: PLC0415 - the same

        followers.register(self.label, coded.prepare)
        exporting_sources.register(exporting.SOURCE, exporting.Lists())
        exporting_sources.register(fit_exporting.SOURCE, fit_exporting.Lists())
        followers.register_page(_("信息统计"), "analytics:statistics")
        menu.register(*entries.ENTRIES)
