"""The addresses of the pages of imports. No name and no number of a person ever stands in one."""

from __future__ import annotations

from django.urls import path

from zhikun.registry.ui import imports, imports_preview

app_name = "imports"
urlpatterns = [
    path("imports/", imports.batches, name="list"),
    path("imports/waiting", imports.waiting, name="waiting"),
    path("imports/new", imports.new, name="new"),
    path("imports/template", imports.template, name="template"),
    path("imports/<uuid:pk>", imports.batch, name="batch"),
    path("imports/<uuid:pk>/progress", imports.progress, name="progress"),
    path("imports/<uuid:pk>/rejects", imports.rejects, name="rejects"),
    path("imports/<uuid:pk>/households/<int:position>", imports_preview.row, name="row"),
    path("imports/<uuid:pk>/do/<slug:verb>", imports.act, name="act"),
]
