"""Transaction and batch Bundles over HTTP (FHIR R4, http.html#transaction)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import FHIR, observation
from tests.fhir.conftest import City
from tests.fhir.interactions.test_interactions import resources


def entry(method: str, url: str, resource: dict[str, Any] | None = None, **request: str) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    return made if resource is None else made | {"resource": resource}


def bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


NEW_PATIENT = {"resourceType": "Patient", "name": [{"text": "최순옥"}], "birthDate": "1944-01-02"}


def test_entries_may_refer_to_each_other_in_any_order(city: City) -> None:
    pulse = observation("x") | {"subject": {"reference": "urn:uuid:11111111-1111-4111-8111-111111111111"}}
    made = bundle(
        entry("POST", "Observation", pulse),
        entry("POST", "Patient", NEW_PATIENT) | {"fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111"},
    )
    # A POST about a patient who comes later in the Bundle needs the patient first.
    made["entry"].reverse()
    answer = city.system.post(FHIR, made)
    assert answer.status_code == 200, answer.content
    patient, stored = [one["response"]["location"].partition("/_history")[0] for one in answer.json()["entry"]]
    assert city.system.get(f"{FHIR}/{stored}").json()["subject"]["reference"] == patient


def test_the_patient_may_come_after_what_is_about_the_patient(city: City) -> None:
    pulse = observation("x") | {"subject": {"reference": "urn:uuid:11111111-1111-4111-8111-111111111111"}}
    made = bundle(
        entry("POST", "Observation", pulse),
        entry("POST", "Patient", NEW_PATIENT) | {"fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111"},
    )
    assert city.system.post(FHIR, made).status_code == 200


def test_one_bad_entry_undoes_all_and_is_named(city: City) -> None:
    before = resources()
    made = bundle(
        entry("POST", "Observation", observation(city.patient)),
        entry("POST", "Observation", observation(city.patient) | {"status": 3}),
    )
    refused = city.system.post(FHIR, made)
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[1].resource.status"]
    assert resources() == before


def test_a_batch_answers_each_entry_by_itself(city: City) -> None:
    made = bundle(
        entry("POST", "Observation", observation(city.patient)),
        entry("POST", "Observation", observation(city.patient) | {"status": 3}),
        entry("GET", f"Observation?patient={city.patient}"),
        entry("GET", "Observation/nowhere"),
        kind="batch",
    )
    answer = city.system.post(FHIR, made).json()
    assert [one["response"]["status"].partition(" ")[0] for one in answer["entry"]] == ["201", "422", "200", "404"]
    assert answer["entry"][1]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert len(answer["entry"][2]["resource"]["entry"]) == 1


def test_a_conditional_create_in_a_transaction_finds_what_is_there_and_its_reference_leads_to_it(city: City) -> None:
    sent = NEW_PATIENT | {"identifier": [{"system": "urn:clinic", "value": "9"}]}
    full_url = "urn:uuid:22222222-2222-4222-8222-222222222222"
    pulse = observation("x") | {"subject": {"reference": full_url}}

    def once() -> list[str]:
        made = bundle(
            entry("POST", "Patient", sent, ifNoneExist="identifier=urn:clinic|9") | {"fullUrl": full_url},
            entry("POST", "Observation", pulse),
        )
        answer = city.system.post(FHIR, made)
        assert answer.status_code == 200, answer.content
        return [one["response"]["location"].partition("/_history")[0] for one in answer.json()["entry"]]

    first, second = once(), once()
    assert first[0] == second[0]
    assert city.system.get(f"{FHIR}/{second[1]}").json()["subject"]["reference"] == first[0]


def test_the_same_condition_twice_in_one_bundle_is_one_resource(city: City) -> None:
    sent = NEW_PATIENT | {"identifier": [{"system": "urn:clinic", "value": "9"}]}
    made = bundle(*[entry("POST", "Patient", sent, ifNoneExist="identifier=urn:clinic|9") for _ in range(2)])
    answer = city.system.post(FHIR, made).json()
    locations = {one["response"]["location"] for one in answer["entry"]}
    assert len(locations) == 1


def test_a_conditional_reference_leads_to_the_one_match(city: City) -> None:
    pulse = observation("x") | {"subject": {"reference": "Patient?identifier=urn:bitgoeul:citizen|C-1"}}
    answer = city.system.post(FHIR, bundle(entry("POST", "Observation", pulse)))
    assert answer.status_code == 200, answer.content
    location = answer.json()["entry"][0]["response"]["location"].partition("/_history")[0]
    assert city.system.get(f"{FHIR}/{location}").json()["subject"]["reference"] == f"Patient/{city.patient}"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("urn:uuid:33333333-3333-4333-8333-333333333333", "fullUrl of no entry"),
        ("Patient?identifier=urn:bitgoeul:citizen|none", "Nothing matches"),
    ],
)
def test_a_reference_to_nothing_is_refused(city: City, reference: str, words: str) -> None:
    pulse = observation("x") | {"subject": {"reference": reference}}
    refused = city.system.post(FHIR, bundle(entry("POST", "Observation", pulse)))
    assert refused.status_code == 422
    assert words in refused.json()["issue"][0]["diagnostics"]
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[0]"]


def test_deletes_come_first_and_reads_last(city: City) -> None:
    old = city.system.post(f"{FHIR}/Observation", observation(city.patient)).json()["id"]
    made = bundle(
        entry("GET", f"Observation?patient={city.patient}"),
        entry("POST", "Observation", observation(city.patient, 61)),
        entry("DELETE", f"Observation/{old}"),
    )
    answer = city.system.post(FHIR, made).json()
    seen = answer["entry"][0]["resource"]["entry"]
    assert [one["resource"]["valueQuantity"]["value"] for one in seen] == [61]


def test_one_resource_is_changed_once_in_a_transaction(city: City) -> None:
    old = city.system.post(f"{FHIR}/Observation", observation(city.patient)).json()
    made = bundle(entry("PUT", f"Observation/{old['id']}", old), entry("DELETE", f"Observation/{old['id']}"))
    assert city.system.post(FHIR, made).status_code == 400


@pytest.mark.parametrize(
    "made",
    [
        {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": NEW_PATIENT}]},
        bundle(entry("POST", "Patient")),
        bundle(entry("POST", "Nonsense", NEW_PATIENT)),
        bundle(entry("PUT", "Patient", NEW_PATIENT)),
        bundle(entry("BREW", "Patient", NEW_PATIENT)),
        {"resourceType": "Bundle", "type": "transaction", "entry": "all"},
    ],
)
def test_a_malformed_bundle_is_refused(city: City, made: dict[str, Any]) -> None:
    before = resources()
    assert city.system.post(FHIR, made).status_code == 400
    assert resources() == before
