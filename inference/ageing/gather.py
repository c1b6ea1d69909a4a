"""Reads what the models need of a person's record, through the one door."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from health_platform.fhir.repository import Repository
from inference.features.quantities import LOINC, OWN
from inference.features.record import LOINC_CODES, Record
from inference.features.vector import USABLE_YEARS, YEAR

PAGE = "200"
NEWEST_VISITS = "20"
OBSERVATION_CODES = ",".join([*(f"{LOINC}|{code}" for code in LOINC_CODES), f"{OWN}|"])

Resource = dict[str, Any]


def gather(repository: Repository, patient: str, at: date) -> Record:
    """The record as of that day. Raises FhirError, NotFound for a patient who is not within reach."""
    since = f"ge{(at - USABLE_YEARS * YEAR - timedelta(days=1)).isoformat()}"
    medications = list(_all(repository, "MedicationRequest", {"patient": patient}))
    medications += _all(repository, "MedicationStatement", {"patient": patient})
    return Record(
        patient=repository.read("Patient", patient).resource(),
        observations=list(
            _all(repository, "Observation", {"patient": patient, "combo-code": OBSERVATION_CODES, "date": since})
        ),
        conditions=list(_all(repository, "Condition", {"patient": patient})),
        medications=medications,
        encounters=_newest_visits(repository, patient, since),
        lists=list(_all(repository, "List", {"patient": patient, "code": f"{LOINC}|11450-4"})),
        drugs=_drugs(repository, medications),
    )


def _all(repository: Repository, kind: str, query: Mapping[str, str]) -> Iterator[Resource]:
    asked = {**query, "_count": PAGE}
    while True:
        page = repository.search(kind, asked)
        yield from page.resources()
        if page.next is None:
            return
        asked = {**query, "_count": PAGE, "_cursor": page.next}


def _newest_visits(repository: Repository, patient: str, since: str) -> list[Resource]:
    query = {"patient": patient, "date": since, "status": "finished", "_sort": "-date", "_count": NEWEST_VISITS}
    return repository.search("Encounter", query).resources()


def _drugs(repository: Repository, medications: list[Resource]) -> dict[str, Resource]:
    """The Medication resources that prescriptions refer to."""
    references = {item.get("medicationReference", {}).get("reference", "") for item in medications}
    ids = sorted(reference.split("/")[1] for reference in references if reference.startswith("Medication/"))
    if not ids:
        return {}
    found = _all(repository, "Medication", {"_id": ",".join(ids)})
    return {f"Medication/{item['id']}": item for item in found}
