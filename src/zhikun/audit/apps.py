"""How Django knows this room."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from zhikun.pages import menu


class AuditConfig(AppConfig):
    """留痕."""

    name = "zhikun.audit"
    label = "audit"
    verbose_name = _("留痕")

    def ready(self) -> None:
        """Learn how each app's entries are said; keep the triggers standing."""
        from zhikun.audit.models import VIEW  # noqa: PLC0415 - models are read when apps are known
        from zhikun.audit.registry import collect  # noqa: PLC0415 - Django first knows every app, then events are read

        collect()
        menu.register(
            menu.Entry(
                _("留痕查询"),
                "audit:search",
                icon="history",
                permission=VIEW,
                group=_("系统"),
                order=920,
                within=("audit:",),
            )
        )
        post_migrate.connect(_triggers_again, sender=self)


def _triggers_again(using: str, **_more: Any) -> None:
    """SQLite changes a table by making a new one, and the triggers go with the old: after each migration they are put up."""
    from zhikun.audit import guards  # noqa: PLC0415 - only migrations need it

    connection = connections[using]
    if {"audit_entry", "audit_chainhead"} <= set(connection.introspection.table_names()):
        guards.put_up(connection)
