"""A clinic's Bundle becomes a risk that its citizen reads: web server, queue, worker and models as they are served."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from tests.journeys.conftest import Speaker, Town

PATIENT = "urn:uuid:11111111-1111-4111-8111-111111111111"
BIRTH_YEAR = date.today().year - 60
DAY = date.today().isoformat()


def bundle(clinic: str) -> dict[str, Any]:
    """A first visit: a woman of about 60 with what kidney function needs."""
    patient = {
        "resourceType": "Patient",
        "name": [{"text": "김순자"}],
        "gender": "female",
        "birthDate": f"{BIRTH_YEAR}-01-01",
        "managingOrganization": {"reference": f"Organization/{clinic}"},
    }
    creatinine = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
        "subject": {"reference": PATIENT},
        "effectiveDateTime": DAY,
        "valueQuantity": {"value": 0.9, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
    }
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": PATIENT, "resource": patient, "request": {"method": "POST", "url": "Patient"}},
            {"resource": creatinine, "request": {"method": "POST", "url": "Observation"}},
        ],
    }


def send(town: Town) -> tuple[str, str]:
    answer = town.clinic.send("POST", "/fhir/R4", bundle(town.clinic_id))
    assert answer.status_code == 200, answer.text
    locations = [entry["response"]["location"].split("/") for entry in answer.json()["entry"]]
    return locations[0][1], locations[1][1]


def wait_for_risks(citizen: Speaker, seconds: float = 60) -> list[dict[str, Any]]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = citizen.send("GET", "/api/v1/me/risks")
        assert answer.status_code == 200, answer.text
        told = [item for item in answer.json()["items"] if item["model"]["id"] == "ckd-epi-2021" and item["value"]]
        if told:
            return told
        time.sleep(0.2)
    raise AssertionError("no result within a minute")


def test_a_clinics_bundle_becomes_a_risk_that_its_citizen_reads(town: Town) -> None:
    patient, creatinine = send(town)
    people = town.people_of(patient)
    (kidney,) = wait_for_risks(people["citizen"])

    assert kidney["standing"] == "calculated"
    assert "not yet reviewed" in kidney["standing_text"]
    model = kidney["model"]
    assert model["version"] and len(model["checksum"]) == 64 and model["population"]
    assert model["calibrated_for_korea"] in (True, False)

    stored = town.clinic.send("GET", f"/fhir/R4/RiskAssessment/{kidney['id']}").json()
    assert stored["status"] == "preliminary"
    assert f"Observation/{creatinine}" in [basis["reference"].partition("/_history")[0] for basis in stored["basis"]]
    provenance = town.clinic.send("GET", f"/fhir/R4/Provenance?target=RiskAssessment/{kidney['id']}").json()
    assert provenance["entry"], "a result without its provenance"


def test_nobody_else_reads_it_and_the_citizen_sees_who_did(town: Town) -> None:
    patient, _ = send(town)
    people = town.people_of(patient)
    (kidney,) = wait_for_risks(people["citizen"])
    path = f"/fhir/R4/RiskAssessment/{kidney['id']}"
    assert people["clinician"].send("GET", path).status_code == 200
    assert town.other_clinic.send("GET", path).status_code == 404
    assert people["stranger"].send("GET", path).status_code == 404
    log = people["citizen"].send("GET", "/api/v1/me/access-log").json()
    others = {(entry["institution"], entry["action"]) for entry in log["items"] if not entry["own"]}
    assert "빛고을의원" in {institution for institution, _ in others}, log


def test_the_same_bundle_delivered_twice_gives_each_result_once(town: Town) -> None:
    """The worker may run an event twice: a result stands once for a record's version and a model's."""
    patient, _ = send(town)
    citizen = town.people_of(patient)["citizen"]
    wait_for_risks(citizen)
    town.live.processes.run("again", "-c", _DELIVER_AGAIN, patient)
    found = town.clinic.send("GET", f"/fhir/R4/RiskAssessment?patient={patient}&_total=accurate&_count=100").json()
    methods = [entry["resource"]["method"]["coding"][0]["code"] for entry in found.get("entry", [])]
    assert len(methods) == len(set(methods))


_DELIVER_AGAIN = """
import django; django.setup()
import sys
from django.db import transaction
from health_platform.fhir.models import OutboxEvent
from inference.tasks import patient_changed
for event in OutboxEvent.objects.filter(subject=sys.argv[1]):
    with transaction.atomic():
        patient_changed(event.payload)
"""
