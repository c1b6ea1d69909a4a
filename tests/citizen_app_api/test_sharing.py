"""Who may see my record, decided in the citizens' API; carers and parents; what I am told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from health_platform.accounts.models import CarerCode, Membership, Role, User
from health_platform.fhir import emergency
from health_platform.fhir.repository import Repository
from health_platform.smart.context import of_user
from tests import builders
from tests.builders import FHIR, Caller, caller_for, observation
from tests.citizen_app_api.conftest import API, City, answer, person, post, store, stored

PULSE = "8867-4"


@pytest.fixture
def pulse(city: City) -> str:
    """A measurement of the citizen's, written by her clinic."""
    system = builders.clinic_client("system", city.clinic)
    response = system.post(f"{FHIR}/Observation", observation(city.patient))
    assert response.status_code == 201
    return str(response.json()["id"])


def decide(caller: Caller, permit: bool, who: str = "anyone", **more: Any) -> Any:
    return post(caller, "/me/sharing", {"permit": permit, "who": who, **more})


def reads(caller: Caller, pulse: str) -> bool:
    return caller.get(f"{FHIR}/Observation/{pulse}").status_code == 200


def acting(caller: Caller, path: str, patient: str) -> Any:
    return caller.get(f"{API}{path}", Acting_For=patient)


def test_a_denial_and_a_permission_hold_on_the_next_request_and_end_by_a_button(city: City, pulse: str) -> None:
    assert reads(city.clinician, pulse) and not reads(city.other_clinician, pulse)
    denied = answer(decide(city.citizen, False, "institution", names=city.clinic), 201)
    opened = answer(decide(city.citizen, True, "institution", names=city.other_clinic, kinds=["measurements"]), 201)
    assert not reads(city.clinician, pulse) and reads(city.other_clinician, pulse)
    assert denied["sentence"] == "북구보건소 may not see: everything"
    assert opened["sentence"] == "첨단의원 may see: measurements and test results"

    for id in (denied["id"], opened["id"]):
        assert city.citizen.delete(f"{API}/me/sharing/{id}").status_code == 204
    assert reads(city.clinician, pulse) and not reads(city.other_clinician, pulse)
    items = answer(city.citizen.get(f"{API}/me/sharing"))["items"]
    assert [item["active"] for item in items] == [False, False]


def test_a_permission_for_some_kinds_shows_whose_entries_they_are_and_nothing_else(city: City, pulse: str) -> None:
    decide(city.citizen, True, "institution", names=city.other_clinic, kinds=["diagnoses"])

    assert city.other_clinician.get(f"{FHIR}/Patient/{city.patient}").status_code == 200
    assert not reads(city.other_clinician, pulse)


def test_one_person_is_denied_and_her_colleagues_are_not(city: City, pulse: str) -> None:
    practitioner = User.objects.get(username="clinician").practitioner
    shared = answer(decide(city.citizen, False, "person", names=practitioner), 201)

    assert shared["name"] == "박의사"
    assert not reads(city.clinician, pulse)
    colleague = person("colleague", Role.CLINICIAN, practitioner="somebody")
    Membership.objects.create(user=colleague, organization=city.clinic, name="clinic")
    assert reads(caller_for(colleague), pulse)


def test_a_sensitive_class_needs_its_own_permission(city: City) -> None:
    code = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "F32.1"}]}
    id = store({"resourceType": "Condition", "code": code, "subject": {"reference": f"Patient/{city.patient}"}})
    path = f"{FHIR}/Condition/{id}"
    decide(city.citizen, True, "institution", names=city.other_clinic)
    assert (city.clinician.get(path).status_code, city.other_clinician.get(path).status_code) == (404, 404)

    shared = answer(decide(city.citizen, True, "institution", names=city.clinic, classes=["psychiatry"]), 201)
    assert (city.clinician.get(path).status_code, city.other_clinician.get(path).status_code) == (200, 404)
    assert shared["sentence"].endswith("Sensitive entries too: mental health")


def test_a_decision_holds_from_its_first_day_to_its_last(city: City, pulse: str) -> None:
    today = timezone.localdate()
    later = {"start": (today + timedelta(days=1)).isoformat()}
    decide(city.citizen, False, **later)
    assert reads(city.clinician, pulse)
    shared = answer(decide(city.citizen, False, end=today.isoformat()), 201)

    assert not reads(city.clinician, pulse)
    assert (shared["active"], shared["end"]) == (True, today.isoformat())


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"who": "institution"}, "names"),
        ({"who": "institution", "names": "unknown"}, "names"),
        ({"who": "institution", "names": "../Patient/1"}, "names"),
        ({"names": "x"}, "names"),
        ({"kinds": ["everything"]}, "kinds.0"),
        ({"classes": ["x"]}, "classes.0"),
        ({"purpose": "curiosity"}, "purpose"),
        ({"end": "2020-01-01"}, "end"),
        ({"start": "2099-02-01", "end": "2099-01-01"}, "end"),
        ({"who": "carer", "names": "x"}, "who"),
        ({"permit": "perhaps"}, "permit"),
    ],
)
def test_what_cannot_be_decided_names_its_field_and_stores_nothing(
    city: City, changed: dict[str, Any], field: str
) -> None:
    response = post(city.citizen, "/me/sharing", {"permit": False, "who": "anyone"} | changed)

    assert response.status_code == 400, response.content.decode()
    assert any(one["field"].startswith(field.partition(".")[0]) for one in response.json()["errors"])
    assert stored("Consent") == []


def test_nobody_else_decides_or_ends_a_decision(city: City) -> None:
    shared = answer(decide(city.citizen, False), 201)
    for caller, status in ((city.stranger, 404), (city.clinician, 403), (city.other_clinician, 403)):
        assert caller.delete(f"{API}/me/sharing/{shared['id']}").status_code == status
    assert decide(city.clinician, False).status_code == 403

    assert stored("Consent")[0]["status"] == "active"
    assert answer(city.stranger.get(f"{API}/me/sharing"))["items"] == []


def test_a_consent_to_research_is_no_decision_of_this_kind_and_the_other_way_round(city: City) -> None:
    research = answer(post(city.citizen, "/me/consents", {"purpose": "research"}), 201)
    decide(city.citizen, False)

    assert city.citizen.delete(f"{API}/me/sharing/{research['id']}").status_code == 404
    assert [one["id"] for one in answer(city.citizen.get(f"{API}/me/consents"))["items"]] == [research["id"]]
    assert len(answer(city.citizen.get(f"{API}/me/sharing"))["items"]) == 1


def test_institutions_and_people_are_found_by_name(city: City) -> None:
    found = answer(city.citizen.get(f"{API}/me/sharing/choices?who=institution&name=첨단"))["items"]
    assert [(one["id"], one["name"]) for one in found] == [(city.other_clinic, "첨단의원")]
    people = answer(city.citizen.get(f"{API}/me/sharing/choices?who=person&name=박"))["items"]
    assert {one["name"] for one in people} == {"박의사"}
    assert city.citizen.get(f"{API}/me/sharing/choices?who=carer&name=김").status_code == 400


# ---- carers


def cared_for(city: City, **scope: Any) -> Any:
    """The citizen lets the stranger care for her; the stranger has not accepted yet."""
    code = answer(post(city.stranger, "/me/carers/code", None), 201)["code"]
    return answer(post(city.citizen, "/me/carers", {"code": f"{code[:4]}-{code[4:]}", **scope}), 201)


def test_a_carer_sees_the_record_after_accepting_and_no_longer_after_the_end(city: City, pulse: str) -> None:
    shared = cared_for(city)
    assert (shared["name"], shared["accepted"], shared["person_name"]) == ("이순자", False, "김영희")
    assert acting(city.stranger, "/me", city.patient).status_code == 404
    care = answer(city.stranger.get(f"{API}/me/carers"))
    assert [one["id"] for one in care["offers"]] == [shared["id"]] and care["people"] == []

    assert city.stranger.put(f"{API}/me/carers/{shared['id']}/acceptance", None).status_code == 204
    seen = answer(acting(city.stranger, "/me", city.patient))
    assert seen["person"]["name"] == "김영희"
    assert len(answer(acting(city.stranger, "/me/records?kind=vitals", city.patient))["items"]) >= 0
    people = answer(city.stranger.get(f"{API}/me/carers"))["people"]
    assert [(one["patient"], one["name"], one["guardian"]) for one in people] == [(city.patient, "김영희", False)]
    assert answer(city.citizen.get(f"{API}/me/carers"))["carers"][0]["accepted"] is True

    assert city.citizen.delete(f"{API}/me/sharing/{shared['id']}").status_code == 204
    assert acting(city.stranger, "/me", city.patient).status_code == 404
    assert answer(city.stranger.get(f"{API}/me/carers"))["people"] == []


def test_a_carer_leaves(city: City) -> None:
    shared = cared_for(city)
    city.stranger.put(f"{API}/me/carers/{shared['id']}/acceptance", None)
    assert city.stranger.delete(f"{API}/me/carers/{shared['id']}/acceptance").status_code == 204

    assert acting(city.stranger, "/me", city.patient).status_code == 404
    assert answer(city.citizen.get(f"{API}/me/carers"))["carers"][0]["accepted"] is False


def test_a_carer_sees_the_kinds_that_were_named_alone(city: City, pulse: str) -> None:
    shared = cared_for(city, kinds=["prescriptions"], end=(timezone.localdate() + timedelta(days=30)).isoformat())
    city.stranger.put(f"{API}/me/carers/{shared['id']}/acceptance", None)

    assert city.stranger.get(f"{FHIR}/Observation/{pulse}").status_code == 404
    seen = answer(acting(city.stranger, "/me", city.patient))
    assert all(line["value"] is None for line in seen["vital_signs"])
    assert answer(city.stranger.get(f"{API}/me/carers"))["people"][0]["until"] is not None


def test_who_acts_for_another_reads_and_changes_nothing(city: City) -> None:
    shared = cared_for(city)
    city.stranger.put(f"{API}/me/carers/{shared['id']}/acceptance", None)
    as_carer = {"Acting_For": city.patient}
    before = len(stored("Consent"))

    for path in ("/me/consents", "/me/questions", "/me/access-log", "/me/data", "/me/carers", "/me/notices"):
        assert city.stranger.get(f"{API}{path}", **as_carer).status_code == 403, path
    denied = city.stranger.send(
        "POST", f"{API}/me/sharing", {"permit": True, "who": "anyone"}, Content_Type="application/json", **as_carer
    )
    assert denied.status_code == 403
    assert city.stranger.delete(f"{API}/me/sharing/{shared['id']}", **as_carer).status_code == 403
    assert len(stored("Consent")) == before and stored("Consent")[0]["status"] == "active"


@pytest.mark.parametrize("patient", ["unknown", "", "../x"])
def test_nobody_acts_for_whom_she_does_not_care(city: City, patient: str) -> None:
    wanted = patient or city.patient

    assert acting(city.stranger, "/me", wanted).status_code == 404
    assert acting(city.clinician, "/me", wanted).status_code == 403


def test_a_code_is_good_once_for_half_an_hour_and_is_not_guessed(city: City) -> None:
    code = answer(post(city.stranger, "/me/carers/code", None), 201)["code"]
    assert code not in str(CarerCode.objects.values_list("digest", flat=True))
    assert post(city.stranger, "/me/carers", {"code": code}).status_code == 400, "nobody is her own carer"
    assert post(city.citizen, "/me/carers", {"code": code}).status_code == 201
    assert post(city.citizen, "/me/carers", {"code": code}).status_code == 400

    late = answer(post(city.stranger, "/me/carers/code", None), 201)["code"]
    CarerCode.objects.update(expires=timezone.now())
    answers = [post(city.citizen, "/me/carers", {"code": late}).status_code for _ in range(6)]
    assert answers[-1] == 429 and set(answers) == {400, 429}


def test_the_access_log_names_the_carer(city: City) -> None:
    shared = cared_for(city)
    city.stranger.put(f"{API}/me/carers/{shared['id']}/acceptance", None)
    acting(city.stranger, "/me", city.patient)

    items = answer(city.citizen.get(f"{API}/me/access-log?others_only=true"))["items"]
    assert any(item["sentence"].startswith("Your carer or parent 이순자 read") for item in items), items
    assert not any(item["own"] for item in items)


# ---- parents


def child_of(city: City, born: date) -> tuple[str, Caller]:
    """A child of the stranger's, and the child's own account."""
    child = builders.patient(city.clinic, number="C-9", name=[{"text": "이아이"}], birthDate=born.isoformat())
    store(
        {
            "resourceType": "RelatedPerson",
            "patient": {"reference": f"Patient/{child}"},
            "identifier": [{"system": "urn:bitgoeul:record", "value": city.other_patient}],
            "relationship": [
                {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]}
            ],
        }
    )
    return child, caller_for(person("child", Role.CITIZEN, patient=child))


def years_ago(years: int) -> date:
    today = timezone.localdate()
    return date(today.year - years, 1, 1)


def test_under_14_the_parent_sees_and_decides_and_the_child_does_not(city: City) -> None:
    child, own = child_of(city, years_ago(9))
    assert answer(acting(city.stranger, "/me", child))["person"]["name"] == "이아이"
    rule = answer(acting(city.stranger, "/me/sharing", child))["rule"]
    assert rule["self_decides"] is True and "14th birthday" in rule["text"]
    assert answer(own.get(f"{API}/me/sharing"))["rule"]["self_decides"] is False
    assert decide(own, False).status_code == 403

    body = {"permit": False, "who": "anyone"}
    response = city.stranger.send("POST", f"{API}/me/sharing", body, Content_Type="application/json", Acting_For=child)
    assert answer(response, 201)["person"] == child
    consent = next(one for one in stored("Consent") if one["patient"]["reference"] == f"Patient/{child}")
    assert consent["performer"] == [{"reference": f"Patient/{city.other_patient}"}]
    people = answer(city.stranger.get(f"{API}/me/carers"))["people"]
    assert [(one["name"], one["guardian"]) for one in people] == [("이아이", True)]


def test_from_14_on_the_young_person_decides_and_may_deny_the_parent(city: City) -> None:
    child, own = child_of(city, years_ago(16))
    assert acting(city.stranger, "/me", child).status_code == 200
    rule = answer(acting(city.stranger, "/me/sharing", child))["rule"]
    assert rule["self_decides"] is False and "19th birthday" in rule["text"]
    assert "19th birthday" in answer(own.get(f"{API}/me/sharing"))["rule"]["text"]
    as_parent = {"Content_Type": "application/json", "Acting_For": child}
    refused = city.stranger.send("POST", f"{API}/me/sharing", {"permit": True, "who": "anyone"}, **as_parent)
    assert refused.status_code == 403

    assert decide(own, False).status_code == 201


def test_from_19_on_nothing_is_left_of_it(city: City) -> None:
    child, own = child_of(city, years_ago(30))

    assert acting(city.stranger, "/me", child).status_code == 404
    assert answer(own.get(f"{API}/me/sharing"))["rule"] == {"self_decides": True, "text": ""}


# ---- emergencies


def test_a_record_that_was_opened_in_an_emergency_tells_its_person_at_once(city: City) -> None:
    doctor = of_user(User.objects.get(username="other-clinician"))
    assert doctor is not None
    assert answer(city.citizen.get(f"{API}/me/notices"))["items"] == []
    emergency.open_emergency_access(doctor, city.patient, "의식이 없는 채로 실려 옴")

    (notice,) = answer(city.citizen.get(f"{API}/me/notices"))["items"]
    assert (notice["reason"], notice["institution"]) == ("의식이 없는 채로 실려 옴", "첨단의원")
    assert notice["text"]
    assert answer(city.stranger.get(f"{API}/me/notices"))["items"] == []
    log = answer(city.citizen.get(f"{API}/me/access-log?others_only=true"))["items"]
    assert any("opened the record in an emergency" in item["sentence"] for item in log)


def test_the_record_keeps_every_decision(city: City) -> None:
    shared = answer(decide(city.citizen, False), 201)
    city.citizen.delete(f"{API}/me/sharing/{shared['id']}")
    consent = Repository(builders.OPERATOR).read("Consent", shared["id"])

    assert consent.version == 2 and consent.resource()["status"] == "inactive"
