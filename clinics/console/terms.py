"""Names of measurements in the language of the reader, by code system and code; what is not here keeps its own text.

LOINC codes are facts of loinc.org; the names are ours, as a Korean clinic writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

LOINC: Final = "http://loinc.org"
OBSERVATION: Final = "urn:bitgoeul:CodeSystem/observation"
TRIAGE: Final = "urn:bitgoeul:CodeSystem:triage"

_LOINC: Final[Mapping[str, Any]] = {
    "85354-9": _("Blood pressure"),
    "8480-6": _("Systolic blood pressure"),
    "8462-4": _("Diastolic blood pressure"),
    "8302-2": _("Height"),
    "29463-7": pgettext_lazy("console", "Weight"),
    "39156-5": _("Body mass index"),
    "8280-0": _("Waist circumference"),
    "8867-4": _("Heart rate"),
    "9279-1": _("Respiratory rate"),
    "2708-6": _("Oxygen saturation"),
    "59408-5": _("Oxygen saturation"),
    "8310-5": _("Body temperature"),
    "2093-3": _("Total cholesterol"),
    "14647-2": _("Total cholesterol"),
    "2085-9": _("HDL cholesterol"),
    "14646-4": _("HDL cholesterol"),
    "13457-7": _("LDL cholesterol"),
    "18262-6": _("LDL cholesterol"),
    "2571-8": _("Triglycerides"),
    "2160-0": _("Creatinine"),
    "14682-9": _("Creatinine"),
    "98979-8": _("eGFR"),
    "62238-1": _("eGFR"),
    "33914-3": _("eGFR"),
    "1558-6": _("Fasting glucose"),
    "14771-0": _("Fasting glucose"),
    "2339-0": _("Glucose"),
    "2345-7": _("Glucose"),
    "4548-4": _("HbA1c"),
    "59261-8": _("HbA1c"),
    "9318-7": _("Urine albumin/creatinine ratio"),
    "14959-1": _("Urine albumin/creatinine ratio"),
    "1751-7": _("Albumin"),
    "1988-5": _("C-reactive protein"),
    "30522-7": _("C-reactive protein, high sensitivity"),
    "736-9": _("Lymphocytes"),
    "26478-8": _("Lymphocytes"),
    "787-2": _("Mean corpuscular volume"),
    "788-0": _("Red cell distribution width"),
    "6690-2": _("White blood cells"),
    "26464-8": _("White blood cells"),
    "718-7": _("Haemoglobin"),
    "777-3": _("Platelets"),
    "1920-8": _("AST"),
    "1742-6": _("ALT"),
    "6768-6": _("Alkaline phosphatase"),
    "83172-7": _("Gait speed, 4 m"),
    "83174-3": _("Grip strength, right"),
    "83173-5": _("Grip strength, left"),
    "72166-2": _("Smoking"),
    "52552-7": pgettext_lazy("console", "Falls in the past year"),
    "44261-6": _("PHQ-9 total"),
    "9269-2": _("Glasgow coma scale"),
    "72514-3": pgettext_lazy("console", "Pain (0-10)"),
    "67775-7": _("Consciousness"),
    "46098-0": _("Sex"),
    "30525-0": _("Age"),
}
_OBSERVATION: Final[Mapping[str, Any]] = {
    "chair-stands": _("Five chair stands"),
    "sppb-balance": _("SPPB balance"),
    "sppb": _("SPPB total"),
    "tug": _("Timed up and go"),
    "falls-12-months": _("Falls in the past 12 months"),
    "sarc-f-strength": _("SARC-F: strength"),
    "sarc-f-walking": _("SARC-F: walking"),
    "sarc-f-chair": _("SARC-F: rising from a chair"),
    "sarc-f-stairs": _("SARC-F: stairs"),
    "sarc-f-falls": _("SARC-F: falls"),
    "education-years": _("Years of education"),
    "diabetes-family-history": _("Diabetes in the family (FINDRISC grade)"),
    "active-30-minutes-daily": _("Active 30 minutes a day"),
    "vegetables-daily": pgettext_lazy("console", "Vegetables or fruit every day"),
    "antihypertensive-ever": pgettext_lazy("console", "Ever took medicine for high blood pressure"),
    "high-glucose-ever": _("Ever found to have high blood glucose"),
    "parent-dementia": pgettext_lazy("console", "A parent had dementia"),
    "lives-alone": pgettext_lazy("console", "Lives alone"),
    "material-deprivation": _("Lives in material deprivation"),
}
_TRIAGE: Final[Mapping[str, Any]] = {
    "triage-level": _("Triage level"),
    "oxygen-given": _("Oxygen given"),
    "news2": "NEWS2",
    "qsofa": "qSOFA",
    "shock_index": _("Shock index"),
    "sipa": _("Paediatric shock index (SIPA)"),
    "rts": "RTS",
    "t_rts": "T-RTS",
    "cpss": "CPSS",
    "be_fast": "BE-FAST",
    "lams": "LAMS",
    "cardiac_arrest": _("Cardiac arrest"),
    "airway_foreign_body": _("Foreign body in the airway"),
    "anaphylaxis": _("Anaphylaxis"),
    "dyspnoea": _("Shortness of breath"),
    "chest_pain_cardiac": _("Chest pain, cardiac features"),
    "chest_pain_other": _("Chest pain, other"),
    "palpitations": _("Palpitations"),
    "syncope": _("Syncope"),
    "stroke_symptoms": _("Stroke symptoms"),
    "sudden_severe_headache": _("Sudden severe headache"),
    "headache": _("Headache"),
    "dizziness": _("Dizziness"),
    "seizure_ongoing": _("Seizure, ongoing"),
    "seizure_ended": _("Seizure, ended"),
    "abdominal_pain": _("Abdominal pain"),
    "haematemesis_or_melaena": _("Vomiting blood or black stools"),
    "vomiting_or_diarrhoea": _("Vomiting or diarrhoea"),
    "fever": _("Fever"),
    "overdose_or_poisoning": _("Overdose or poisoning"),
    "self_harm_intent": _("Intent of self-harm"),
    "birth_imminent": _("Birth imminent"),
    "bleeding_in_pregnancy": _("Bleeding in pregnancy"),
    "amputation": _("Amputation"),
    "major_burn": _("Major burn"),
    "minor_injury": _("Minor injury"),
    "minor_skin": _("Minor skin complaint"),
    "dressing_or_prescription": _("Dressing or prescription"),
    "other": pgettext_lazy("console", "Other complaint"),
}
# A level of consciousness as the ambulance writes it, a text without a code.
_TEXTS: Final[Mapping[str, Any]] = {
    "Alert": _("Alert"),
    "New confusion": _("New confusion"),
    "Responds to voice": _("Responds to voice"),
    "Responds to pain": _("Responds to pain"),
    "Unresponsive": _("Unresponsive"),
}
LEVELS: Final[Mapping[int, Any]] = {
    1: _("Resuscitation"),
    2: _("Emergent"),
    3: _("Urgent"),
    4: _("Less urgent"),
    5: _("Non-urgent"),
}
_ANSWERS: Final[Mapping[tuple[str, str], Any]] = {
    (LOINC, "LA18976-3"): _("Smokes every day"),
    (LOINC, "LA15920-4"): _("Former smoker"),
    (LOINC, "LA18978-9"): _("Never smoked"),
}
_SYSTEMS: Final = {LOINC: _LOINC, OBSERVATION: _OBSERVATION, TRIAGE: _TRIAGE}
_ORDER: Final = {
    key: place for place, key in enumerate(f"{system}|{code}" for system, codes in _SYSTEMS.items() for code in codes)
}
# How a unit is written for people; UCUM's own form is for machines.
_UNITS: Final[Mapping[str, Any]] = {
    "mm[Hg]": "mmHg",
    "Cel": "℃",
    "kg/m2": "kg/m²",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "/min": _("per minute"),
    "10*3/uL": "10³/µL",
    "umol/L": "µmol/L",
    "{score}": pgettext_lazy("unit", "points"),
    "{count}": pgettext_lazy("unit", "times"),
    "a": pgettext_lazy("unit", "years"),
    "1": "",
}
ABSENT: Final[Mapping[str, Any]] = {
    "unknown": pgettext_lazy("console", "not known"),
    "asked-unknown": _("asked, not known"),
    "asked-declined": pgettext_lazy("console", "declined"),
    "not-asked": _("not asked"),
    "not-performed": _("not performed"),
    "not-permitted": _("not permitted"),
    "masked": _("masked"),
    "error": _("measurement failed"),
    "not-applicable": _("not applicable"),
    "unsupported": _("not supported"),
    "temp-unknown": _("not known yet"),
}


def unit(code: str) -> Any:
    """How the UCUM unit ``code`` is written for people."""
    return _UNITS.get(code, code)


def position(key: str) -> int:
    """Where the measurement ``system|code`` stands among those of its kind: as listed above, unknown ones last."""
    return _ORDER.get(key, len(_ORDER))


def answer(system: str, code: str) -> Any:
    """The name of an answer; None when it is not known here."""
    return _ANSWERS.get((system, code))


def name_of(concept: Mapping[str, Any]) -> Any:
    """The name of a CodeableConcept: ours, its text, a display, a code, in this order; "" without any."""
    codings = concept.get("coding") or []
    for coding in codings:
        known = _SYSTEMS.get(coding.get("system", ""), {}).get(coding.get("code", ""))
        if known is not None:
            return known
    if concept.get("text"):
        return _TEXTS.get(concept["text"], concept["text"])
    return next((coding[part] for part in ("display", "code") for coding in codings if coding.get(part)), "")


def key_of(concept: Mapping[str, Any]) -> str:
    """What tells this concept from others: ``system|code`` of its first coding, else its text."""
    for coding in concept.get("coding") or []:
        if coding.get("code"):
            return f"{coding.get('system', '')}|{coding['code']}"
    return str(concept.get("text", ""))
