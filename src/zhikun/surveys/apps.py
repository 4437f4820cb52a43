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
        """Put surveys into the menu and on the household's page; tell areas what follows a code."""
        from zhikun.accounts.roles import Right  # noqa: PLC0415 - models are not there when the module is read
        from zhikun.pages import menu  # noqa: PLC0415 - the same
        from zhikun.places import uses  # noqa: PLC0415 - the same
        from zhikun.registry import panels  # noqa: PLC0415 - the same
        from zhikun.surveys import desk  # noqa: PLC0415 - the same
        from zhikun.surveys.panels import panel  # noqa: PLC0415 - the same
        from zhikun.surveys.services import following  # noqa: PLC0415 - the same

        desk.register()
        panels.register(panel())
        uses.register_following(following.follow)

        entries = (
            (_("我的入户"), "mine", "home-heart", Right.SURVEY_FILL, ("fill", "found")),
            (
                _("调查轮次"),
                "rounds",
                "calendar",
                Right.SURVEY_MANAGE,
                ("round", "new-round", "new-team", "assignments"),
            ),
            (_("入户审核"), "queue", "checklist", Right.SURVEY_REVIEW, ("visit",)),
            (_("调查复核"), "rechecks", "git-compare", Right.SURVEY_RECHECK, ("recheck",)),
            (_("自行申报"), "reports", "message", Right.SURVEY_MANAGE, ("report",)),
            (_("第三方结算"), "engagements", "report-money", Right.SURVEY_MANAGE, ("engagement", "new-engagement")),
        )
        menu.register(
            *(
                menu.Entry(
                    title, f"surveys:{view}", icon=icon, permission=right, group=_("信息录入"), order=20 + n,
                    within=tuple(f"surveys:{one}" for one in within),
                )
                for n, (title, view, icon, right, within) in enumerate(entries)
            )
        )  # fmt: skip
