"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from zhikun.pages import menu


class JobsConfig(AppConfig):
    """后台任务."""

    name = "zhikun.jobs"
    label = "jobs"
    verbose_name = _("后台任务")

    def ready(self) -> None:
        """Each app's `tasks.py` registers the kinds of work that it has."""
        autodiscover_modules("tasks")
        menu.register(
            menu.Entry(_("后台任务"), "jobs:mine", icon="list-check", group=_("系统"), order=900, within=("jobs:",))
        )
