"""A small part of LOINC, enough for what the platform's models, KR Core's vital signs and the triage read.

This content contains material from LOINC (http://loinc.org). LOINC is copyright Regenstrief Institute, Inc. and the
LOINC Committee, and is available at no cost under the licence at http://loinc.org/license. The names are LOINC's long
common names. A city that has downloaded the whole of LOINC loads it by `manage.py terminology_load loinc Loinc.csv`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

URL: Final = "http://loinc.org"

NAMES: Final[Mapping[str, str]] = {
    "85353-1": "Vital signs, weight, height, head circumference, oxygen saturation and BMI panel",
    "85354-9": "Blood pressure panel with all children optional",
    "8480-6": "Systolic blood pressure",
    "8462-4": "Diastolic blood pressure",
    "8867-4": "Heart rate",
    "9279-1": "Respiratory rate",
    "2708-6": "Oxygen saturation in Arterial blood",
    "59408-5": "Oxygen saturation in Arterial blood by Pulse oximetry",
    "8310-5": "Body temperature",
    "8302-2": "Body height",
    "29463-7": "Body weight",
    "39156-5": "Body mass index (BMI) [Ratio]",
    "8280-0": "Waist Circumference at umbilicus by Tape measure",
    "2093-3": "Cholesterol [Mass/volume] in Serum or Plasma",
    "14647-2": "Cholesterol [Moles/volume] in Serum or Plasma",
    "2085-9": "Cholesterol in HDL [Mass/volume] in Serum or Plasma",
    "14646-4": "Cholesterol in HDL [Moles/volume] in Serum or Plasma",
    "18262-6": "Cholesterol in LDL [Mass/volume] in Serum or Plasma by Direct assay",
    "2571-8": "Triglyceride [Mass/volume] in Serum or Plasma",
    "2160-0": "Creatinine [Mass/volume] in Serum or Plasma",
    "14682-9": "Creatinine [Moles/volume] in Serum or Plasma",
    "38483-4": "Creatinine [Mass/volume] in Blood",
    "9318-7": "Albumin/Creatinine [Mass Ratio] in Urine",
    "14959-1": "Microalbumin/Creatinine [Mass Ratio] in Urine",
    "4548-4": "Hemoglobin A1c/Hemoglobin.total in Blood",
    "1558-6": "Fasting glucose [Mass/volume] in Serum or Plasma",
    "2339-0": "Glucose [Mass/volume] in Blood",
    "2345-7": "Glucose [Mass/volume] in Serum or Plasma",
    "1751-7": "Albumin [Mass/volume] in Serum or Plasma",
    "1988-5": "C reactive protein [Mass/volume] in Serum or Plasma",
    "736-9": "Lymphocytes/100 leukocytes in Blood by Automated count",
    "787-2": "MCV [Entitic volume] by Automated count",
    "788-0": "Erythrocyte distribution width [Ratio] by Automated count",
    "6768-6": "Alkaline phosphatase [Enzymatic activity/volume] in Serum or Plasma",
    "6690-2": "Leukocytes [#/volume] in Blood by Automated count",
    "777-3": "Platelets [#/volume] in Blood by Automated count",
    "718-7": "Hemoglobin [Mass/volume] in Blood",
    "1920-8": "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma",
    "1742-6": "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma",
    "2777-1": "Phosphate [Mass/volume] in Serum or Plasma",
    "1963-8": "Bicarbonate [Moles/volume] in Serum or Plasma",
    "2028-9": "Carbon dioxide, total [Moles/volume] in Serum or Plasma",
    "17861-6": "Calcium [Mass/volume] in Serum or Plasma",
    "2951-2": "Sodium [Moles/volume] in Serum or Plasma",
    "2823-3": "Potassium [Moles/volume] in Serum or Plasma",
    "72166-2": "Tobacco smoking status",
    "44250-9": "Little interest or pleasure in doing things in last 2 weeks",
    "44255-8": "Feeling down, depressed, or hopeless in last 2 weeks",
    "44261-6": "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]",
    "55758-7": "Patient Health Questionnaire 2 item (PHQ-2) total score [Reported]",
}


@cache
def facts() -> Mapping[str, Any]:
    """The compact form that `Terminology.with_facts` takes; a fragment, so a code that is missing may still exist."""
    rows = [[code, name] for code, name in NAMES.items()]
    return {"code_systems": {URL: ["", "fragment", False, rows]}, "value_sets": {}, "concept_maps": {}}
