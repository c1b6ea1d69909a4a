from __future__ import annotations

from tests.citizen_app_api.conftest import API, City, answer, post, store, stored


def test_a_consent_is_given_by_the_citizen_and_stands_as_a_fhir_consent(city: City) -> None:
    given = answer(post(city.citizen, "/me/consents", {"purpose": "research", "end": "2099-12-31"}), 201)
    assert (given["purpose"], given["status"], given["end"], given["may_withdraw"]) == (
        "research", "active", "2099-12-31", True,
    )  # fmt: skip
    (consent,) = stored("Consent", patient=city.patient)
    assert consent["id"] == given["id"]
    assert consent["performer"] == [{"reference": f"Patient/{city.patient}"}]
    assert consent["organization"] == [{"reference": f"Organization/{city.clinic}"}]
    assert consent["provision"]["purpose"][0]["code"] == "HRESCH"
    assert consent["policyRule"]["coding"][0]["code"] == "research-2026-11"


def test_agreeing_twice_is_one_consent(city: City) -> None:
    first = answer(post(city.citizen, "/me/consents", {"purpose": "research"}), 201)
    second = answer(post(city.citizen, "/me/consents", {"purpose": "research"}), 200)
    assert first["id"] == second["id"]
    assert len(stored("Consent", patient=city.patient)) == 1


def test_withdrawing_ends_the_consent_and_keeps_that_it_was_given(city: City) -> None:
    given = answer(post(city.citizen, "/me/consents", {"purpose": "research"}), 201)
    assert city.citizen.delete(f"{API}/me/consents/{given['id']}").status_code == 204
    (consent,) = stored("Consent", patient=city.patient)
    assert consent["status"] == "inactive"
    assert consent["provision"]["period"]["start"] <= consent["provision"]["period"]["end"]
    (item,) = answer(city.citizen.get(f"{API}/me/consents"))["items"]
    assert (item["status_text"], item["may_withdraw"]) == ("withdrawn", False)
    assert city.citizen.delete(f"{API}/me/consents/{given['id']}").status_code == 204
    assert stored("Consent", patient=city.patient)[0]["meta"]["versionId"] == "2"
    answer(post(city.citizen, "/me/consents", {"purpose": "research"}), 201)


def test_nobody_but_the_citizen_touches_her_consent(city: City) -> None:
    given = answer(post(city.citizen, "/me/consents", {"purpose": "research"}), 201)
    refusals = {
        name: caller.delete(f"{API}/me/consents/{given['id']}").status_code
        for name, caller in (
            ("stranger", city.stranger),
            ("clinician", city.clinician),
            ("other", city.other_clinician),
        )
    }
    assert refusals == {"stranger": 404, "clinician": 403, "other": 403}
    assert post(city.clinician, "/me/consents", {"purpose": "research"}).status_code == 403
    assert stored("Consent", patient=city.patient)[0]["status"] == "active"
    assert len(stored("Consent")) == 1


def test_a_consent_that_was_not_given_here_is_shown_and_not_withdrawn_here(city: City) -> None:
    scope = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "treatment"}],
             "text": "수술 동의"}  # fmt: skip
    category = {"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}
    id = store(
        {
            "resourceType": "Consent",
            "status": "active",
            "scope": scope,
            "category": [category],
            "patient": {"reference": f"Patient/{city.patient}"},
            "policyRule": {"text": "paper"},
        }
    )
    (item,) = answer(city.citizen.get(f"{API}/me/consents"))["items"]
    assert (item["title"], item["purpose"], item["may_withdraw"]) == ("수술 동의", None, False)
    assert city.citizen.delete(f"{API}/me/consents/{id}").status_code == 404
    assert stored("Consent", patient=city.patient)[0]["status"] == "active"


def test_a_wrong_consent_is_refused_by_field_and_nothing_is_stored(city: City) -> None:
    for body, field in (
        ({"purpose": "advertising"}, "purpose"),
        ({}, "purpose"),
        ({"purpose": "research", "end": "2020-01-01"}, "end"),
        ({"purpose": "research", "end": "tomorrow"}, "end"),
    ):
        problem = answer(post(city.citizen, "/me/consents", body), 400)
        assert [error["field"] for error in problem["errors"]] == [field]
    assert stored("Consent", patient=city.patient) == []
