"""Rows of the access log that wrote something, as FHIR Provenance (R4, provenance.html): one for each request, naming
all that it wrote, by whom, for which institution, from which system."""

from __future__ import annotations

from typing import Any

from health_platform.fhir.access.audit_event import (
    BASIS_URI,
    ID_PREFIX,
    SERVER,
    LogRow,
    actor,
    instant,
    purpose,
)

_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_ACTIVITY = {"C": "CREATE", "U": "UPDATE", "D": "DELETE"}


def render(row: LogRow) -> dict[str, Any]:
    """The Provenance of a row with ``writes``."""
    who: dict[str, Any] = {"type": _participant("author"), "who": actor(row.actor)}
    if row.organization:
        who["onBehalfOf"] = {"reference": f"Organization/{row.organization}"}
    system = {"type": _participant("assembler"), "who": {"display": row.client} if row.client else SERVER}
    return {
        "resourceType": "Provenance",
        "id": f"{ID_PREFIX}{row.aid}",
        "target": [{"reference": reference} for reference in row.entities[: row.writes]],
        "recorded": instant(row.recorded),
        **({"policy": [BASIS_URI + row.basis]} if row.basis else {}),
        **({"reason": [purpose(row)]} if row.purpose else {}),
        **(
            {"activity": {"coding": [{"system": _OPERATION, "code": _ACTIVITY[row.action]}]}}
            if row.action in _ACTIVITY
            else {}
        ),
        "agent": [who, system],
    }


def _participant(code: str) -> dict[str, Any]:
    return {"coding": [{"system": _PARTICIPANT, "code": code}]}
