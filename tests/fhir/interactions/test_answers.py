"""In which form an answer goes out: Prefer, _summary, _elements (FHIR R4, http.html#ops, search.html#summary)."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from health_platform.fhir import body
from health_platform.fhir.subset import Part, Summary, part
from health_platform.fhir.validation import validate
from tests.builders import FHIR, observation
from tests.fhir.conftest import City
from tests.fhir.interactions.test_interactions import resources

SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


def written(city: City) -> dict[str, Any]:
    sent = observation(city.patient) | {
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">72</div>'},
        "note": [{"text": "쉬고 나서"}],
        "meta": {"tag": [{"system": "urn:clinic", "code": "morning"}]},
    }
    return dict(city.system.post(f"{FHIR}/Observation", sent).json())


def test_prefer_says_what_a_write_answers(city: City) -> None:
    sent = observation(city.patient)
    whole = city.system.post(f"{FHIR}/Observation", sent, Prefer="return=representation")
    told = city.system.post(f"{FHIR}/Observation", sent, Prefer="return=OperationOutcome")
    minimal = city.system.post(f"{FHIR}/Observation", sent, Prefer="respond-async; return=minimal")
    assert (whole.status_code, whole.json()["resourceType"]) == (201, "Observation")
    assert (told.status_code, told.json()["resourceType"]) == (201, "OperationOutcome")
    assert not [issue for issue in told.json()["issue"] if issue["severity"] in ("error", "fatal")]
    assert (minimal.status_code, minimal.content) == (201, b"")
    for answer in (whole, told, minimal):
        assert "/_history/1" in answer["Location"]
    id = whole.json()["id"]
    patch = city.system.send("PATCH", f"{FHIR}/Observation/{id}", [], Prefer="return=minimal",
                             Content_Type="application/json-patch+json")  # fmt: skip
    assert (patch.status_code, patch.content) == (200, b"")
    deleted = city.system.delete(f"{FHIR}/Observation/{id}", Prefer="return=OperationOutcome")
    assert (deleted.status_code, deleted.json()["resourceType"]) == (200, "OperationOutcome")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("_elements=status", {"status", "code"}),
        ("_elements=value,note", {"status", "code", "valueQuantity", "note"}),
        ("_elements=Observation.note", {"status", "code", "note"}),
        ("_summary=text", {"status", "code", "text"}),
        ("_summary=data", {"status", "code", "subject", "effectiveDateTime", "valueQuantity", "note"}),
        ("_summary=true", {"status", "code", "subject", "effectiveDateTime", "valueQuantity"}),
    ],
)
def test_a_part_has_what_was_asked_and_what_is_mandatory_and_says_that_it_is_a_part(
    city: City, query: str, kept: set[str]
) -> None:
    whole = written(city)
    answer = city.citizen.get(f"{FHIR}/Observation/{whole['id']}?{query}")
    assert answer.status_code == 200
    found = answer.json()
    assert set(found) == kept | {"resourceType", "id", "meta"}
    assert found["meta"]["tag"] == [{"system": "urn:clinic", "code": "morning"}, SUBSETTED]
    assert {name: found[name] for name in kept} == {name: whole[name] for name in kept}
    assert list(found) == [name for name in whole if name in found]


def test_the_whole_carries_no_tag(city: City) -> None:
    whole = written(city)
    assert city.citizen.get(f"{FHIR}/Observation/{whole['id']}?_summary=false").json() == whole


def test_a_version_and_a_search_come_in_parts_too(city: City) -> None:
    whole = written(city)
    version = city.citizen.get(f"{FHIR}/Observation/{whole['id']}/_history/1?_elements=status").json()
    assert set(version) == {"resourceType", "id", "meta", "status", "code"}
    found = city.citizen.get(f"{FHIR}/Observation?code=8867-4&_elements=note&_include=Observation:patient").json()
    match, included = (entry["resource"] for entry in found["entry"])
    assert set(match) == {"resourceType", "id", "meta", "status", "code", "note"}
    assert "tag" not in included["meta"] and included["birthDate"]
    summary = city.citizen.get(f"{FHIR}/Observation?code=8867-4&_summary=true").json()["entry"][0]["resource"]
    assert "note" not in summary and SUBSETTED in summary["meta"]["tag"]


@pytest.mark.parametrize(
    "query", ["_summary=some", "_summary=count", "_elements=colour", "_elements=note&_summary=text"]
)
def test_a_part_that_there_is_not_is_refused_by_name(city: City, query: str) -> None:
    refused = city.citizen.get(f"{FHIR}/Observation/{written(city)['id']}?{query}")
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["expression"][0] in ("_summary", "_elements")


def test_a_part_cannot_be_stored_as_the_whole(city: City) -> None:
    """Else a client that read a summary, changed it and sent it back would delete the rest of the record."""
    whole = written(city)
    address = f"{FHIR}/Observation/{whole['id']}"
    summary = city.system.get(f"{address}?_summary=true").json()
    before = resources()
    for refused in (city.system.put(address, summary), city.system.post(f"{FHIR}/Observation", summary)):
        assert refused.status_code == 422
        assert refused.json()["issue"][0]["expression"] == ["Observation.meta.tag[1]"]
    assert city.system.get(address).json() == whole
    assert resources() == before


@pytest.mark.parametrize("summary", [Summary.TRUE, Summary.TEXT, Summary.DATA])
def test_a_part_of_any_resource_is_valid_structure_and_changes_no_value(shared: Path, summary: Summary) -> None:
    compared = 0
    with tarfile.open(shared / "fhir/r4_examples.tar.xz") as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            if file is None or not member.name.endswith(".json"):
                continue
            raw = file.read()
            whole = body.parse(raw)
            found = body.parse(part(raw, whole["resourceType"], Part(summary)))
            assert _is_within({**found, "meta": {}}, {**whole, "meta": {}}), member.name
            assert _faults(found) - _faults(whole) == set(), member.name
            compared += 1
    assert compared == 72


def _faults(resource: dict[str, Any]) -> set[str]:
    """What is missing or has another form than R4 gives it, whatever profiles it claims."""
    bare = {name: value for name, value in resource.items() if name != "meta"}
    return {issue.text() for issue in validate(bare) if issue.is_error and str(issue.code) in ("required", "structure")}


def _is_within(found: Any, whole: Any) -> bool:
    if isinstance(found, dict):
        return isinstance(whole, dict) and all(name in whole and _is_within(found[name], whole[name]) for name in found)
    if isinstance(found, list):
        rest = iter(whole)
        return all(any(_is_within(entry, other) for other in rest) for entry in found)
    return json.dumps(found, default=str) == json.dumps(whole, default=str)
