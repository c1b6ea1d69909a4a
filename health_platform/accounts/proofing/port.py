"""The port to services that prove who somebody is: Korean mobile ID, a carrier's verification. The setting
IDENTITY_PROOFING names the class of the adapter; empty, nobody can prove anything here.

A proof carries the connecting information (CI), 88 characters that are the same for a person at every service. Of it we
keep a keyed hash, of the rest nothing. No adapter asks for, or hands on, a resident registration number.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class NotProven(Exception):
    """The service did not say who it is; the message says why, for a log."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Who the person is, as the service says. ``method`` names the service, such as ``mobile-id``."""

    ci: str
    name: str
    birth_date: date
    method: str


class IdentityProofing(Protocol):
    """An adapter."""

    def begin(self, request_id: str, return_to: str) -> str:
        """The address to which the browser goes; the service sends it back to ``return_to`` with its answer."""
        ...

    def finish(self, request_id: str, answer: Mapping[str, str]) -> Proof:
        """Who it is, out of the parameters of the answer to ``request_id``. Raises NotProven."""
        ...


def adapter() -> IdentityProofing | None:
    """The one that the settings choose."""
    path: str = settings.IDENTITY_PROOFING
    if not path:
        return None
    made: IdentityProofing = import_string(path)()
    return made


def index(ci: str) -> str:
    """The keyed hash by which a proven person is found again."""
    return _keyed(f"ci {ci}")


def name_index(name: str) -> str:
    """A keyed hash of a name, without its spaces."""
    return _keyed(f"name {''.join(name.split()).casefold()}")


def _keyed(text: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"proofing {text}".encode(), hashlib.sha256).hexdigest()
