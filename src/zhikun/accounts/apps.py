"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from zhikun.pages import menu

#: The group of the side menu in which administrators find what they keep.
GROUP = _("系统")


class AccountsConfig(AppConfig):
    """人员与权限."""

    name = "zhikun.accounts"
    label = "accounts"
    verbose_name = _("人员与权限")

    def ready(self) -> None:
        """Put this room's pages into the side menu."""
        menu.register(
            menu.Entry(
                _("机构"), "accounts:organisations", icon="building-community", permission="account.manage", group=GROUP,
                order=800, within=("accounts:organisation",),
            ),
            menu.Entry(
                _("人员账号"), "accounts:officers", icon="user-check", permission="account.manage", group=GROUP, order=810,
                within=("accounts:officer", "accounts:appointment", "accounts:import"),
            ),
        )  # fmt: skip
