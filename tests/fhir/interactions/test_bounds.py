"""What one request may hold: bytes, depth, entries and rows asked for. More is refused in words, and nothing stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from health_platform.fhir.bundle.entries import MAX_ENTRIES
from health_platform.fhir.validation.json_body import MAX_DEPTH
from tests.builders import FHIR, observation
from tests.fhir.conftest import City

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as HttpResponse


def refused(response: HttpResponse, status: int, code: str, word: object) -> bool:
    assert response.status_code == status
    body = response.json()
    assert body["resourceType"] == "OperationOutcome"
    assert body["issue"][0]["code"] == code
    return str(word) in body["issue"][0]["diagnostics"]


def stored(city: City) -> int:
    total: int = city.system.get(f"{FHIR}/Observation?_summary=count").json()["total"]
    return total


def test_a_body_of_too_many_bytes(settings: Any, city: City) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2000
    response = city.system.post(f"{FHIR}/Observation", observation(city.patient) | {"note": [{"text": "x" * 2000}]})
    assert refused(response, 413, "too-long", 2000)
    assert stored(city) == 0


def json_of(resource: dict[str, Any], levels: int) -> bytes:
    """The resource with an extension in ``levels`` others."""
    deep = '{"url":"urn:a","extension":[' * levels + '{"url":"urn:b","valueString":"x"}' + "]}" * levels
    return json.dumps(resource)[:-1].encode() + b',"extension":[' + deep.encode() + b"]}"


def test_json_that_nests_too_deep(city: City) -> None:
    most = (MAX_DEPTH - 1) // 2 - 1  # a level is an object in an array, within an array of the resource
    for levels in (most + 1, 150, 20_000):
        body = json_of(observation(city.patient), levels)
        response = city.system.send("POST", f"{FHIR}/Observation", body)
        assert refused(response, 400 if levels > 1000 else 422, "too-costly", "deep"), levels
    assert stored(city) == 0
    assert city.system.send("POST", f"{FHIR}/Observation", json_of(observation(city.patient), most)).status_code == 201


def test_json_that_no_parser_ends(city: City) -> None:
    response = city.system.send("POST", f"{FHIR}/Observation", b'{"a":' + b"[" * 200_000)
    assert response.status_code == 400
    assert response.json()["issue"][0]["severity"] == "error"


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_bundle_of_too_many_entries(city: City, kind: str) -> None:
    entry = {"request": {"method": "GET", "url": "Patient?_count=0"}}
    bundle = {"resourceType": "Bundle", "type": kind, "entry": [entry] * (MAX_ENTRIES + 1)}
    assert refused(city.system.post(FHIR, bundle), 413, "too-long", MAX_ENTRIES)


def test_a_count_that_is_none(city: City) -> None:
    for asked in ("-1", "x", "1.5"):
        for path in ("Observation", "Observation/_history"):
            response = city.system.get(f"{FHIR}/{path}?_count={asked}")
            assert response.status_code == 400
            assert "_count" in response.json()["issue"][0]["diagnostics"]
    assert city.system.get(f"{FHIR}/Observation?_count=99999999999999").status_code == 200


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize("levels", [150, 20_000])
def test_an_entry_that_nests_too_deep(city: City, kind: str, levels: int) -> None:
    entry = b'{"request":{"method":"POST","url":"Observation"},"resource":' + json_of(observation(city.patient), levels)
    bundle = b'{"resourceType":"Bundle","type":"' + kind.encode() + b'","entry":[' + entry + b"}]}"
    response = city.system.send("POST", FHIR, bundle)
    outcome = response.json()
    if response.status_code == 200:
        outcome = outcome["entry"][0]["response"]["outcome"]
    assert response.status_code in (200, 400, 422)
    assert outcome["issue"][0]["code"] == "too-costly"
    assert stored(city) == 0
