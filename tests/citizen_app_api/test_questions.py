from __future__ import annotations

import pytest

from citizen_app_api.services import MOST_OPEN_QUESTIONS
from health_platform.accounts.models import Role
from health_platform.fhir.repository import Repository
from tests.builders import OPERATOR, caller_for, patient
from tests.citizen_app_api import records
from tests.citizen_app_api.conftest import API, City, answer, person, post, store, stored


def test_a_question_reaches_the_worklist_of_the_home_clinic_and_no_other(city: City) -> None:
    asked = answer(post(city.citizen, "/me/questions", {"text": "혈압이 왜 높나요?"}), 201)
    (message,) = stored("Communication", patient=city.patient)
    assert message["id"] == asked["id"]
    assert message["sender"] == message["subject"] == {"reference": f"Patient/{city.patient}"}
    assert message["recipient"] == [{"reference": f"Organization/{city.clinic}"}]
    (task,) = stored("Task", owner=f"Organization/{city.clinic}", status="requested")
    assert task["focus"] == {"reference": f"Communication/{asked['id']}"}
    for caller, seen in ((city.clinician, 1), (city.other_clinician, 0), (city.stranger, 0)):
        found = answer(caller.get(f"/fhir/R4/Task?owner=Organization/{city.clinic}"))
        assert len(found.get("entry", [])) == seen


def test_the_answer_of_the_clinic_stands_beside_the_question(city: City) -> None:
    asked = answer(post(city.citizen, "/me/questions", {"text": "혈압이 왜 높나요?"}), 201)
    (item,) = answer(city.citizen.get(f"{API}/me/questions"))["items"]
    assert (item["text"], item["status"], item["answers"]) == ("혈압이 왜 높나요?", "requested", [])
    own = {"reference": f"Patient/{city.patient}"}
    store(
        {
            "resourceType": "Communication",
            "status": "completed",
            "subject": own,
            "recipient": [own],
            "sender": {"reference": f"Organization/{city.clinic}"},
            "inResponseTo": [{"reference": f"Communication/{asked['id']}"}],
            "sent": "2026-11-21T10:00:00+09:00",
            "payload": [{"contentString": "내일 전화드리겠습니다."}],
        }
    )
    (task,) = stored("Task", patient=city.patient)
    Repository(OPERATOR).update({**task, "status": "completed"})
    (item,) = answer(city.citizen.get(f"{API}/me/questions"))["items"]
    assert (item["status_text"], item["answers"]) == ("answered", ["내일 전화드리겠습니다."])


def test_a_question_about_something_of_anothers_is_refused_like_one_about_nothing(city: City) -> None:
    foreign = store(records.care_plan(city.other_patient))
    errors = [
        answer(post(city.citizen, "/me/questions", {"text": "?", "about": about}), 400)["errors"]
        for about in (
            f"CarePlan/{foreign}",
            "CarePlan/no-such-thing",
            f"CarePlan/{store(records.care_plan(city.patient, 'draft'))}",
        )
    ]
    assert errors[0] == errors[1] == errors[2]
    assert errors[0][0]["field"] == "about"
    assert stored("Communication") == [] and stored("Task") == []
    own = store(records.care_plan(city.patient))
    answer(post(city.citizen, "/me/questions", {"text": "?", "about": f"CarePlan/{own}"}), 201)
    assert stored("Communication")[0]["about"] == [{"reference": f"CarePlan/{own}"}]


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "text"), ({"text": "  "}, "text"), ({"text": "x" * 2001}, "text"),
     ({"text": "?", "about": "Patient/1"}, "about"),
     ({"text": "?", "about": "CarePlan/../Patient"}, "about")],
)  # fmt: skip
def test_a_wrong_question_is_refused_by_field(city: City, body: dict[str, str], field: str) -> None:
    problem = answer(post(city.citizen, "/me/questions", body), 400)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert stored("Communication") == []


def test_the_same_key_sends_once(city: City) -> None:
    first = answer(post(city.citizen, "/me/questions", {"text": "?"}, Idempotency_Key="k"), 201)
    assert answer(post(city.citizen, "/me/questions", {"text": "?"}, Idempotency_Key="k"), 200) == first
    answer(post(city.stranger, "/me/questions", {"text": "?"}, Idempotency_Key="k"), 201)
    assert len(stored("Communication")) == 2
    assert post(city.citizen, "/me/questions", {"text": "?"}, Idempotency_Key="k" * 101).status_code == 400


def test_who_has_no_clinic_is_told_to_call(city: City) -> None:
    alone = caller_for(person("alone", Role.CITIZEN, patient=patient(number="C-3")))
    problem = answer(post(alone, "/me/questions", {"text": "?"}), 409)
    assert "call" in problem["title"]
    assert stored("Communication") == []


def test_only_so_many_questions_wait_at_a_time(city: City) -> None:
    statuses = [post(city.citizen, "/me/questions", {"text": "?"}).status_code for _ in range(MOST_OPEN_QUESTIONS + 1)]
    assert statuses == [201] * MOST_OPEN_QUESTIONS + [429]
    assert len(stored("Task", patient=city.patient)) == MOST_OPEN_QUESTIONS


def test_a_clinician_asks_nothing_here(city: City) -> None:
    assert post(city.clinician, "/me/questions", {"text": "?"}).status_code == 403
    assert stored("Communication") == []
