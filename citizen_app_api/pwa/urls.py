"""`/app/`: the citizen's page."""

from __future__ import annotations

from django.urls import path, re_path

from citizen_app_api.pwa import views

urlpatterns = [
    path("", views.page, name="page"),
    re_path(r"^words\.(?P<language>ko|en)\.json$", views.words, name="words"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("service-worker.js", views.service_worker, name="service-worker"),
]
