"""The addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from zhikun.audit.ui import pages

app_name = "audit"
urlpatterns = [
    path("audit/", pages.search, name="search"),
    path("audit/busiest", pages.busiest, name="busiest"),
    path("audit/export", pages.export, name="export"),
    path("audit/<int:number>", pages.entry, name="entry"),
]
