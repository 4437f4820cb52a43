"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlacesConfig(AppConfig):
    """行政区划."""

    name = "zhikun.places"
    label = "places"
    verbose_name = _("行政区划")
