"""The addresses of all pages: one line for each app."""

from __future__ import annotations

from django.urls import include, path

from zhikun.web import home

urlpatterns = [
    path("", include(([path("", home.home, name="home")], "web"))),
    path("", include("zhikun.pages.urls")),
    path("", include("zhikun.accounts.urls")),
    path("", include("zhikun.jobs.urls")),
    path("", include("zhikun.places.urls")),
    path("", include("zhikun.audit.urls")),
    path("", include("zhikun.registry.ui.imports_urls")),
    path("", include("zhikun.registry.ui.exports_urls")),
    path("", include("zhikun.registry.urls")),
    path("", include("zhikun.assessments.urls")),
    path("", include("zhikun.surveys.urls")),
    path("", include("zhikun.monitoring.urls")),
    path("", include("zhikun.analytics.urls")),
]

handler400 = "zhikun.pages.errors.bad_request"
handler403 = "zhikun.pages.errors.forbidden"
handler404 = "zhikun.pages.errors.not_found"
handler500 = "zhikun.pages.errors.server_error"
