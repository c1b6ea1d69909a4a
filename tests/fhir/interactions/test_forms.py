"""How an answer looks on the wire: _format, _pretty, gzip, HEAD, and the search that is posted."""

from __future__ import annotations

import gzip
import json

import pytest

from health_platform.fhir.http.forms import WORTH_PACKING
from tests.builders import FHIR, observation
from tests.fhir.conftest import City


@pytest.mark.parametrize(
    "asked", ["json", "application/json", "application/fhir%2Bjson", "application/fhir+json", "text/json"]
)
def test_the_format_may_be_asked_for_in_the_query(city: City, asked: str) -> None:
    answer = city.citizen.get(f"{FHIR}/Patient/{city.patient}?_format={asked}", Accept="application/fhir+xml")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/fhir+json; charset=utf-8")


@pytest.mark.parametrize("asked", ["xml", "application/fhir+xml", "ttl", "text/turtle", "html"])
def test_other_formats_are_refused_as_words(city: City, asked: str) -> None:
    for refused in (
        city.citizen.get(f"{FHIR}/Patient/{city.patient}?_format={asked}"),
        city.citizen.get(f"{FHIR}/Patient/{city.patient}", Accept=asked if "/" in asked else f"text/{asked}"),
    ):
        assert (refused.status_code, refused.json()["resourceType"]) == (406, "OperationOutcome")
        assert "application/fhir+json" in refused.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_body_in_xml_is_refused_as_words(city: City, method: str) -> None:
    path = f"{FHIR}/Patient" if method == "POST" else f"{FHIR}/Patient/{city.patient}"
    refused = city.system.send(method, path, b"<Patient/>", Content_Type="application/fhir+xml")
    assert (refused.status_code, refused.json()["resourceType"]) == (415, "OperationOutcome")
    assert "json" in refused.json()["issue"][0]["diagnostics"]


def test_pretty_is_the_same_json_for_people(city: City) -> None:
    plain = city.citizen.get(f"{FHIR}/Patient/{city.patient}")
    pretty = city.citizen.get(f"{FHIR}/Patient/{city.patient}?_pretty=true")
    assert pretty.json() == plain.json()
    assert (pretty.content.count(b"\n") > 5, plain.content.count(b"\n")) == (True, 0)
    assert city.citizen.get(f"{FHIR}/Patient/{city.patient}?_pretty=false").content == plain.content


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("deflate, gzip;q=0.5", True), ("*", True), ("gzip;q=0", False), ("br", False), ("", False)],
)
def test_a_large_answer_is_packed_for_who_asks(city: City, accepted: str, packed: bool) -> None:
    for _ in range(12):
        city.system.post(f"{FHIR}/Observation", observation(city.patient))
    path = f"{FHIR}/Observation?patient={city.patient}"
    plain = city.system.get(path)
    assert len(plain.content) > WORTH_PACKING
    answer = city.system.get(path, Accept_Encoding=accepted)
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    assert "Accept-Encoding" in answer["Vary"]
    content = gzip.decompress(answer.content) if packed else answer.content
    assert json.loads(content) == plain.json()


def test_a_small_answer_goes_as_it_is(city: City) -> None:
    answer = city.citizen.get(f"{FHIR}/Patient/{city.patient}", Accept_Encoding="gzip")
    assert "Content-Encoding" not in answer.headers


def test_a_posted_search_is_the_same_as_a_get(city: City) -> None:
    for value in (60, 70):
        city.system.post(f"{FHIR}/Observation", observation(city.patient, value))
    query = f"patient={city.patient}&value-quantity=gt65&_elements=status&_total=accurate"
    asked = city.system.get(f"{FHIR}/Observation?{query}").json()
    form = "application/x-www-form-urlencoded"
    posted = city.system.send("POST", f"{FHIR}/Observation/_search", query.encode(), Content_Type=form)
    mixed = city.system.send(
        "POST", f"{FHIR}/Observation/_search?patient={city.patient}", query.partition("&")[2].encode(),
        Content_Type=form,
    )  # fmt: skip
    assert posted.json()["entry"] == mixed.json()["entry"] == asked["entry"]
    assert posted.json()["total"] == asked["total"] == 1
    refused = city.system.post(f"{FHIR}/Observation/_search", {"patient": city.patient})
    assert refused.status_code == 415


def test_head_is_get_without_the_body(city: City) -> None:
    address = f"{FHIR}/Patient/{city.patient}"
    head, get = city.citizen.send("HEAD", address), city.citizen.get(address)
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head[name] for name in ("ETag", "Last-Modified", "Content-Type")} == {
        name: get[name] for name in ("ETag", "Last-Modified", "Content-Type")
    }
    assert city.stranger.send("HEAD", address).status_code == 404
    assert city.citizen.send("HEAD", f"{FHIR}/Observation?patient={city.patient}").status_code == 200
