"""The addresses of this room's pages. No name and no number of a person ever stands in one."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "surveys"
urlpatterns: list[URLPattern] = []
