"""Whose record a resource is part of, and by which date it stands in lists.

FHIR R4, compartmentdefinition-patient.html, narrowed to the one patient whom the resource is about: a patient who is
only mentioned (as a performer, say) does not open the record to those who see the other one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES
from health_platform.fhir.search.index import IndexRows
from health_platform.fhir.search.registry import SearchType, parameter

# What is never about a person; everyone who is signed in may read it.
PUBLIC_TYPES = frozenset(
    """
    ActivityDefinition CapabilityStatement ChargeItemDefinition CodeSystem CompartmentDefinition ConceptMap
    DeviceDefinition Endpoint GraphDefinition HealthcareService ImplementationGuide InsurancePlan Library Location
    Measure Medication MedicationKnowledge MessageDefinition NamingSystem ObservationDefinition OperationDefinition
    Organization OrganizationAffiliation PlanDefinition Practitioner PractitionerRole Questionnaire Schedule
    SearchParameter Slot SpecimenDefinition StructureDefinition StructureMap Substance TerminologyCapabilities ValueSet
    """.split()
)
# Types whose record is that of one subject or patient, named by exactly one element.
ONE_SUBJECT_TYPES = frozenset(
    """
    AllergyIntolerance AdverseEvent BodyStructure CarePlan CareTeam Claim ClaimResponse ClinicalImpression Communication
    CommunicationRequest Composition Condition Consent Coverage DetectedIssue DeviceRequest DiagnosticReport
    DocumentManifest DocumentReference Encounter EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory Flag Goal
    ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation List Media MedicationAdministration
    MedicationDispense MedicationRequest MedicationStatement NutritionOrder Observation Procedure QuestionnaireResponse
    RelatedPerson RiskAssessment ServiceRequest Specimen SupplyDelivery VisionPrescription
    """.split()
)
_SUBJECT_ELEMENTS = ("subject", "patient", "beneficiary", "individual", "for", "candidate")
_MOMENT_CODES = (
    "date", "period", "authored", "authoredon", "recorded-date", "onset-date", "issued", "created", "started",
    "occurrence", "effective-time", "whenhandedover", "sent",
)  # fmt: skip


def patient_of(resource: dict[str, Any]) -> str | None:
    """The logical id of the Patient whom the resource is about; None when it names none."""
    if resource["resourceType"] == "Patient":
        return resource.get("id")
    for name in _SUBJECT_ELEMENTS:
        found = _patient_in(resource.get(name))
        if found:
            return found
    for participant in _objects(resource.get("participant")):
        found = _patient_in(participant.get("actor"))
        if found:
            return found
    return None


def targets_of(resource: dict[str, Any]) -> list[str]:
    """For a resource about other resources (Provenance): the references to them, whose record it joins."""
    if resource["resourceType"] != "Provenance":
        return []
    return [reference for target in _objects(resource.get("target")) if (reference := _local(target)) is not None]


def organizations_of(patient: dict[str, Any]) -> set[str]:
    """The logical ids of the Organizations that a Patient names as caring for the person."""
    named = [*_objects(patient.get("managingOrganization")), *_objects(patient.get("generalPractitioner"))]
    references = [reference for entry in named if (reference := _local(entry)) is not None]
    return {
        reference.removeprefix("Organization/") for reference in references if reference.startswith("Organization/")
    }


def moment(resource_type: str, index: IndexRows, updated: datetime) -> int:
    """The clinical date in µs since 1970 by which lists are ordered; the time of the write where there is none."""
    number = MOMENT_PARAMETER.get(resource_type)
    if number is not None:
        for parameter, low, _high in index.date:
            if parameter == number:
                return low
    return int(updated.timestamp() * 1_000_000)


def _moment_parameter(resource_type: str) -> int | None:
    found = (parameter(resource_type, code) for code in _MOMENT_CODES)
    return next((entry.id for entry in found if entry is not None and entry.type == SearchType.DATE), None)


MOMENT_PARAMETER: dict[str, int] = {
    kind: number for kind in RESOURCE_TYPES if (number := _moment_parameter(kind)) is not None
}


def _patient_in(value: object) -> str | None:
    for entry in _objects(value):
        reference = _local(entry)
        if reference is not None and reference.startswith("Patient/"):
            return reference.removeprefix("Patient/")
    return None


def _local(reference: dict[str, Any]) -> str | None:
    """``Type/id`` of a literal reference to a resource of this server, without its version."""
    text = reference.get("reference")
    if not isinstance(text, str):
        return None
    parts = text.split("/_history/")[0].split("/")
    return text.split("/_history/")[0] if len(parts) == 2 else None


def _objects(value: object) -> list[dict[str, Any]]:
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, dict)]
