"""A triage assessment as FHIR R4 resources: an emergency Encounter with its Observations, as a transaction Bundle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from inference.triage.assess import TriageAssessment
from inference.triage.device_token import Device
from inference.triage.request_body import TriageRequest
from inference.triage.vital_signs import MEASUREMENTS, Acvpu

Resource = dict[str, Any]

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
TRIAGE_CODES = "urn:bitgoeul:CodeSystem:triage"
TRIAGE_IDENTIFIER = "urn:bitgoeul:triage"
STATED_PATIENT = "urn:bitgoeul:triage:stated-patient"
PACK_EXTENSION = "urn:bitgoeul:StructureDefinition:rule-pack"

ENCOUNTER_URL = "urn:uuid:00000000-0000-4000-8000-000000000001"
_CONSCIOUSNESS = {
    Acvpu.ALERT: "Alert",
    Acvpu.CONFUSION: "New confusion",
    Acvpu.VOICE: "Responds to voice",
    Acvpu.PAIN: "Responds to pain",
    Acvpu.UNRESPONSIVE: "Unresponsive",
}


def triage_bundle(
    request: TriageRequest,
    assessment: TriageAssessment,
    device: Device,
    key: str,
    now: datetime,
    *,
    patient: str | None,
) -> Resource:
    """The transaction Bundle of one assessment. `patient` is who of the record it is about, within the device's reach;
    a patient that the crew named beyond it stays as the crew's statement in the contained Patient.

    A patient who is not known is contained in the Encounter with what the crew saw; what is written then belongs to
    the device's organization alone. The level is `preliminary`: the crew or the hospital confirms it.
    """
    time = (request.measured_at or now).isoformat(timespec="seconds")
    common: Resource = {
        "encounter": {"reference": ENCOUNTER_URL},
        "effectiveDateTime": time,
        "performer": [{"reference": f"Organization/{device.organization}"}],
    }
    if patient:
        common["subject"] = {"reference": patient}
    observations = [*_vital_signs(request), *_scores(assessment), _level(assessment)]
    entries = [_entry("Encounter", _encounter(request, device, key, time, patient), ENCOUNTER_URL)]
    entries += [_entry("Observation", observation | common) for observation in observations]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _entry(kind: str, resource: Resource, full_url: str | None = None) -> Resource:
    entry: Resource = {"resource": resource, "request": {"method": "POST", "url": kind}}
    return ({"fullUrl": full_url} | entry) if full_url else entry


def _encounter(request: TriageRequest, device: Device, key: str, time: str, patient: str | None) -> Resource:
    encounter: Resource = {
        "resourceType": "Encounter",
        "identifier": [{"system": TRIAGE_IDENTIFIER, "value": f"{device.id}/{key}"}],
        "status": "in-progress",
        "class": {"system": ACT_CODE, "code": "EMER", "display": "emergency"},
        "period": {"start": time},
        "serviceProvider": {"reference": f"Organization/{device.organization}"},
    }
    contained = _contained_patient(request)
    if patient:
        encounter["subject"] = {"reference": patient}
    elif contained:
        encounter["contained"] = [{"resourceType": "Patient", "id": "patient"} | contained]
        encounter["subject"] = {"reference": "#patient"}
    complaint: Resource = {}
    if request.case.complaint:
        complaint["coding"] = [{"system": TRIAGE_CODES, "code": request.case.complaint.value}]
    if request.complaint_text:
        complaint["text"] = request.complaint_text
    if complaint:
        encounter["reasonCode"] = [complaint]
    return encounter


def _contained_patient(request: TriageRequest) -> Resource:
    """What the crew said of somebody whose record is not reached: an identifier opens nothing, a reference would."""
    stated: Resource = {"gender": request.sex.value} if request.sex else {}
    if request.patient:
        stated["identifier"] = [{"use": "temp", "system": STATED_PATIENT, "value": request.patient}]
    return stated


def _vital_signs(request: TriageRequest) -> Iterator[Resource]:
    signs = request.case.vital_signs
    for measurement in MEASUREMENTS.values():
        value = getattr(signs, measurement.name)
        if value is not None:
            quantity = {"value": value, "unit": measurement.unit, "system": UCUM, "code": measurement.unit}
            yield _observation("vital-signs", LOINC, measurement.loinc) | {"valueQuantity": quantity}
    for stated in (signs.acvpu, signs.avpu):
        if stated is not None:
            text = _CONSCIOUSNESS[Acvpu(stated.value)]
            yield _observation("vital-signs", LOINC, "67775-7") | {"valueCodeableConcept": {"text": text}}
    if signs.oxygen_given is not None:
        yield _observation("vital-signs", TRIAGE_CODES, "oxygen-given") | {"valueBoolean": signs.oxygen_given}
    if request.case.age is not None:
        years = {"value": request.case.age.years, "unit": "a", "system": UCUM, "code": "a"}
        yield _observation("survey", LOINC, "30525-0") | {"valueQuantity": years}


def _scores(assessment: TriageAssessment) -> Iterator[Resource]:
    for score in assessment.scores:
        if score.value is not None:
            quantity = {"value": score.value, "unit": "{score}", "system": UCUM, "code": "{score}"}
            yield _observation("survey", TRIAGE_CODES, score.name.value) | {"valueQuantity": quantity}


def _level(assessment: TriageAssessment) -> Resource:
    pack = f"{assessment.pack_id} {assessment.pack_version} sha256:{assessment.pack_checksum}"
    rules = ", ".join(reason.rule for reason in assessment.reasons)
    level = _observation("survey", TRIAGE_CODES, "triage-level") | {
        "status": "preliminary",
        "valueInteger": assessment.level.number,
        "extension": [{"url": PACK_EXTENSION, "valueString": pack}],
        "referenceRange": [
            {
                "low": {"value": assessment.worst},
                "high": {"value": assessment.best},
                "text": "possible levels once everything missing is known",
            }
        ],
    }
    return level | ({"note": [{"text": rules}]} if rules else {})


def _observation(category: str, system: str, code: str) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": category}]}],
        "code": {"coding": [{"system": system, "code": code}]},
    }
