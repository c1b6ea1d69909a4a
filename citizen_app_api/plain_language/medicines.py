"""Medicines in plain words, by ATC (WHO Collaborating Centre for Drug Statistics Methodology, atcddd.fhi.no)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language.coding import codings, text_of

ATC: Final = "http://www.whocc.no/atc"
INGREDIENTS: Final[Mapping[str, str]] = {
    "A02BC01": gettext_noop("omeprazole"),
    "A10BA02": gettext_noop("metformin"),
    "B01AC04": gettext_noop("clopidogrel"),
    "B01AC06": gettext_noop("aspirin"),
    "C08CA01": gettext_noop("amlodipine"),
    "C09CA01": gettext_noop("losartan"),
    "C10AA05": gettext_noop("atorvastatin"),
    "C10AA07": gettext_noop("rosuvastatin"),
    "M01AH01": gettext_noop("celecoxib"),
    "M05BA04": gettext_noop("alendronic acid"),
    "N02BE01": gettext_noop("paracetamol"),
    "N06AB10": gettext_noop("escitalopram"),
    "N06DA02": gettext_noop("donepezil"),
    "R03BB04": gettext_noop("tiotropium"),
}
# The longest prefix wins. A medicine can serve another purpose than the usual one.
PURPOSES: Final[Mapping[str, str]] = {
    "A02": gettext_noop("stomach acid"),
    "A10": gettext_noop("blood sugar"),
    "B01": gettext_noop("preventing blood clots"),
    "B03": gettext_noop("anaemia"),
    "C01": gettext_noop("the heart"),
    "C03": gettext_noop("draining water from the body"),
    "C07": gettext_noop("the heart and blood pressure"),
    "C08": gettext_noop("blood pressure"),
    "C09": gettext_noop("blood pressure"),
    "C10": gettext_noop("cholesterol"),
    "G04": gettext_noop("bladder and prostate"),
    "H03": gettext_noop("the thyroid"),
    "J01": gettext_noop("infections by bacteria"),
    "L01": gettext_noop("cancer"),
    "M01": gettext_noop("pain and inflammation"),
    "M04": gettext_noop("gout"),
    "M05": gettext_noop("bones"),
    "N02": gettext_noop("pain and fever"),
    "N03": gettext_noop("seizures"),
    "N04": gettext_noop("Parkinson's disease"),
    "N05": gettext_noop("sleep and calm"),
    "N06A": gettext_noop("mood"),
    "N06D": gettext_noop("memory"),
    "R03": gettext_noop("easier breathing"),
    "R06": gettext_noop("allergies"),
}


def title_of(concept: dict[str, Any] | None) -> str:
    """The plain name of a medicine, else the words that were recorded."""
    for _system, code in codings(concept):
        if code in INGREDIENTS:
            return _(INGREDIENTS[code])
    return text_of(concept) or _("A medicine without a name")


def purpose_of(concept: dict[str, Any] | None) -> str | None:
    """What such a medicine is usually taken for; None when that is not known."""
    for system, code in codings(concept):
        if system != ATC:
            continue
        for length in range(len(code), 2, -1):
            if code[:length] in PURPOSES:
                return _(PURPOSES[code[:length]])
    return None
