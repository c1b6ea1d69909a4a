"""Rows of the access log as FHIR AuditEvent (R4, auditevent.html), after the patterns of IHE Basic Audit Log Patterns
(https://profiles.ihe.net/ITI/BALP): client, server and user as agents; patient, data, query and request as entities.

A citizen sees the requests about her, and of a request about several people only that she was among them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from health_platform.fhir.access import audit_query
from health_platform.fhir.access.context import AccessContext, Role, service
from health_platform.fhir.access.session import Session, open_session
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.keys import key, patient_key

ID_PREFIX = "log-"
SERVER = {"display": "Bitgoeul"}
ACTOR_SYSTEM = "urn:bitgoeul:actor"
BASIS_URI = "urn:bitgoeul:legal-basis:"
PURPOSE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_REST = {
    "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "code": "rest",
    "display": "RESTful Operation",
}
_INTERACTION = "http://hl7.org/fhir/restful-interaction"
_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_BALP_ENTITY = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
_SOURCE, _DESTINATION, _APPLICATION = (
    ("110153", "Source Role ID"),
    ("110152", "Destination Role ID"),
    ("110150", "Application"),
)
_OF_SECURITY = {
    "login": (("110114", "User Authentication"), ("110122", "Login")),
    "token": (("110114", "User Authentication"), None),
    "logout": (("110114", "User Authentication"), ("110123", "Logout")),
    "export": (("110106", "Export"), None),
    "emergency-access": (("110113", "Security Alert"), ("110127", "Emergency Override Started")),
    "consent": (("110113", "Security Alert"), ("110137", "User Security Attributes Changed")),
}  # fmt: skip
READERS = frozenset({Role.AUDITOR, Role.CITIZEN, Role.OPERATOR, Role.SERVICE})


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row of fhir_audit with all that is rendered. ``patients`` are keys."""

    aid: int
    recorded: datetime
    patients: list[int]
    outcome: int
    action: str
    interaction: str
    actor: str
    role: str
    organization: str
    client: str
    purpose: str
    request_id: str
    entities: list[str]
    writes: int
    address: str
    basis: str
    query: bytes | None


COLUMNS = ", ".join(f"a.{name}" for name in LogRow.__slots__)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What is asked of the log; what is None or empty is not asked. ``patients`` are logical ids, ``since`` and
    ``until`` include their instants, ``entities`` are references without a version, ``written`` are some that
    were written, ``writes`` asks for requests that wrote at all, ``before`` is a row number."""

    patients: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    actions: tuple[str, ...] = ()
    outcomes: tuple[int, ...] = ()
    interactions: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    writes: bool = False
    id: int | None = None
    before: int | None = None
    count: int = 50


def may_read(access: AccessContext) -> bool:
    """The auditor and the platform read the log, a citizen her own; for others there is none."""
    return access.role in READERS


def find(session: Session, query: LogQuery) -> list[LogRow]:
    """The newest rows within the actor's reach that meet ``query``, at most ``count`` of them."""
    conditions, values = _conditions(session.access, query)
    session.cursor.execute(
        f"SELECT {COLUMNS} FROM fhir_audit a WHERE {' AND '.join(conditions) or 'true'} ORDER BY a.aid DESC LIMIT %s",
        [*values, query.count],
    )
    return [LogRow(*row) for row in session.cursor.fetchall()]


def _conditions(access: AccessContext, query: LogQuery) -> tuple[list[str], list[Any]]:
    keys = [patient_key(patient) for patient in query.patients]
    if access.role is Role.CITIZEN:
        own = {patient_key(patient) for patient in access.patients}
        keys = [each for each in keys if each in own] if query.patients else sorted(own)
    parts: list[tuple[bool, str, Any]] = [
        (bool(query.patients) or access.role is Role.CITIZEN,
         "a.aid IN (SELECT l.aid FROM fhir_audit_link l WHERE l.key = ANY(%s))", keys),
        (access.role is Role.CITIZEN, "a.outcome = ANY(%s)", [0]),
        (query.since is not None, "a.recorded >= %s", query.since),
        (query.until is not None, "a.recorded <= %s", query.until),
        (bool(query.actions), 'a.action = ANY(%s::"char"[])', list(query.actions)),
        (bool(query.outcomes), "a.outcome = ANY(%s)", list(query.outcomes)),
        (bool(query.interactions), "a.interaction = ANY(%s)", list(query.interactions)),
        (bool(query.actors), "a.actor = ANY(%s)", list(query.actors)),
        (bool(query.entities), _NAMES.format("a.entities"), list(query.entities)),
        (bool(query.written), _NAMES.format("a.entities[1:a.writes]"), list(query.written)),
        (bool(query.written) and access.role is not Role.CITIZEN,
         "a.aid IN (SELECT l.aid FROM fhir_audit_link l WHERE l.key = ANY(%s))", [key(each) for each in query.written]),
        (query.writes, "a.writes >= %s", 1),
        (query.id is not None, "a.aid = %s", query.id),
        (query.before is not None, "a.aid < %s", query.before),
    ]  # fmt: skip
    wanted = [(condition, value) for asked, condition, value in parts if asked]
    return [condition for condition, _ in wanted], [value for _, value in wanted]


_NAMES = "EXISTS (SELECT 1 FROM unnest({}) AS e WHERE split_part(e, '/_history/', 1) = ANY(%s))"


def patient_ids(rows: Iterable[LogRow], access: AccessContext) -> dict[int, str]:
    """Logical ids by key of the patients whom ``access`` may see named: a citizen only the own."""
    own = {patient_key(patient): patient for patient in access.patients}
    keys = {each for row in rows for each in row.patients} - set(own)
    if access.role is Role.CITIZEN or not keys:
        return own
    with open_session(service("audit", "HSYSADMIN")) as session:
        session.cursor.execute(
            "SELECT compartment, id FROM fhir_resource WHERE compartment = ANY(%s) AND type = %s",
            [sorted(keys), TYPE_NUMBER["Patient"]],
        )
        return own | dict(session.cursor.fetchall())


def render(row: LogRow, patients: Mapping[int, str], access: AccessContext) -> dict[str, Any]:
    """The AuditEvent of a row. ``patients`` as `patient_ids` gives them."""
    kind, subtype = _type(row.interaction)
    return {
        "resourceType": "AuditEvent",
        "id": f"{ID_PREFIX}{row.aid}",
        "type": kind,
        **({"subtype": [subtype]} if subtype else {}),
        "action": row.action,
        "recorded": instant(row.recorded),
        "outcome": str(row.outcome),
        **({"purposeOfEvent": [purpose(row)]} if row.purpose else {}),
        "agent": _agents(row),
        "source": {"observer": SERVER},
        "entity": _entities(row, patients, is_alone=shows_all(row, access), auditor=access.role is not Role.CITIZEN),
    }


def shows_all(row: LogRow, access: AccessContext) -> bool:
    """Whether the actor may see everything that the request touched: a citizen where it was about her alone."""
    own = {patient_key(patient) for patient in access.patients}
    return access.role is not Role.CITIZEN or set(row.patients) <= own


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def purpose(row: LogRow) -> dict[str, Any]:
    return {"coding": [{"system": PURPOSE_SYSTEM, "code": row.purpose}]}


def actor(reference: str) -> dict[str, Any]:
    """A Reference to who acted: people in the record by address, others by name."""
    if reference.startswith(("Practitioner/", "Patient/")):
        return {"reference": reference}
    return {"identifier": {"system": ACTOR_SYSTEM, "value": reference or "unknown"}}


def _type(interaction: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    if interaction not in _OF_SECURITY:
        return _REST, {"system": _INTERACTION, "code": interaction}
    kind, subtype = _OF_SECURITY[interaction]
    return _dicom(*kind), _dicom(*subtype) if subtype else None


def _dicom(code: str, display: str) -> dict[str, Any]:
    return {"system": DICOM, "code": code, "display": display}


def _agents(row: LogRow) -> list[dict[str, Any]]:
    """The client sends what is created, changed or asked; the server sends what is read."""
    if row.action == "D":
        client, server = _APPLICATION, _DESTINATION
    else:
        client, server = (_DESTINATION, _SOURCE) if row.action == "R" else (_SOURCE, _DESTINATION)
    network = {"network": {"address": row.address, "type": "2"}} if row.address else {}
    user: dict[str, Any] = {
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]},
        "who": actor(row.actor),
        "requestor": True,
        "role": [{"text": row.role}],
    }
    user |= {"policy": [BASIS_URI + row.basis]} if row.basis else {}
    user |= {"purposeOfUse": [purpose(row)]} if row.purpose else {}
    agents = [
        {
            "type": {"coding": [_dicom(*client)]},
            "who": {"display": row.client or row.role},
            "requestor": False,
            **network,
        },
        {"type": {"coding": [_dicom(*server)]}, "who": SERVER, "requestor": False},
        user,
    ]
    if row.organization:
        agents.append({"who": {"reference": f"Organization/{row.organization}"}, "requestor": False})
    return agents


def _entities(row: LogRow, patients: Mapping[int, str], *, is_alone: bool, auditor: bool) -> list[dict[str, Any]]:
    found = [_entity({"reference": f"Patient/{patients[each]}"}, "1", "1") for each in row.patients if each in patients]
    if is_alone:
        found += [_entity({"reference": reference}, "2", "4") for reference in row.entities]
    query = audit_query.unseal(row.query) if auditor else None
    if query:
        found.append(_entity(None, "2", "24") | {"query": base64.b64encode(query.encode()).decode()})
    if row.request_id:
        what = {"identifier": {"value": row.request_id}}
        found.append({"what": what, "type": {"system": _BALP_ENTITY, "code": "XrequestId"}})
    return found


def _entity(what: dict[str, Any] | None, kind: str, role: str) -> dict[str, Any]:
    return {
        **({"what": what} if what else {}),
        "type": {"system": _ENTITY_TYPE, "code": kind},
        "role": {"system": _OBJECT_ROLE, "code": role},
    }
