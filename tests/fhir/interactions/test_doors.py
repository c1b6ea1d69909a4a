"""One institution's record by another's id, reference, criteria, history or bundle: every door of the exchange, and
proof that the check would notice a server without reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from health_platform.fhir.access import policy
from health_platform.fhir.access.session import Session
from tests.builders import FHIR, Caller, observation
from tests.fhir.conftest import City

MARK = "only-ours-4711"
SECRET = "what only we know"
PATCH = [{"op": "replace", "path": "/status", "value": "amended"}]
JSON_PATCH = "application/json-patch+json"


@pytest.fixture
def pulse(city: City) -> str:
    sent = observation(city.patient) | {
        "identifier": [{"system": "urn:clinic", "value": MARK}],
        "note": [{"text": SECRET}],
        "meta": {"source": f"urn:{MARK}", "tag": [{"system": "urn:clinic", "code": MARK}]},
    }
    return str(city.system.post(f"{FHIR}/Observation", sent).json()["id"])


def doors(city: City, pulse: str) -> Iterator[tuple[str, str, Any]]:
    """Method, address and body of each way to the Observation."""
    for path in (
        f"Observation/{pulse}",
        f"Observation/{pulse}/_history",
        f"Observation/{pulse}/_history/1",
        "Observation/_history",
        "_history?_count=200",
        f"Observation?_id={pulse}",
        f"Observation?identifier=urn:clinic|{MARK}",
        f"Observation?subject=Patient/{city.patient}",
        f"Observation?_tag=urn:clinic|{MARK}",
        f"Patient?_id={city.patient}&_revinclude=Observation:subject",
        f"Patient/{city.patient}/$everything",
        f"Observation/{pulse}/$meta",
    ):
        yield "GET", path, None
        request = {"method": "GET", "url": path}
        for kind in ("batch", "transaction"):
            yield "POST", "", {"resourceType": "Bundle", "type": kind, "entry": [{"request": request}]}
    for path in (f"Observation/{pulse}", f"Observation?identifier=urn:clinic|{MARK}"):
        yield "PATCH", path, PATCH
        yield "DELETE", path, None


def leaks(city: City, caller: Caller, pulse: str) -> list[str]:
    """The doors by which somebody else saw or changed the Observation."""
    found = []
    for method, path, body in doors(city, pulse):
        headers = {"Content_Type": JSON_PATCH} if method == "PATCH" else {}
        answer = caller.send(method, f"{FHIR}/{path}".rstrip("/"), body, **headers)
        # $meta shows the label alone; every other door the content.
        content = answer.content.decode()
        seen = SECRET in content or ("valueMeta" in content and MARK in content)
        if seen or city.system.get(f"{FHIR}/Observation/{pulse}").headers.get("ETag") != 'W/"1"':
            found.append(f"{method} {path or body}")
            if method in ("PATCH", "DELETE"):
                return found
    return found


@pytest.mark.parametrize("who", ["stranger", "other_clinician", "other_system"])
def test_no_door_leads_to_a_foreign_record(city: City, pulse: str, who: str) -> None:
    assert leaks(city, getattr(city, who), pulse) == []


def test_the_check_notices_a_server_without_reach_at_every_door(
    city: City, pulse: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = policy.session_settings
    monkeypatch.setattr(Session, "reach", lambda *_: ("", {}))
    monkeypatch.setattr(Session, "few_compartments", lambda *_: None)
    monkeypatch.setattr(policy, "session_settings", lambda *given: told(*given) | {"bitgoeul.reach": "all"})
    reading = [door for door in doors(city, pulse) if door[0] in ("GET", "POST")]
    found = leaks(city, city.other_system, pulse)
    missed = [door for door in reading if f"GET {door[1]}" not in found and f"POST {door[2]}" not in found]
    assert (missed, len(found)) == ([], len(reading) + 1)
