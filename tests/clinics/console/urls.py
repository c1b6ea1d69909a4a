"""The platform's addresses with the console among them."""

from django.urls import include, path

from health_platform.urls import urlpatterns as platform

urlpatterns = [path("console/", include("clinics.console.urls")), *platform]
