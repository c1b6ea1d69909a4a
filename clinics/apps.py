from django.apps import AppConfig


class ClinicsConfig(AppConfig):
    name = "clinics"
    label = "clinics"

    def ready(self) -> None:
        from clinics.console import worklist

        worklist.register()
