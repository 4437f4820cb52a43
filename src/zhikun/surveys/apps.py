"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SurveysConfig(AppConfig):
    """入户调查."""

    name = "zhikun.surveys"
    label = "surveys"
    verbose_name = _("入户调查")
