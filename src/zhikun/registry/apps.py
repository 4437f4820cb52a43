"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    """家庭档案."""

    name = "zhikun.registry"
    label = "registry"
    verbose_name = _("家庭档案")
