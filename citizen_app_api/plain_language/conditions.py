"""Diagnoses in plain words, by the first three characters of ICD-10, which KCD-8 keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as word

from citizen_app_api.plain_language.coding import codings, text_of

_ICD_10: Final = re.compile(r"([A-Z]\d\d)(?:\.?\w{1,4})?")
NAMES: Final[Mapping[str, str]] = {
    "C16": word("Stomach cancer"),
    "C18": word("Bowel cancer"),
    "C34": word("Lung cancer"),
    "C50": word("Breast cancer"),
    "C61": word("Prostate cancer"),
    "D50": word("Anaemia from lack of iron"),
    "E03": word("Underactive thyroid"),
    "E05": word("Overactive thyroid"),
    "E10": word("Type 1 diabetes"),
    "E11": word("Type 2 diabetes"),
    "E14": word("Diabetes"),
    "E66": word("Obesity"),
    "E78": word("High cholesterol or blood fat"),
    "F00": word("Alzheimer's dementia"),
    "F01": word("Vascular dementia"),
    "F03": word("Dementia"),
    "F32": word("Depression"),
    "F33": word("Depression that comes back"),
    "G20": word("Parkinson's disease"),
    "G30": word("Alzheimer's disease"),
    "G40": word("Epilepsy"),
    "G47": word("Sleep problem"),
    "H25": word("Cataract"),
    "H40": word("Glaucoma"),
    "I10": word("High blood pressure"),
    "I20": word("Angina (chest pain from the heart)"),
    "I21": word("Heart attack"),
    "I25": word("Narrowed heart vessels"),
    "I48": word("Irregular heartbeat (atrial fibrillation)"),
    "I50": word("Heart failure"),
    "I61": word("Stroke (bleeding in the brain)"),
    "I63": word("Stroke (blocked vessel in the brain)"),
    "I69": word("After-effects of a stroke"),
    "J00": word("Cold"),
    "J06": word("Cold"),
    "J18": word("Pneumonia"),
    "J20": word("Bronchitis"),
    "J44": word("Chronic lung disease (COPD)"),
    "J45": word("Asthma"),
    "K21": word("Acid reflux"),
    "K25": word("Stomach ulcer"),
    "K29": word("Inflamed stomach"),
    "K74": word("Scarred liver"),
    "M05": word("Rheumatoid arthritis"),
    "M06": word("Rheumatoid arthritis"),
    "M10": word("Gout"),
    "M16": word("Worn hip joint"),
    "M17": word("Worn knee joint"),
    "M54": word("Back pain"),
    "M62": word("Weak muscles"),
    "M80": word("Brittle bones with a fracture"),
    "M81": word("Brittle bones (osteoporosis)"),
    "N18": word("Chronic kidney disease"),
    "N40": word("Enlarged prostate"),
    "S72": word("Broken hip"),
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
