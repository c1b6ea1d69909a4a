"""Compile HL7's code systems and value sets of FHIR R4 (4.0.1) into compact facts. Run by hand:

    python -m health_platform.fhir.definitions.compile_terminology package

(`package` as for compile_structures.py.) Writes `terminology.json.xz`: of each code system its version, content mode,
case sensitivity and concepts (code, display, row of the parent); of each value set its composition. Definitions,
comments and other prose are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from health_platform.fhir.definitions.compile_structures import R4, package_id, read_bundle, write

Json = dict[str, Any]
Row = list[Any]
FILES = ("valuesets", "v2-tables", "v3-codesystems")


def main(package: Path) -> None:
    resources = [resource for name in FILES for resource in read_bundle(package / R4 / f"{name}.json")]
    resources += read_bundle(package / R4 / "conceptmaps.json")
    # What the package adds to HL7's own: value sets of R5 and maps of its maker.
    resources = [r for r in resources if not r.get("version", "").startswith("5.") and "medplum" not in r["url"]]
    write("terminology.json.xz", {"provenance": {"package": package_id(package)}, **compact(resources)})


def compact(resources: list[Json]) -> Json:
    """The facts of the CodeSystem and ValueSet resources of a list, by canonical URL."""
    of_type: dict[str, list[Json]] = {}
    for resource in resources:
        of_type.setdefault(resource["resourceType"], []).append(resource)
    return {
        "code_systems": {resource["url"]: code_system_facts(resource) for resource in of_type.get("CodeSystem", [])},
        "value_sets": {resource["url"]: value_set_facts(resource) for resource in of_type.get("ValueSet", [])},
        "concept_maps": {resource["url"]: concept_map_facts(resource) for resource in of_type.get("ConceptMap", [])},
    }


def code_system_facts(resource: Json) -> Row:
    """[version, content, case-sensitive, rows of [code, display, rows of the parents]]."""
    rows: list[Row] = []
    _append(rows, resource.get("concept", []), [])
    _link_by_properties(rows, resource.get("concept", []))
    return [resource.get("version", ""), resource.get("content", ""), resource.get("caseSensitive", True), rows]


def _append(rows: list[Row], concepts: list[Json], parents: list[int]) -> None:
    for concept in concepts:
        rows.append(
            [concept["code"], concept.get("display", ""), parents]
            if parents
            else [concept["code"], concept.get("display", "")]
        )
        _append(rows, concept.get("concept", []), [len(rows) - 1])


def _link_by_properties(rows: list[Row], concepts: list[Json]) -> None:
    """Parents that a flat code system states by `subsumedBy` or `parent`, the form of HL7 v3."""
    numbers = {row[0]: number for number, row in enumerate(rows)}
    for concept in concepts:
        stated = [p.get("valueCode") for p in concept.get("property", []) if p["code"] in ("subsumedBy", "parent")]
        parents = [numbers[code] for code in stated if code in numbers]
        if parents:
            rows[numbers[concept["code"]]] = [concept["code"], concept.get("display", ""), parents]


def value_set_facts(resource: Json) -> Row:
    """[version, included sets, excluded sets], each set {s: system, c: codes, f: filters, v: value sets}."""
    compose = resource.get("compose", {})
    return [resource.get("version", ""), *([_set(s) for s in compose.get(k, [])] for k in ("include", "exclude"))]


def _set(stated: Json) -> Json:
    facts: Json = {}
    if "system" in stated:
        facts["s"] = stated["system"]
    if "concept" in stated:
        facts["c"] = [concept["code"] for concept in stated["concept"]]
    if "filter" in stated:
        facts["f"] = [[f["property"], f["op"], f["value"]] for f in stated["filter"]]
    if "valueSet" in stated:
        facts["v"] = stated["valueSet"]
    return facts


def concept_map_facts(resource: Json) -> list[Row]:
    """A row for each group: [source system, target system, rows of [code, equivalence, target code]]."""
    groups = []
    for group in resource.get("group", []):
        rows = [
            [element.get("code", ""), target.get("equivalence", ""), target.get("code", "")]
            for element in group["element"]
            for target in element.get("target", [])
        ]
        groups.append([group.get("source", ""), group.get("target", ""), rows])
    return groups


if __name__ == "__main__":
    main(Path(sys.argv[1]))
