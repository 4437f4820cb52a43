"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class SurveysConfig(AppConfig):
    """入户调查."""

    name = "zhikun.surveys"
    label = "surveys"
    verbose_name = gettext_lazy("入户调查")

    def ready(self) -> None:
        """Put surveys into the menu."""
        from zhikun.accounts.roles import Right  # noqa: PLC0415 - models are not there when the module is read
        from zhikun.pages import menu  # noqa: PLC0415 - the same

        group = _("信息录入")
        menu.register(
            menu.Entry(
                _("我的入户"), "surveys:mine", icon="clipboard-list", permission=Right.SURVEY_FILL, group=group, order=20,
                within=("surveys:fill", "surveys:found", "surveys:handed-in"),
            ),
            menu.Entry(
                _("调查轮次"), "surveys:rounds", icon="clipboard-list", permission=Right.SURVEY_REVIEW, group=group, order=30,
                within=("surveys:",),
            ),
        )  # fmt: skip
