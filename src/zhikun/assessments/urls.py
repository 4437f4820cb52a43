"""The addresses of the pages of assessment."""

from __future__ import annotations

from django.urls import path

from zhikun.assessments.ui import compare, runs

app_name = "assessments"
urlpatterns = [
    path("assessments/", runs.runs, name="runs"),
    path("assessments/new", runs.start, name="start"),
    path("assessments/<uuid:pk>", runs.run, name="run"),
    path("assessments/<uuid:pk>/households", runs.households, name="households"),
    path("assessments/<uuid:pk>/compare/<uuid:other>", compare.compare, name="compare"),
]
