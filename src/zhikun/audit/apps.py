"""How Django knows this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """留痕."""

    name = "zhikun.audit"
    label = "audit"
    verbose_name = _("留痕")

    def ready(self) -> None:
        """Learn how each app's entries are said."""
        from zhikun.audit.registry import collect  # noqa: PLC0415 - Django first knows every app, then events are read

        collect()
