from django.apps import AppConfig


class PlatformConfig(AppConfig):
    """The wiring: what must be joined before the first request or task."""

    name = "health_platform"
    label = "platform"

    def ready(self) -> None:
        from health_platform import celery
        from health_platform.fhir import outbox

        if celery.has_broker:
            outbox.send_by(celery.send)
