"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PagesConfig(AppConfig):
    """页面."""

    name = "zhikun.pages"
    label = "pages"
    verbose_name = _("页面")
