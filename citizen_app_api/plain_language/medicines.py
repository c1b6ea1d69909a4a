"""Medicines in plain words, by ATC (WHO Collaborating Centre for Drug Statistics Methodology, atcddd.fhi.no)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as word

from citizen_app_api.plain_language.coding import codings, text_of

ATC: Final = "http://www.whocc.no/atc"
INGREDIENTS: Final[Mapping[str, str]] = {
    "A02BC01": word("omeprazole"),
    "A10BA02": word("metformin"),
    "B01AC04": word("clopidogrel"),
    "B01AC06": word("aspirin"),
    "C08CA01": word("amlodipine"),
    "C09CA01": word("losartan"),
    "C10AA05": word("atorvastatin"),
    "C10AA07": word("rosuvastatin"),
    "M01AH01": word("celecoxib"),
    "M05BA04": word("alendronic acid"),
    "N02BE01": word("paracetamol"),
    "N06AB10": word("escitalopram"),
    "N06DA02": word("donepezil"),
    "R03BB04": word("tiotropium"),
}
# The longest prefix wins. A medicine can serve another purpose than the usual one.
PURPOSES: Final[Mapping[str, str]] = {
    "A02": word("stomach acid"),
    "A10": word("blood sugar"),
    "B01": word("preventing blood clots"),
    "B03": word("anaemia"),
    "C01": word("the heart"),
    "C03": word("draining water from the body"),
    "C07": word("the heart and blood pressure"),
    "C08": word("blood pressure"),
    "C09": word("blood pressure"),
    "C10": word("cholesterol"),
    "G04": word("bladder and prostate"),
    "H03": word("the thyroid"),
    "J01": word("infections by bacteria"),
    "L01": word("cancer"),
    "M01": word("pain and inflammation"),
    "M04": word("gout"),
    "M05": word("bones"),
    "N02": word("pain and fever"),
    "N03": word("seizures"),
    "N04": word("Parkinson's disease"),
    "N05": word("sleep and calm"),
    "N06A": word("mood"),
    "N06D": word("memory"),
    "R03": word("easier breathing"),
    "R06": word("allergies"),
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
