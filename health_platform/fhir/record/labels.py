"""Labels of resources: which are in use, and who may take away the one that keeps a resource from its citizen."""

from __future__ import annotations

from typing import Any, Final

import orjson

from health_platform.fhir.access.context import Role
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.disclosure import is_withheld
from health_platform.fhir.outcome import BadRequest, Forbidden, IssueType
from health_platform.fhir.record.work import Work

Resource = dict[str, Any]
MAX_RECORDS: Final = 200
_DISCLOSERS: Final = frozenset({Role.CLINICIAN, Role.SERVICE, Role.OPERATOR})
_LISTS: Final = ("profile", "security", "tag")
_IN_USE = """
SELECT DISTINCT ((convert_from(r.body, 'UTF8')::json -> 'meta')::jsonb - 'versionId' - 'lastUpdated' - 'source')::text
FROM fhir_resource r WHERE r.type = %(type)s AND r.compartment = ANY(%(records)s) AND NOT r.deleted
"""


def require_disclosure(work: Work, resource: Resource, previous: Resource | None) -> None:
    """Raise Forbidden unless the actor may show the citizen what was withheld: a clinician decides that, and no system
    by sending the resource without its label."""
    if work.access.role in _DISCLOSERS or previous is None or not is_withheld(previous) or is_withheld(resource):
        return
    raise Forbidden(
        "%(type)s/%(id)s is withheld from the citizen until a clinician shows it: send it with its security label.",
        code=IssueType.BUSINESS_RULE,
        type=str(resource["resourceType"]),
        id=str(resource.get("id")),
    )


def in_use(work: Work, resource_type: str) -> Resource:
    """The labels within reach, as a Meta."""
    records = work.session.few_compartments(MAX_RECORDS)
    if records is None:
        raise BadRequest(
            "You reach more than %(most)s records: ask for the labels of one resource, or search by _tag, _security or "
            "_profile.",
            code=IssueType.TOO_COSTLY,
            most=MAX_RECORDS,
        )
    reach, values = work.session.reach("r")
    statement = _IN_USE + (f" AND {reach}" if reach else "")
    work.session.cursor.execute(statement, {"type": TYPE_NUMBER[resource_type], "records": records, **values})
    metas = [orjson.loads(row[0]) for row in work.session.cursor.fetchall()]
    found: dict[str, dict[bytes, Any]] = {name: {} for name in _LISTS}
    for meta in metas:
        for name in _LISTS:
            found[name] |= {orjson.dumps(entry): entry for entry in meta.get(name, ())}
    return {name: [entries[each] for each in sorted(entries)] for name, entries in found.items() if entries}
