from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.citizen_app_api import records
from tests.citizen_app_api.conftest import API, City, answer, post, store, stored

TODAY = timezone.localdate


def plan(city: City, status: str = "active") -> str:
    return store(records.care_plan(city.patient, status))


def plans(city: City) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer(city.citizen.get(f"{API}/me/plans"))["items"]
    return found


def log(city: City, id: str, headers: dict[str, str] | None = None, **body: Any) -> Any:
    given = {"exercise": "balance", "done_on": TODAY().isoformat(), **body}
    return post(city.citizen, f"/me/plans/{id}/exercises", given, **(headers or {}))


def test_a_plan_is_one_only_when_a_clinician_has_signed_it(city: City) -> None:
    for status in ("draft", "revoked", "on-hold", "completed", "entered-in-error", "unknown"):
        plan(city, status)
    assert plans(city) == []
    id = plan(city)
    (shown,) = plans(city)
    assert (shown["id"], shown["title"]) == (id, "넘어지지 않기 위한 운동")
    assert [(one["id"], one["title"], one["how_often"]) for one in shown["exercises"]] == [
        ("balance", "한 발로 서기", "3 times a week, 10 minutes at a time"),
        ("strength", "의자에서 일어나기", "3 times a week, 15 minutes at a time"),
    ]
    assert shown["notes"] == ["어지러우면 바로 멈추고 앉으세요."]


def test_a_done_exercise_stands_in_the_record_with_the_citizen_as_its_author(city: City) -> None:
    id = plan(city)
    logged = answer(log(city, id, minutes=20, effort=4, note="잘 됨"), 201)
    assert (logged["advice"], logged["clinic_told"]) == ("good", False)
    (done,) = stored("Observation", patient=city.patient)
    assert done["id"] == logged["id"]
    assert done["performer"] == [{"reference": f"Patient/{city.patient}"}]
    assert done["basedOn"] == [{"reference": f"CarePlan/{id}"}]
    assert done["valueCodeableConcept"]["coding"][0]["code"] == "balance"
    assert [part.get("valueInteger", part.get("valueQuantity", {}).get("value")) for part in done["component"]] == [
        20,
        4,
    ]
    (shown,) = plans(city)
    assert [(one["done_recently"], one["last_done"]) for one in shown["exercises"]] == [
        (1, TODAY().isoformat()),
        (0, None),
    ]


def test_the_access_log_names_the_citizen_as_the_one_who_wrote_it(city: City) -> None:
    answer(log(city, plan(city)), 201)
    newest = answer(city.citizen.get(f"{API}/me/access-log"))["items"][0]
    assert (newest["own"], newest["action"]) == (True, "read or wrote")
    assert "measurements and test results" in newest["what"]


def test_pressing_twice_writes_once(city: City) -> None:
    id = plan(city)
    key = {"Idempotency_Key": "abc"}
    first = answer(log(city, id, key, trouble=["dizzy"]), 201)
    second = answer(log(city, id, key, trouble=["dizzy"]), 200)
    assert first["id"] == second["id"]
    assert len(stored("Observation", patient=city.patient)) == 1
    assert len(stored("Task", patient=city.patient)) == 1
    answer(log(city, id, {"Idempotency_Key": "another"}), 201)
    assert len(stored("Observation", patient=city.patient)) == 2


@pytest.mark.parametrize(
    ("trouble", "advice", "priority", "words"),
    [
        ("chest-pain", "call-119", "urgent", "call 119 now"),
        ("fall", "tell-clinic", "urgent", "talk to your clinic"),
        ("dizzy", "tell-clinic", "routine", "talk to your clinic"),
        ("breathless", "tell-clinic", "routine", "talk to your clinic"),
        ("pain", "tell-clinic", "routine", "talk to your clinic"),
    ],
)
def test_trouble_is_answered_with_what_to_do_and_waits_in_the_clinics_worklist(
    city: City, trouble: str, advice: str, priority: str, words: str
) -> None:
    logged = answer(log(city, plan(city), trouble=[trouble]), 201)
    assert (logged["advice"], logged["clinic_told"]) == (advice, True)
    assert words in logged["text"]
    (task,) = stored("Task", owner=f"Organization/{city.clinic}", status="requested")
    assert (task["priority"], task["code"]["coding"][0]["code"]) == (priority, "exercise-trouble")
    (message,) = stored("Communication", patient=city.patient)
    assert task["focus"] == {"reference": f"Communication/{message['id']}"}
    assert trouble in message["payload"][0]["contentString"]


def test_chest_pain_among_others_still_means_119(city: City) -> None:
    assert answer(log(city, plan(city), trouble=["pain", "chest-pain"]), 201)["advice"] == "call-119"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"exercise": "swimming"}, "exercise"),
        ({"done_on": "yesterday"}, "done_on"),
        ({"done_on": (TODAY() + timedelta(days=2)).isoformat()}, "done_on"),
        ({"done_on": (TODAY() - timedelta(days=40)).isoformat()}, "done_on"),
        ({"minutes": 0}, "minutes"),
        ({"effort": 11}, "effort"),
        ({"trouble": ["bored"]}, "trouble.0"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_nothing_is_stored(city: City, body: dict[str, Any], field: str) -> None:
    problem = answer(log(city, plan(city), **body), 400)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert stored("Observation", patient=city.patient) == []


def test_nobody_logs_for_another_and_nobody_logs_a_draft(city: City) -> None:
    id = plan(city)
    body = {"exercise": "balance", "done_on": TODAY().isoformat()}
    callers = (city.stranger, city.clinician, city.other_clinician)
    assert [post(caller, f"/me/plans/{id}/exercises", body).status_code for caller in callers] == [404, 403, 403]
    draft = plan(city, "draft")
    assert post(city.citizen, f"/me/plans/{draft}/exercises", body).status_code == 404
    foreign = answer(post(city.stranger, f"/me/plans/{id}/exercises", body), 404)
    unknown = answer(post(city.stranger, "/me/plans/no-such-plan/exercises", body), 404)
    assert foreign == {**unknown, "detail": unknown["detail"].replace("no-such-plan", id)}
    assert stored("Observation") == []
