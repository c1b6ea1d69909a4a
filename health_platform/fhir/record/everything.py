"""All of a person's record, page by page, with what it leans on (FHIR R4, patient-operation-everything.html)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from health_platform.fhir.compartment import MOMENT_PARAMETER, PUBLIC_TYPES
from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES, TYPE_NUMBER
from health_platform.fhir.keys import patient_key
from health_platform.fhir.outcome import BadRequest
from health_platform.fhir.record.work import Work
from health_platform.fhir.stored import Match, Page, Stored

DEFAULT_COUNT: Final = 50
_REFERENCE = re.compile(rb'"reference"\s*:\s*"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[0-9]+)?"')
_UNDATED: Final = [TYPE_NUMBER[kind] for kind in RESOURCE_TYPES if kind not in MOMENT_PARAMETER]
_COLUMNS = "r.type, r.id, r.version, r.last_updated, r.body, r.compartment, r.moment, r.rid"
_ORDER = "(r.type <> %(patient)s)::int, r.type, r.moment, r.rid"


@dataclass(frozen=True, slots=True)
class Everything:
    """What of a record is asked for. ``since`` looks at the last change; ``start`` and ``end`` (µs) at the clinical
    date, and leave in what has none."""

    types: tuple[str, ...]
    since: datetime | None = None
    start: int | None = None
    end: int | None = None
    count: int = DEFAULT_COUNT
    cursor: str | None = None


def page(work: Work, patient: str, asked: Everything) -> Page:
    """One page of the record of ``patient`` within reach: the Patient first, then by type and date."""
    parameters: dict[str, Any] = {
        "compartment": patient_key(patient),
        "types": [TYPE_NUMBER[kind] for kind in asked.types],
        "patient": TYPE_NUMBER["Patient"],
        "limit": asked.count + 1,
    }
    conditions = ["r.compartment = %(compartment)s", "r.type = ANY(%(types)s::smallint[])", "NOT r.deleted"]
    conditions += _asked_of(asked, parameters)
    reach, values = work.session.reach("r")
    conditions += [reach] if reach else []
    work.session.cursor.execute(
        f"SELECT {_COLUMNS} FROM fhir_resource r WHERE {' AND '.join(conditions)} ORDER BY {_ORDER} LIMIT %(limit)s",
        parameters | values,
    )
    rows = work.session.cursor.fetchall()
    matches = [_match(row) for row in rows[: asked.count]]
    following = _cursor(rows[asked.count - 1]) if len(rows) > asked.count > 0 else None
    return Page(matches, _leant_on(work, matches, asked.types), following)


def _asked_of(asked: Everything, parameters: dict[str, Any]) -> list[str]:
    found = []
    if asked.since is not None:
        found.append("r.last_updated >= %(since)s")
        parameters["since"] = asked.since
    bounds = [("start", ">=", asked.start), ("end", "<=", asked.end)]
    dated = " AND ".join(f"r.moment {sign} %({name})s" for name, sign, bound in bounds if bound is not None)
    if dated:
        # What has no clinical date stands under the time of its last change (compartment.py).
        written = "abs(r.moment - (extract(epoch FROM r.last_updated) * 1000000)::bigint) <= 1"
        found.append(f"({dated} OR r.type = ANY(%(undated)s::smallint[]) OR {written})")
        parameters |= {name: bound for name, _, bound in bounds if bound is not None} | {"undated": _UNDATED}
    if asked.cursor is not None:
        found.append(f"({_ORDER}) > (%(rank)s, %(kind)s, %(moment)s, %(rid)s)")
        parameters |= _after(asked.cursor)
    return found


def _match(row: Any) -> Match:
    return Match(Stored(RESOURCE_TYPES[row[0] - 1], row[1], row[2], row[3], bytes(row[4])), row[5])


def _leant_on(work: Work, matches: Iterable[Match], types: tuple[str, ...]) -> list[Match]:
    """The people and institutions, medicines and places that the page refers to: what everyone may read."""
    wanted = {
        (TYPE_NUMBER[kind.decode()], id.decode())
        for match in matches
        for kind, id in _REFERENCE.findall(match.stored.body)
        if kind.decode() in PUBLIC_TYPES and kind.decode() in types
    }
    if not wanted:
        return []
    ordered = sorted(wanted)
    reach, values = work.session.reach("r")
    work.session.cursor.execute(
        f"SELECT {_COLUMNS} FROM unnest(%(types)s::smallint[], %(ids)s::text[]) AS w (type, id)"
        " JOIN fhir_resource r ON r.id = w.id AND r.type = w.type WHERE NOT r.deleted AND r.compartment = 0"
        + (f" AND {reach}" if reach else ""),
        {"types": [kind for kind, _ in ordered], "ids": [id for _, id in ordered], **values},
    )
    return [_match(row) for row in work.session.cursor.fetchall()]


def _cursor(row: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([row[0], row[6], row[7]])).decode().rstrip("=")


def _after(cursor: str) -> dict[str, int]:
    try:
        kind, moment, rid = (
            int(each) for each in orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        )
    except (ValueError, TypeError):
        raise BadRequest("'_cursor' is not one that this server gave: follow the link 'next' as it stands.",
                         expression=("_cursor",)) from None  # fmt: skip
    return {"rank": int(kind != TYPE_NUMBER["Patient"]), "kind": kind, "moment": moment, "rid": rid}
