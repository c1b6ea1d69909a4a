from django.apps import AppConfig


class FhirConfig(AppConfig):
    name = "health_platform.fhir"
    label = "fhir"

    def ready(self) -> None:
        from health_platform.fhir.access import audit_checks  # noqa: F401  (registers the checks)
