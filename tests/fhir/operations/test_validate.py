"""$validate over HTTP: what is wrong, where, and in the reader's language; nothing is stored."""

from __future__ import annotations

from tests import builders
from tests.builders import FHIR, Caller
from tests.fhir.conftest import City
from tests.fhir.operations.conftest import COLUMN, LINE, errors, issues, parameters

KR_PATIENT = "http://www.hl7korea.or.kr/fhir/krcore/StructureDefinition/krcore-patient"
BROKEN = b"""{
  "resourceType": "Patient",
  "gender": "woman",
  "birthDate": "1950-13-01"
}"""


def position(issue: dict[str, object]) -> tuple[int, int]:
    extensions = issue["extension"]
    assert isinstance(extensions, list)
    found = {extension["url"]: extension["valueInteger"] for extension in extensions}
    return found[LINE], found[COLUMN]


def test_a_resource_sent_as_it_is_gets_an_outcome_with_places(city: City) -> None:
    found = errors(city.system.send("POST", f"{FHIR}/Patient/$validate", BROKEN))
    assert {issue["expression"][0]: position(issue) for issue in found} == {
        "Patient.gender": (3, 3),
        "Patient.birthDate": (4, 3),
    }
    assert {issue["code"] for issue in found} <= {"code-invalid", "value", "invalid"}


def test_a_resource_in_parameters_gets_its_place_in_the_body_that_was_sent(city: City) -> None:
    body = b'{"resourceType": "Parameters", "parameter": [\n{"name": "mode", "valueCode": "create"},\n'
    body += b'{"name": "resource", "resource":\n' + BROKEN + b"}]}"
    found = errors(city.system.send("POST", f"{FHIR}/Patient/$validate", body))
    assert {issue["expression"][0]: position(issue) for issue in found} == {
        "Patient.gender": (6, 3),
        "Patient.birthDate": (7, 3),
    }


def test_a_valid_resource_gets_an_outcome_without_errors_and_is_not_stored(city: City) -> None:
    before = city.system.get(f"{FHIR}/Observation?_summary=count").json()["total"]
    answer = city.system.post(f"{FHIR}/Observation/$validate", builders.observation(city.patient))
    assert errors(answer) == []
    assert answer.json()["issue"], "an OperationOutcome has at least one issue"
    assert city.system.get(f"{FHIR}/Observation?_summary=count").json()["total"] == before


def test_the_profile_that_is_asked_for_decides(city: City) -> None:
    nameless = {"resourceType": "Patient", "gender": "female", "birthDate": "1950-03-01"}
    assert errors(city.system.post(f"{FHIR}/Patient/$validate", nameless)) == []
    found = errors(city.system.post(f"{FHIR}/Patient/$validate?profile={KR_PATIENT}", nameless))
    assert {"Patient"} == {issue["expression"][0].partition(".")[0] for issue in found}
    assert any("identifier" in issue["details"]["text"] for issue in found)
    same = errors(city.system.post(f"{FHIR}/Patient/$validate", parameters(resource=nameless, profile=KR_PATIENT)))
    assert [issue["details"] for issue in same] == [issue["details"] for issue in found]


def test_a_profile_that_is_not_known_is_an_error(city: City) -> None:
    found = errors(city.system.get(f"{FHIR}/Patient/{city.patient}/$validate?profile=https://example.org/none"))
    assert len(found) == 1
    assert "https://example.org/none" in found[0]["details"]["text"]


def test_what_is_stored_is_validated_by_get(city: City) -> None:
    assert errors(city.system.get(f"{FHIR}/Patient/{city.patient}/$validate?mode=profile&profile={KR_PATIENT}")) == []
    asked = city.system.get(f"{FHIR}/Patient/{city.patient}/$validate?mode=profile")
    assert asked.status_code == 400, "a profile is needed"


def test_what_is_out_of_reach_is_not_validated(city: City) -> None:
    for caller in (city.stranger, city.other_system, city.other_clinician):
        assert caller.get(f"{FHIR}/Patient/{city.patient}/$validate").status_code == 404
    assert city.citizen.get(f"{FHIR}/Patient/{city.patient}/$validate").status_code == 200
    assert Caller().get(f"{FHIR}/Patient/{city.patient}/$validate").status_code == 401


def test_mode_update_asks_for_the_id_of_the_address(city: City) -> None:
    resource = city.system.get(f"{FHIR}/Patient/{city.patient}").json()
    address = f"{FHIR}/Patient/{city.patient}/$validate"
    assert errors(city.system.post(address, parameters(resource=resource, mode="update"))) == []
    found = errors(city.system.post(address, parameters(resource=resource | {"id": "another"}, mode="update")))
    assert [issue["expression"] for issue in found] == [["Patient.id"]]


def test_mode_create_tells_who_may_not(city: City) -> None:
    found = errors(city.citizen.post(f"{FHIR}/Patient/$validate?mode=create", {"resourceType": "Patient"}))
    assert [issue["code"] for issue in found] == ["forbidden"]


def test_mode_delete_needs_no_resource(city: City) -> None:
    assert issues(city.system.get(f"{FHIR}/Patient/{city.patient}/$validate?mode=delete")) == []
    assert city.system.get(f"{FHIR}/Patient/$validate?mode=delete").status_code == 400


def test_another_type_than_that_of_the_address_is_an_error(city: City) -> None:
    found = errors(city.system.post(f"{FHIR}/Patient/$validate", builders.observation(city.patient)))
    assert [issue["expression"] for issue in found] == [["resourceType"]]


def test_what_the_operation_cannot_use_is_refused_by_name(city: City) -> None:
    address = f"{FHIR}/Patient/$validate"
    assert city.system.get(address).status_code == 400
    assert city.system.send("POST", address, b'{"resourceType": "Patient",').status_code == 400
    assert city.system.post(address + "?mode=dream", {"resourceType": "Patient"}).status_code == 400
    assert city.system.send("POST", address, b"<Patient/>", Content_Type="application/xml").status_code == 415
    assert city.system.put(address, {"resourceType": "Patient"}).status_code == 405
    unknown = city.system.get(f"{FHIR}/Patient/$everything-else")
    assert unknown.status_code == 404
    assert "$validate" in unknown.json()["issue"][0]["details"]["text"]


def test_the_outcome_speaks_the_readers_language(city: City) -> None:
    address = f"{FHIR}/Patient/$validate"
    korean = errors(city.system.send("POST", address, BROKEN, Accept_Language="ko"))
    english = errors(city.system.send("POST", address, BROKEN, Accept_Language="en"))
    assert [issue["code"] for issue in korean] == [issue["code"] for issue in english]
    for one, other in zip(korean, english, strict=True):
        assert one["details"]["coding"] == other["details"]["coding"]
        assert one["details"]["text"] != other["details"]["text"]
        assert any("가" <= letter <= "힣" for letter in one["details"]["text"])


def test_it_works_inside_a_batch(city: City) -> None:
    entry = {"request": {"method": "GET", "url": f"Patient/{city.patient}/$validate?profile=https://example.org/none"}}
    answer = city.system.post(FHIR, {"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    outcome = answer.json()["entry"][0]["resource"]
    assert [issue["severity"] for issue in outcome["issue"]].count("error") == 1


COMMENTED = b"""// a person
{
  "resourceType": "Patient",
  "gender": "woman", /* not a
  code */
  "active": true
}"""


def test_comments_are_told_with_the_rest_and_a_write_refuses_them(city: City) -> None:
    answer = city.system.send("POST", f"{FHIR}/Patient/$validate", COMMENTED)
    told = {(issue["severity"], *position(issue)) for issue in issues(answer) if "comments" in issue["details"]["text"]}
    assert told == {("warning", 1, 1), ("warning", 4, 22)}
    assert {issue["expression"][0]: position(issue) for issue in errors(answer)} == {"Patient.gender": (4, 3)}
    wrapped = b'{"resourceType": "Parameters", "parameter": [{"name": "resource", "resource":\n' + COMMENTED + b"}]}"
    again = issues(city.system.send("POST", f"{FHIR}/Patient/$validate", wrapped))
    assert [issue["severity"] for issue in again if "comments" in issue["details"]["text"]] == ["warning", "warning"]
    before = city.system.get(f"{FHIR}/Patient?_summary=count").json()["total"]
    plain = COMMENTED.replace(b"woman", b"female")
    assert errors(city.system.send("POST", f"{FHIR}/Patient/$validate", plain)) == []
    assert city.system.send("POST", f"{FHIR}/Patient", plain).status_code == 400
    assert city.system.get(f"{FHIR}/Patient?_summary=count").json()["total"] == before


DISTRICT = "https://clinic.example.kr/fhir/StructureDefinition/patient-with-phone"


def structure_definition() -> dict[str, object]:
    return {
        "resourceType": "StructureDefinition",
        "url": DISTRICT,
        "version": "1",
        "name": "PatientWithPhone",
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Patient", "path": "Patient"},
                {"id": "Patient.telecom", "path": "Patient.telecom", "min": 1},
            ]
        },
    }


def test_a_stored_definition_is_used_when_it_is_named(city: City) -> None:
    patient = {"resourceType": "Patient", "gender": "female"}
    address = f"{FHIR}/Patient/$validate"
    claimed = patient | {"meta": {"profile": [DISTRICT]}}
    unknown = issues(city.system.post(address, claimed))
    assert [issue["severity"] for issue in unknown if DISTRICT in issue["details"]["text"]] == ["warning"]
    assert city.system.post(f"{FHIR}/StructureDefinition", structure_definition()).status_code == 201
    for asked in (address, f"{address}?profile={DISTRICT}", f"{address}?profile={DISTRICT}|1"):
        found = errors(city.system.post(asked, claimed))
        assert {issue["expression"][0] for issue in found} == {"Patient"}, asked
        assert "telecom" in found[0]["details"]["text"]
    assert errors(city.system.post(f"{address}?profile={DISTRICT}|2", patient)), "another version is not known"
    called = claimed | {"telecom": [{"system": "phone", "value": "062-000-0000"}]}
    assert errors(city.system.post(address, called)) == []


def test_whoever_may_not_read_definitions_is_validated_without_them(city: City) -> None:
    city.system.post(f"{FHIR}/StructureDefinition", structure_definition())
    claimed = {"resourceType": "Patient", "gender": "female", "meta": {"profile": [DISTRICT]}}
    for caller in (city.citizen, city.stranger, city.clinician, city.other_clinician, city.other_system):
        assert caller.post(f"{FHIR}/Patient/$validate?mode=profile&profile={DISTRICT}", claimed).status_code == 200
