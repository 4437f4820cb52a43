"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssessmentsConfig(AppConfig):
    """评估."""

    name = "zhikun.assessments"
    label = "assessments"
    verbose_name = _("评估")

    def ready(self) -> None:
        """The household's page shows what this room knows of it; the menu leads to the runs."""
        from zhikun.accounts.roles import Right  # noqa: PLC0415 - models are not loaded before apps are ready
        from zhikun.assessments.exporting import SOURCE, Lists  # noqa: PLC0415 - the same
        from zhikun.assessments.panels import history, panel  # noqa: PLC0415 - the same
        from zhikun.pages import menu  # noqa: PLC0415 - the same
        from zhikun.registry import panels  # noqa: PLC0415 - the same
        from zhikun.registry.services import exporting_sources  # noqa: PLC0415 - the same

        panels.register(panel())
        exporting_sources.register(SOURCE, Lists())
        panels.register_events(self.label, history)
        menu.register(
            menu.Entry(
                _("评估"), "assessments:runs", icon="scale", permission=Right.HOUSEHOLD_VIEW, group=_("评估与统计"),
                order=100, within=("assessments:",),
            )
        )  # fmt: skip
