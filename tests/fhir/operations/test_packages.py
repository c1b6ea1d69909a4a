"""`manage.py fhir_load_package`: packages of others, several versions side by side, in force with the next request."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests import builders
from tests.builders import FHIR
from tests.fhir.conftest import City
from tests.fhir.operations.conftest import codes, errors

CITY_PATIENT = "https://example.org/ig/StructureDefinition/city-patient"
DISTRICTS = "https://example.org/ig/CodeSystem/districts"
DISTRICT_SET = "https://example.org/ig/ValueSet/districts"


def profile(version: str, *elements: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "id": "city-patient",
        "url": CITY_PATIENT,
        "version": version,
        "name": "CityPatient",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient", "path": "Patient"}, *elements]},
    }


def element(name: str, **facts: Any) -> dict[str, Any]:
    return {"id": f"Patient.{name}", "path": f"Patient.{name}", **facts}


FIRST = profile("1.0.0", element("telecom", min=1))
SECOND = profile(
    "2.0.0",
    element("maritalStatus", min=1, binding={"strength": "required", "valueSet": DISTRICT_SET}),
)
SYSTEM = {
    "resourceType": "CodeSystem",
    "id": "districts",
    "url": DISTRICTS,
    "status": "active",
    "content": "complete",
    "concept": [{"code": "동구"}, {"code": "서구"}],
}
SET = {
    "resourceType": "ValueSet",
    "id": "district-set",
    "url": DISTRICT_SET,
    "status": "active",
    "compose": {"include": [{"system": DISTRICTS}]},
}


def load(file: Path) -> str:
    out = io.StringIO()
    call_command("fhir_load_package", str(file), stdout=out)
    return out.getvalue()


def person(claimed: str, **members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "meta": {"profile": [claimed]}, "name": [{"text": "이만수"}], **members}


def test_a_profile_of_a_package_is_enforced_where_a_resource_claims_it(
    city: City, package: Callable[..., Path]
) -> None:
    plain = person(CITY_PATIENT)
    assert city.system.post(f"{FHIR}/Patient", plain).status_code == 201, "not known yet: a warning"
    assert "1 StructureDefinition" in load(package("1.0.0", FIRST))
    refused = city.system.post(f"{FHIR}/Patient", plain)
    assert refused.status_code == 422
    assert "telecom" in refused.json()["issue"][0]["details"]["text"]
    telephone = [{"system": "phone", "value": "062-000-0000"}]
    assert city.system.post(f"{FHIR}/Patient", person(CITY_PATIENT, telecom=telephone)).status_code == 201


def test_two_versions_stand_side_by_side(city: City, package: Callable[..., Path]) -> None:
    load(package("1.0.0", FIRST))
    load(package("2.0.0", SECOND, SYSTEM, SET))

    def missing(claimed: str) -> list[str]:
        found = errors(city.system.post(f"{FHIR}/Patient/$validate", person(claimed)))
        return [name for name in ("telecom", "maritalStatus") if any(name in e["details"]["text"] for e in found)]

    assert missing(f"{CITY_PATIENT}|1.0.0") == ["telecom"]
    assert missing(f"{CITY_PATIENT}|2.0.0") == ["maritalStatus"]
    assert missing(CITY_PATIENT) == ["maritalStatus"], "without a version the one that was loaded last"


def test_its_code_systems_and_value_sets_decide(city: City, package: Callable[..., Path]) -> None:
    load(package("2.0.0", SECOND, SYSTEM, SET))
    assert codes(city.citizen, url=DISTRICT_SET) == ["동구", "서구"]
    right = person(CITY_PATIENT, maritalStatus={"coding": [{"system": DISTRICTS, "code": "동구"}]})
    wrong = person(CITY_PATIENT, maritalStatus={"coding": [{"system": DISTRICTS, "code": "강남구"}]})
    assert errors(city.system.post(f"{FHIR}/Patient/$validate", right)) == []
    found = errors(city.system.post(f"{FHIR}/Patient/$validate", wrong))
    assert [issue["expression"] for issue in found] == [["Patient.maritalStatus"]]


def test_loading_a_version_again_replaces_it(city: City, package: Callable[..., Path]) -> None:
    load(package("1.0.0", FIRST))
    load(package("1.0.0", profile("1.0.0", element("photo", min=1))))
    found = errors(city.system.post(f"{FHIR}/Patient/$validate", person(CITY_PATIENT)))
    assert len(found) == 1
    assert "photo" in found[0]["details"]["text"]


def test_what_is_no_package_is_refused_and_nothing_is_kept(
    city: City, package: Callable[..., Path], tmp_path: Path
) -> None:
    other = tmp_path / "other.tgz"
    other.write_bytes(b"not an archive")
    with pytest.raises(CommandError, match="not a package"):
        load(other)
    broken = profile("3.0.0") | {"type": "Hospital"}
    with pytest.raises(CommandError, match="Hospital"):
        load(package("3.0.0", FIRST, broken | {"id": "broken", "url": "https://example.org/broken"}))
    assert city.system.post(f"{FHIR}/Patient", person(CITY_PATIENT)).status_code == 201
    with pytest.raises(CommandError):
        load(tmp_path / "absent.tgz")


def test_a_package_takes_nothing_from_kr_core(city: City, package: Callable[..., Path]) -> None:
    load(package("1.0.0", FIRST))
    claimed = "http://www.hl7korea.or.kr/fhir/krcore/StructureDefinition/krcore-patient"
    assert errors(city.system.post(f"{FHIR}/Patient/$validate", person(claimed)))
    stored = city.system.get(f"{FHIR}/Patient/{city.patient}").json() | {"meta": {"profile": [claimed]}}
    assert errors(city.system.post(f"{FHIR}/Patient/$validate", stored)) == []
    assert builders.patient(city.clinic, number="C-9")
