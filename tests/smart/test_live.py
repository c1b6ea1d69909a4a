"""The whole way over real HTTP: register a clinic's system, sign in by its key, write and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests

from tests.live import LiveServer
from tests.smart.conftest import ASSERTION_TYPE, key, key_set, signed


def test_a_registered_system_works_against_the_running_server(live: LiveServer, tmp_path: Path) -> None:
    operator = {"Authorization": f"Bearer {live.token()}", "Content-Type": "application/fhir+json"}
    clinic = {"resourceType": "Organization", "name": "빛고을의원"}
    organization = requests.post(f"{live.fhir}/Organization", json=clinic, headers=operator, timeout=10).json()["id"]
    signer, file = key(), tmp_path / "keys.json"
    file.write_text(json.dumps(key_set(signer)))
    client_id = live.manage(
        "register", "register_client", "a clinic", "--organization", organization,
        "--jwks", str(file), "--scopes", "system/Patient.crs",
    ).strip().splitlines()[-1]  # fmt: skip

    configuration = requests.get(f"{live.fhir}/.well-known/smart-configuration", timeout=10).json()
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Patient.crs",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed(client_id, signer, aud=configuration["token_endpoint"]),
    }
    answer = requests.post(configuration["token_endpoint"], data=form, timeout=10)
    assert answer.status_code == 200, answer.text
    assert requests.post(configuration["token_endpoint"], data=form, timeout=10).status_code == 401
    own = {"Authorization": f"Bearer {answer.json()['access_token']}", "Content-Type": "application/fhir+json"}
    patient: dict[str, Any] = {"resourceType": "Patient", "name": [{"text": "김영희"}]}
    created = requests.post(f"{live.fhir}/Patient", json=patient, headers=own, timeout=10)
    assert created.status_code == 201, created.text
    read = requests.get(f"{live.fhir}/Patient/{created.json()['id']}", headers=own, timeout=10)
    assert (read.status_code, read.json()["name"]) == (200, patient["name"])
