from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.live import LiveServer

# Run beside the server, against its database: accounts and clients have no API.
MAKE_PEOPLE = """
import django; django.setup()
import json, sys
from datetime import timedelta
from tests import builders
from health_platform.smart.models import Client
from health_platform.accounts.models import User
asked = json.loads(sys.argv[1])
mark = asked["mark"]

def token_of(patient, username):
    return builders.caller_for(builders.citizen(patient, username)).token if patient else ""

print(json.dumps({
    "clinic": builders.clinic_client(f"clinic-{mark}", asked["clinic"]).token,
    "other_clinic": builders.clinic_client(f"other-{mark}", asked["other"]).token,
    "clinician": builders.caller_for(builders.clinician(asked["clinic"], f"clinician-{mark}")).token,
    "citizen": token_of(asked["patient"], f"citizen-{mark}"),
    "stranger": builders.caller_for(builders.citizen(asked["stranger"], f"stranger-{mark}")).token,
}))
"""


@dataclass(frozen=True)
class Speaker:
    """A person or system with a token, speaking to the live server."""

    base: str
    token: str

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = f"Bearer {self.token}"
        sent.setdefault("Accept-Language", "en")
        if path.startswith("/fhir"):
            sent.setdefault("Content-Type", "application/fhir+json")
        return requests.request(method, f"{self.base}{path}", json=body, headers=sent, timeout=60)


@dataclass(frozen=True)
class Town:
    """Two clinics and their people at the live server."""

    clinic: Speaker
    other_clinic: Speaker
    operator: Speaker
    clinic_id: str
    other_id: str
    stranger: Speaker
    live: LiveServer

    def people_of(self, patient: str) -> dict[str, Speaker]:
        """The citizen and the clinician of a patient."""
        return _people(self.live, self.clinic_id, self.other_id, self._stranger_patient(), patient)

    def _stranger_patient(self) -> str:
        return _create(self.operator, {"resourceType": "Patient", "name": [{"text": "남모르"}]})


@pytest.fixture
def town(live: LiveServer) -> Town:
    operator = Speaker(live.base, live.token())
    clinic = _create(operator, {"resourceType": "Organization", "name": "빛고을의원"})
    other = _create(operator, {"resourceType": "Organization", "name": "무등의원"})
    stranger = _create(operator, {"resourceType": "Patient", "name": [{"text": "남모르"}]})
    people = _people(live, clinic, other, stranger, None)
    return Town(people["clinic"], people["other_clinic"], operator, clinic, other, people["stranger"], live)


def _people(live: LiveServer, clinic: str, other: str, stranger: str, patient: str | None) -> dict[str, Speaker]:
    asked = {"mark": uuid.uuid4().hex[:8], "clinic": clinic, "other": other, "stranger": stranger, "patient": patient}
    live.processes.run("people", "-c", MAKE_PEOPLE, json.dumps(asked))
    tokens = json.loads(live.processes.log("people").read_text().strip().splitlines()[-1])
    return {name: Speaker(live.base, token) for name, token in tokens.items() if token}


def _create(operator: Speaker, resource: dict[str, Any]) -> str:
    answer = operator.send("POST", f"/fhir/R4/{resource['resourceType']}", resource)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
