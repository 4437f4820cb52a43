"""The addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from zhikun.accounts.ui import own, sign_in

app_name = "accounts"
urlpatterns = [
    path("sign-in", sign_in.sign_in, name="sign-in"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("me", own.me, name="me"),
    path("me/password", own.password, name="password"),
    path("me/sign-out-everywhere", sign_in.sign_out_everywhere, name="sign-out-everywhere"),
]
