"""Expressions of R4's invariants that do not say what R4's text says, with what they mean.

An invariant is met where it is true, so one that is empty where its element is absent would forbid the absence. These
are the corrections that HL7's own validator makes (org.hl7.fhir.validation, FHIRPathExpressionFixer).
"""

from __future__ import annotations

from collections.abc import Mapping

_NAME = "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')"
_PROBABILITY = "probability is decimal implies (probability as decimal) <= 100"
MEANT: Mapping[str, str] = {
    # ras-2: a prediction may be qualitative only.
    _PROBABILITY: f"probability.empty() or ({_PROBABILITY})",
    # The names of conformance resources (csd-0, que-0, sdf-0, vsd-0 and others) where there is one.
    _NAME: "name.exists() implies name.matches('^[A-Z]([A-Za-z0-9_]){0,254}$')",
    # bdl-8: an entry may be without a full URL.
    "fullUrl.contains('/_history/').not()": "fullUrl.exists() implies fullUrl.contains('/_history/').not()",
    # vs-1, the precision of a vital sign's time: it may be a Period.
    "($this as dateTime).toString().length() >= 8": "($this is dateTime) implies ($this.toString().length() >= 8)",
}


def meant(expression: str) -> str:
    return MEANT.get(expression, expression)
