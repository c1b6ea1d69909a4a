"""What institutions agreed to: profiles that are required or only warn, and nothing deleted under KR Core."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from health_platform.fhir.models import Contract, ProfileRule
from tests import builders
from tests.builders import FHIR
from tests.fhir.conftest import City
from tests.fhir.operations.conftest import errors, issues

KR = "http://www.hl7korea.or.kr/fhir/krcore/StructureDefinition/krcore-"


def rule(organization: str, resource_type: str, name: str, *, required: bool) -> None:
    ProfileRule.objects.create(
        organization=organization, resource_type=resource_type, profile=KR + name, required=required
    )


def nameless() -> dict[str, Any]:
    return {"resourceType": "Patient", "gender": "female"}


def test_a_required_profile_holds_for_the_institution_that_agreed_and_for_no_other(city: City) -> None:
    rule(city.clinic, "Patient", "patient", required=True)
    refused = city.system.post(f"{FHIR}/Patient", nameless())
    assert refused.status_code == 422
    assert KR + "patient" in refused.content.decode()
    assert city.other_system.post(f"{FHIR}/Patient", nameless()).status_code == 201
    assert city.clinician.post(f"{FHIR}/Patient", nameless()).status_code == 422, "its people are bound too"
    whole = nameless() | {
        "identifier": [{"system": "urn:bitgoeul:citizen", "value": "C-77"}],
        "name": [{"text": "최옥분"}],
        "birthDate": "1948-02-01",
    }
    assert city.system.post(f"{FHIR}/Patient", whole).status_code == 201


def test_it_holds_within_a_transaction_and_nothing_is_stored(city: City) -> None:
    rule(city.clinic, "Patient", "patient", required=True)
    entry = {"resource": nameless(), "request": {"method": "POST", "url": "Patient"}}
    before = city.system.get(f"{FHIR}/Patient?_summary=count").json()["total"]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert city.system.post(FHIR, bundle).status_code == 422
    assert city.system.get(f"{FHIR}/Patient?_summary=count").json()["total"] == before


def test_a_profile_that_warns_is_told_by_validate_and_stops_nothing(city: City) -> None:
    rule(city.clinic, "Patient", "patient", required=False)
    assert city.system.post(f"{FHIR}/Patient", nameless()).status_code == 201
    answer = city.system.post(f"{FHIR}/Patient/$validate", nameless())
    assert errors(answer) == []
    assert any(KR + "patient" in issue["details"]["text"] for issue in issues(answer))
    other = city.other_system.post(f"{FHIR}/Patient/$validate", nameless())
    assert not any(KR + "patient" in issue["details"]["text"] for issue in issues(other))


def test_of_several_required_profiles_one_must_be_met(city: City) -> None:
    for name in ("heartrate", "bodyweight"):
        rule(city.clinic, "Observation", name, required=True)
    category = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]
    }
    pulse = builders.observation(city.patient) | {"category": [category]}
    assert errors(city.system.post(f"{FHIR}/Observation/$validate", pulse)) == []
    assert city.system.post(f"{FHIR}/Observation", pulse).status_code == 201
    other = builders.observation(city.patient, code="2345-7")
    refused = city.system.post(f"{FHIR}/Observation", other)
    assert refused.status_code == 422
    first = refused.json()["issue"][0]["details"]
    assert first["coding"][0]["code"] == "profile-of-contract"
    assert KR + "heartrate" in first["text"]
    assert KR + "bodyweight" in first["text"]


def test_under_a_kr_core_contract_clients_delete_nothing_and_are_told_what_to_do(city: City) -> None:
    observation = city.system.post(f"{FHIR}/Observation", builders.observation(city.patient)).json()
    address = f"{FHIR}/Observation/{observation['id']}"
    Contract.objects.create(organization=city.clinic, kr_core=True)
    for caller in (city.system, city.clinician):
        refused = caller.delete(address)
        assert refused.status_code == 403
        assert 'status "entered-in-error"' in refused.json()["issue"][0]["details"]["text"]
    told = errors(city.system.get(f"{address}/$validate?mode=delete"))
    assert [issue["code"] for issue in told] == ["business-rule"]
    entry = {"request": {"method": "DELETE", "url": f"Observation/{observation['id']}"}}
    assert (
        city.system.post(FHIR, {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}).status_code == 403
    )
    assert city.system.get(address).status_code == 200
    assert city.system.put(address, observation | {"status": "entered-in-error"}).status_code == 200
    assert city.system.get(f"{FHIR}/Observation?status=entered-in-error").json()["entry"]


def test_the_way_to_do_it_fits_the_type(city: City) -> None:
    Contract.objects.create(organization=city.clinic, kr_core=True)
    patient = city.system.delete(f"{FHIR}/Patient/{city.patient}")
    assert '"active": false' in patient.json()["issue"][0]["details"]["text"]
    condition = {
        "resourceType": "Condition",
        "code": {"text": "당뇨"},
        "subject": {"reference": f"Patient/{city.patient}"},
    }
    id = city.system.post(f"{FHIR}/Condition", condition).json()["id"]
    refused = city.system.delete(f"{FHIR}/Condition/{id}")
    assert 'verificationStatus "entered-in-error"' in refused.json()["issue"][0]["details"]["text"]


def test_without_a_contract_deletion_stays_logical_and_possible(city: City) -> None:
    id = city.system.post(f"{FHIR}/Observation", builders.observation(city.patient)).json()["id"]
    assert city.system.delete(f"{FHIR}/Observation/{id}").status_code == 204
    assert city.system.get(f"{FHIR}/Observation/{id}").status_code == 410


def test_an_operator_sets_a_contract_by_command(city: City) -> None:
    out = io.StringIO()
    call_command("fhir_contract", city.clinic, "--kr-core", "--require", KR + "patient", stdout=out)
    assert out.getvalue().splitlines() == [
        f"Organization/{city.clinic}: KR Core yes",
        f"Patient: {KR}patient required",
    ]
    assert city.system.post(f"{FHIR}/Patient", nameless()).status_code == 422
    call_command("fhir_contract", city.clinic, "--no-kr-core", "--forget", KR + "patient", stdout=out)
    assert city.system.post(f"{FHIR}/Patient", nameless()).status_code == 201
    with pytest.raises(CommandError, match="fhir_load_package"):
        call_command("fhir_contract", city.clinic, "--require", "https://example.org/none")


def test_a_mistyped_institution_or_rule_is_told_and_changes_nothing(city: City) -> None:
    with pytest.raises(CommandError, match="not in the record"):
        call_command("fhir_contract", "nope", "--kr-core")
    assert not Contract.objects.filter(organization="nope").exists()
    with pytest.raises(CommandError, match="no rule about"):
        call_command("fhir_contract", city.clinic, "--forget", KR + "patient")
