"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssessmentsConfig(AppConfig):
    """评估."""

    name = "zhikun.assessments"
    label = "assessments"
    verbose_name = _("评估")
