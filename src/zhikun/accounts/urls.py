"""The addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from zhikun.accounts.ui import appointments, imports, officers, organisations, own, phone, second_factor, sign_in

app_name = "accounts"
urlpatterns = [
    path("sign-in", sign_in.sign_in, name="sign-in"),
    path("sign-in/code", second_factor.code, name="code"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("me", own.me, name="me"),
    path("me/password", own.password, name="password"),
    path("me/phone", phone.own_phone, name="phone"),
    path("me/second-factor", second_factor.own_second_factor, name="second-factor"),
    path("me/sign-out-everywhere", sign_in.sign_out_everywhere, name="sign-out-everywhere"),
    path("me/delegations/new", appointments.delegate, name="delegate"),
    path("me/delegations/<uuid:appointment_id>/take-back", appointments.take_back, name="take-back"),
    path("accounts/organisations", organisations.listing, name="organisations"),
    path("accounts/organisations/new", organisations.new, name="organisation-new"),
    path("accounts/organisations/<uuid:organisation_id>", organisations.one, name="organisation"),
    path("accounts/organisations/<uuid:organisation_id>/edit", organisations.edit, name="organisation-edit"),
    path("accounts/organisations/<uuid:organisation_id>/officers/new", officers.new, name="officer-new"),
    path("accounts/organisations/<uuid:organisation_id>/<slug:act>", organisations.act, name="organisation-act"),
    path("accounts/officers", officers.listing, name="officers"),
    path("accounts/officers/<uuid:officer_id>", officers.one, name="officer"),
    path("accounts/officers/<uuid:officer_id>/edit", officers.edit, name="officer-edit"),
    path("accounts/officers/<uuid:officer_id>/phone", phone.officer_phone, name="officer-phone"),
    path("accounts/officers/<uuid:officer_id>/appointments/new", appointments.new, name="appointment-new"),
    path("accounts/officers/<uuid:officer_id>/<slug:act>", officers.act, name="officer-act"),
    path("accounts/appointments/<uuid:appointment_id>/end", appointments.end, name="appointment-end"),
    path("accounts/import", imports.upload, name="import"),
    path("accounts/import/template", imports.template, name="import-template"),
    path("accounts/import/<uuid:import_id>", imports.one, name="import-one"),
    path("accounts/import/<uuid:import_id>/confirm", imports.confirm, name="import-confirm"),
]
