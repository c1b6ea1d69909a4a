"""The citizen's side: the API, and the page that shows it."""

from __future__ import annotations

from django.urls import include, path

app_name = "citizen_app_api"
urlpatterns = [
    path("api/v1/", include("citizen_app_api.api.v1.urls")),
    path("app/", include("citizen_app_api.pwa.urls")),
]
