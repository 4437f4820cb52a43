"""The addresses of this room's pages. No name and no number of a person ever stands in one."""

from __future__ import annotations

from django.urls import path

from zhikun.surveys.ui import accounts, door, household, office, reports, review, teams

app_name = "surveys"
urlpatterns = [
    path("surveys/", door.mine, name="mine"),
    path("surveys/found", door.found, name="found"),
    path("surveys/workbook", door.workbook, name="workbook"),
    path("surveys/fill/<uuid:pk>", door.fill, name="fill"),
    path("surveys/fill/<uuid:pk>/draft", door.draft, name="draft"),
    path("surveys/fill/<uuid:pk>/trial", door.trial, name="trial"),
    path("surveys/fill/<uuid:pk>/submit", door.submit, name="submit"),
    path("surveys/fill/<uuid:pk>/photos", door.photos, name="photos"),
    path("surveys/rounds/", office.all_rounds, name="rounds"),
    path("surveys/rounds/new", office.new_round, name="new-round"),
    path("surveys/rounds/<uuid:pk>", office.one_round, name="round"),
    path("surveys/rounds/<uuid:pk>/close", office.close_round, name="close-round"),
    path("surveys/rounds/<uuid:pk>/assignments", office.assignments, name="assignments"),
    path("surveys/rounds/<uuid:pk>/draw", review.draw, name="draw"),
    path("surveys/teams/new", teams.new_team, name="new-team"),
    path("surveys/assignments/<uuid:pk>", office.assignment, name="assignment"),
    path("surveys/review/", review.queue, name="queue"),
    path("surveys/visits/<uuid:pk>", review.visit, name="visit"),
    path("surveys/visits/<uuid:pk>/files/<uuid:file>", review.visit_file, name="visit-file"),
    path("surveys/households/<uuid:pk>/photos/<uuid:file>", household.photo, name="household-photo"),
    path("surveys/households/<uuid:pk>/photos/<uuid:file>/small", household.photo_small, name="household-photo-small"),
    path("surveys/rechecks/", review.all_rechecks, name="rechecks"),
    path("surveys/rechecks/<uuid:pk>", review.recheck, name="recheck"),
    path("surveys/reports/", reports.all_reports, name="reports"),
    path("surveys/reports/<uuid:pk>", reports.one_report, name="report"),
    path("surveys/engagements/", accounts.engagements, name="engagements"),
    path("surveys/engagements/new", accounts.new_engagement, name="new-engagement"),
    path("surveys/engagements/<uuid:pk>", accounts.engagement, name="engagement"),
    path("self-report/", reports.enter, name="self-enter"),
    path("self-report/fill", reports.fill, name="self-fill"),
    path("self-report/send", reports.send, name="self-send"),
    path("self-report/done", reports.done, name="self-done"),
]
