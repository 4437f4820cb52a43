"""The addresses of all pages: one line for each app."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("zhikun.pages.urls")),
]
