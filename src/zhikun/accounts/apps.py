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
        """Put this room's pages into the side menu; tell areas what follows a code."""
        from zhikun.accounts.models import Appointment  # noqa: PLC0415 - models are not there when the module is read
        from zhikun.accounts.services import following  # noqa: PLC0415 - the same
        from zhikun.places import uses  # noqa: PLC0415 - the same

        uses.register_following(following.follow, unless_merged=[Appointment])
        uses.register_past(Appointment, following.past_appointments)
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
