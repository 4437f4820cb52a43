"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    """家庭档案."""

    name = "zhikun.registry"
    label = "registry"
    verbose_name = _("家庭档案")

    def ready(self) -> None:
        """Put the registry into the menu; tell the record how a household number is looked up, and areas what follows a code."""
        from zhikun.accounts.roles import Right  # noqa: PLC0415 - models are not there when the module is read
        from zhikun.audit import names  # noqa: PLC0415 - the same
        from zhikun.pages import menu  # noqa: PLC0415 - the same
        from zhikun.places import uses  # noqa: PLC0415 - the same
        from zhikun.registry.models import Residence  # noqa: PLC0415 - the same
        from zhikun.registry.selectors.search import household_of_number  # noqa: PLC0415 - the same
        from zhikun.registry.services import following  # noqa: PLC0415 - the same

        names.plug(find_household=household_of_number)
        uses.register_following(following.follow)
        uses.register_past(Residence, following.past_homes)
        menu.register(
            menu.Entry(
                _("家庭档案"), "registry:search", icon="users", permission=Right.HOUSEHOLD_VIEW, group=_("信息录入"), order=10,
                within=("registry:",),
            ),
            menu.Entry(
                _("批量导入"), "imports:list", icon="file-import", permission=Right.HOUSEHOLD_IMPORT, group=_("信息录入"), order=20,
                within=("imports:",),
            ),
            menu.Entry(
                _("导入审核"), "imports:waiting", icon="clipboard-check", permission=Right.IMPORT_APPROVE, group=_("信息录入"),
                order=21, within=("imports:",),
            ),
        )  # fmt: skip
