"""Rules of conformance resources (https://hl7.org/fhir/R4/conformance-module.html)."""

from __future__ import annotations

import json
from functools import cache

from health_platform.fhir.definitions import structures
from health_platform.fhir.fhirpath.errors import FhirPathError
from health_platform.fhir.fhirpath.parser import parse
from health_platform.fhir.terminology import ecl, external
from health_platform.fhir.validation.context import Context, Json, Place


def composite_components(context: Context, value: Json, place: Place) -> None:
    """A composite search parameter has two components or more."""
    components = value.get("component")
    if value.get("type") == "composite" and (not isinstance(components, list) or len(components) < 2):
        context.report("search-parameter-components", place)


def derived_type(context: Context, value: Json, place: Place) -> None:
    """A search parameter that is derived from one of R4 has its type."""
    stated, base = value.get("type"), value.get("derivedFrom")
    expected = _search_parameter_types().get(base) if isinstance(base, str) else None
    if expected and isinstance(stated, str) and stated != expected:
        context.report("search-parameter-type", place, value=stated, expected=expected, base=base)


@cache
def _search_parameter_types() -> dict[str, str]:
    """The type of each search parameter of R4 by its canonical URL."""
    facts = json.loads((structures.HERE / "search_parameters.json").read_text())
    return {f"http://hl7.org/fhir/SearchParameter/{row['id']}": row["type"] for row in facts["parameters"]}


def differential_paths(context: Context, value: Json, place: Place) -> None:
    """The paths of a differential are elements of the type, and the root is not sliced."""
    elements = value.get("differential", {})
    listed = elements.get("element") if isinstance(elements, dict) else None
    type_name = str(value.get("type"))
    if not isinstance(listed, list) or type_name not in structures.types() or value.get("derivation") != "constraint":
        return
    faults = 0
    for index, element in enumerate(listed):
        path = element.get("path") if isinstance(element, dict) else None
        if not isinstance(path, str):
            continue
        at: Place = ((place, "differential", -1), "element", index)
        if "." not in path and "slicing" in element:
            context.report("differential-root-slicing", at)
            faults += 1
        if not _is_path(path, type_name):
            context.report("differential-path", at, value=path, type=type_name)
            faults += 1
    if faults:
        context.report("differential-whole", place, count=faults)


def _is_path(path: str, type_name: str) -> bool:
    first, *names = path.split(".")
    if first != type_name:
        return False
    node_path = type_name
    for name in names:
        try:
            properties = structures.node(node_path).properties
        except KeyError:
            return False
        plain = name.removesuffix("[x]")
        found = properties.get(name) or next(
            (p for p in properties.values() if p.element.is_choice and p.element.name == plain), None
        )
        if found is None:
            return False
        if found.element.is_choice and name.endswith("[x]") and len(found.element.types) > 1:
            return True
        node_path = "Element" if found.is_primitive else found.node
    return True


def search_expression(context: Context, value: Json, place: Place) -> None:
    """The expression of a search parameter is FHIRPath."""
    _check_fhirpath(context, value.get("expression"), (place, "expression", -1))


def constraint_expression(context: Context, value: Json, place: Place) -> None:
    """The expression of a constraint is FHIRPath."""
    _check_fhirpath(context, value.get("expression"), (place, "expression", -1))


def _check_fhirpath(context: Context, text: object, place: Place) -> None:
    if not isinstance(text, str):
        return
    try:
        parse(text)
    except FhirPathError as error:
        context.report("fhirpath", place, value=text, reason=str(error))


def enabling_questions(context: Context, value: Json, place: Place) -> None:
    """An item is enabled by another question of the same Questionnaire, not by itself."""
    known: set[str] = set()
    enabled: list[tuple[Place, object, object]] = []
    _items(value, place, known, enabled)
    for at, own, question in enabled:
        if isinstance(question, str) and (question not in known or question == own):
            context.report("enable-when-question", at, value=question)


def _items(value: Json, place: Place, known: set[str], enabled: list[tuple[Place, object, object]]) -> None:
    items = value.get("item")
    for index, item in enumerate(items if isinstance(items, list) else []):
        if not isinstance(item, dict):
            continue
        at: Place = (place, "item", index)
        own = item.get("linkId")
        if isinstance(own, str):
            known.add(own)
        conditions = item.get("enableWhen")
        for number, condition in enumerate(conditions if isinstance(conditions, list) else []):
            if isinstance(condition, dict):
                enabled.append(((at, "enableWhen", number), own, condition.get("question")))
        _items(item, at, known, enabled)


def included_codes(context: Context, value: Json, place: Place) -> None:
    """The codes that a value set lists are codes of their system, as far as the system's form or content tells."""
    system, concepts = value.get("system"), value.get("concept")
    if not isinstance(system, str) or not isinstance(concepts, list):
        return
    known = context.knowledge.terminology.code_system(system)
    for index, concept in enumerate(concepts):
        code = concept.get("code") if isinstance(concept, dict) else None
        if not isinstance(code, str):
            continue
        at: Place = (place, "concept", index)
        if external.is_well_formed(system, code) is False:
            context.report("code-form", at, value=code, system=system)
        elif known is not None and known.is_complete and known.find(code) is None:
            _unknown_code(context, system, code, at)


def constraint_filters(context: Context, value: Json, place: Place) -> None:
    """A filter of SNOMED CT by `constraint` is in its Expression Constraint Language."""
    filters = value.get("filter")
    if value.get("system") != external.SNOMED_CT or not isinstance(filters, list):
        return
    for index, stated in enumerate(filters):
        text = stated.get("value") if isinstance(stated, dict) and stated.get("property") == "constraint" else None
        if isinstance(text, str):
            try:
                ecl.check(text)
            except ecl.EclError as error:
                context.report("ecl", (place, "filter", index), value=text, reason=str(error))


def _unknown_code(context: Context, system: str, code: str, place: Place) -> None:
    if system.startswith("http://hl7.org/fhir/"):
        context.report("code-unknown", place, value=code, system=system)
