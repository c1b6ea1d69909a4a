"""Two independent FHIR clients work against the server as they are: fhirclient and fhirpy (PyPI)."""

from __future__ import annotations

from typing import Any

import pytest
from fhirclient import client as smart
from fhirclient.models.bundle import Bundle
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

from tests.live import LiveServer


@pytest.fixture
def fhirpy(live: LiveServer) -> SyncFHIRClient:
    return SyncFHIRClient(live.fhir, authorization=f"Bearer {live.token()}")


def test_fhirpy_creates_searches_updates_includes_and_deletes(fhirpy: SyncFHIRClient) -> None:
    patient = fhirpy.resource(
        "Patient", name=[{"family": "김", "given": ["철수"], "text": "김철수"}], birthDate="1948-02-01"
    )
    patient.save()
    for value in (60, 70, 80):
        fhirpy.resource("Observation", **_pulse(patient.id, value)).save()
    found = fhirpy.resources("Observation").search(patient=patient.id, code="8867-4").limit(2).fetch_all()
    assert sorted(each["valueQuantity"]["value"] for each in found) == [60, 70, 80]
    both = fhirpy.resources("Observation").search(patient=patient.id).include("Observation", "patient").fetch_raw()
    assert {entry["resource"]["resourceType"] for entry in both["entry"]} == {"Observation", "Patient"}
    patient["birthDate"] = "1948-02-02"
    patient.save()
    first = fhirpy.resources("Patient").search(name="김철", birthdate="1948-02-02").first()
    assert first is not None and first.id == patient.id
    found[0].delete()  # type: ignore[no-untyped-call]
    assert len(fhirpy.resources("Observation").search(patient=patient.id).fetch_all()) == 2


def test_fhirpy_reads_our_errors(fhirpy: SyncFHIRClient) -> None:
    with pytest.raises(OperationOutcome, match="colour"):
        fhirpy.resource("Observation", **_pulse("nobody", 60) | {"colour": "red"}).save()
    with pytest.raises(ResourceNotFound):
        fhirpy.reference("Patient", "nobody").to_resource()


def test_fhirclient_reads_the_capabilities_and_works_with_its_models(live: LiveServer) -> None:
    connection = smart.FHIRClient(settings={"app_id": "tests", "api_base": live.fhir})
    connection.server.session.headers["Authorization"] = f"Bearer {live.token()}"
    patient = Patient({"resourceType": "Patient", "name": [{"family": "Lee", "given": ["Soonrye"]}]})
    created = patient.create(connection.server)
    assert created is not None
    identifier = created["id"]
    Observation(_pulse(identifier, 66) | {"resourceType": "Observation"}).create(connection.server)
    search = Observation.where(struct={"patient": identifier, "code": "8867-4"})
    (found,) = list(search.perform_resources(connection.server))
    assert found.valueQuantity.value == 66
    read = Patient.read(identifier, connection.server)
    assert read.name[0].family == "Lee"
    read.birthDate = None
    read.gender = "female"
    read.update(connection.server)
    assert Patient.read(identifier, connection.server).meta.versionId == "2"
    bundle = search.perform(connection.server)
    assert isinstance(bundle, Bundle) and bundle.type == "searchset"


def _pulse(patient: str, value: int) -> dict[str, Any]:
    return {
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-05-01T09:00:00+09:00",
        "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": "/min"},
    }
