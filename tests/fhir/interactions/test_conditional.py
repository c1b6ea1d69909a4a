"""Conditional create, read, update and delete, and If-Match, over HTTP (FHIR R4, http.html#cond-update and others)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.builders import FHIR, observation
from tests.fhir.conftest import City
from tests.fhir.interactions.test_interactions import resources, rows


def marked(city: City, value: str = "7", **members: Any) -> dict[str, Any]:
    return observation(city.patient) | {"identifier": [{"system": "urn:clinic", "value": value}], **members}


WHERE = "identifier=urn:clinic|7"


def test_a_conditional_update_creates_then_changes_the_one_match(city: City) -> None:
    first = city.system.put(f"{FHIR}/Observation?{WHERE}", marked(city))
    assert (first.status_code, first["ETag"]) == (201, 'W/"1"')
    second = city.system.put(f"{FHIR}/Observation?{WHERE}", marked(city, status="amended"))
    assert (second.status_code, second["ETag"], second.json()["id"]) == (200, 'W/"2"', first.json()["id"])
    assert second.json()["status"] == "amended"


def test_a_conditional_update_without_a_match_takes_the_id_that_the_resource_brings(city: City) -> None:
    created = city.system.put(f"{FHIR}/Observation?{WHERE}", marked(city, id="mine"))
    assert (created.status_code, created.json()["id"]) == (201, "mine")


def test_a_conditional_update_whose_id_is_not_that_of_the_match_is_refused(city: City) -> None:
    city.system.put(f"{FHIR}/Observation?{WHERE}", marked(city))
    refused = city.system.put(f"{FHIR}/Observation?{WHERE}", marked(city, id="another"))
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["expression"] == ["Observation.id"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_several_matches_change_nothing(city: City, method: str) -> None:
    for _ in range(2):
        city.system.post(f"{FHIR}/Observation", marked(city))
    before = rows("SELECT sum(version) FROM fhir_resource")
    refused = city.system.send(method, f"{FHIR}/Observation?{WHERE}", marked(city) if method == "PUT" else None)
    assert refused.status_code == 412
    assert refused.json()["issue"][0]["code"] == "multiple-matches"
    assert rows("SELECT sum(version) FROM fhir_resource") == before


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("criteria", ["", "?_count=1", "?_format=json"])
def test_a_change_without_criteria_is_refused(city: City, method: str, criteria: str) -> None:
    city.system.post(f"{FHIR}/Observation", marked(city))
    before = rows("SELECT sum(version) FROM fhir_resource")
    refused = city.system.send(method, f"{FHIR}/Observation{criteria}", marked(city) if method == "PUT" else None)
    assert refused.status_code == 400
    assert rows("SELECT sum(version) FROM fhir_resource") == before


def test_criteria_that_are_not_understood_never_count_as_none(city: City) -> None:
    city.system.post(f"{FHIR}/Observation", marked(city))
    assert city.system.delete(f"{FHIR}/Observation?{WHERE}&colour=red").status_code == 400
    assert city.system.post(f"{FHIR}/Observation", marked(city), If_None_Exist="colour=red").status_code == 400
    assert len(city.system.get(f"{FHIR}/Observation?patient={city.patient}").json()["entry"]) == 1


def test_a_conditional_delete_deletes_the_one_match_and_is_quiet_without_one(city: City) -> None:
    id = city.system.post(f"{FHIR}/Observation", marked(city)).json()["id"]
    assert city.system.delete(f"{FHIR}/Observation?{WHERE}").status_code == 204
    assert city.system.get(f"{FHIR}/Observation/{id}").status_code == 410
    assert city.system.delete(f"{FHIR}/Observation?{WHERE}").status_code == 204


@pytest.mark.parametrize("who", ["other_clinician", "other_system"])
def test_a_foreign_resource_is_no_match(city: City, who: str) -> None:
    id = city.system.post(f"{FHIR}/Observation", marked(city)).json()["id"]
    caller = getattr(city, who)
    assert caller.delete(f"{FHIR}/Observation?{WHERE}").status_code == 204
    assert caller.put(f"{FHIR}/Observation?{WHERE}", marked(city)).status_code == 422
    assert city.system.get(f"{FHIR}/Observation/{id}")["ETag"] == 'W/"1"'


@pytest.mark.parametrize("who", ["citizen", "stranger"])
def test_a_citizen_changes_nothing_by_condition(city: City, who: str) -> None:
    id = city.system.post(f"{FHIR}/Observation", marked(city)).json()["id"]
    caller = getattr(city, who)
    assert caller.delete(f"{FHIR}/Observation?{WHERE}").status_code == 403
    assert caller.put(f"{FHIR}/Observation?{WHERE}", marked(city)).status_code == 403
    assert city.system.get(f"{FHIR}/Observation/{id}")["ETag"] == 'W/"1"'


def test_an_id_that_exists_beyond_the_own_reach_is_a_conflict_and_stores_nothing(city: City) -> None:
    """One institution's resource by another's id: neither shown nor changed."""
    sent = {"resourceType": "Basic", "id": "shared-id", "code": {"text": "a"}}
    theirs = city.system.put(f"{FHIR}/Basic/shared-id", sent)
    assert theirs.status_code == 201
    before = resources()
    refused = city.other_system.put(f"{FHIR}/Basic/shared-id", sent | {"code": {"text": "b"}})
    assert (refused.status_code, refused.json()["resourceType"]) == (409, "OperationOutcome")
    assert "clinic" not in refused.content.decode()
    assert resources() == before
    assert city.system.get(f"{FHIR}/Basic/shared-id").json()["code"]["text"] == "a"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("address", ["Observation/{id}", f"Observation?{WHERE}"])
def test_if_match_is_obeyed_by_every_change(city: City, method: str, address: str) -> None:
    id = city.system.post(f"{FHIR}/Observation", marked(city)).json()["id"]
    path = f"{FHIR}/{address.format(id=id)}"
    sent: Any = {"PUT": marked(city, id=id), "PATCH": [], "DELETE": None}[method]
    kind = "application/json-patch+json" if method == "PATCH" else "application/fhir+json"
    for stale in ('W/"2"', '"9"'):
        refused = city.system.send(method, path, sent, Content_Type=kind, If_Match=stale)
        assert refused.status_code == 412
        assert city.system.get(f"{FHIR}/Observation/{id}")["ETag"] == 'W/"1"'
    assert city.system.send(method, path, sent, Content_Type=kind, If_Match="three").status_code == 400
    assert city.system.send(method, path, sent, Content_Type=kind, If_Match='W/"1"').status_code in (200, 204)


def test_if_match_on_what_is_not_there_creates_nothing(city: City) -> None:
    before = resources()
    assert city.system.put(f"{FHIR}/Observation/x", marked(city, id="x"), If_Match='W/"1"').status_code == 412
    assert city.system.put(f"{FHIR}/Observation?{WHERE}", marked(city), If_Match='W/"1"').status_code == 412
    assert resources() == before


def date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def test_a_conditional_read_answers_304_for_what_is_known(city: City) -> None:
    created = city.system.post(f"{FHIR}/Observation", marked(city))
    address = f"{FHIR}/Observation/{created.json()['id']}"
    now = datetime.now(UTC)
    known = [
        {"If_None_Match": 'W/"1"'},
        {"If_None_Match": '"7", W/"1"'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": created["Last-Modified"]},
        {"If_Modified_Since": date(now + timedelta(hours=1))},
    ]
    unknown = [
        {"If_None_Match": 'W/"2"'},
        {"If_None_Match": 'W/"2"', "If_Modified_Since": date(now + timedelta(hours=1))},
        {"If_Modified_Since": date(now - timedelta(hours=1))},
        {"If_Modified_Since": "yesterday"},
    ]
    for headers in known:
        answer = city.citizen.get(address, **headers)
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", 'W/"1"'), headers
    for headers in unknown:
        assert city.citizen.get(address, **headers).status_code == 200, headers
    assert city.stranger.get(address, If_None_Match='W/"1"').status_code == 404


def test_etag_location_and_last_modified_are_exact(city: City) -> None:
    created = city.system.post(f"{FHIR}/Observation", marked(city))
    id, meta = created.json()["id"], created.json()["meta"]
    assert created["Location"] == f"http://testserver{FHIR}/Observation/{id}/_history/1"
    assert created["Last-Modified"] == date(datetime.fromisoformat(meta["lastUpdated"]))
    assert (created["ETag"], meta["versionId"]) == ('W/"1"', "1")
    read = city.system.get(f"{FHIR}/Observation/{id}")
    assert (read["ETag"], read["Last-Modified"]) == (created["ETag"], created["Last-Modified"])
    assert "Location" not in read.headers
    updated = city.system.put(f"{FHIR}/Observation/{id}", marked(city, id=id))
    assert updated["Location"] == f"http://testserver{FHIR}/Observation/{id}/_history/2"
    assert city.system.delete(f"{FHIR}/Observation/{id}")["ETag"] == 'W/"3"'
