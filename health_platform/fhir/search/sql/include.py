"""`_include` and `_revinclude`, with `:iterate` and `*` (hl7.org/fhir/R4/search.html#include): what is added to a page.

Each resource stands in the answer once. The number added is limited; what is left out is told in the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from health_platform.fhir.access import policy
from health_platform.fhir.access.session import Session
from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES
from health_platform.fhir.fhirpath.compile import compile_search
from health_platform.fhir.fhirpath.references import parse_reference
from health_platform.fhir.search.parameters.keys import own_hash
from health_platform.fhir.search.parameters.reference import target_key, target_types
from health_platform.fhir.search.registry import SearchParameter, SearchType, parameters
from health_platform.fhir.search.request import Include, SearchRequest
from health_platform.fhir.search.sql.statement import Statement
from health_platform.fhir.stored import Match, Stored

MOST: Final = 1_000
ROUNDS: Final = 10
_COLUMNS: Final = "r.id, r.version, r.last_updated, r.body, r.compartment, r.type"


def included(session: Session, request: SearchRequest, matches: list[Match]) -> tuple[list[Match], bool]:
    """What is added to the matches, and whether something was left out because it was too much."""
    found: dict[str, Match] = {}
    have = {match.stored.reference for match in matches}
    fresh, first, cut = matches, True, False
    for _ in range(ROUNDS):
        forward = [one for one in request.include if first or one.iterate]
        backward = [one for one in request.revinclude if first or one.iterate]
        if not fresh or cut or not (forward or backward):
            break
        added = [*_targets(session, fresh, forward, have), *_sources(session, fresh, backward)]
        fresh = []
        for match in added:
            if match.stored.reference not in have and len(found) < MOST:
                have.add(match.stored.reference)
                found[match.stored.reference] = match
                fresh.append(match)
            elif match.stored.reference not in have:
                cut = True
        first = False
    else:
        cut = cut or bool(fresh)
    return list(found.values()), cut


# ---- forward


def _targets(session: Session, matches: list[Match], includes: list[Include], have: set[str]) -> list[Match]:
    wanted = sorted(set(_references(matches, includes)) - have)[: MOST + 1] if includes else []
    if not wanted:
        return []
    statement = Statement(session)
    keys = statement.bind([own_hash(*reference.split("/")) for reference in wanted])
    where = [f"r.self = ANY({keys}::bigint[])", "NOT r.deleted", *statement.reached("r")]
    rows = statement.run(f"SELECT {_COLUMNS} FROM fhir_resource r WHERE {' AND '.join(where)}")
    names = set(wanted)
    return [match for match in _matches(session, rows) if match.stored.reference in names]


def _references(matches: Iterable[Match], includes: Iterable[Include]) -> Iterator[str]:
    """`Type/id` of every resource of this server to which the matches refer by the parameters of the includes."""
    wanted = list(includes)
    for match in matches:
        kind = match.stored.resource_type
        asked = [include for include in wanted if include.source in (kind, "*")]
        if not asked:
            continue
        resource = match.stored.resource()
        for include in asked:
            for parameter in include.parameters or _all_references(kind):
                yield from _of_parameter(resource, parameter, include.target)


def _all_references(kind: str) -> list[SearchParameter]:
    found = parameters(kind).values()
    return [one for one in found if one.type is SearchType.REFERENCE and one.indexed and one.ready]


def _of_parameter(resource: dict[str, Any], parameter: SearchParameter, target: str | None) -> Iterator[str]:
    for branch in compile_search(parameter.expression, parameter.resource_type):
        start = resource if branch.key is None else resource.get(branch.key)
        if start is None or branch.type not in ("Reference", "canonical", "uri"):
            continue
        for value in branch.values(start, resource):
            text = value.get("reference") if isinstance(value, dict) else value
            literal = parse_reference(text) if isinstance(text, str) else None
            if literal is not None and not literal.base and target in (None, literal.type):
                yield literal.local


# ---- backward


def _sources(session: Session, matches: list[Match], includes: list[Include]) -> list[Match]:
    found: list[Match] = []
    for include in includes:
        pairs = _referring(include, {match.stored.resource_type for match in matches})
        keys = [
            target_key(parameter, match.stored.resource_type, match.stored.id)
            for parameter, kind in pairs
            for match in matches
            if match.stored.resource_type == kind
        ]
        if keys:
            found += _by_keys(session, keys)
    return found


def _referring(include: Include, kinds: set[str]) -> list[tuple[SearchParameter, str]]:
    """The parameters that may refer to the kinds, each with a kind."""
    if include.source == "*":
        every = [one for name in RESOURCE_TYPES for one in _all_references(name)]
    else:
        every = list(include.parameters)
    wanted = kinds & {include.target} if include.target else kinds
    return [(one, kind) for one in every for kind in wanted if kind in target_types(one)]


def _by_keys(session: Session, keys: list[int]) -> list[Match]:
    statement = Statement(session)
    where = ["NOT r.deleted", *statement.reached("r")]
    rows = statement.run(
        f"SELECT DISTINCT ON (r.rid) {_COLUMNS} FROM unnest({statement.bind(keys)}::bigint[]) k (key)"
        f" CROSS JOIN LATERAL (SELECT x.rid FROM fhir_reference x WHERE x.key = k.key LIMIT {MOST + 1}) x"
        f" JOIN fhir_resource r ON r.rid = x.rid WHERE {' AND '.join(where)}"
        f" ORDER BY r.rid DESC LIMIT {MOST + 1}"
    )
    return _matches(session, rows)


def _matches(session: Session, rows: list[tuple[Any, ...]]) -> list[Match]:
    """The resources of types that the actor's scopes let read."""
    scopes = session.access.scopes
    found = [Match(Stored(RESOURCE_TYPES[row[5] - 1], row[0], row[1], row[2], bytes(row[3])), row[4]) for row in rows]
    return [match for match in found if policy.scope_allows(scopes, match.stored.resource_type, "r")]
