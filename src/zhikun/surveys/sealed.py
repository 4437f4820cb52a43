"""What a rotation of keys has to reach in this room beside its models (privacy/reach.py)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from zhikun.privacy import sealed_folder
from zhikun.surveys.services import files

sealed_folder("surveys", _("入户照片和签名"), files.folder, files.sealed_as)
