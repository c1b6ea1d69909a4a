from django.apps import AppConfig


class SmartConfig(AppConfig):
    name = "health_platform.smart"
    label = "smart"

    def ready(self) -> None:
        from health_platform.smart import checks  # noqa: F401  (registers the checks)
