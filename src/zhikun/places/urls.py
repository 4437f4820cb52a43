"""The addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from zhikun.places.ui import pages

app_name = "places"
urlpatterns = [
    path("areas/", pages.tree, name="tree"),
    path("areas/<int:code>/children", pages.children, name="children"),
    path("areas/<int:code>/follow", pages.follow, name="follow"),
    path("areas/import", pages.import_page, name="import"),
]
