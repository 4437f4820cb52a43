"""The addresses of this room's pages. No name and no number of a person ever stands in one."""

from __future__ import annotations

from django.urls import path

from zhikun.registry.ui import document, edit, household, looking, particulars, register, search, structure

app_name = "registry"
urlpatterns = [
    path("households/", search.search, name="search"),
    path("households/new", register.register, name="register"),
    path("households/<uuid:pk>", household.household, name="household"),
    path("households/<uuid:pk>/timeline", household.timeline, name="timeline"),
    path("households/<uuid:pk>/as-of", looking.as_of, name="as-of"),
    path("households/<uuid:pk>/privacy", looking.privacy, name="privacy"),
    path("households/<uuid:pk>/unmask", looking.unmask, name="unmask"),
    path("households/<uuid:pk>/hide", looking.hide, name="hide"),
    path("households/<uuid:pk>/contradictions/<uuid:one>", edit.settle, name="settle"),
    path("households/<uuid:pk>/recordings/<uuid:one>", edit.recording, name="recording"),
    path("households/<uuid:pk>/edit/<slug:entity>/", edit.facts, name="edit"),
    path("households/<uuid:pk>/edit/<slug:entity>/<str:row>", edit.facts, name="edit-row"),
    path("households/<uuid:pk>/things/<slug:entity>/add", edit.add_thing, name="add-thing"),
    path("households/<uuid:pk>/things/<slug:entity>/<str:row>/remove", edit.remove_thing, name="remove-thing"),
    path("households/<uuid:pk>/members/<uuid:person>/correct", particulars.correct, name="correct"),
    path("households/<uuid:pk>/help", particulars.helped, name="help"),
    path("households/<uuid:pk>/categories", particulars.categories, name="categories"),
    path("households/<uuid:pk>/change/<slug:kind>", structure.change, name="change"),
    path("households/<uuid:pk>/documents/add", document.add, name="add-document"),
    path("households/<uuid:pk>/documents/<uuid:one>", document.shown, name="document"),
    path("households/<uuid:pk>/documents/<uuid:one>/thumbnail", document.thumbnail, name="thumbnail"),
    path("households/<uuid:pk>/documents/<uuid:one>/withdraw", document.withdraw, name="withdraw-document"),
]
