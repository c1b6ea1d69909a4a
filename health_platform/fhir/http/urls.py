from django.urls import path, re_path

from health_platform.fhir.http.views import fhir

urlpatterns = [path("", fhir), re_path(r"^/(?P<path>.*)$", fhir)]
