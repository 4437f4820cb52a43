"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from zhikun.pages import menu


class PlacesConfig(AppConfig):
    """行政区划."""

    name = "zhikun.places"
    label = "places"
    verbose_name = _("行政区划")

    def ready(self) -> None:
        """Tell the record what areas are called."""
        from zhikun.audit import names  # noqa: PLC0415 - models are read when apps are known
        from zhikun.places import codes, selectors  # noqa: PLC0415 - the same

        names.plug(
            area_names=selectors.short_names, find_areas=selectors.meant, span=codes.range_of, former=selectors.former
        )
        menu.register(
            menu.Entry(_("行政区划"), "places:tree", icon="map-pin", group=_("系统"), order=910, within=("places:",))
        )
