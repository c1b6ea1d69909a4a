"""What happens here when a record changes."""

import hashlib
import json
from typing import Any

from django.utils import timezone

from health_platform.fhir import outbox
from health_platform.fhir.access.context import service
from health_platform.fhir.outcome import Gone, NotFound
from health_platform.fhir.repository import Repository
from inference import registry
from inference.ageing.assess import assess_ageing
from inference.triage import store

TOPIC = "patient.changed"
INPUT_TYPES = frozenset(
    {"Patient", "Observation", "Condition", "MedicationRequest", "MedicationStatement", "Encounter", "List"}
)


def register() -> None:
    """Called once when the app is ready."""
    outbox.register(TOPIC, patient_changed)
    outbox.register(store.TOPIC, store.make_resources)


def patient_changed(payload: dict[str, Any]) -> None:
    """Assesses the patient again, unless nothing changed that a model could see (such as a result of our own)."""
    if not any(resource_type in INPUT_TYPES for resource_type, _id, _version in payload["changed"]):
        return
    repository = Repository(service("assess_ageing"))
    try:
        assess_ageing(
            repository, payload["patient"], record_version(payload), timezone.now(), registry.inference_client()
        )
    except (NotFound, Gone):
        return  # the patient was deleted in the meantime: there is nobody to assess


def record_version(payload: dict[str, Any]) -> str:
    """The version of a record that an event tells of: what changed, each resource with its version."""
    changed = sorted(f"{resource_type}/{id}/{version}" for resource_type, id, version in payload["changed"])
    return hashlib.sha256(json.dumps([payload["patient"], changed]).encode()).hexdigest()
