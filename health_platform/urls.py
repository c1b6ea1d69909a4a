"""The address plan of the platform."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from health_platform.health import livez, readyz
from health_platform.smart.discovery import smart_configuration

urlpatterns: list[URLPattern | URLResolver] = [
    path("fhir/R4/.well-known/smart-configuration", smart_configuration),
    path("fhir/R4", include("health_platform.fhir.http.urls")),
    path("", include("inference.urls")),
    path("", include("citizen_app_api.urls")),
    path("api/v1/", include("inference.triage.urls")),
    path("console/", include("clinics.console.urls")),
    path("oauth/", include("health_platform.smart.urls")),
    path("livez", livez),
    path("readyz", readyz),
]
