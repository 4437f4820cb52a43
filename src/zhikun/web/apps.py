"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebConfig(AppConfig):
    """平台."""

    name = "zhikun.web"
    label = "web"
    verbose_name = _("平台")
