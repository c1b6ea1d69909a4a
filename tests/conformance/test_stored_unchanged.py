"""Real resources go in over HTTP and come back with no changed value: no digit of a decimal, no order, no text."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.live import LiveServer

Unpack = Callable[[str], list[Path]]
SYNTHEA = "fhir/synthea_r4_100_patients.tar.xz"
SYNTHEA_RESOURCES = 35_081
COMPARED = 64


class Client:
    """A plain HTTP client with a token."""

    def __init__(self, live: LiveServer) -> None:
        self.base = live.fhir
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {live.token()}"
        self._session.headers["Content-Type"] = "application/fhir+json"

    def post(self, path: str, body: bytes) -> requests.Response:
        return self._session.post(f"{self.base}{path}", data=body, timeout=120)

    def put(self, path: str, body: bytes) -> requests.Response:
        return self._session.put(f"{self.base}{path}", data=body, timeout=60)

    def get(self, path: str) -> requests.Response:
        return self._session.get(f"{self.base}{path}", timeout=60)


def exact(text: bytes | str) -> Any:
    """Parsed JSON in which 72.50 and 72.5 differ."""
    return json.loads(text, parse_float=lambda digits: ("decimal", digits, Decimal(digits)))


def without_server_parts(resource: dict[str, Any]) -> dict[str, Any]:
    meta = {key: value for key, value in resource.get("meta", {}).items() if key not in ("versionId", "lastUpdated")}
    kept = {key: value for key, value in resource.items() if key not in ("id", "meta")}
    return kept | ({"meta": meta} if meta else {})


def with_references(value: Any, targets: dict[str, str]) -> Any:
    """``value`` as a transaction stores it: each reference to an entry's fullUrl leads to what was stored."""
    if isinstance(value, dict):
        return {
            key: targets.get(entry, entry)
            if key == "reference" and isinstance(entry, str)
            else with_references(entry, targets)
            for key, entry in value.items()
        }
    if isinstance(value, list):
        return [with_references(entry, targets) for entry in value]
    return value


@pytest.mark.slow
def test_the_synthea_bundles_load_as_transactions_and_every_resource_reads_back_unchanged(
    live: LiveServer, unpacked: Unpack
) -> None:
    client = Client(live)
    compared = 0
    for file in unpacked(SYNTHEA):
        sent = exact(file.read_bytes())
        answer = client.post("", file.read_bytes())
        assert answer.status_code == 200, answer.text[:500]
        locations = [entry["response"]["location"].partition("/_history")[0] for entry in answer.json()["entry"]]
        targets = {entry["fullUrl"]: location for entry, location in zip(sent["entry"], locations, strict=True)}
        stored = _all_of_patient(client, locations)
        for entry, location in zip(sent["entry"], locations, strict=True):
            expected = with_references(without_server_parts(entry["resource"]), targets)
            assert list(stored[location]) and without_server_parts(stored[location]) == expected, location
            compared += 1
    assert compared == SYNTHEA_RESOURCES


def _all_of_patient(client: Client, locations: list[str]) -> dict[str, Any]:
    """The resources at ``locations``, fetched a hundred at a time by a batch of reads."""
    found: dict[str, Any] = {}
    for start in range(0, len(locations), 100):
        wanted = locations[start : start + 100]
        batch = {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [{"request": {"method": "GET", "url": location}} for location in wanted],
        }
        entries = exact(client.post("", json.dumps(batch).encode()).content)["entry"]
        found |= {location: entry["resource"] for location, entry in zip(wanted, entries, strict=True)}
    return found


def test_the_kr_core_examples_store_and_read_back_unchanged(live: LiveServer, unpacked: Unpack) -> None:
    client = Client(live)
    examples = [exact(file.read_bytes()) | {"file": file} for file in unpacked("fhir/kr_core/examples.tar.xz")]
    # Patients first: a record about a patient needs the patient.
    for example in sorted(examples, key=lambda example: example["resourceType"] != "Patient"):
        raw = example.pop("file").read_bytes()
        _store_subjects(client, example)
        path = f"/{example['resourceType']}/{example['id']}"
        for _ in range(2):
            answer = client.put(path, raw)
            assert answer.status_code in (200, 201), answer.text[:800]
            assert changed_at(client, example, answer.json()["meta"]["versionId"]) == []
    assert len(examples) == 29


def test_the_r4_examples_store_and_come_back_unchanged_however_they_are_asked_for(
    live: LiveServer, unpacked: Unpack
) -> None:
    """Created, updated, read, read as a version, searched and told by the history: no value is another one. Examples
    that R4's own rules refuse are counted."""
    client = Client(live)
    examples = [(file.read_bytes(), exact(file.read_bytes())) for file in unpacked("fhir/r4_examples.tar.xz")]
    compared, refused = 0, []
    for raw, example in sorted(examples, key=lambda pair: pair[1]["resourceType"] != "Patient"):
        _store_subjects(client, example)
        kind = example["resourceType"]
        answers = [client.put(f"/{kind}/{example['id']}", raw) for _ in range(2)] if "id" in example else []
        answer = answers[-1] if answers else client.post(f"/{kind}", raw)
        if answer.status_code not in (200, 201):
            refused.append((kind, example.get("id"), answer.status_code))
            continue
        stored = answer.json()
        assert changed_at(client, example | {"id": stored["id"]}, stored["meta"]["versionId"]) == []
        compared += 1
    assert (compared, len(refused)) == (COMPARED, len(examples) - COMPARED), refused


def changed_at(client: Client, example: dict[str, Any], version: str) -> list[str]:
    """The ways by which the resource comes back with another value than was sent."""
    kind, id = example["resourceType"], example["id"]
    expected = without_server_parts(example)
    changed = []
    for path in (
        f"/{kind}/{id}",
        f"/{kind}/{id}/_history/{version}",
        f"/{kind}/{id}/_history?_count=1",
        f"/{kind}?_id={id}",
    ):
        answer = exact(client.get(path).content)
        found = answer["entry"][0]["resource"] if "?" in path else answer
        if found["id"] != id or found["meta"]["versionId"] != version or without_server_parts(found) != expected:
            changed.append(path)
    return changed


def _store_subjects(client: Client, example: dict[str, Any]) -> None:
    for name in ("subject", "patient"):
        reference = example.get(name, {}).get("reference", "") if isinstance(example.get(name), dict) else ""
        kind, _, id = reference.partition("/")
        if kind == "Patient" and client.get(f"/{reference}").status_code == 404:
            client.put(f"/{reference}", json.dumps({"resourceType": "Patient", "id": id}).encode())
