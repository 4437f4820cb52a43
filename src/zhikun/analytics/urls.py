"""The addresses of this room's pages. No name, number or code of a person ever stands in one."""

from __future__ import annotations

from django.urls import path

from zhikun.analytics.ui import crossing, means, means_lists, poverty, statistics, trends, wall, whatif, whatif_new

app_name = "analytics"
urlpatterns = [
    path("statistics/", statistics.newest, name="newest"),
    path("statistics/<uuid:run>", statistics.statistics, name="statistics"),
    path("statistics/causes", crossing.newest, name="newest_crossing"),
    path("statistics/wall", wall.wall, name="wall"),
    path("statistics/trends", trends.over_time, name="trends"),
    path("statistics/<uuid:run>/causes", crossing.crossing, name="crossing"),
    path("statistics/<uuid:run>/poverty", poverty.page, name="poverty"),
    path("whatif/", whatif.trials, name="trials"),
    path("whatif/new", whatif_new.new, name="try"),
    path("whatif/<uuid:pk>", whatif.trial, name="trial"),
    path("whatif/<uuid:pk>/households", whatif.households, name="trial-households"),
    path("statistics/<uuid:run>/means", means.page, name="means"),
    path("statistics/<uuid:run>/means/<uuid:fit>/households", means_lists.households, name="means-households"),
    path("statistics/<uuid:run>/means/<uuid:fit>/<str:name>", means.file, name="means-file"),
]
