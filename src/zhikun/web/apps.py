"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebConfig(AppConfig):
    """平台."""

    name = "zhikun.web"
    label = "web"
    verbose_name = _("平台")

    def ready(self) -> None:
        """The first page: its line in the menu, and the cards of the rooms below."""
        from zhikun.pages import menu  # noqa: PLC0415 - models are not there when the module is read
        from zhikun.registry import desk  # noqa: PLC0415 - the same
        from zhikun.web import forking  # noqa: PLC0415 - the same

        forking.guard()

        menu.register(menu.Entry(_("工作台"), "web:home", icon="home", order=1))
        desk.register()
