"""What a triage assessment looks at, and nothing else: no name, no sex, no address can change a level."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum

from inference.triage.vital_signs import Acvpu, Age, VitalSigns, responsiveness


class RespiratoryDistress(StrEnum):
    """Degree of respiratory distress as CTAS describes it."""

    NONE = "none"
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class Perfusion(StrEnum):
    """Haemodynamic state as CTAS describes it: compromised = borderline, postural; shock = pale, cool, thready."""

    NORMAL = "normal"
    COMPROMISED = "compromised"
    SHOCK = "shock"


class Appearance(StrEnum):
    """How a feverish patient looks to the crew."""

    WELL = "well"
    UNWELL = "unwell"
    SEPTIC = "septic"


class Bleeding(StrEnum):
    """Visible or suspected bleeding."""

    NONE = "none"
    MINOR = "minor"
    MODERATE = "moderate"
    LIFE_OR_LIMB = "life_or_limb"


class PainSite(StrEnum):
    """Central: from a body cavity or organ; peripheral: skin, soft tissue, bone surface, joints."""

    CENTRAL = "central"
    PERIPHERAL = "peripheral"


class PainOnset(StrEnum):
    """Acute or chronic (recurrent) pain."""

    ACUTE = "acute"
    CHRONIC = "chronic"


class Mechanism(StrEnum):
    """High-risk mechanisms of injury (Ontario prehospital CTAS guide, version 2, table 7)."""

    OCCUPANT_EJECTED = "occupant_ejected"
    VEHICLE_ROLLOVER = "vehicle_rollover"
    EXTRICATION_20_MIN = "extrication_20_min"
    INTRUSION = "intrusion"
    DEATH_IN_COMPARTMENT = "death_in_compartment"
    IMPACT_40_KMH_UNRESTRAINED = "impact_40_kmh_unrestrained"
    IMPACT_60_KMH_RESTRAINED = "impact_60_kmh_restrained"
    MOTORCYCLE_30_KMH = "motorcycle_30_kmh"
    FALL_6_M = "fall_6_m"
    PENETRATING_CORE = "penetrating_core"
    HEAD_FALL_1_M = "head_fall_1_m"
    HEAD_PEDESTRIAN_STRUCK = "head_pedestrian_struck"
    HEAD_BLUNT_OBJECT = "head_blunt_object"
    NECK_ROLLOVER = "neck_rollover"
    NECK_AXIAL_LOAD = "neck_axial_load"


class Symptom(StrEnum):
    """Symptoms that rules ask for, beside the chief complaint."""

    CHEST_PAIN = "chest_pain"
    DYSPNOEA = "dyspnoea"
    HEADACHE = "headache"
    NEUROLOGICAL_DEFICIT = "neurological_deficit"
    VISUAL_DISTURBANCE = "visual_disturbance"
    SEIZURE = "seizure"
    SYNCOPE = "syncope"
    DIAPHORESIS = "diaphoresis"
    DEHYDRATION = "dehydration"
    WEAKNESS = "weakness"
    CONFUSION = "confusion"


class ArrivalMode(StrEnum):
    """How the patient comes to the hospital."""

    AMBULANCE_119 = "ambulance_119"
    AMBULANCE_PRIVATE = "ambulance_private"
    PRIVATE_CAR = "private_car"
    PUBLIC_TRANSPORT = "public_transport"
    WALKING = "walking"
    WHEELCHAIR = "wheelchair"
    OTHER = "other"


class Complaint(StrEnum):
    """Chief complaints that our own pack has a rule for; a licensed pack brings its own table."""

    CARDIAC_ARREST = "cardiac_arrest"
    AIRWAY_FOREIGN_BODY = "airway_foreign_body"
    ANAPHYLAXIS = "anaphylaxis"
    DYSPNOEA = "dyspnoea"
    CHEST_PAIN_CARDIAC = "chest_pain_cardiac"
    CHEST_PAIN_OTHER = "chest_pain_other"
    PALPITATIONS = "palpitations"
    SYNCOPE = "syncope"
    STROKE_SYMPTOMS = "stroke_symptoms"
    SUDDEN_SEVERE_HEADACHE = "sudden_severe_headache"
    HEADACHE = "headache"
    DIZZINESS = "dizziness"
    SEIZURE_ONGOING = "seizure_ongoing"
    SEIZURE_ENDED = "seizure_ended"
    ABDOMINAL_PAIN = "abdominal_pain"
    HAEMATEMESIS_OR_MELAENA = "haematemesis_or_melaena"
    VOMITING_OR_DIARRHOEA = "vomiting_or_diarrhoea"
    FEVER = "fever"
    OVERDOSE_OR_POISONING = "overdose_or_poisoning"
    SELF_HARM_INTENT = "self_harm_intent"
    BIRTH_IMMINENT = "birth_imminent"
    BLEEDING_IN_PREGNANCY = "bleeding_in_pregnancy"
    AMPUTATION = "amputation"
    MAJOR_BURN = "major_burn"
    MINOR_INJURY = "minor_injury"
    MINOR_SKIN = "minor_skin"
    DRESSING_OR_PRESCRIPTION = "dressing_or_prescription"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class StrokeSigns:
    """One examination for CPSS, BE-FAST and LAMS together; None is not examined.

    `arm_drift` 0 none, 1 drifts down, 2 falls rapidly; `grip` 0 normal, 1 weak, 2 none (LAMS).
    """

    face: bool | None = None
    arm_drift: int | None = None
    grip: int | None = None
    speech: bool | None = None
    balance: bool | None = None
    eyes: bool | None = None


@dataclass(frozen=True, slots=True)
class TriageCase:
    """The whole input of an assessment. None is unknown; an empty set says "asked, none of them"."""

    age: Age | None = None
    pregnancy: bool | None = None
    vital_signs: VitalSigns = field(default_factory=VitalSigns)
    stroke_signs: StrokeSigns = field(default_factory=StrokeSigns)
    complaint: Complaint | None = None
    cardiac_arrest: bool | None = None
    airway_obstructed: bool | None = None
    respiratory_distress: RespiratoryDistress | None = None
    perfusion: Perfusion | None = None
    appearance: Appearance | None = None
    suspected_infection: bool | None = None
    immunocompromised: bool | None = None
    bleeding: Bleeding | None = None
    bleeding_disorder: bool | None = None
    pain_site: PainSite | None = None
    pain_onset: PainOnset | None = None
    injury: bool | None = None
    mechanism: frozenset[Mechanism] | None = None
    symptoms: frozenset[Symptom] | None = None
    ecg_st_elevation: bool | None = None
    arrival_mode: ArrivalMode | None = None


CaseValue = bool | float | str | frozenset[str] | None
CaseValues = dict[str, CaseValue]

_NESTED = ("age", "vital_signs", "stroke_signs")
_TOP = tuple(f.name for f in fields(TriageCase) if f.name not in _NESTED)
_VITAL = tuple(f.name for f in fields(VitalSigns))
_STROKE = tuple(f.name for f in fields(StrokeSigns))


def stated_values(case: TriageCase) -> CaseValues:
    """All inputs but age by their names, stroke signs prefixed `stroke_`, as the rule packs name them."""
    values: CaseValues = {name: getattr(case, name) for name in _TOP}
    values |= {name: getattr(case.vital_signs, name) for name in _VITAL}
    values |= {f"stroke_{name}": getattr(case.stroke_signs, name) for name in _STROKE}
    return values


def derived_values(case: TriageCase, stated: CaseValues) -> CaseValues:
    """The stated values with what follows from them.

    `acvpu` becomes the set of codes that all statements about consciousness leave open, None when all five are. Who is
    not injured has no mechanism of injury.
    """
    still_open = responsiveness(case.vital_signs)
    derived: CaseValues = {"acvpu": still_open if len(still_open) < len(Acvpu) else None}
    if case.injury is False and case.mechanism is None:
        derived["mechanism"] = frozenset()
    return stated | derived


INPUT_NAMES = (*_TOP, *_VITAL, *(f"stroke_{name}" for name in _STROKE), "age")
