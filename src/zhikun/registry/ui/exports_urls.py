"""The addresses of the pages of exports."""

from __future__ import annotations

from django.urls import path

from zhikun.registry.ui import exports

app_name = "exports"
urlpatterns = [
    path("exports/", exports.exports, name="list"),
    path("exports/new", exports.new, name="new"),
    path("exports/<uuid:pk>", exports.export, name="export"),
    path("exports/<uuid:pk>/file", exports.download, name="download"),
]
