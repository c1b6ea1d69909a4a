"""The compartment of a patient (hl7.org/fhir/R4/compartmentdefinition-patient.html) as a criterion."""

from __future__ import annotations

from functools import lru_cache

from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES
from health_platform.fhir.search.parameters.criteria import Criterion, Or, ReferenceCriterion, SelfCriterion
from health_platform.fhir.search.parameters.keys import own_hash
from health_platform.fhir.search.parameters.reference import target_key
from health_platform.fhir.search.registry import patient_compartment


@lru_cache(maxsize=1)
def types_in_compartment() -> tuple[str, ...]:
    """The types of which resources can be in a patient's compartment."""
    return tuple(kind for kind in RESOURCE_TYPES if kind == "Patient" or patient_compartment(kind))


def in_compartment(resource_type: str, patient: str) -> Criterion:
    """The criterion that a resource is in the compartment of the patient: any of the definition's parameters names the
    patient."""
    own: list[Criterion] = [SelfCriterion((own_hash("Patient", patient),))] if resource_type == "Patient" else []
    named: list[Criterion] = [
        ReferenceCriterion(one, (target_key(one, "Patient", patient),), (("Patient", patient),))
        for one in patient_compartment(resource_type)
    ]
    criteria = tuple(own + named)
    return criteria[0] if len(criteria) == 1 else Or(criteria)
