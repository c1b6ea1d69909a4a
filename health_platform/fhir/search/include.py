"""`_include`: the references of matches by a search parameter (FHIR R4, search.html#include)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.fhirpath.compile import compile_search
from health_platform.fhir.search.request import Include
from health_platform.fhir.stored import Match


def references_of(matches: Iterable[Match], includes: Iterable[Include]) -> set[str]:
    """``Type/id`` of every local resource to which the matches refer by the parameters of ``includes``."""
    found: set[str] = set()
    wanted = list(includes)
    for match in matches:
        resource = match.stored.resource()
        for include in wanted:
            if include.source == match.stored.resource_type:
                found.update(_targets(resource, include))
    return found


def _targets(resource: dict[str, Any], include: Include) -> Iterator[str]:
    for parameter in include.parameters:
        for branch in compile_search(parameter.expression, include.source):
            start = resource if branch.key is None else resource.get(branch.key)
            if start is None or branch.type != "Reference":
                continue
            for reference in branch.values(start, resource):
                local = _local(reference.get("reference"), include.target)
                if local is not None:
                    yield local


def _local(reference: str | None, target: str | None) -> str | None:
    parts = (reference or "").split("/_history/")[0].split("/")
    if len(parts) != 2 or parts[0] not in TYPE_NUMBER or target not in (None, parts[0]):
        return None
    return "/".join(parts)
