"""Diagnoses in plain words, by the first three characters of ICD-10, which KCD-8 keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language.coding import codings, text_of

_ICD_10: Final = re.compile(r"([A-Z]\d\d)(?:\.?\w{1,4})?")
NAMES: Final[Mapping[str, str]] = {
    "C16": gettext_noop("Stomach cancer"),
    "C18": gettext_noop("Bowel cancer"),
    "C34": gettext_noop("Lung cancer"),
    "C50": gettext_noop("Breast cancer"),
    "C61": gettext_noop("Prostate cancer"),
    "D50": gettext_noop("Anaemia from lack of iron"),
    "E03": gettext_noop("Underactive thyroid"),
    "E05": gettext_noop("Overactive thyroid"),
    "E10": gettext_noop("Type 1 diabetes"),
    "E11": gettext_noop("Type 2 diabetes"),
    "E14": gettext_noop("Diabetes"),
    "E66": gettext_noop("Obesity"),
    "E78": gettext_noop("High cholesterol or blood fat"),
    "F00": gettext_noop("Alzheimer's dementia"),
    "F01": gettext_noop("Vascular dementia"),
    "F03": gettext_noop("Dementia"),
    "F32": gettext_noop("Depression"),
    "F33": gettext_noop("Depression that comes back"),
    "G20": gettext_noop("Parkinson's disease"),
    "G30": gettext_noop("Alzheimer's disease"),
    "G40": gettext_noop("Epilepsy"),
    "G47": gettext_noop("Sleep problem"),
    "H25": gettext_noop("Cataract"),
    "H40": gettext_noop("Glaucoma"),
    "I10": gettext_noop("High blood pressure"),
    "I20": gettext_noop("Angina (chest pain from the heart)"),
    "I21": gettext_noop("Heart attack"),
    "I25": gettext_noop("Narrowed heart vessels"),
    "I48": gettext_noop("Irregular heartbeat (atrial fibrillation)"),
    "I50": gettext_noop("Heart failure"),
    "I61": gettext_noop("Stroke (bleeding in the brain)"),
    "I63": gettext_noop("Stroke (blocked vessel in the brain)"),
    "I69": gettext_noop("After-effects of a stroke"),
    "J00": gettext_noop("Cold"),
    "J06": gettext_noop("Cold"),
    "J18": gettext_noop("Pneumonia"),
    "J20": gettext_noop("Bronchitis"),
    "J44": gettext_noop("Chronic lung disease (COPD)"),
    "J45": gettext_noop("Asthma"),
    "K21": gettext_noop("Acid reflux"),
    "K25": gettext_noop("Stomach ulcer"),
    "K29": gettext_noop("Inflamed stomach"),
    "K74": gettext_noop("Scarred liver"),
    "M05": gettext_noop("Rheumatoid arthritis"),
    "M06": gettext_noop("Rheumatoid arthritis"),
    "M10": gettext_noop("Gout"),
    "M16": gettext_noop("Worn hip joint"),
    "M17": gettext_noop("Worn knee joint"),
    "M54": gettext_noop("Back pain"),
    "M62": gettext_noop("Weak muscles"),
    "M80": gettext_noop("Brittle bones with a fracture"),
    "M81": gettext_noop("Brittle bones (osteoporosis)"),
    "N18": gettext_noop("Chronic kidney disease"),
    "N40": gettext_noop("Enlarged prostate"),
    "S72": gettext_noop("Broken hip"),
}


def title_of(concept: dict[str, Any] | None) -> str:
    """The plain name of a diagnosis, else the words that were recorded."""
    for _system, code in codings(concept):
        match = _ICD_10.fullmatch(code)
        if match and match[1] in NAMES:
            return _(NAMES[match[1]])
    return text_of(concept) or _("A diagnosis without a name")


def key_of(concept: dict[str, Any] | None) -> str:
    """What makes two entries the same disease: the code as recorded, else the words."""
    for system, code in codings(concept):
        if code:
            return f"{system}|{code}"
    return text_of(concept) or ""
