"""The addresses of the pages about work in the background."""

from __future__ import annotations

from django.urls import path

from zhikun.jobs import ui

app_name = "jobs"
urlpatterns = [
    path("jobs/", ui.mine, name="mine"),
    path("jobs/all/", ui.everybodys, name="all"),
    path("jobs/<uuid:job_id>/", ui.job, name="job"),
    path("jobs/<uuid:job_id>/cancel/", ui.cancel, name="cancel"),
    path("jobs/<uuid:job_id>/retry/", ui.retry, name="retry"),
]
