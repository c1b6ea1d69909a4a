"""A device with its key, and the view without a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.translation import override
from joserfc.jwk import OKPKey

from inference.triage import store
from inference.triage.device_token import Device, issue
from inference.triage.hospital_source import SnapshotHolder
from inference.triage.hospitals import EmergencyRoom, HospitalSnapshot, Position
from inference.triage.recording import CircuitBreaker, Deadline, Unavailable
from inference.triage.views import Opinion, TriageView, model_opinion

NOW = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
KEY = OKPKey.generate_key("Ed25519", {"kid": "triage-test"})
DEVICE = Device("ambulance-7", "fire-station-1")
ROOMS = (
    EmergencyRoom("Location/a", "가병원 응급실", "062-1", Position(35.16, 126.85), beds=20),
    EmergencyRoom("Location/b", "나병원 응급실", "062-2", Position(35.18, 126.87), beds=10),
    EmergencyRoom("Location/c", "다병원 응급실", "062-3", Position(35.20, 126.90), beds=30),
    EmergencyRoom("Location/d", "라병원 응급실", "062-4", Position(35.05, 126.70), beds=30),
)
BODY: dict[str, Any] = {
    "age": {"value": 71, "unit": "a"},
    "sex": "female",
    "vital_signs": {
        "respiratory_rate": 26,
        "oxygen_saturation": 91,
        "oxygen_given": False,
        "systolic_blood_pressure": 98,
        "heart_rate": 112,
        "body_temperature": 38.6,
        "acvpu": "A",
    },
    "suspected_infection": True,
    "position": {"latitude": 35.161, "longitude": 126.852},
}


def unavailable(submission: store.Submission) -> store.Written:
    raise Unavailable


def written_at_once(submission: store.Submission) -> store.Written:
    return store.Written(submission.answer)


def holder_of(load: Callable[[], HospitalSnapshot]) -> SnapshotHolder:
    return SnapshotHolder(load, Deadline(2.0, CircuitBreaker(3, 0.1), threads=1))


def city_snapshot() -> HospitalSnapshot:
    return HospitalSnapshot(ROOMS, {}, NOW)


@dataclass
class Endpoint:
    """`POST /api/v1/triage` as a device calls it; `view` has a record function passed in."""

    record: Callable[[store.Submission], store.Written] = written_at_once
    hospitals: SnapshotHolder = field(default_factory=lambda: holder_of(city_snapshot))
    now: datetime = NOW
    opinion: Opinion = model_opinion
    language: str = "en"

    def __call__(
        self, body: Any = None, *, key: str = "key-00000001", token: str | None = None, **headers: Any
    ) -> HttpResponse:
        """Send `body` (JSON unless bytes) with a valid token unless another is given; `key=""` sends none."""
        sent = {"Authorization": f"Bearer {device_token() if token is None else token}", **headers}
        if key:
            sent["Idempotency-Key"] = key
        data = body if isinstance(body, bytes) else json.dumps(BODY if body is None else body).encode()
        request = RequestFactory().post("/api/v1/triage", data, content_type="application/json", headers=sent)
        view = TriageView.as_view(
            record=self.record, hospitals=self.hospitals, clock=lambda: self.now, opinion=self.opinion
        )
        with override(self.language):
            response = view(request)
        assert isinstance(response, HttpResponse)
        return response


def device_token(device: Device = DEVICE, issued: datetime = NOW, lifetime: timedelta = timedelta(days=1)) -> str:
    return issue(KEY, device, issued, lifetime)


@pytest.fixture(autouse=True)
def device_keys(settings: Any) -> None:
    settings.TRIAGE_DEVICE_KEYS = json.dumps({"keys": [KEY.as_dict(private=False)]})


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()
