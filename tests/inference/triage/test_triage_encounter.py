"""What is written of an assessment is valid FHIR R4 and says where it came from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from health_platform.fhir.validation import validate
from inference.triage.assess import assess
from inference.triage.encounter import triage_bundle
from inference.triage.request_body import parse_request
from inference.triage.rule_pack import safety_net
from tests.inference.triage.conftest import BODY, DEVICE, NOW


def bundle_of(body: dict[str, Any], *, reached: bool = True) -> dict[str, Any]:
    request = parse_request(json.dumps(body).encode())
    patient = request.patient if reached else None
    return triage_bundle(request, assess(request.case, safety_net()), DEVICE, "key-1", NOW, patient=patient)


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        {},
        {**BODY, "patient": "Patient/7", "complaint": "fever", "complaint_text": "열", "measured_at": NOW.isoformat()},
        {"vital_signs": {"avpu": "V", "glasgow_coma_scale": 13, "pain": 4}, "injury": True},
    ],
)
@pytest.mark.parametrize("reached", [True, False])
def test_every_resource_is_structurally_valid(body: dict[str, Any], reached: bool) -> None:
    for entry in bundle_of(body, reached=reached)["entry"]:
        issues = [issue for issue in validate(entry["resource"]) if issue.is_error]
        assert issues == []


def test_each_known_vital_sign_is_an_observation_in_its_unit() -> None:
    found = {
        observation["code"]["coding"][0]["code"]: observation.get("valueQuantity", {})
        for observation in resources(bundle_of(BODY), "Observation")
    }
    assert (found["8867-4"]["value"], found["8867-4"]["code"]) == (112, "/min")
    assert (found["8310-5"]["value"], found["8310-5"]["code"]) == (38.6, "Cel")
    assert "2339-0" not in found
    assert found["news2"]["value"] == 11


def test_the_level_is_preliminary_with_its_range_and_the_checksum_of_its_pack() -> None:
    levels = [o for o in resources(bundle_of(BODY), "Observation") if "valueInteger" in o]
    assert [(level["status"], level["valueInteger"]) for level in levels] == [("preliminary", 2)]
    assert safety_net().checksum in levels[0]["extension"][0]["valueString"]
    assert (levels[0]["referenceRange"][0]["low"]["value"], levels[0]["referenceRange"][0]["high"]["value"]) == (1, 2)


def test_a_known_patient_is_the_subject_of_everything() -> None:
    bundle = bundle_of({**BODY, "patient": "Patient/7"})
    assert {entry["resource"]["subject"]["reference"] for entry in bundle["entry"]} == {"Patient/7"}


def test_a_patient_beyond_reach_stays_as_the_crews_statement() -> None:
    bundle = bundle_of({**BODY, "patient": "Patient/7"}, reached=False)
    [encounter] = resources(bundle, "Encounter")
    assert encounter["subject"] == {"reference": "#patient"}
    assert [identifier["value"] for identifier in encounter["contained"][0]["identifier"]] == ["Patient/7"]
    assert all("subject" not in observation for observation in resources(bundle, "Observation"))


def test_an_unknown_patient_names_no_patient_of_the_record() -> None:
    bundle = bundle_of(BODY)
    [encounter] = resources(bundle, "Encounter")
    assert encounter["contained"] == [{"resourceType": "Patient", "id": "patient", "gender": "female"}]
    assert all("subject" not in observation for observation in resources(bundle, "Observation"))
    assert encounter["class"]["code"] == "EMER"
