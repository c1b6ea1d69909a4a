"""What a measurement is called in plain words, by LOINC code or by the project's own assessment codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as word

from citizen_app_api.plain_language.coding import codings, text_of

LOINC: Final = "http://loinc.org"

NAMES: Final[Mapping[str, str]] = {
    "85354-9": word("Blood pressure"),
    "8480-6": word("Upper blood pressure (systolic)"),
    "8462-4": word("Lower blood pressure (diastolic)"),
    "8867-4": word("Pulse"),
    "8302-2": word("Height"),
    "29463-7": word("Weight"),
    "39156-5": word("Body mass index (weight for height)"),
    "8280-0": word("Waist"),
    "2708-6": word("Oxygen in the blood"),
    "59408-5": word("Oxygen in the blood"),
    "8310-5": word("Body temperature"),
    "9279-1": word("Breaths per minute"),
    "2093-3": word("Total cholesterol"),
    "14647-2": word("Total cholesterol"),
    "2085-9": word("HDL (good) cholesterol"),
    "14646-4": word("HDL (good) cholesterol"),
    "13457-7": word("LDL (bad) cholesterol"),
    "2089-1": word("LDL (bad) cholesterol"),
    "18262-6": word("LDL (bad) cholesterol"),
    "2571-8": word("Triglycerides (fat in the blood)"),
    "2160-0": word("Creatinine (kidneys)"),
    "14682-9": word("Creatinine (kidneys)"),
    "33914-3": word("Kidney filtration (eGFR)"),
    "62238-1": word("Kidney filtration (eGFR)"),
    "98979-8": word("Kidney filtration (eGFR)"),
    "1558-6": word("Fasting blood sugar"),
    "14771-0": word("Fasting blood sugar"),
    "2345-7": word("Blood sugar"),
    "2339-0": word("Blood sugar"),
    "4548-4": word("HbA1c (blood sugar over three months)"),
    "59261-8": word("HbA1c (blood sugar over three months)"),
    "9318-7": word("Protein in the urine (albumin to creatinine)"),
    "14959-1": word("Protein in the urine (albumin to creatinine)"),
    "1751-7": word("Albumin (protein in the blood)"),
    "1988-5": word("C-reactive protein (inflammation)"),
    "30522-7": word("C-reactive protein (inflammation)"),
    "718-7": word("Haemoglobin (anaemia)"),
    "736-9": word("Lymphocytes (share of white blood cells)"),
    "787-2": word("Size of the red blood cells"),
    "788-0": word("Variation of the red blood cells"),
    "6690-2": word("White blood cells"),
    "777-3": word("Platelets"),
    "6768-6": word("Alkaline phosphatase (liver and bone)"),
    "1742-6": word("ALT (liver)"),
    "1920-8": word("AST (liver)"),
    "2823-3": word("Potassium"),
    "2951-2": word("Sodium"),
    "72166-2": word("Smoking"),
    "52552-7": word("Falls in the past year"),
    "44261-6": word("Mood questionnaire (PHQ-9)"),
    "83172-7": word("Walking speed over 4 metres"),
    "83174-3": word("Grip strength, right hand"),
    "83173-5": word("Grip strength, left hand"),
    "chair-stands-5": word("Standing up from a chair five times"),
    "sppb-balance": word("Balance test"),
    "sppb-total": word("Physical performance test (SPPB)"),
    "timed-up-and-go": word("Stand up, walk and come back"),
    "falls-past-year": word("Falls in the past year"),
    "sarc-f-strength": word("Question: carrying 4.5 kg"),
    "sarc-f-walking": word("Question: walking across a room"),
    "sarc-f-chair": word("Question: getting up from a chair or bed"),
    "sarc-f-stairs": word("Question: climbing ten stairs"),
    "sarc-f-falls": word("Question: falls"),
    "education-years": word("Years of school"),
    "diabetes-family-history": word("Diabetes in the family"),
    "active-30-minutes-daily": word("Active for 30 minutes a day"),
    "vegetables-daily": word("Vegetables or fruit every day"),
    "antihypertensive-ever": word("Ever took medicine for high blood pressure"),
    "high-glucose-ever": word("Ever found to have high blood sugar"),
    "parent-dementia": word("A parent had dementia"),
    "lives-alone": word("Lives alone"),
    "material-deprivation": word("Lives with very little money"),
    "73985-4": word("Exercise that was done"),
    "55411-3": word("Time exercised"),
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
