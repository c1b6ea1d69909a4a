"""POST /api/v1/triage over HTTP, without a database: the answer, its refusals, its degraded forms."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey

from inference.triage.device_token import AUDIENCE, Device, issue, public_keys
from tests.inference.triage.conftest import (
    BODY,
    DEVICE,
    KEY,
    NOW,
    Endpoint,
    device_token,
    holder_of,
    unavailable,
)


def document(response: HttpResponse) -> Any:
    return json.loads(response.content)


def problem(response: HttpResponse, status: int) -> Any:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = document(response)
    assert body["status"] == status
    assert {"type", "title", "detail"} <= body.keys()
    return body


def test_the_answer_has_level_reasons_range_missing_scores_candidates_and_disclaimer(endpoint: Endpoint) -> None:
    response = endpoint()
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    answer = document(response)
    assert answer["level"] == {
        "number": 2,
        "code": "emergent",
        "name": "Emergent",
        "colour": "red",
        "target_minutes": 15,
    }
    assert answer["range"] == {"best": 2, "worst": 1}
    rules = {reason["rule"]: reason for reason in answer["reasons"]}
    assert rules["respiration.spo2_92"]["evidence"] == [
        {"name": "oxygen_saturation", "value": 91, "comparator": "<", "threshold": 92, "unit": "%"}
    ]
    assert rules["score.qsofa_2"]["verified"] is False
    assert "JAMA" in rules["score.qsofa_2"]["source"]["citation"]
    news2 = next(score for score in answer["scores"] if score["name"] == "news2")
    # 26/min 3, 91 % 3, air 0, 98 mmHg 2, 112/min 2, alert 0, 38.6 degrees 1
    assert news2["value"] == 11
    assert {"name": "perfusion", "text": "Perfusion", "worst_level": 1} in answer["missing"]
    assert [flag["code"] for flag in answer["red_flags"]] == ["sepsis"]
    assert answer["destination"]["rule"] == "control_room_selects"
    assert answer["pack"]["version"] == "1.0.0"
    assert (answer["recorded"], answer["degraded"], answer["degraded_reasons"]) == (True, False, [])
    assert "not a cleared medical device" in answer["disclaimer"]["text"]


def test_three_candidates_come_by_distance_with_unknown_beds_told_from_none(endpoint: Endpoint) -> None:
    found = document(endpoint())["candidates"]
    assert [candidate["id"] for candidate in found] == ["Location/a", "Location/b", "Location/c"]
    assert found[0]["beds_free"] is None
    assert found[0]["beds_free_unknown"] == "not_provided"
    assert found[0]["as_of"] is None
    assert {reason["code"] for reason in found[0]["reasons"]} >= {"travel_time", "beds_unknown"}


def test_reasons_are_korean_for_a_korean_reader(endpoint: Endpoint) -> None:
    endpoint.language = "ko"
    reasons = {reason["rule"]: reason["text"] for reason in document(endpoint())["reasons"]}
    assert reasons["respiration.spo2_92"] == "산소포화도 92% 미만"


def test_without_a_store_the_answer_goes_out_flagged_with_the_same_level_and_reasons(endpoint: Endpoint) -> None:
    healthy = document(endpoint())
    degraded = document(Endpoint(record=unavailable)())
    assert (degraded["recorded"], degraded["degraded"]) == (False, True)
    assert [reason["code"] for reason in degraded["degraded_reasons"]] == ["record_unavailable"]
    for member in ("level", "range", "reasons", "missing", "scores", "red_flags", "pack", "candidates"):
        assert degraded[member] == healthy[member]


def test_without_a_hospital_list_the_level_still_goes_out(endpoint: Endpoint) -> None:
    def fails() -> Any:
        raise ConnectionError

    answer = document(Endpoint(hospitals=holder_of(fails))())
    assert answer["level"]["number"] == 2
    assert answer["candidates"] == []
    assert [reason["code"] for reason in answer["degraded_reasons"]] == ["hospitals_unavailable"]


def test_candidates_survive_an_outage_from_memory_and_say_that_they_are_old(endpoint: Endpoint) -> None:
    from tests.inference.triage.conftest import city_snapshot

    loads = iter([city_snapshot])

    def once() -> Any:
        return next(loads)()

    holder = holder_of(once)
    first = document(Endpoint(hospitals=holder)())
    later = document(Endpoint(hospitals=holder, now=NOW + timedelta(minutes=10))())
    assert [c["id"] for c in later["candidates"]] == [c["id"] for c in first["candidates"]]
    assert [reason["code"] for reason in later["degraded_reasons"]] == ["hospitals_outdated"]


def test_without_a_position_there_are_no_candidates_and_nothing_is_degraded(endpoint: Endpoint) -> None:
    answer = document(endpoint({**BODY, "position": None}))
    assert (answer["candidates"], answer["degraded"]) == ([], False)


@given(
    st.sampled_from(["male", "female", "other", "unknown", None]), st.text(alphabet="김이박최정민수영희Q", max_size=40)
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sex_and_words_about_the_person_never_change_the_answer(
    endpoint: Endpoint, sex: str | None, words: str
) -> None:
    changed = document(endpoint({**BODY, "sex": sex, "complaint_text": f"fever {words}", "patient": "Patient/7"}))
    assert changed == document(endpoint({**BODY, "complaint_text": "fever"}))


def test_an_empty_body_is_answered_and_not_reassuring(endpoint: Endpoint) -> None:
    answer = document(endpoint({}))
    assert (answer["level"]["number"], answer["range"]) == (3, {"best": 5, "worst": 1})
    assert "age_presumed_adult" in {assumption["code"] for assumption in answer["assumptions"]}


def test_every_bad_field_is_named_with_its_remedy(endpoint: Endpoint) -> None:
    bad = {
        "age": 71,
        "sex": "F",
        "pregnancy": "no",
        "complaint": "tummy ache",
        "mechanism": "fall",
        "symptoms": ["headache", "sorrow"],
        "hart_rate": 80,
        "complaint_text": "x" * 501,
        "patient": "Practitioner/1",
        "measured_at": "2026-11-22T09:30:00",
        "vital_signs": {
            "heart_rate": 351,
            "respiratory_rate": "20",
            "body_temperature": True,
            "glasgow_coma_scale": 14.5,
            "acvpu": "X",
            "spo2": 98,
        },
        "stroke_signs": [],
        "position": {"latitude": 35.1},
    }
    body = problem(endpoint(bad), 422)
    errors = {error["field"]: error["message"] for error in body["errors"]}
    assert set(errors) == {
        "age",
        "sex",
        "pregnancy",
        "complaint",
        "mechanism",
        "symptoms",
        "hart_rate",
        "complaint_text",
        "patient",
        "measured_at",
        "vital_signs.heart_rate",
        "vital_signs.respiratory_rate",
        "vital_signs.body_temperature",
        "vital_signs.glasgow_coma_scale",
        "vital_signs.acvpu",
        "vital_signs.spo2",
        "stroke_signs",
        "position.longitude",
    }
    assert "0 to 350" in errors["vital_signs.heart_rate"]
    assert "A, C, V, P, U" in errors["vital_signs.acvpu"]
    assert "a for completed years" in errors["age"]


@pytest.mark.parametrize(
    "age",
    [
        {"value": 126, "unit": "a"},
        {"value": -1, "unit": "a"},
        {"value": 48, "unit": "mo"},
        {"value": 3, "unit": "weeks"},
        {"value": 3.5, "unit": "a"},
        {"value": True, "unit": "a"},
        {"value": 3},
    ],
)
def test_an_age_outside_its_form_is_named(endpoint: Endpoint, age: Any) -> None:
    assert [error["field"] for error in problem(endpoint({"age": age}), 422)["errors"]] == ["age"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"age": NaN}', b"\xff", b"x" * 70000])
def test_a_body_that_is_no_json_object_is_a_bad_request(endpoint: Endpoint, body: bytes) -> None:
    assert problem(endpoint(body), 400)["errors"] == []


@pytest.mark.parametrize("key", ["", "short", "x" * 201, "with blank inside"])
def test_the_idempotency_key_is_asked_for(endpoint: Endpoint, key: str) -> None:
    assert "Idempotency-Key" in problem(endpoint(key=key), 400)["detail"]


def test_another_method_is_a_problem_that_names_the_allowed_one(endpoint: Endpoint) -> None:
    from django.test import RequestFactory

    from inference.triage.views import TriageView

    response = TriageView.as_view()(RequestFactory().get("/api/v1/triage"))
    assert isinstance(response, HttpResponse)
    problem(response, 405)
    assert response["Allow"] == "POST, OPTIONS"


OTHER_KEY = OKPKey.generate_key("Ed25519", {"kid": "triage-test"})


def claims(**changes: Any) -> str:
    given = {"sub": DEVICE.id, "org": DEVICE.organization, "aud": AUDIENCE, "exp": int(NOW.timestamp()) + 60}
    kept = {name: value for name, value in (given | changes).items() if value is not None}
    return jwt.encode({"alg": "Ed25519", "kid": "triage-test"}, kept, KEY, algorithms=["Ed25519"])


@pytest.mark.parametrize(
    "token",
    [
        "",
        "not-a-token",
        device_token(issued=NOW - timedelta(days=3)),
        issue(OTHER_KEY, DEVICE, NOW, timedelta(days=1)),
        device_token()[:-4] + "AAAA",
        claims(exp=None),
        claims(exp="soon"),
        claims(nbf=int(NOW.timestamp()) + 3600),
        jwt.encode({"alg": "HS256"}, {"sub": "a"}, OctKey.import_key("secret" * 8), algorithms=["HS256"]),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbWJ1bGFuY2UtNyJ9.",
    ],
)
def test_a_device_without_proof_is_not_known(endpoint: Endpoint, token: str) -> None:
    response = endpoint(token=token)
    problem(response, 401)
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "token",
    [
        claims(aud="something-else"),
        claims(aud=None),
        claims(org=None),
        claims(sub="../Patient/1"),
        claims(sub=7),
    ],
)
def test_a_valid_token_for_something_else_is_forbidden(endpoint: Endpoint, token: str) -> None:
    problem(endpoint(token=token), 403)


def test_a_p_256_key_opens_the_door_too(endpoint: Endpoint, settings: Any) -> None:
    key = ECKey.generate_key("P-256", {"kid": "p256"})
    settings.TRIAGE_DEVICE_KEYS = json.dumps({"keys": [key.as_dict(private=False)]})
    assert endpoint(token=issue(key, DEVICE, NOW, timedelta(hours=1))).status_code == 200
    problem(endpoint(), 401)


def test_a_removed_key_shuts_the_door_without_a_restart(endpoint: Endpoint, settings: Any, tmp_path: Any) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    settings.TRIAGE_DEVICE_KEYS = str(file)
    assert endpoint().status_code == 200
    file.write_text(json.dumps({"keys": [OTHER_KEY.as_dict(private=False)] * 2}))
    problem(endpoint(), 401)


@pytest.mark.parametrize("key", [KEY.as_dict(private=True), ECKey.generate_key("P-384").as_dict(private=False)])
def test_a_key_set_with_a_private_or_unsuitable_key_is_refused(key: Any) -> None:
    with pytest.raises(ValueError, match=r"private key|P-256"):
        public_keys(json.dumps({"keys": [key]}))


def test_a_key_under_which_another_body_came_is_refused(endpoint: Endpoint) -> None:
    from inference.triage import store

    refused = replace(endpoint, record=lambda submission: store.Written(None))
    assert "another body" in problem(refused(), 422)["detail"]


def test_the_bytes_that_stand_under_the_key_are_sent(endpoint: Endpoint) -> None:
    from inference.triage import store

    earlier = replace(endpoint, record=lambda submission: store.Written(b'{"earlier": true}'))
    assert earlier().content == b'{"earlier": true}'


def test_the_order_of_the_members_does_not_make_another_body(endpoint: Endpoint) -> None:
    seen: list[str] = []

    def remember(submission: Any) -> Any:
        from inference.triage import store

        seen.append(submission.body_sha256)
        return store.Written(submission.answer)

    same = replace(endpoint, record=remember)
    same(BODY)
    same(dict(reversed(list(BODY.items()))))
    same({**BODY, "pregnancy": False})
    assert seen[0] == seen[1] != seen[2]


def test_the_device_is_the_one_that_the_token_names(endpoint: Endpoint) -> None:
    seen: list[Device] = []

    def remember(submission: Any) -> Any:
        from inference.triage import store

        seen.append(submission.device)
        return store.Written(submission.answer)

    replace(endpoint, record=remember)()
    assert seen == [DEVICE]
