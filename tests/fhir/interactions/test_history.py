"""history of an instance, a type and the system over HTTP (FHIR R4, http.html#history)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from health_platform.fhir.disclosure import disclose, withhold
from health_platform.fhir.repository import Repository
from tests import builders
from tests.builders import FHIR, OPERATOR, Caller, observation
from tests.fhir.conftest import City


def created(city: City, **members: Any) -> dict[str, Any]:
    return dict(city.system.post(f"{FHIR}/Observation", observation(city.patient) | members).json())


def changed(city: City, resource: dict[str, Any], **members: Any) -> dict[str, Any]:
    return dict(city.system.put(f"{FHIR}/Observation/{resource['id']}", resource | members).json())


def versions(answer: Any) -> list[tuple[str, str]]:
    """(reference, version) of each entry."""
    assert answer.status_code == 200, answer.content
    entries = answer.json().get("entry", [])
    return [
        ("/".join(entry["fullUrl"].split("/")[-2:]), entry["response"]["etag"].removeprefix('W/"').rstrip('"'))
        for entry in entries
    ]


def all_pages(caller: Caller, path: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    address: str | None = path
    while address:
        answer = caller.get(address)
        found += versions(answer)
        links = {link["relation"]: link["url"] for link in answer.json()["link"]}
        address = links["next"].removeprefix("http://testserver") if "next" in links else None
    return found


@pytest.mark.parametrize("path", ["Observation/_history", "_history", "Observation/{id}/_history"])
def test_every_version_stands_there_with_its_request_newest_first(city: City, path: str) -> None:
    first = created(city)
    changed(city, first, status="amended")
    city.system.delete(f"{FHIR}/Observation/{first['id']}")
    answer = city.system.get(f"{FHIR}/{path.format(id=first['id'])}?_count=3")
    entries = answer.json()["entry"]
    assert [entry["request"]["method"] for entry in entries] == ["DELETE", "PUT", "POST"]
    assert [entry["response"]["status"][:3] for entry in entries] == ["204", "200", "201"]
    assert ["resource" in entry for entry in entries] == [False, True, True]
    assert [entry["resource"]["status"] for entry in entries[1:]] == ["amended", "final"]
    assert (answer.json()["resourceType"], answer.json()["type"]) == ("Bundle", "history")
    assert entries[1]["resource"]["meta"]["lastUpdated"] == entries[1]["response"]["lastModified"]


def test_pages_stay_where_they_are_while_others_write(city: City) -> None:
    made = [created(city) for _ in range(5)]
    expected = [(f"Observation/{one['id']}", "1") for one in reversed(made)]
    first = city.system.get(f"{FHIR}/Observation/_history?_count=2")
    assert versions(first) == expected[:2]
    created(city)
    next_link = first.json()["link"][1]["url"].removeprefix("http://testserver")
    assert versions(city.system.get(next_link)) == expected[2:4]
    for size in (1, 2, 3, 50):
        assert all_pages(city.system, f"{FHIR}/Observation/_history?_count={size}")[1:] == expected


def test_since_and_at_choose_by_time(city: City) -> None:
    first = created(city)
    second = changed(city, first, status="amended")
    third = changed(city, second, status="corrected")
    moments = [quote(one["meta"]["lastUpdated"]) for one in (first, second, third)]
    path = f"{FHIR}/Observation/{first['id']}/_history"
    name = f"Observation/{first['id']}"
    assert versions(city.system.get(f"{path}?_since={moments[1]}"))[-1] in [(name, "2"), (name, "1")]
    assert versions(city.system.get(f"{path}?_since=2999-01-01")) == []
    assert versions(city.system.get(f"{path}?_at={moments[0][:10]}")) == [(name, "3"), (name, "2"), (name, "1")]
    assert versions(city.system.get(f"{path}?_at=2999-01-01")) == [(name, "3")]
    assert versions(city.system.get(f"{path}?_at=1999-01-01")) == []
    assert versions(city.system.get(f"{path}?_count=0")) == []


@pytest.mark.parametrize("query", ["_since=soon", "_at=x", "_count=-1", "_sort=date", "_cursor=x", "_count=1&_count=2"])
def test_what_the_history_does_not_know_is_refused_by_name(city: City, query: str) -> None:
    for path in ("_history", "Observation/_history", f"Patient/{city.patient}/_history"):
        refused = city.system.get(f"{FHIR}/{path}?{query}")
        assert refused.status_code == 400
        assert refused.json()["issue"][0]["expression"] == [query.partition("=")[0]]


def test_a_history_comes_in_parts_too(city: City) -> None:
    created(city, note=[{"text": "x"}])
    (entry,) = city.system.get(f"{FHIR}/Observation/_history?_elements=status").json()["entry"]
    assert set(entry["resource"]) == {"resourceType", "id", "meta", "status", "code"}


@pytest.mark.parametrize("who", ["stranger", "other_clinician", "other_system"])
def test_nobody_sees_foreign_versions(city: City, who: str) -> None:
    first = created(city)
    changed(city, first, status="amended")
    city.system.delete(f"{FHIR}/Observation/{first['id']}")
    caller = getattr(city, who)
    assert versions(caller.get(f"{FHIR}/Observation/_history")) == []
    assert f"Observation/{first['id']}" not in dict(all_pages(caller, f"{FHIR}/_history"))
    assert f"Patient/{city.patient}" not in dict(all_pages(caller, f"{FHIR}/_history"))
    assert caller.get(f"{FHIR}/Observation/{first['id']}/_history").status_code == 404


def test_the_own_citizen_and_clinician_see_them_all(city: City) -> None:
    first = created(city)
    changed(city, first, status="amended")
    for caller in (city.citizen, city.clinician):
        assert versions(caller.get(f"{FHIR}/Observation/_history")) == [
            (f"Observation/{first['id']}", "2"),
            (f"Observation/{first['id']}", "1"),
        ]


def test_scopes_limit_the_history_of_the_system_to_their_types(city: City) -> None:
    created(city)
    reader = builders.clinic_client("reader", city.clinic, "system/Observation.rs")
    assert {reference.partition("/")[0] for reference, _ in all_pages(reader, f"{FHIR}/_history")} == {"Observation"}
    assert reader.get(f"{FHIR}/Patient/_history").status_code == 403
    writer = builders.clinic_client("writer", city.clinic, "system/Observation.c")
    assert writer.get(f"{FHIR}/_history").status_code == 403


def test_a_version_that_was_withheld_stays_so(city: City) -> None:
    risk = {"resourceType": "RiskAssessment", "status": "final", "subject": {"reference": f"Patient/{city.patient}"}}
    stored = Repository(OPERATOR).create(withhold(risk))
    paths = [f"{stored.reference}/_history", "RiskAssessment/_history", "_history?_count=50"]
    seen = [[name for name, _ in _versions_or_none(city.citizen, path)].count(stored.reference) for path in paths]
    assert seen == [0, 0, 0]
    Repository(OPERATOR).update(disclose(stored.resource()))
    for path in paths:
        assert [one for one in _versions_or_none(city.citizen, path) if one[0] == stored.reference] == [
            (stored.reference, "2")
        ]
        assert len([one for one in _versions_or_none(city.clinician, path) if one[0] == stored.reference]) == 2
    again = Repository(OPERATOR).read(*stored.reference.split("/")).resource()
    Repository(OPERATOR).update(withhold(again))
    for path in paths:
        assert [one for one in _versions_or_none(city.citizen, path) if one[0] == stored.reference] == []


def _versions_or_none(caller: Caller, path: str) -> list[tuple[str, str]]:
    answer = caller.get(f"{FHIR}/{path}")
    return [] if answer.status_code == 404 else versions(answer)


def test_what_was_moved_to_another_person_is_in_no_foreign_history(city: City) -> None:
    """A result that was filed under the wrong patient: after the correction neither of the two sees the other's."""
    other_id = builders.patient(city.other_clinic, number="C-8")
    other = builders.caller_for(builders.citizen(other_id, "other-citizen"))
    filed = created(city)
    moved = filed | {"subject": {"reference": f"Patient/{other_id}"}}
    Repository(OPERATOR).update(moved)
    name = f"Observation/{filed['id']}"
    for path in (f"{name}/_history", "Observation/_history", "_history?_count=50"):
        assert [one for one in _versions_or_none(other, path) if one[0] == name] == [(name, "2")], path
        assert [one for one in _versions_or_none(city.citizen, path) if one[0] == name] == [], path
        assert [one for one in _versions_or_none(city.system, path) if one[0] == name] == [], path
    assert other.get(f"{FHIR}/{name}/_history/1").status_code == 404
    assert city.citizen.get(f"{FHIR}/{name}/_history/1").status_code == 404


def test_of_what_was_entered_in_error_a_citizen_sees_no_version(city: City) -> None:
    first = created(city)
    changed(city, first, status="entered-in-error")
    for path in (f"Observation/{first['id']}/_history", "Observation/_history"):
        resources = [entry["resource"] for entry in city.citizen.get(f"{FHIR}/{path}").json()["entry"]]
        assert [set(resource) for resource in resources] == [{"resourceType", "id", "status"}] * 2, path
        full = [entry["resource"] for entry in city.clinician.get(f"{FHIR}/{path}").json()["entry"]]
        assert all("valueQuantity" in resource for resource in full)
    version = city.citizen.get(f"{FHIR}/Observation/{first['id']}/_history/1").json()
    assert set(version) == {"resourceType", "id", "status"}


def test_a_version_that_said_so_stays_cut_after_the_correction(city: City) -> None:
    first = created(city)
    wrong = changed(city, first, status="entered-in-error")
    changed(city, wrong, status="corrected")
    entries = city.citizen.get(f"{FHIR}/Observation/{first['id']}/_history").json()["entry"]
    assert ["valueQuantity" in entry["resource"] for entry in entries] == [True, False, True]
