from django.apps import AppConfig


class FhirConfig(AppConfig):
    name = "health_platform.fhir"
    label = "fhir"
