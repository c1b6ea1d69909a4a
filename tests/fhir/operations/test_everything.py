"""Patient/$everything over HTTP (FHIR R4, patient-operation-everything.html)."""

from __future__ import annotations

from typing import Any

import pytest

from health_platform.fhir.disclosure import withhold
from health_platform.fhir.repository import Repository
from tests import builders
from tests.builders import FHIR, OPERATOR, Caller, observation
from tests.fhir.conftest import City


def fill(city: City) -> list[str]:
    """A record of four Observations and a Coverage; their references, oldest date first."""
    made = [
        city.system.post(f"{FHIR}/Observation", observation(city.patient, when=day)).json()
        for day in ("2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01")
    ]
    coverage = {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"reference": f"Patient/{city.patient}"},
        "payor": [{"reference": f"Organization/{city.clinic}"}],
    }
    made.append(city.system.post(f"{FHIR}/Coverage", coverage).json())
    return [f"{one['resourceType']}/{one['id']}" for one in made]


def entries(answer: Any, mode: str = "match") -> list[str]:
    assert answer.status_code == 200, answer.content
    return [
        f"{one['resource']['resourceType']}/{one['resource']['id']}"
        for one in answer.json().get("entry", [])
        if one["search"]["mode"] == mode
    ]


def pages(caller: Caller, path: str) -> list[list[str]]:
    found: list[list[str]] = []
    address: str | None = path
    while address:
        answer = caller.get(address)
        found.append(entries(answer))
        links = {link["relation"]: link["url"] for link in answer.json()["link"]}
        address = links["next"].removeprefix("http://testserver") if "next" in links else None
    return found


@pytest.mark.parametrize("who", ["citizen", "clinician", "system"])
def test_the_record_comes_whole_with_the_patient_first_and_what_it_leans_on(city: City, who: str) -> None:
    made = fill(city)
    answer = getattr(city, who).get(f"{FHIR}/Patient/{city.patient}/$everything")
    found = entries(answer)
    assert found[0] == f"Patient/{city.patient}"
    assert sorted(found[1:]) == sorted(made)
    assert entries(answer, "include") == [f"Organization/{city.clinic}"]


def test_by_post_and_without_an_id_for_a_citizen(city: City) -> None:
    made = fill(city)
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueString": "Observation"}]}
    posted = city.citizen.post(f"{FHIR}/Patient/{city.patient}/$everything", parameters)
    assert entries(posted) == made[:4]
    assert entries(city.citizen.get(f"{FHIR}/Patient/$everything?_type=Observation")) == made[:4]
    assert city.system.get(f"{FHIR}/Patient/$everything").status_code == 400


@pytest.mark.parametrize("size", [1, 2, 4, 6, 50])
def test_its_pages_are_the_whole_and_no_entry_stands_twice(city: City, size: int) -> None:
    made = fill(city)
    found = pages(city.citizen, f"{FHIR}/Patient/{city.patient}/$everything?_count={size}")
    assert {len(page) for page in found[:-1]} <= {size}
    assert [one for page in found for one in page if one.startswith("Observation")] == made[:4]
    assert len([one for page in found for one in page]) == 6


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("start=2026-02-01", 3),
        ("end=2026-02-01", 2),
        ("start=2026-02-01&end=2026-03-01", 2),
        ("_since=2999-01-01", 0),
        ("_since=2026-01-01", 4),
    ],
)
def test_dates_narrow_what_has_a_date(city: City, query: str, count: int) -> None:
    fill(city)
    found = entries(city.citizen.get(f"{FHIR}/Patient/{city.patient}/$everything?{query}"))
    assert len([one for one in found if one.startswith("Observation")]) == count
    if "_since" not in query:
        assert [one for one in found if one.startswith("Coverage")]


@pytest.mark.parametrize("query", ["_type=Nonsense", "start=soon", "_count=x", "colour=red", "_cursor=x"])
def test_what_it_does_not_know_is_refused_by_name(city: City, query: str) -> None:
    refused = city.citizen.get(f"{FHIR}/Patient/{city.patient}/$everything?{query}")
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["expression"] == [query.partition("=")[0]]


@pytest.mark.parametrize("who", ["stranger", "other_clinician", "other_system"])
def test_a_foreign_record_is_not_known(city: City, who: str) -> None:
    fill(city)
    refused = getattr(city, who).get(f"{FHIR}/Patient/{city.patient}/$everything")
    unknown = getattr(city, who).get(f"{FHIR}/Patient/nobody/$everything")
    assert (refused.status_code, unknown.status_code) == (404, 404)


def test_withheld_deleted_and_erroneous_entries_are_as_everywhere(city: City) -> None:
    made = fill(city)
    Repository(OPERATOR).create(
        withhold(
            {
                "resourceType": "RiskAssessment",
                "status": "final",
                "subject": {"reference": f"Patient/{city.patient}"},
            }
        )
    )
    city.system.delete(f"{FHIR}/{made[0]}")
    wrong = city.system.get(f"{FHIR}/{made[1]}").json()
    city.system.put(f"{FHIR}/{made[1]}", wrong | {"status": "entered-in-error"})
    answer = city.citizen.get(f"{FHIR}/Patient/{city.patient}/$everything")
    resources = {
        f"{one['resource']['resourceType']}/{one['resource']['id']}": one["resource"] for one in answer.json()["entry"]
    }
    assert not [name for name in resources if name.startswith("RiskAssessment")]
    assert made[0] not in resources
    assert set(resources[made[1]]) == {"resourceType", "id", "status"}
    everything = entries(city.clinician.get(f"{FHIR}/Patient/{city.patient}/$everything"))
    assert [name for name in everything if name.startswith("RiskAssessment")]


def test_scopes_limit_it_to_their_types(city: City) -> None:
    made = fill(city)
    reader = builders.clinic_client("reader", city.clinic, "system/Patient.rs system/Observation.rs")
    answer = reader.get(f"{FHIR}/Patient/{city.patient}/$everything")
    assert entries(answer) == [f"Patient/{city.patient}", *made[:4]]
    assert entries(answer, "include") == []
    blind = builders.clinic_client("blind", city.clinic, "system/Observation.rs")
    assert blind.get(f"{FHIR}/Patient/{city.patient}/$everything").status_code == 403
