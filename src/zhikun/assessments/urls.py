"""The addresses of the pages of assessment."""

from __future__ import annotations

from django.urls import path

from zhikun.assessments.ui import compare, household, listing, runs

app_name = "assessments"
urlpatterns = [
    path("assessments/", runs.runs, name="runs"),
    path("assessments/new", runs.start, name="start"),
    path("assessments/<uuid:pk>", runs.run, name="run"),
    path("assessments/<uuid:pk>/households", listing.households, name="households"),
    path("assessments/<uuid:pk>/compare/<uuid:other>", compare.compare, name="compare"),
    path("households/<uuid:pk>/assessment", household.assessment, name="household"),
    path("households/<uuid:pk>/assessment/report", household.report, name="report"),
    path("households/<uuid:pk>/assessment/flags/<slug:flag>", household.decide, name="decide"),
]
