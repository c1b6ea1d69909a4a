"""FHIR R4 resources of a citizen's history as KR Core 2.0.0 asks (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinics.registry.kr_core import road_name_address
from clinics.registry.normalise import parse_address
from health_platform.demo.city import codes
from health_platform.demo.city.person import Person

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """Where, when, and by whom a resource comes to be; all but the time are references."""

    subject: str
    encounter: str
    organization: str
    practitioner: str
    at: datetime

    @property
    def instant(self) -> str:
        """The time with its offset."""
        return self.at.isoformat()


def coded(system: str, code: str, display: str = "", text: str = "") -> Resource:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code, **({"display": display} if display else {})}
    return {"coding": [coding], **({"text": text} if text else {})}


def patient(person: Person, home: str, carers: list[str]) -> Resource:
    """The Patient, managed by the home clinic; `carers` are the other Organizations that care for the person."""
    place = parse_address(person.address)
    extension = road_name_address(place)
    return {
        "resourceType": "Patient",
        "meta": codes.meta("krcore-patient", test=True),
        "identifier": [{"system": codes.CITIZEN, "value": person.identifier}],
        "active": True,
        "name": [{"use": "official", "text": person.name, "family": person.name[0], "given": [person.name[1:]]}],
        "telecom": [{"system": "phone", "value": f"010-0000-{person.number % 10000:04d}", "use": "mobile"}],
        "gender": "female" if person.female else "male",
        "birthDate": person.birth_date.isoformat(),
        "address": [{**({"extension": [extension]} if extension else {}), "text": place.text, "country": "KR"}],
        "generalPractitioner": [{"reference": reference} for reference in (home, *carers)],
        "managingOrganization": {"reference": home},
    }


def encounter(setting: Setting, minutes: int, insurance: str) -> Resource:
    """An ambulatory visit. `insurance` is a code of hira-insurance-types."""
    end = datetime.fromtimestamp(setting.at.timestamp() + 60 * minutes, setting.at.tzinfo)
    return {
        "resourceType": "Encounter",
        "meta": codes.meta("krcore-encounter"),
        "extension": [
            {
                "url": codes.profile("krcore-insuranceTypes"),
                "valueCodeableConcept": coded(codes.INSURANCE, insurance),
            }
        ],
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": setting.subject},
        "participant": [{"individual": {"reference": setting.practitioner}}],
        "period": {"start": setting.instant, "end": end.isoformat()},
        "serviceProvider": {"reference": setting.organization},
    }


def condition(setting: Setting, diagnosis: str, onset: str, *, resolved: bool = False) -> Resource:
    """A diagnosis of `codes.DIAGNOSES`; `onset` is a date or a year."""
    code, display = codes.DIAGNOSES[diagnosis]
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    verification = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    return {
        "resourceType": "Condition",
        "meta": codes.meta("krcore-condition-encounter-diagnosis"),
        "clinicalStatus": coded(clinical, "resolved" if resolved else "active"),
        "verificationStatus": coded(verification, "confirmed"),
        "category": [coded(codes.CONDITION_CATEGORY, "진단")],
        "code": coded(codes.KCD_8, code, display),
        "subject": {"reference": setting.subject},
        "encounter": {"reference": setting.encounter},
        "onsetDateTime": onset,
        "recordedDate": setting.instant,
        "recorder": {"reference": setting.practitioner},
    }


def medication_request(setting: Setting, medicine: codes.Medicine, *, active: bool) -> Resource:
    """A prescription by ATC, its ingredient named by the extension krcore-medicationIngredient."""
    ingredient = coded(codes.ATC, medicine.atc, medicine.display)
    tablet = {"value": 1, "unit": "tablet", "system": codes.UCUM, "code": "{tbl}"}
    every = {"frequency": medicine.tablets, "period": medicine.period_days, "periodUnit": "d"}
    return {
        "resourceType": "MedicationRequest",
        "meta": codes.meta("krcore-medicationrequest"),
        "status": "active" if active else "completed",
        "intent": "order",
        "medicationCodeableConcept": {
            "extension": [
                {"url": codes.profile("krcore-medicationIngredient"), "valueCodeableConcept": ingredient},
            ],
            **ingredient,
        },
        "subject": {"reference": setting.subject},
        "encounter": {"reference": setting.encounter},
        "authoredOn": setting.instant,
        "requester": {"reference": setting.practitioner},
        "dosageInstruction": [
            {"text": _dosage(medicine), "timing": {"repeat": every}, "doseAndRate": [{"doseQuantity": tablet}]}
        ],
        "dispenseRequest": {
            "expectedSupplyDuration": {"value": medicine.supply_days, "system": codes.UCUM, "code": "d", "unit": "일"}
        },
    }


def _dosage(medicine: codes.Medicine) -> str:
    if medicine.period_days == 7:
        return f"일주일에 {medicine.tablets}번, 한 번에 1정"
    return f"하루 {medicine.tablets}번, 한 번에 1정"


def quantity(value: float, unit: str) -> Resource:
    """A Quantity in UCUM."""
    return {"value": value, "unit": unit, "system": codes.UCUM, "code": unit}


def measurement(setting: Setting, measure: codes.Measure, value: float) -> Resource:
    """An Observation of a quantity, in the measure's own unit."""
    return {
        **_observation_of(setting, measure),
        "valueQuantity": quantity(value, measure.unit),
        **_reference_range(measure),
    }


def measurement_in(setting: Setting, measure: codes.Measure, value: float, other: codes.OtherUnit) -> Resource:
    """The same Observation in another laboratory's code and unit. The reference range is left out."""
    converted = rounded(value * other.factor + other.shift, other.digits)
    return {
        **observation(setting, measure.category, coded(measure.system, other.code, other.display), measure.profile),
        "valueQuantity": quantity(converted, other.unit),
    }


def not_measured(setting: Setting, measure: codes.Measure, reason: str) -> Resource:
    """An Observation without a value; `reason` is a code of data-absent-reason."""
    return {
        **_observation_of(setting, measure),
        "dataAbsentReason": coded(codes.DATA_ABSENT_REASON, reason),
    }


def blood_pressure(setting: Setting, systolic: float, diastolic: float) -> Resource:
    """Systolic and diastolic pressure, mm[Hg]."""
    panel = observation(setting, "vital-signs", coded(codes.LOINC, *codes.BLOOD_PRESSURE), "krcore-bloodpressure")
    components = [(codes.SYSTOLIC, systolic), (codes.DIASTOLIC, diastolic)]
    return {
        **panel,
        "component": [
            {"code": coded(codes.LOINC, *code), "valueQuantity": quantity(value, "mm[Hg]")}
            for code, value in components
        ],
    }


def smoking_status(setting: Setting, smoking: str) -> Resource:
    """`smoking` is current, former or never."""
    loinc, snomed, display = codes.SMOKING_ANSWERS[smoking]
    answer = {
        "coding": [
            {"system": codes.LOINC, "code": loinc, "display": display},
            {"system": codes.SNOMED_CT, "code": snomed},
        ]
    }
    status = observation(setting, "social-history", coded(codes.LOINC, *codes.SMOKING_STATUS), "")
    return {**status, "valueCodeableConcept": answer}


def yes_no(setting: Setting, question: Resource, *, answer: bool) -> Resource:
    """An answer of yes or no to a question (CodeableConcept)."""
    return {**observation(setting, "survey", question, ""), "valueBoolean": answer}


def reviewed_list(setting: Setting, code: str, display: str, entries: list[str]) -> Resource:
    """A list of problems or medicines that a clinician went through with the citizen: what it lacks, the citizen lacks.

    `code` is LOINC 11450-4 for problems, 10160-0 for medicines; an empty list says so by `emptyReason` nilknown.
    """
    empty = {"emptyReason": coded("http://terminology.hl7.org/CodeSystem/list-empty-reason", "nilknown")}
    return {
        "resourceType": "List",
        "status": "current",
        "mode": "snapshot",
        "code": coded(codes.LOINC, code, display),
        "subject": {"reference": setting.subject},
        "encounter": {"reference": setting.encounter},
        "date": setting.instant,
        "source": {"reference": setting.practitioner},
        **({"entry": [{"item": {"reference": reference}} for reference in entries]} if entries else empty),
    }


def _observation_of(setting: Setting, measure: codes.Measure) -> Resource:
    code = coded(measure.system, measure.code, measure.display, measure.text)
    return observation(setting, measure.category, code, measure.profile)


def observation(setting: Setting, category: str, code: Resource, profile: str) -> Resource:
    """What all Observations have in common."""
    return {
        "resourceType": "Observation",
        **({"meta": codes.meta(profile)} if profile else {}),
        "status": "final",
        "category": [coded(codes.OBSERVATION_CATEGORY, category)],
        "code": code,
        "subject": {"reference": setting.subject},
        "encounter": {"reference": setting.encounter},
        "effectiveDateTime": setting.instant,
        **({"issued": setting.instant} if category == "laboratory" else {}),
        "performer": [{"reference": setting.practitioner if category == "exam" else setting.organization}],
    }


def rounded(value: float, digits: int) -> float:
    """A whole number where there are no digits after the point."""
    return round(value, digits) if digits else round(value)


def _reference_range(measure: codes.Measure) -> Resource:
    if measure.reference is None:
        return {}
    bounds = zip(("low", "high"), measure.reference, strict=True)
    return {"referenceRange": [{name: quantity(value, measure.unit) for name, value in bounds if value is not None}]}
