"""Bindings: whether coded values lie in the value set that an element is bound to.

https://hl7.org/fhir/R4/terminologies.html#strength. A required binding that is not met is an error; an extensible one
is a warning, and only where the content that decides is here. What cannot be told is no issue.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.structures import Binding
from health_platform.fhir.terminology import external
from health_platform.fhir.terminology.membership import exists, is_member, remembered
from health_platform.fhir.terminology.registry import Terminology
from health_platform.fhir.validation.context import Context, Place
from health_platform.fhir.validation.occurrences import Occurrence

MAX_LISTED = 12
# Code systems that R4 or KR Core fix as a whole; those of terminology.hl7.org grow without R4.
FIXED_SYSTEMS = ("http://hl7.org/fhir/", "http://www.hl7korea.or.kr/")
KCD_8 = "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
# HL7 Korea has given KCD-9 no URL yet: our own (terminology/formats.py), and the one that KCD-8's leads to.
KCD_9 = ("urn:bitgoeul:CodeSystem:kcd-9", "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-9")


class Answer(Enum):
    IN = "in"
    OUT = "out"
    MISSING = "missing"
    UNKNOWN = "unknown"


_ANSWERS = {True: Answer.IN, False: Answer.OUT, None: Answer.UNKNOWN}


def answer(terminology: Terminology, value_set: str, value: Any) -> Answer:
    """Whether a code, Coding, CodeableConcept, Quantity, string or uri lies in a value set."""
    if isinstance(value, str):
        return _ANSWERS[is_member(terminology, value_set, None, value)]
    if not isinstance(value, dict):
        return Answer.UNKNOWN
    codings = value["coding"] if isinstance(value.get("coding"), list) else [value]
    answers = [
        is_member(terminology, value_set, _text(coding.get("system")) or "", coding["code"])
        for coding in codings
        if isinstance(coding, dict) and isinstance(coding.get("code"), str)
    ]
    if not answers:
        return Answer.MISSING
    if True in answers:
        return Answer.IN
    return Answer.UNKNOWN if None in answers else Answer.OUT


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def check_binding(context: Context, binding: Binding, value: Any, place: Place) -> None:
    """A value against the binding that R4 gives its element."""
    found = answer(context.knowledge.terminology, binding.value_set, value)
    if found in (Answer.IN, Answer.UNKNOWN):
        return
    if binding.strength == "extensible":
        if found is Answer.OUT:
            context.report("code-extensible", place, value=shown(value), value_set=binding.value_set)
    elif found is Answer.MISSING:
        context.report("concept-without-code", place, value_set=binding.value_set)
    else:
        _report_required(context, binding.value_set, value, place)


def _report_required(context: Context, value_set: str, value: Any, place: Place) -> None:
    systems = structures.required_value_sets().get(value_set, {})
    codes = sorted({code for codes in systems.values() for code in codes})
    if 0 < len(codes) <= MAX_LISTED:
        allowed = ", ".join(codes)
        context.report("code-required-near", place, value=shown(value), value_set=value_set, allowed=allowed)
    else:
        context.report("code-required", place, value=shown(value), value_set=value_set)


def check_profile_binding(context: Context, binding: Binding, found: Occurrence, profile: str) -> None:
    """A value against the binding of a profile."""
    if binding.strength not in ("required", "extensible") or found.value is None:
        return
    result = answer(context.knowledge.terminology, binding.value_set, found.value)
    if result is Answer.OUT and binding.strength == "extensible":
        context.report("code-extensible", found.place, value=shown(found.value), value_set=binding.value_set)
    elif result is Answer.OUT and _is_next_edition(context.knowledge.terminology, binding.value_set, found.value):
        context.report("code-kcd-9", found.place, value=shown(found.value), value_set=binding.value_set)
    elif result is Answer.OUT:
        value = shown(found.value)
        context.report("profile-code", found.place, value=value, value_set=binding.value_set, profile=profile)
    elif result is Answer.MISSING and binding.strength == "required":
        context.report("profile-code-missing", found.place, value_set=binding.value_set, profile=profile)


def _is_next_edition(terminology: Terminology, value_set: str, value: Any) -> bool:
    """A code of KCD-9 where KR Core 2.0.0 binds KCD-8: KCD-9 is the edition in force since 2026."""
    stated = terminology.value_set(value_set)
    codings = value.get("coding") if isinstance(value, dict) else None
    return (
        stated is not None
        and any(part.system == KCD_8 for part in stated.includes)
        and isinstance(codings, list)
        and any(isinstance(coding, dict) and coding.get("system") in KCD_9 for coding in codings)
    )


def check_coding(context: Context, value: Any, place: Place) -> None:
    """Whether the code of a Coding exists in its system, where the content or the form of the system is known."""
    system, code = value.get("system"), value.get("code")
    if not isinstance(system, str) or not isinstance(code, str) or "version" in value:
        return
    terminology = context.knowledge.terminology
    if remembered(terminology, ("", system, code), lambda: _exists(terminology, system, code)) is False:
        _report_unknown(context, system, code, (place, "code", -1))


def _exists(terminology: Terminology, system: str, code: str) -> bool | None:
    if external.is_well_formed(system, code) is False:
        return False
    return exists(terminology, system, code) if system.startswith(FIXED_SYSTEMS) else None


def _report_unknown(context: Context, system: str, code: str, place: Place) -> None:
    if system == external.UCUM:
        context.report("unit-unknown", place, value=code)
    elif system == external.SNOMED_CT and external.is_well_formed(external.LOINC, code):
        # A common slip, in Synthea's claims too, that harms nobody: taken with a warning.
        context.report("code-other-system", place, value=code, system=system)
    elif system in (external.LOINC, external.SNOMED_CT):
        context.report("code-form", place, value=code, system=system)
    else:
        context.report("code-unknown", place, value=code, system=system)


def shown(value: Any) -> str:
    """The codes of a value in few words: `http://loinc.org#8480-6`."""
    if not isinstance(value, dict):
        return str(value)
    codings = value["coding"] if isinstance(value.get("coding"), list) else [value]
    return ", ".join(
        f"{coding.get('system', '')}#{coding.get('code', '')}" for coding in codings if isinstance(coding, dict)
    )
