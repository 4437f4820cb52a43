"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MonitoringConfig(AppConfig):
    """监测预警."""

    name = "zhikun.monitoring"
    label = "monitoring"
    verbose_name = _("监测预警")

    def ready(self) -> None:
        """Put warnings into the menu, on the first page, and on the page and the timeline of the household they are about."""
        from zhikun.accounts.roles import Right  # noqa: PLC0415 - models are not there when the module is read
        from zhikun.monitoring import desk, panels  # noqa: PLC0415 - the same
        from zhikun.pages import menu  # noqa: PLC0415 - the same
        from zhikun.registry import panels as household  # noqa: PLC0415 - the same

        desk.register()
        household.register(panels.panel())
        household.register_events("monitoring", panels.events)
        menu.register(
            menu.Entry(
                _("预警"), "monitoring:warnings", icon="bell", permission=Right.WARNING_VIEW, group=_("监测预警"), order=30,
                within=("monitoring:",),
            )
        )  # fmt: skip
