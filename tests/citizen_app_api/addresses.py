"""The platform's addresses with the citizen's."""

from django.urls import include, path

from health_platform.urls import urlpatterns as platform

urlpatterns = [*platform, path("", include("citizen_app_api.urls"))]
