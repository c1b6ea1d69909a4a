"""read, vread, create, update, delete, history over HTTP (FHIR R4, http.html)."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from tests.builders import FHIR, Caller, observation
from tests.fhir.conftest import City


def rows(statement: str, *parameters: str) -> int:
    """A count, read with the operator's reach."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('bitgoeul.reach', 'all', true)")
        cursor.execute(statement, parameters)
        found = cursor.fetchone()
        cursor.execute("SELECT set_config('bitgoeul.reach', '', true)")
    assert found is not None
    return int(found[0])


def resources() -> int:
    return rows("SELECT count(*) FROM fhir_resource")


def test_what_a_clinic_writes_comes_back_byte_for_byte_but_for_id_and_meta(city: City) -> None:
    body = json.dumps(observation(city.patient)).replace('"value": 72', '"value":72.50').encode()
    created = city.system.post(f"{FHIR}/Observation", body)
    assert created.status_code == 201
    assert created["ETag"] == 'W/"1"'
    location = created["Location"].removeprefix("http://testserver").partition("/_history")[0]
    read = city.system.get(location)
    assert read.status_code == 200
    assert b'"value":72.50' in read.content
    assert read.content == created.content
    assert read["Content-Type"].startswith("application/fhir+json")
    expected = json.loads(body) | {"id": read.json()["id"], "meta": read.json()["meta"]}
    assert read.json() == expected


def test_an_update_makes_a_version_and_the_one_before_stays_readable(city: City) -> None:
    first = city.system.post(f"{FHIR}/Observation", observation(city.patient)).json()
    changed = first | {"status": "amended"}
    second = city.system.put(f"{FHIR}/Observation/{first['id']}", changed, If_Match='W/"1"')
    assert (second.status_code, second["ETag"]) == (200, 'W/"2"')
    assert city.system.get(f"{FHIR}/Observation/{first['id']}/_history/1").json()["status"] == "final"
    assert city.system.get(f"{FHIR}/Observation/{first['id']}/_history/2").json()["status"] == "amended"
    history = city.system.get(f"{FHIR}/Observation/{first['id']}/_history").json()
    assert [entry["request"]["method"] for entry in history["entry"]] == ["PUT", "POST"]
    assert [entry["resource"]["meta"]["versionId"] for entry in history["entry"]] == ["2", "1"]


def test_a_stale_if_match_changes_nothing(city: City) -> None:
    first = city.system.post(f"{FHIR}/Observation", observation(city.patient)).json()
    refused = city.system.put(f"{FHIR}/Observation/{first['id']}", first | {"status": "amended"}, If_Match='W/"7"')
    assert refused.status_code == 412
    assert refused.json()["resourceType"] == "OperationOutcome"
    assert city.system.get(f"{FHIR}/Observation/{first['id']}").json()["status"] == "final"


def test_a_deleted_resource_is_gone_but_its_history_stays(city: City) -> None:
    first = city.system.post(f"{FHIR}/Observation", observation(city.patient)).json()
    address = f"{FHIR}/Observation/{first['id']}"
    assert city.system.delete(address).status_code == 204
    assert city.system.get(address).status_code == 410
    assert city.system.get(f"{address}/_history/1").status_code == 200
    assert city.system.get(f"{address}/_history/2").status_code == 410
    assert city.system.get(f"{FHIR}/Observation?patient={city.patient}").json().get("entry") is None
    assert city.system.delete(address).status_code == 204
    restored = city.system.put(address, first)
    assert (restored.status_code, restored["ETag"]) == (200, 'W/"3"')


def test_update_as_create_takes_the_clients_id(city: City) -> None:
    sent = observation(city.patient) | {"id": "from-the-clinic"}
    assert city.system.put(f"{FHIR}/Observation/from-the-clinic", sent).status_code == 201
    assert city.system.get(f"{FHIR}/Observation/from-the-clinic").json()["id"] == "from-the-clinic"


def test_the_address_and_the_resource_must_agree(city: City) -> None:
    sent = observation(city.patient) | {"id": "one"}
    refused = city.system.put(f"{FHIR}/Observation/two", sent)
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["expression"] == ["Observation.id"]


def test_a_conditional_create_stores_one_resource(city: City) -> None:
    sent = observation(city.patient) | {"identifier": [{"system": "urn:clinic", "value": "7"}]}
    headers = {"If_None_Exist": "identifier=urn:clinic|7"}
    first = city.system.post(f"{FHIR}/Observation", sent, **headers)
    second = city.system.post(f"{FHIR}/Observation", sent, **headers)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


def test_a_conditional_create_with_several_matches_is_refused(city: City) -> None:
    for _ in range(2):
        city.system.post(f"{FHIR}/Observation", observation(city.patient))
    before = resources()
    refused = city.system.post(f"{FHIR}/Observation", observation(city.patient), If_None_Exist="code=8867-4")
    assert refused.status_code == 412
    assert resources() == before


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b'{"resourceType": "Observation",\n  "status": }', 400, "line 2, column 13"),
        (b"[1]", 400, "not an object"),
        (b'{"a": 1e99999999999999999999}', 400, "not valid JSON"),
        (b'{"resourceType": "Nonsense"}', 400, "resourceType"),
        (b'{"status": "final"}', 400, "resourceType"),
        (b'{"resourceType": "Patient"}', 400, "Observation"),
    ],
)
def test_a_body_that_is_no_resource_is_refused_with_what_is_wrong(
    city: City, body: bytes, status: int, words: str
) -> None:
    before = resources()
    refused = city.system.post(f"{FHIR}/Observation", body)
    assert refused.status_code == status
    assert words in refused.json()["issue"][0]["diagnostics"]
    assert resources() == before


def test_an_invalid_resource_names_the_element_and_nothing_is_stored(city: City) -> None:
    before = resources()
    refused = city.system.post(f"{FHIR}/Observation", observation(city.patient) | {"status": 7, "extra": "x"})
    assert refused.status_code == 422
    expressions = [issue["expression"][0] for issue in refused.json()["issue"]]
    assert "Observation.status" in expressions
    assert resources() == before


def test_the_body_must_be_json(city: City) -> None:
    refused = city.system.post(f"{FHIR}/Patient", b"<Patient/>", Content_Type="application/fhir+xml")
    assert (refused.status_code, refused.json()["resourceType"]) == (415, "OperationOutcome")


def test_xml_is_not_served(city: City) -> None:
    refused = city.system.get(f"{FHIR}/Patient/{city.patient}", Accept="application/fhir+xml")
    assert (refused.status_code, refused.json()["resourceType"]) == (406, "OperationOutcome")


@pytest.mark.parametrize("path", ["/Patient", "/Patient/x", "/Observation?code=x", "/Nonsense", ""])
def test_without_a_token_there_is_nothing(db: None, path: str) -> None:
    answer = Caller().get(f"{FHIR}{path}")
    assert (answer.status_code, answer.json()["resourceType"]) == (401, "OperationOutcome")
    assert "Bearer" in answer["WWW-Authenticate"]


def test_an_unknown_token_is_no_token(db: None) -> None:
    assert Caller("made-up").get(f"{FHIR}/Patient").status_code == 401


def test_the_capability_statement_needs_no_token_and_says_r4(db: None) -> None:
    answer = Caller().get(f"{FHIR}/metadata")
    assert answer.status_code == 200
    assert answer.json()["fhirVersion"] == "4.0.1"


def test_prefer_minimal_answers_without_a_body(city: City) -> None:
    created = city.system.post(f"{FHIR}/Observation", observation(city.patient), Prefer="return=minimal")
    assert (created.status_code, created.content) == (201, b"")
    assert created["Location"].endswith("/_history/1")


def test_errors_are_in_the_readers_language(city: City) -> None:
    korean = Caller(city.system.token, language="ko").get(f"{FHIR}/Observation/nowhere").json()
    english = city.system.get(f"{FHIR}/Observation/nowhere").json()
    assert korean["issue"][0]["code"] == english["issue"][0]["code"] == "not-found"
    assert korean["issue"][0]["details"]["text"] != english["issue"][0]["details"]["text"]
