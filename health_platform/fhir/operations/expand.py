"""ValueSet/$expand (https://hl7.org/fhir/R4/valueset-operation-expand.html).

A value set that is a loaded code system, or a branch of one, is paged by the database; any other by its definition.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, Final

from health_platform.fhir.body import serialise
from health_platform.fhir.messages import FhirRequest, FhirResponse
from health_platform.fhir.operations.concepts import Asked, display_in
from health_platform.fhir.operations.parameters import Inputs, read_inputs
from health_platform.fhir.outcome import BadRequest, IssueType, NotFound, UnprocessableEntity
from health_platform.fhir.terminology import operations
from health_platform.fhir.terminology.operations import MAX_EXPANSION, Contained
from health_platform.fhir.terminology.registry import Terminology
from health_platform.fhir.terminology.stored import Selection, StoredCodeSystem
from health_platform.fhir.terminology.values import Concept, ConceptSet, ValueSet

MAX_PAGE: Final = 10_000
Page = tuple[int | None, list[tuple[Contained, Concept | None]]]


def expand(request: FhirRequest, _kind: str, id: str | None) -> FhirResponse:
    inputs = read_inputs(request)
    asked = Asked(request, inputs, "ValueSet", id, "valueSet")
    canonical = asked.named()
    is_paged = inputs.number("count") is not None or bool(inputs.number("offset"))
    total, items = _page(asked.terminology, canonical, inputs)
    language = inputs.text("displayLanguage")
    contains = [_entry(asked.terminology, item, concept, language, inputs) for item, concept in items]
    if not inputs.flag("excludeNested", default=True) and not is_paged:
        contains = _nested(asked.terminology, contains)
    expansion: dict[str, Any] = {
        "identifier": f"urn:uuid:{uuid.uuid4()}",
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        **({"total": total} if total is not None else {}),
        **({"offset": inputs.number("offset") or 0} if is_paged else {}),
        **({"parameter": _used(inputs)} if _used(inputs) else {}),
        **({"contains": contains} if contains else {}),
    }
    return FhirResponse(200, serialise({**_head(asked, canonical), "expansion": expansion}))


def _head(asked: Asked, canonical: str) -> dict[str, Any]:
    if asked.resource is None:
        url, _, version = canonical.partition("|")
        found = asked.terminology.value_set(canonical)
        version = version or (found.version if found else "")
        return {"resourceType": "ValueSet", "url": url, **({"version": version} if version else {}), "status": "active"}
    kept = ("resourceType", "id", "url", "version", "name", "title")
    return {name: asked.resource[name] for name in kept if name in asked.resource} | {
        "status": asked.resource.get("status", "unknown")
    }


def _page(terminology: Terminology, canonical: str, inputs: Inputs) -> Page:
    found = terminology.value_set(canonical)
    if found is None:
        raise NotFound("The value set %(value_set)s is not on this server.", value_set=canonical)
    offset, count, text = inputs.number("offset") or 0, inputs.number("count"), inputs.text("filter")
    if count is not None and count > MAX_PAGE:
        raise BadRequest("'count' is at most %(most)s.", expression=("count",), most=MAX_PAGE)
    chosen = _of_one_system(terminology, found, text)
    if chosen is not None:
        return _of_loaded(*chosen, offset, count)
    _refuse_large(terminology, found)
    expansion = operations.expand(terminology, canonical, text=text, offset=offset, count=count)
    return expansion.total, [(item, _concept(terminology, item)) for item in expansion.contains]


def _of_one_system(terminology: Terminology, found: ValueSet, text: str) -> tuple[StoredCodeSystem, Selection] | None:
    """The loaded system of which the value set is a selection that the database can make; else None."""
    if len(found.includes) != 1 or found.excludes:
        return None
    included = found.includes[0]
    system = _system(terminology, included)
    if not isinstance(system, StoredCodeSystem) or included.codes or included.value_sets:
        return None
    branches = [(item.value, item.op == "is-a") for item in included.filters if item.op in ("is-a", "descendent-of")]
    properties = tuple((item.property, item.value) for item in included.filters if item.op == "=")
    if len(branches) > 1 or len(branches) + len(properties) < len(included.filters):
        return None
    return system, Selection(text, branches[0] if branches else None, properties)


def _of_loaded(system: StoredCodeSystem, chosen: Selection, offset: int, count: int | None) -> Page:
    total, concepts = system.page(chosen, offset, MAX_EXPANSION + 1 if count is None else count)
    if count is None and len(concepts) > MAX_EXPANSION:
        raise _too_costly()
    return total, [(Contained(system.url, concept.code, concept.display), concept) for concept in concepts]


def _refuse_large(terminology: Terminology, found: ValueSet) -> None:
    """What only Python can select must be small enough to be held in memory."""
    for included in found.includes:
        system = None if included.codes else _system(terminology, included)
        if isinstance(system, StoredCodeSystem) and system.count > MAX_EXPANSION:
            raise _too_costly()


def _too_costly() -> UnprocessableEntity:
    return UnprocessableEntity(
        "The expansion has more than %(limit)s codes: ask for a page with count.",
        code=IssueType.TOO_COSTLY,
        limit=MAX_EXPANSION,
    )


def _system(terminology: Terminology, included: ConceptSet) -> Any:
    return terminology.code_system(included.system + (f"|{included.version}" if included.version else ""))


def _concept(terminology: Terminology, item: Contained) -> Concept | None:
    system = terminology.code_system(item.system)
    return system.find(item.code) if system else None


def _entry(
    terminology: Terminology, item: Contained, concept: Concept | None, language: str, inputs: Inputs
) -> dict[str, Any]:
    display = display_in(concept, language) if concept else item.display
    entry: dict[str, Any] = {"system": item.system, "code": item.code} | ({"display": display} if display else {})
    if concept and concept.designations and inputs.flag("includeDesignations"):
        entry["designation"] = [
            ({"language": one.language} if one.language else {}) | {"value": one.value} for one in concept.designations
        ]
    return entry


def _nested(terminology: Terminology, contains: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each code below the nearest of its ancestors that is in the expansion."""
    by_code = {(entry["system"], entry["code"]): entry for entry in contains}
    tops: list[dict[str, Any]] = []
    for entry in contains:
        above = _nearest(terminology, entry, by_code)
        (tops if above is None else above.setdefault("contains", [])).append(entry)
    return tops


def _nearest(
    terminology: Terminology, entry: dict[str, Any], by_code: dict[tuple[str, str], dict[str, Any]]
) -> dict[str, Any] | None:
    system, code = terminology.code_system(entry["system"]), entry["code"]
    seen = {code}
    while system is not None and (concept := system.find(code)) is not None and concept.parents:
        code = concept.parents[0]
        if code in seen:
            return None
        seen.add(code)
        if (entry["system"], code) in by_code:
            return by_code[entry["system"], code]
    return None


def _used(inputs: Inputs) -> list[dict[str, Any]]:
    """The parameters that shaped the expansion, as it must state them."""
    kinds = {"filter": "String", "displayLanguage": "Code"}
    texts = [{"name": name, f"value{kind}": inputs.text(name)} for name, kind in kinds.items() if inputs.text(name)]
    numbers = [{"name": n, "valueInteger": v} for n in ("offset", "count") if (v := inputs.number(n)) is not None]
    return [*texts, *numbers]
