from __future__ import annotations

import json
from typing import Any

from health_platform.fhir.disclosure import withhold
from health_platform.fhir.repository import Repository
from tests.builders import OPERATOR, observation
from tests.citizen_app_api import records
from tests.citizen_app_api.conftest import API, City, store


def data(city: City) -> Any:
    response = city.citizen.get(f"{API}/me/data")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/fhir+json"
    assert response.headers["Content-Disposition"].startswith("attachment")
    return json.loads(response.getvalue())


def references(bundle: Any) -> set[str]:
    return {f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in bundle["entry"]}


def test_my_data_is_a_collection_of_everything_that_is_mine_and_nothing_else(city: City) -> None:
    mine = [
        f"Observation/{store(observation(city.patient))}",
        f"Condition/{store(records.condition(city.patient, 'I10', '고혈압', '2020-01-01'))}",
        f"CarePlan/{store(records.care_plan(city.patient))}",
    ]
    theirs = store(observation(city.other_patient))
    bundle = data(city)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    found = references(bundle)
    assert {f"Patient/{city.patient}", *mine} <= found
    assert f"Observation/{theirs}" not in found
    assert all(entry["fullUrl"].endswith(f"/{entry['resource']['id']}") for entry in bundle["entry"])


def test_a_record_longer_than_a_page_is_complete(city: City, monkeypatch: Any) -> None:
    monkeypatch.setattr("citizen_app_api.selectors._DATA_PAGE", 3)
    mine = {f"Observation/{store(observation(city.patient, when=f'2026-01-{day:02d}'))}" for day in range(1, 9)}
    assert mine <= references(data(city))


def test_what_waits_for_a_talk_and_what_is_not_signed_is_not_handed_out(city: City) -> None:
    own = {"reference": f"Patient/{city.patient}"}
    risk = {"resourceType": "RiskAssessment", "status": "preliminary", "subject": own}
    hidden = [
        store(withhold(risk)),
        store(withhold(observation(city.patient))),
        store(records.care_plan(city.patient, "draft")),
    ]
    shown = [store(risk), store(records.care_plan(city.patient))]
    found = {reference.partition("/")[2] for reference in references(data(city))}
    assert not found & set(hidden)
    assert set(shown) <= found


def test_the_values_come_out_as_they_were_stored(city: City) -> None:
    id = store(observation(city.patient, 72.10))
    raw = city.citizen.get(f"{API}/me/data").getvalue()
    stored = city.citizen.get(f"/fhir/R4/Observation/{id}").content
    assert stored in raw


def test_taking_the_data_stands_in_the_access_log(city: City) -> None:
    data(city)
    log = Repository(OPERATOR).access_log(city.patient, None, 200)
    exports = [entry for _number, entry in log if entry.interaction == "export"]
    assert [entry.actor for entry in exports] == [f"Patient/{city.patient}"]
