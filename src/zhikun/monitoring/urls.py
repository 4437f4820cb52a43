"""The addresses of this room's pages. No name, number or code of a person ever stands in one."""

from __future__ import annotations

from django.urls import path

from zhikun.monitoring.ui import warnings

app_name = "monitoring"
urlpatterns = [
    path("warnings/", warnings.warnings, name="warnings"),
    path("warnings/<uuid:pk>", warnings.warning, name="warning"),
]
