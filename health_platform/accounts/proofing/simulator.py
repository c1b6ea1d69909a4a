"""Proves whatever one types: for demos and tests alone. It refuses to run where people are real."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from health_platform.accounts.proofing.port import NotProven, Proof

METHOD = "simulator"
_SALT, _SECONDS = "identity proofing simulator", 300


class Simulator:
    def __init__(self) -> None:
        if not getattr(settings, "DEMO", False):
            raise ImproperlyConfigured("The simulator of identity proofing runs in demo and test settings alone.")

    def begin(self, request_id: str, return_to: str) -> str:
        return f"{reverse('oauth2_provider:proof-simulator')}?{urlencode({'id': request_id, 'return': return_to})}"

    def finish(self, request_id: str, answer: Mapping[str, str]) -> Proof:
        try:
            found = signing.loads(answer.get("proof", ""), salt=_SALT, max_age=_SECONDS)
        except signing.BadSignature:
            raise NotProven("the answer is not the simulator's, or too old") from None
        if found["id"] != request_id:
            raise NotProven("the answer is to another request")
        return Proof(ci_of(found["name"], found["birth_date"]), found["name"],
                     date.fromisoformat(found["birth_date"]), METHOD)  # fmt: skip


def answer(request_id: str, name: str, birth_date: str) -> str:
    """What the simulator sends back for a person. Raises ValueError for a day that is none."""
    date.fromisoformat(birth_date)
    return signing.dumps({"id": request_id, "name": name, "birth_date": birth_date}, salt=_SALT)


def ci_of(name: str, birth_date: str) -> str:
    """88 characters in base64, as CI is; the same for the same person."""
    return base64.b64encode(hashlib.sha512(f"{name}|{birth_date}".encode()).digest()).decode()
