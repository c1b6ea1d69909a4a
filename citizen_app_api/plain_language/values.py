"""Numbers, units and dates as a citizen reads them. A missing value stays missing."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from citizen_app_api.plain_language.answers import answer_of
from citizen_app_api.plain_language.coding import first_code, text_of

Resource = dict[str, Any]
CITY_TIME = ZoneInfo("Asia/Seoul")

# UCUM codes (https://ucum.org) whose usual spelling differs from the code.
_UNITS = {
    "mm[Hg]": "mmHg",
    "Cel": "°C",
    "kg/m2": "kg/m²",
    "m2": "m²",
    "10*3/uL": "×10³/μL",
    "10*6/uL": "×10⁶/μL",
    "umol/L": "μmol/L",
    "ug/mL": "μg/mL",
    "mL/min/{1.73_m2}": "mL/min/1.73m²",
    "/min": gettext_noop("per minute"),
    "{score}": gettext_noop("points"),
    "{index}": "",
    "{count}": gettext_noop("times"),
    "{tbl}": gettext_noop("tablets"),
    "1": "",
    "a": gettext_noop("years"),
    "mo": gettext_noop("months"),
    "wk": gettext_noop("weeks"),
    "d": gettext_noop("days"),
    "h": gettext_noop("hours"),
    "min": gettext_noop("minutes"),
    "s": gettext_noop("seconds"),
}
_ABSENT = {
    "unknown": gettext_noop("not known"),
    "asked-unknown": gettext_noop("asked, but not known"),
    "not-asked": gettext_noop("not asked"),
    "asked-declined": gettext_noop("not answered"),
    "temp-unknown": gettext_noop("not known yet"),
    "not-performed": gettext_noop("not measured"),
    "not-applicable": gettext_noop("does not apply"),
    "masked": gettext_noop("not shown here"),
    "error": gettext_noop("the measurement failed"),
}


def unit_text(code: str) -> str:
    """A UCUM unit as it is usually written; an unknown one as it stands."""
    known = _UNITS.get(code, code)
    return _(known) if known else ""


def number_text(value: Decimal | float | int) -> str:
    """A decimal number with the digits that were recorded and no exponent."""
    return f"{Decimal(str(value)):f}"


def quantity_text(quantity: Resource | None) -> str | None:
    """`< 5 mg/dL` of a FHIR Quantity; None without a value."""
    if not quantity or quantity.get("value") is None:
        return None
    unit = unit_text(quantity.get("code") or quantity.get("unit") or "")
    measured = with_unit(number_text(quantity["value"]), unit)
    return f"{quantity['comparator']} {measured}" if quantity.get("comparator") else measured


def with_unit(number: str, unit: str) -> str:
    """A number and its unit; a Korean counter follows without a space."""
    return number + unit if not unit or "가" <= unit[0] <= "힣" else f"{number} {unit}"


def range_text(reference: Resource) -> str | None:
    """A reference range in words, as the laboratory recorded it."""
    low, high = quantity_text(reference.get("low")), quantity_text(reference.get("high"))
    if low and high:
        return _("%(low)s to %(high)s") % {"low": low, "high": high}
    if low:
        return _("%(low)s or more") % {"low": low}
    if high:
        return _("%(high)s or less") % {"high": high}
    return reference.get("text")


def value_text(element: Resource) -> str | None:
    """The value of an Observation or of one of its components in words; None where there is none."""
    if (quantity := element.get("valueQuantity")) is not None:
        return quantity_text(quantity)
    if (concept := element.get("valueCodeableConcept")) is not None:
        return answer_of(concept)
    if (answer := element.get("valueBoolean")) is not None:
        return _("Yes") if answer else _("No")
    for name in ("valueString", "valueInteger", "valueDateTime", "valueTime"):
        if element.get(name) is not None:
            return str(element[name])
    return None


def absent_text(element: Resource) -> str | None:
    """Why a value is missing, as recorded."""
    concept = element.get("dataAbsentReason")
    if not concept:
        return None
    code = next((coding.get("code") for coding in concept.get("coding", [])), None)
    return _(_ABSENT[code]) if code in _ABSENT else text_of(concept) or first_code(concept)


def day_of(text: str | None) -> str | None:
    """The day of a FHIR date or dateTime in the city, at its own precision: `2026-11-21`, `2026-11` or `2026`."""
    if not text:
        return None
    if "T" not in text:
        return text
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(CITY_TIME).date().isoformat()


def full_day(text: str | None) -> date | None:
    """The day as a date; None when it is known less precisely."""
    day = day_of(text)
    return date.fromisoformat(day) if day and len(day) == 10 else None


def completed_years(birth_date: str | None, on: date) -> int | None:
    """Age in completed years; None when the birth date is not known to the day."""
    born = full_day(birth_date)
    if born is None or born > on:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
