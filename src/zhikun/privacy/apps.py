"""How Django knows this room."""

from django.apps import AppConfig
from django.core import checks
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    """个人信息保护."""

    name = "zhikun.privacy"
    label = "privacy"
    verbose_name = _("个人信息保护")

    def ready(self) -> None:
        """Each app's `sealed.py` says what a rotation of keys has to reach beside its models."""
        from zhikun.privacy.reach import check_reach  # noqa: PLC0415 - models are not there when the module is read

        autodiscover_modules("sealed")
        checks.register(check_reach, checks.Tags.models)
