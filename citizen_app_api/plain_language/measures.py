"""What a measurement is called in plain words, by LOINC code or by the project's own assessment codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language.coding import codings, text_of

LOINC: Final = "http://loinc.org"

NAMES: Final[Mapping[str, str]] = {
    "85354-9": gettext_noop("Blood pressure"),
    "8480-6": gettext_noop("Upper blood pressure (systolic)"),
    "8462-4": gettext_noop("Lower blood pressure (diastolic)"),
    "8867-4": gettext_noop("Pulse"),
    "8302-2": gettext_noop("Height"),
    "29463-7": gettext_noop("Weight"),
    "39156-5": gettext_noop("Body mass index (weight for height)"),
    "8280-0": gettext_noop("Waist"),
    "2708-6": gettext_noop("Oxygen in the blood"),
    "59408-5": gettext_noop("Oxygen in the blood"),
    "8310-5": gettext_noop("Body temperature"),
    "9279-1": gettext_noop("Breaths per minute"),
    "2093-3": gettext_noop("Total cholesterol"),
    "14647-2": gettext_noop("Total cholesterol"),
    "2085-9": gettext_noop("HDL (good) cholesterol"),
    "14646-4": gettext_noop("HDL (good) cholesterol"),
    "13457-7": gettext_noop("LDL (bad) cholesterol"),
    "2089-1": gettext_noop("LDL (bad) cholesterol"),
    "18262-6": gettext_noop("LDL (bad) cholesterol"),
    "2571-8": gettext_noop("Triglycerides (fat in the blood)"),
    "2160-0": gettext_noop("Creatinine (kidneys)"),
    "14682-9": gettext_noop("Creatinine (kidneys)"),
    "33914-3": gettext_noop("Kidney filtration (eGFR)"),
    "62238-1": gettext_noop("Kidney filtration (eGFR)"),
    "98979-8": gettext_noop("Kidney filtration (eGFR)"),
    "1558-6": gettext_noop("Fasting blood sugar"),
    "14771-0": gettext_noop("Fasting blood sugar"),
    "2345-7": gettext_noop("Blood sugar"),
    "2339-0": gettext_noop("Blood sugar"),
    "4548-4": gettext_noop("HbA1c (blood sugar over three months)"),
    "59261-8": gettext_noop("HbA1c (blood sugar over three months)"),
    "9318-7": gettext_noop("Protein in the urine (albumin to creatinine)"),
    "14959-1": gettext_noop("Protein in the urine (albumin to creatinine)"),
    "1751-7": gettext_noop("Albumin (protein in the blood)"),
    "1988-5": gettext_noop("C-reactive protein (inflammation)"),
    "30522-7": gettext_noop("C-reactive protein (inflammation)"),
    "718-7": gettext_noop("Haemoglobin (anaemia)"),
    "736-9": gettext_noop("Lymphocytes (share of white blood cells)"),
    "787-2": gettext_noop("Size of the red blood cells"),
    "788-0": gettext_noop("Variation of the red blood cells"),
    "6690-2": gettext_noop("White blood cells"),
    "777-3": gettext_noop("Platelets"),
    "6768-6": gettext_noop("Alkaline phosphatase (liver and bone)"),
    "1742-6": gettext_noop("ALT (liver)"),
    "1920-8": gettext_noop("AST (liver)"),
    "2823-3": gettext_noop("Potassium"),
    "2951-2": gettext_noop("Sodium"),
    "72166-2": gettext_noop("Smoking"),
    "52552-7": gettext_noop("Falls in the past year"),
    "44261-6": gettext_noop("Mood questionnaire (PHQ-9)"),
    "83172-7": gettext_noop("Walking speed over 4 metres"),
    "83174-3": gettext_noop("Grip strength, right hand"),
    "83173-5": gettext_noop("Grip strength, left hand"),
    "chair-stands-5": gettext_noop("Standing up from a chair five times"),
    "sppb-balance": gettext_noop("Balance test"),
    "sppb-total": gettext_noop("Physical performance test (SPPB)"),
    "timed-up-and-go": gettext_noop("Stand up, walk and come back"),
    "falls-past-year": gettext_noop("Falls in the past year"),
    "sarc-f-strength": gettext_noop("Question: carrying 4.5 kg"),
    "sarc-f-walking": gettext_noop("Question: walking across a room"),
    "sarc-f-chair": gettext_noop("Question: getting up from a chair or bed"),
    "sarc-f-stairs": gettext_noop("Question: climbing ten stairs"),
    "sarc-f-falls": gettext_noop("Question: falls"),
    "education-years": gettext_noop("Years of school"),
    "diabetes-family-history": gettext_noop("Diabetes in the family"),
    "active-30-minutes-daily": gettext_noop("Active for 30 minutes a day"),
    "vegetables-daily": gettext_noop("Vegetables or fruit every day"),
    "antihypertensive-ever": gettext_noop("Ever took medicine for high blood pressure"),
    "high-glucose-ever": gettext_noop("Ever found to have high blood sugar"),
    "parent-dementia": gettext_noop("A parent had dementia"),
    "lives-alone": gettext_noop("Lives alone"),
    "material-deprivation": gettext_noop("Lives with very little money"),
    "73985-4": gettext_noop("Exercise that was done"),
    "55411-3": gettext_noop("Time exercised"),
}

# What the summary shows, each line one measurement under any of its codes.
VITAL_SIGNS: Final[tuple[tuple[str, ...], ...]] = (
    ("85354-9",),
    ("8867-4",),
    ("29463-7",),
    ("39156-5",),
)
LABORATORY: Final[tuple[tuple[str, ...], ...]] = (
    ("1558-6", "14771-0"),
    ("4548-4", "59261-8"),
    ("2093-3", "14647-2"),
    ("2160-0", "14682-9"),
    ("33914-3", "62238-1", "98979-8"),
)


def name_of(code: str) -> str | None:
    """The plain name of a code; None when there is none."""
    return _(NAMES[code]) if code in NAMES else None


def title_of(concept: dict[str, Any] | None) -> str:
    """The plain name of a measurement, else the words that were recorded."""
    for _system, code in codings(concept):
        if code in NAMES:
            return _(NAMES[code])
    return text_of(concept) or _("A measurement without a name")
