"""The page kit's own addresses."""

from __future__ import annotations

from django.urls import path

from zhikun.pages import style

app_name = "pages"
urlpatterns = [
    path("style/", style.style_page, name="style"),
    path("style/job/", style.job, name="style-job"),
    path("style/running/", style.running, name="style-running"),
    path("style/waiting/", style.waiting, name="style-waiting"),
    path("style/refused/", style.refused, name="style-refused"),
]
