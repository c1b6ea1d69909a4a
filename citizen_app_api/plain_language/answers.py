"""Coded answers in plain words: LOINC answer codes and their SNOMED CT fellows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language.coding import codings, first_code, text_of

ANSWERS: Final[Mapping[str, str]] = {
    "LA18976-3": gettext_noop("smokes every day"),
    "449868002": gettext_noop("smokes every day"),
    "LA18977-1": gettext_noop("smokes on some days"),
    "428041000124106": gettext_noop("smokes on some days"),
    "LA15920-4": gettext_noop("used to smoke"),
    "8517006": gettext_noop("used to smoke"),
    "LA18978-9": gettext_noop("never smoked"),
    "266919005": gettext_noop("never smoked"),
    "LA33-6": gettext_noop("Yes"),
    "LA32-8": gettext_noop("No"),
    "LA6568-5": gettext_noop("not at all"),
    "LA6569-3": gettext_noop("on several days"),
    "LA6570-1": gettext_noop("on more than half the days"),
    "LA6571-9": gettext_noop("nearly every day"),
}


def answer_of(concept: dict[str, Any]) -> str | None:
    """A coded answer: in plain words, else as recorded, else its code, for an answer is never dropped."""
    known = next((ANSWERS[code] for _system, code in codings(concept) if code in ANSWERS), None)
    return _(known) if known else text_of(concept) or first_code(concept)
