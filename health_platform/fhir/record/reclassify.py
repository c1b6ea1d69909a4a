"""Judges stored rows anew when the lists of sensitive codes and labels have changed (access/sensitivity.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from health_platform.fhir import body, compartment
from health_platform.fhir.access.context import AccessContext, service
from health_platform.fhir.access.sensitivity import sensitivity_of
from health_platform.fhir.access.session import Session, open_session
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER

BATCH: Final = 1000
# Provenance last: it has the classes of what it is about.
_TABLES: Final = {
    "fhir_resource": (
        "SELECT rid, version, sensitive, body FROM fhir_resource WHERE rid > %s AND (type = %s) = %s"
        " AND NOT deleted AND compartment <> 0 ORDER BY rid LIMIT %s",
        "UPDATE fhir_resource SET sensitive = %s WHERE rid = %s AND version = %s",
    ),
    "fhir_history": (
        "SELECT rid, version, sensitive, body FROM fhir_history WHERE (rid, version) > (%s, %s) AND (type = %s) = %s"
        " AND NOT deleted AND compartment <> 0 ORDER BY rid, version LIMIT %s",
        "UPDATE fhir_history SET sensitive = %s WHERE rid = %s AND version = %s",
    ),
}
_CLASSES_OF: Final = "SELECT sensitive FROM fhir_resource WHERE id = %s AND type = %s"


def reclassify() -> int:
    """Judge every row; how many changed. May run beside the server, and again after it was broken off."""
    access = service("sensitivity", "HSYSADMIN")
    return sum(_pass(access, table, provenance) for provenance in (False, True) for table in _TABLES)


def _pass(access: AccessContext, table: str, provenance: bool) -> int:
    changed, after = 0, (0, 0)
    while True:
        with open_session(access) as session:
            rows = _batch(session, table, after, provenance)
            for rid, version, sensitive in _differing(session, rows):
                session.cursor.execute(_TABLES[table][1], [sensitive, rid, version])
                changed += 1
        if len(rows) < BATCH:
            return changed
        after = (rows[-1][0], rows[-1][1])


def _batch(session: Session, table: str, after: tuple[int, int], provenance: bool) -> list[Any]:
    kind = TYPE_NUMBER["Provenance"]
    start = list(after) if table == "fhir_history" else [after[0]]
    session.cursor.execute(_TABLES[table][0], [*start, kind, provenance, BATCH])
    return session.cursor.fetchall()


def _differing(session: Session, rows: list[Any]) -> Iterator[tuple[int, int, int]]:
    for rid, version, sensitive, raw in rows:
        resource = body.parse(bytes(raw))
        judged = int(sensitivity_of(resource)) | _of_targets(session, resource)
        if judged != sensitive:
            yield rid, version, judged


def _of_targets(session: Session, resource: dict[str, Any]) -> int:
    found = 0
    for reference in compartment.targets_of(resource):
        kind, _, id = reference.partition("/")
        session.cursor.execute(_CLASSES_OF, [id, TYPE_NUMBER.get(kind, 0)])
        row = session.cursor.fetchone()
        found |= row[0] if row else 0
    return found
