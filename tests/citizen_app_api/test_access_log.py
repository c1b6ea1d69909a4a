from __future__ import annotations

import pytest

from tests.builders import observation
from tests.citizen_app_api.conftest import API, City, answer, store


def test_a_look_of_the_clinic_is_told_with_who_where_what_and_why(city: City) -> None:
    store(observation(city.patient))
    city.clinician.get(f"/fhir/R4/Observation?patient={city.patient}")
    newest = answer(city.citizen.get(f"{API}/me/access-log"))["items"][0]
    assert newest["sentence"] == "Clinician 박의사, 북구보건소 read: measurements and test results (for your treatment)"
    assert (newest["own"], newest["institution"]) == (False, "북구보건소")


def test_a_look_that_was_refused_shows_nothing_and_is_no_look(city: City) -> None:
    before = entries(city)
    assert city.other_clinician.get(f"/fhir/R4/Patient/{city.patient}").status_code == 404
    assert entries(city) == before


def test_what_i_read_myself_is_in_the_log_too(city: City) -> None:
    city.citizen.get(f"{API}/me/clinics")
    newest = answer(city.citizen.get(f"{API}/me/access-log"))["items"][0]
    assert (newest["who"], newest["own"], newest["purpose"]) == ("You", True, "at your request")


def test_the_log_never_holds_references_or_another_persons_looks(city: City) -> None:
    own = store(observation(city.patient))
    other = store(observation(city.other_patient))
    city.clinician.get(f"/fhir/R4/Observation?patient={city.patient}")
    city.other_clinician.get(f"/fhir/R4/Observation?patient={city.other_patient}")
    body = city.citizen.get(f"{API}/me/access-log?limit=100").content.decode()
    assert own not in body and other not in body and "첨단의원" not in body


def test_the_log_is_read_in_pages_that_neither_skip_nor_repeat(city: City) -> None:
    for _ in range(7):
        city.clinician.get(f"/fhir/R4/Patient/{city.patient}")
    everything = entries(city)
    assert everything >= 8
    seen: list[int] = []
    counted = 0
    before = ""
    while True:
        page = answer(city.citizen.get(f"{API}/me/access-log?limit=3{before}"))
        seen += [item["number"] for item in page["items"]]
        counted += sum(item["count"] for item in page["items"])
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert seen == sorted(seen, reverse=True)
    assert counted == everything


def entries(city: City) -> int:
    """How many requests the whole log tells of."""
    return sum(item["count"] for item in answer(city.citizen.get(f"{API}/me/access-log?limit=100"))["items"])


def test_requests_right_after_one_another_are_one_look(city: City) -> None:
    store(observation(city.patient))
    city.clinician.get(f"/fhir/R4/Patient/{city.patient}")
    city.clinician.get(f"/fhir/R4/Observation?patient={city.patient}")
    newest, *_rest = answer(city.citizen.get(f"{API}/me/access-log"))["items"]
    assert (newest["count"], newest["what"]) == (2, ["measurements and test results", "personal details"])


def test_a_wrong_page_is_named_by_its_field(city: City) -> None:
    problem = answer(city.citizen.get(f"{API}/me/access-log?before=yesterday&limit=1000"), 400)
    assert sorted(error["field"] for error in problem["errors"]) == ["before", "limit"]


def test_my_own_looks_can_be_left_out_and_never_hide_those_of_others(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citizen_app_api.selectors._LOG_STEP", 3)
    for _ in range(3):
        city.clinician.get(f"/fhir/R4/Patient/{city.patient}")
        for _ in range(4):
            city.citizen.get(f"{API}/me/clinics")
    everything = answer(city.citizen.get(f"{API}/me/access-log?limit=100"))["items"]
    wanted = sum(item["count"] for item in everything if not item["own"])
    seen = 0
    before = ""
    while True:
        page = answer(city.citizen.get(f"{API}/me/access-log?others_only=true&limit=2{before}"))
        assert not any(item["own"] for item in page["items"])
        seen += sum(item["count"] for item in page["items"])
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert seen == wanted >= 3
