"""$meta, $meta-add and $meta-delete over HTTP (FHIR R4, resource-operation-meta.html)."""

from __future__ import annotations

from typing import Any

import pytest

from health_platform.fhir.disclosure import SYSTEM, WITHHELD, withhold
from health_platform.fhir.repository import Repository
from tests.builders import FHIR, OPERATOR, observation
from tests.fhir.conftest import City

MORNING = {"system": "urn:clinic", "code": "morning"}
EVENING = {"system": "urn:clinic", "code": "evening", "display": "Abend"}
LABEL = {"system": SYSTEM, "code": WITHHELD}


def of(meta: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": meta}]}


def given(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    (output,) = answer.json()["parameter"]
    assert output["name"] == "return"
    return dict(output["valueMeta"])


def pulse(city: City) -> str:
    sent = observation(city.patient) | {"meta": {"tag": [MORNING]}}
    return f"{FHIR}/Observation/{city.system.post(f'{FHIR}/Observation', sent).json()['id']}"


def test_labels_are_read_added_and_taken_away(city: City) -> None:
    address = pulse(city)
    assert given(city.citizen.get(f"{address}/$meta"))["tag"] == [MORNING]
    added = given(city.system.post(f"{address}/$meta-add", of({"tag": [EVENING, MORNING], "profile": ["urn:p"]})))
    assert (added["tag"], added["profile"], added["versionId"]) == ([MORNING, EVENING], ["urn:p"], "2")
    found = city.system.get(f"{FHIR}/Observation?patient={city.patient}&_tag=urn:clinic|evening").json()
    assert len(found["entry"]) == 1
    gone = given(
        city.system.post(
            f"{address}/$meta-delete", of({"tag": [{"system": "urn:clinic", "code": "morning", "display": "x"}]})
        )
    )
    assert (gone["tag"], gone["profile"]) == ([EVENING], ["urn:p"])
    assert city.system.get(address).json()["valueQuantity"]["value"] == 72
    assert city.system.post(f"{address}/$meta-delete", of({"tag": [{"code": "never"}]})).status_code == 200


def test_the_labels_of_a_type_are_those_within_reach(city: City) -> None:
    pulse(city)
    assert given(city.citizen.get(f"{FHIR}/Observation/$meta")) == {"tag": [MORNING]}
    assert given(city.stranger.get(f"{FHIR}/Observation/$meta")) == {}
    assert given(city.clinician.get(f"{FHIR}/Observation/$meta")) == {"tag": [MORNING]}


@pytest.mark.parametrize(("who", "status"), [("citizen", 403), ("stranger", 403), ("other_system", 404)])
def test_nobody_else_changes_labels(city: City, who: str, status: int) -> None:
    address = pulse(city)
    for name in ("$meta-add", "$meta-delete"):
        assert getattr(city, who).post(f"{address}/{name}", of({"tag": [MORNING]})).status_code == status
    assert city.system.get(address)["ETag"] == 'W/"1"'


@pytest.mark.parametrize("sent", [{"resourceType": "Parameters"}, of({"tag": "x"})])
def test_a_change_needs_a_meta(city: City, sent: dict[str, Any]) -> None:
    address = pulse(city)
    assert city.system.post(f"{address}/$meta-add", sent).status_code == 400
    assert city.system.get(f"{address}/$meta-add").status_code == 405


def test_what_is_withheld_is_shown_by_a_clinician_alone(city: City) -> None:
    """Neither the citizen nor a system that does not know the label can take it away, by whichever door."""
    risk = {"resourceType": "RiskAssessment", "status": "final", "subject": {"reference": f"Patient/{city.patient}"}}
    stored = Repository(OPERATOR).create(withhold(risk))
    address = f"{FHIR}/{stored.reference}"
    bare = {name: value for name, value in stored.resource().items() if name != "meta"}
    remove = [{"op": "remove", "path": "/meta/security"}]
    json_patch = "application/json-patch+json"
    for caller, status in ((city.citizen, (403, 404)), (city.system, (403,))):
        assert caller.post(f"{address}/$meta-delete", of({"security": [LABEL]})).status_code in status
        assert caller.put(address, bare).status_code in status
        assert caller.send("PATCH", address, remove, Content_Type=json_patch).status_code in status
        assert city.citizen.get(address).status_code == 404
    assert city.system.get(address)["ETag"] == 'W/"1"'
    assert city.system.put(address, stored.resource() | {"status": "amended"}).status_code == 200
    assert city.clinician.post(f"{address}/$meta-delete", of({"security": [LABEL]})).status_code == 200
    assert city.citizen.get(address).status_code == 200
