"""Speaks FHIR over HTTP as each institution of the demo in turn."""

from __future__ import annotations

import json
from typing import Any

import requests

from health_platform.demo import people
from health_platform.demo.load import REGISTER
from health_platform.fhir.body import serialise

Bundle = dict[str, Any]


class Sender:
    """A connection to the FHIR API at ``base`` with a token for each institution."""

    def __init__(self, base: str) -> None:
        self._base = f"{base}/fhir/R4"
        self._session = requests.Session()
        self._tokens: dict[str, str] = {}

    def post(self, key: str, bundle: Bundle) -> Bundle:
        """Send a transaction as the institution ``key``; the register's key is REGISTER."""
        headers = self._headers(key) | {"Content-Type": "application/fhir+json"}
        response = self._session.post(self._base, data=serialise(bundle), headers=headers, timeout=120)
        answer: Bundle = response.json()
        return answer

    def find(self, resource_type: str, identifier: str) -> Bundle | None:
        """The resource with an identifier (system|value); None when there is none."""
        response = self._session.get(
            f"{self._base}/{resource_type}",
            params={"identifier": identifier, "_count": "1"},
            headers=self._headers(REGISTER),
            timeout=60,
        )
        entries = json.loads(response.content).get("entry", [])
        found: Bundle | None = entries[0]["resource"] if entries else None
        return found

    def _headers(self, key: str) -> dict[str, str]:
        if key not in self._tokens:
            self._tokens[key] = people.client_token(key or people.MEASURE)
        return {"Authorization": f"Bearer {self._tokens[key]}"}
