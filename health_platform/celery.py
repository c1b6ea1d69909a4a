"""Celery carries event numbers from the outbox to the workers.

In the city RabbitMQ with quorum queues, late acknowledgement and publisher confirms; without CELERY_BROKER_URL a
folder on this machine (docs/adr/0003-queue.md). Either may lose a message: the outbox sends it again.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from celery import Celery
from django.conf import settings
from kombu.entity import Queue
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def broker_settings(url: str, folder: str) -> dict[str, Any]:
    """Celery's settings for a RabbitMQ at ``url``, or for the folder when there is none."""
    common: dict[str, Any] = {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_acks_on_failure_or_timeout": False,
        "worker_prefetch_multiplier": 1,
        "task_ignore_result": True,
        "broker_connection_retry_on_startup": True,
        "task_default_queue": "bitgoeul",
        "beat_schedule": {
            "sweep": {"task": "fhir.sweep", "schedule": 10.0},
            "seal-audit": {"task": "fhir.seal_audit", "schedule": 60.0},
        },
        "timezone": "UTC",
        "worker_hijack_root_logger": False,
    }
    if url:
        quorum: Any = Queue(  # type: ignore[no-untyped-call]
            "bitgoeul", routing_key="bitgoeul", queue_arguments={"x-queue-type": "quorum"}
        )
        return common | {
            "broker_url": url,
            "task_queues": [quorum],
            "broker_transport_options": {"confirm_publish": True},
            "worker_detect_quorum_queues": True,
        }
    for part in ("queue", "processed", "control"):
        (Path(folder) / part).mkdir(parents=True, exist_ok=True)
    return common | {
        "broker_url": "filesystem://",
        "broker_transport_options": {
            "data_folder_in": f"{folder}/queue",
            "data_folder_out": f"{folder}/queue",
            "control_folder": f"{folder}/control",
            "polling_interval": 0.1,
        },
    }


app = Celery("health_platform")
has_broker = bool(settings.CELERY_BROKER_URL or settings.CELERY_BROKER_FOLDER)
if has_broker:
    app.conf.update(broker_settings(settings.CELERY_BROKER_URL, settings.CELERY_BROKER_FOLDER))
app.autodiscover_tasks(["health_platform.fhir"])


def send(number: int) -> None:
    """Hand an event number to the broker. A broker that is down is no error: the row stays open and is sent again."""
    try:
        app.send_task("fhir.deliver", [number], retry=False)
    except (OperationalError, OSError) as error:
        log.warning("event %d waits for the broker: %s", number, type(error).__name__)
