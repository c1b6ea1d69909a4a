"""The smallest valid resource of any type of FHIR R4, about a patient where the type can be: grown from the element
trees, so that a type which the server serves has one without anybody writing it."""

from __future__ import annotations

from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES
from health_platform.fhir.definitions.structures import Element, Property

Resource = dict[str, Any]
# Elements by which a resource says whose record it is part of, in the order in which compartment.py asks for them.
ABOUT = ("subject", "patient", "beneficiary", "individual", "for", "candidate")
_PRIMITIVES: dict[str, Any] = {
    "boolean": True,
    "integer": 1,
    "positiveInt": 1,
    "unsignedInt": 1,
    "decimal": 1,
    "date": "2026-05-01",
    "dateTime": "2026-05-01T10:00:00+09:00",
    "instant": "2026-05-01T10:00:00+09:00",
    "time": "10:00:00",
    "uri": "urn:example:a",
    "url": "https://example.org/a",
    "canonical": "https://example.org/a",
    "oid": "urn:oid:1.2.3",
    "uuid": "urn:uuid:0b1f6f3c-4c55-4a55-9b0f-1d6c3c1f2a11",
    "base64Binary": "AAAA",
    "id": "a",
    "code": "en",
}
# What an invariant of the type asks for beside its required elements.
_BESIDE: dict[str, Resource] = {
    "AllergyIntolerance": {
        "clinicalStatus": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
            ]
        }
    },
    "Appointment": {"status": "proposed"},
    "AppointmentResponse": {"actor": {"display": "a"}},
    "Binary": {"contentType": "text/plain"},
    "Consent": {"status": "draft", "policyRule": {"text": "a"}},
    "ImmunizationRecommendation": {
        "recommendation": [{"vaccineCode": [{"text": "a"}], "forecastStatus": {"text": "a"}}],
        "date": "2026-05-01",
    },
    "Linkage": {
        "item": [{"type": "source", "resource": {"display": "a"}}, {"type": "alternate", "resource": {"display": "b"}}]
    },
}
# Values of the types whose own elements are all optional.
_COMPLEX: dict[str, Resource] = {
    "Attachment": {"title": "a"},
    "Quantity": {"value": 1},
    "Money": {"value": 1},
    "Period": {"start": "2026-05-01"},
    "TriggerDefinition": {"type": "named-event", "name": "a"},
}


def minimal(kind: str, patient: str, marker: str) -> Resource:
    """The smallest resource of a type: about ``patient`` if it can be, with ``marker`` in its text."""
    resource = {
        "resourceType": kind,
        **_required(kind, marker),
        **_about(kind, patient),
        **_BESIDE.get(kind, {}),
    }
    if "text" in structures.node(kind).properties:
        resource["text"] = {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{marker}</p></div>',
        }
    return resource


def _about(kind: str, patient: str) -> Resource:
    if kind == "Patient":
        return {}
    reference = {"reference": f"Patient/{patient}"}
    for name, element in _elements(kind).items():
        if name in ABOUT and any("Patient" in one.targets or "Resource" in one.targets for one in element.types):
            found = _property(element, "Reference")
            return {found: [reference] if element.is_list else reference}
    participant = structures.node(kind).properties.get("participant")
    if participant is None or "actor" not in structures.node(participant.node).properties:
        return {}
    actor = structures.node(participant.node).properties["actor"].element
    if not any("Patient" in one.targets for one in actor.types):
        return {}
    return {"participant": [_required(participant.node, "") | {"actor": reference}]}


def _elements(kind: str) -> dict[str, Element]:
    return {element.name: element for element in structures.node(kind).elements}


def _property(element: Element, code: str) -> str:
    return element.name + code if element.is_choice else element.name


def _required(path: str, marker: str) -> Resource:
    found: Resource = {}
    for element in structures.node(path).elements:
        if element.minimum:
            chosen = _chosen(path, element)
            value = _value(chosen, marker)
            found[chosen.name] = [value] * element.minimum if element.is_list else value
    return found


def _chosen(path: str, element: Element) -> Property:
    mine = [each for each in structures.node(path).properties.values() if each.element is element]
    simple = [each for each in mine if each.type.code in ("Reference", "CodeableConcept", "string", "code")]
    return (simple or mine)[0]


def _value(wanted: Property, marker: str) -> Any:
    codes = _codes(wanted.element)
    if wanted.is_primitive:
        if codes:
            return codes[0][1]
        return marker if wanted.type.code in ("string", "markdown") else _PRIMITIVES[wanted.type.code]
    if wanted.type.code == "Reference":
        return {"display": marker}
    if wanted.type.code in ("CodeableConcept", "Coding"):
        coding = {"system": codes[0][0], "code": codes[0][1]} if codes else {"system": "urn:example:s", "code": "a"}
        return coding if wanted.type.code == "Coding" else {"coding": [coding], "text": marker}
    if wanted.type.code == "Resource":
        return {"resourceType": "Basic", "code": {"text": marker}}
    return _COMPLEX.get(wanted.type.code) or _required(wanted.node, marker) or {"id": "a"}


def _codes(element: Element) -> list[tuple[str, str]]:
    if element.binding is None or element.binding.strength != "required":
        return []
    known = structures.required_value_sets().get(element.binding.value_set.partition("|")[0], {})
    return [(system, code) for system in sorted(known) for code in sorted(known[system])]


def kinds_about_patients() -> list[str]:
    """The types whose smallest resource is part of the patient's record."""
    return [kind for kind in RESOURCE_TYPES if kind == "Patient" or _about(kind, "a")]
