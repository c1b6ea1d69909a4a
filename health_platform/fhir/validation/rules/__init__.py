"""Rules of R4 that its text states and its definitions cannot: which apply to a node, and which to an element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.structures import Property
from health_platform.fhir.validation.context import Context, Place
from health_platform.fhir.validation.rules import bundle, conformance, datatypes

Rule = Callable[[Context, Any, Place], None]

BY_NODE: Mapping[str, tuple[Rule, ...]] = {
    "Attachment": (datatypes.attachment_size,),
    "Bundle": (bundle.links, bundle.entries, bundle.search_results, bundle.document_references, bundle.message_focus),
    "Coding": (datatypes.coding_system,),
    "ElementDefinition.constraint": (conformance.constraint_expression,),
    "Expression": (datatypes.expression_language,),
    "Identifier": (datatypes.identifier_uri,),
    "Questionnaire": (conformance.enabling_questions,),
    "SearchParameter": (conformance.composite_components, conformance.derived_type, conformance.search_expression),
    "StructureDefinition": (conformance.differential_paths,),
    "ValueSet.compose.include": (conformance.included_codes, conformance.constraint_filters),
}
BY_TYPE: Mapping[str, tuple[Rule, ...]] = {
    "canonical": (datatypes.absolute_canonical,),
    "string": (datatypes.no_active_markup,),
}


def of_node(path: str) -> tuple[Rule, ...]:
    """The rules for each object of a node."""
    of_resources = (datatypes.contained_are_used,) if structures.types().get(path) == "resource" else ()
    return (*BY_NODE.get(path, ()), *of_resources)


def of_element(found: Property) -> tuple[Rule, ...]:
    """The rules for each value of a property."""
    extra = (datatypes.canonical_target(found.type.targets),) if found.type.code == "canonical" else ()
    language = (datatypes.language_tag,) if found.element.path in datatypes.LANGUAGES else ()
    narrative = (datatypes.internal_links,) if found.type.code == "xhtml" else ()
    return (*BY_TYPE.get(found.type.code, ()), *extra, *language, *narrative)
