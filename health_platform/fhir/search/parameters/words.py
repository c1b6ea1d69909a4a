"""Words in texts: `:text` of coded values, `_text` and `_content` (hl7.org/fhir/R4/search.html#text, #content).

They are read from the resource itself, folded by PostgreSQL (fhir_fold), so the index holds nothing for them.
"""

from __future__ import annotations

from typing import Final

from health_platform.fhir.fhirpath.compile import compile_search
from health_platform.fhir.search.parameters.criteria import TextCriterion, WordsCriterion
from health_platform.fhir.search.parameters.values import alternatives, unescape
from health_platform.fhir.search.registry import SearchParameter

_TEXTS: Final = {
    "CodeableConcept": ('."text"', '."coding"."display"'),
    "Coding": ('."display"',),
    "Identifier": ('."type"."text"', '."type"."coding"."display"'),
    "Reference": ('."display"',),
}


def text_paths(parameter: SearchParameter) -> tuple[str, ...]:
    """Where the texts of the parameter's values stand, as SQL/JSON paths."""
    branches = compile_search(parameter.expression, parameter.resource_type)
    return tuple(
        f"${branch.json}{below}"
        for branch in branches
        if branch.json is not None
        for below in _TEXTS.get(branch.type, ())
    )


def parse_text(value: str, parameter: SearchParameter) -> TextCriterion:
    """The criterion of `:text`: a text, or a word of it, starts so. Raises BadRequest."""
    return TextCriterion(parameter, tuple(unescape(part) for part in alternatives(parameter.code, value)))


def parse(value: str, parameter: SearchParameter) -> WordsCriterion:
    """The criterion of `_text` or `_content`: all words of a value occur. Raises BadRequest."""
    parts = alternatives(parameter.code, value)
    return WordsCriterion(parameter, tuple(tuple(unescape(part).split()) for part in parts))
