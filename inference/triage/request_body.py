"""From the JSON body of a triage request to a `TriageRequest`, or to every fault it has, each with its remedy.

Null and absent both mean unknown. The fields of `TriageCase` decide about the level; sex, patient, position and time
are for the record and the hospitals alone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from django.utils.translation import gettext as _

from inference.triage.case import (
    Appearance,
    ArrivalMode,
    Bleeding,
    Complaint,
    Mechanism,
    PainOnset,
    PainSite,
    Perfusion,
    RespiratoryDistress,
    StrokeSigns,
    Symptom,
    TriageCase,
)
from inference.triage.course import EarlierLevel
from inference.triage.hospitals import Position
from inference.triage.vital_signs import MEASUREMENTS, Acvpu, Age, Avpu, Measurement, VitalSigns, age_from_quantity

LARGEST_BODY = 64 * 1024  # bytes
LONGEST_TEXT = 500
MOST_EARLIER = 50
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # what no FHIR string may hold (R4, datatypes.html#string)


class Sex(StrEnum):
    """http://hl7.org/fhir/administrative-gender, for the record alone."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TriageRequest:
    """A valid request. `body` is the canonical JSON (sorted keys) that identifies it."""

    case: TriageCase
    body: bytes
    sex: Sex | None = None
    complaint_text: str | None = None
    patient: str | None = None
    position: Position | None = None
    measured_at: datetime | None = None
    earlier: tuple[EarlierLevel, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field (dotted path) and how to mend it, in the reader's language."""

    field: str
    message: str


class InvalidRequest(ValueError):
    """The body cannot be understood: `errors` names every bad field; empty when it is not a JSON object at all."""

    def __init__(self, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class _Bad(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the body: how it is read (raises _Bad) and its JSON Schema, null aside."""

    parse: Callable[[Any], Any]
    schema: Mapping[str, Any]


Fields = Mapping[str, Field]


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Bad(_("Send true, false or null."))
    return value


BOOLEAN = Field(_boolean, {"type": "boolean"})


def _choice(codes: type[StrEnum]) -> Field:
    by_value = {code.value: code for code in codes}

    def parse(value: Any) -> StrEnum:
        if not isinstance(value, str) or value not in by_value:
            raise _Bad(_("Send one of %(codes)s, or null.") % {"codes": ", ".join(by_value)})
        return by_value[value]

    return Field(parse, {"type": "string", "enum": list(by_value)})


def _choices(codes: type[StrEnum]) -> Field:
    by_value = {code.value: code for code in codes}

    def parse(value: Any) -> frozenset[StrEnum]:
        if not isinstance(value, list) or not all(isinstance(item, str) and item in by_value for item in value):
            raise _Bad(
                _("Send a list of %(codes)s; an empty list for none, null for unknown.")
                % {"codes": ", ".join(by_value)}
            )
        return frozenset(by_value[item] for item in value)

    return Field(parse, {"type": "array", "items": {"type": "string", "enum": list(by_value)}})


def _number(low: float, high: float, unit: str, *, integer: bool) -> Field:
    def parse(value: Any) -> float:
        wanted = {"low": f"{low:g}", "high": f"{high:g}", "unit": unit}
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _Bad(_("Send a number from %(low)s to %(high)s %(unit)s, or null.") % wanted)
        if not low <= value <= high:
            raise _Bad(
                _("The value is not plausible: send %(low)s to %(high)s %(unit)s, or null when unknown.") % wanted
            )
        if integer and value != int(value):
            raise _Bad(_("Send a whole number from %(low)s to %(high)s %(unit)s, or null.") % wanted)
        return int(value) if integer else value

    kind = "integer" if integer else "number"
    return Field(parse, {"type": kind, "minimum": low, "maximum": high} | ({"description": unit} if unit else {}))


def _measured(measurement: Measurement) -> Field:
    return _number(measurement.low, measurement.high, measurement.unit, integer=measurement.integer)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise _Bad(_("Send a text of at most %(most)s characters, or null.") % {"most": LONGEST_TEXT})
    return _CONTROL.sub(" ", value)


def _patient(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"Patient/[A-Za-z0-9\-.]{1,64}", value):
        raise _Bad(_("Send a reference such as Patient/123, or null."))
    return value


def _time(value: Any) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        time = None
    if time is None or not _has_fhir_offset(time):
        raise _Bad(_("Send a date and time with its offset, such as 2026-11-22T09:30:00+09:00, or null."))
    return time


def _has_fhir_offset(time: datetime) -> bool:
    """An offset of whole minutes up to 14 hours (R4, datatypes.html#dateTime)."""
    offset = time.utcoffset()
    return offset is not None and not offset % timedelta(minutes=1) and abs(offset) <= timedelta(hours=14)


def _age(value: Any) -> Age:
    remedy = _('Send {"value": 67, "unit": "a"}: a for completed years 0-125, mo for months 0-47, d for days 0-60.')
    if not isinstance(value, dict) or set(value) != {"value", "unit"}:
        raise _Bad(remedy)
    number = value["value"]
    if isinstance(number, bool) or not isinstance(number, int) or not isinstance(value["unit"], str):
        raise _Bad(remedy)
    try:
        return age_from_quantity(number, value["unit"])
    except ValueError:
        raise _Bad(remedy) from None


def _earlier(value: Any) -> tuple[EarlierLevel, ...]:
    remedy = _(
        'Send a list of at most %(most)s earlier assessments, each {"level": 1 to 5, "at": date and time with offset, '
        '"cardiac_arrest": true or false}, or null.'
    ) % {"most": MOST_EARLIER}
    if not isinstance(value, list) or len(value) > MOST_EARLIER:
        raise _Bad(remedy)
    return tuple(_earlier_level(each, remedy) for each in value)


def _earlier_level(value: Any, remedy: str) -> EarlierLevel:
    if not isinstance(value, dict) or not {"level", "at"} <= set(value) <= {"level", "at", "cardiac_arrest"}:
        raise _Bad(remedy)
    level, arrest = value["level"], value.get("cardiac_arrest", False)
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= 5 or not isinstance(arrest, bool):
        raise _Bad(remedy)
    return EarlierLevel(level, _time(value["at"]), arrest)


AGE = Field(
    _age,
    {
        "type": "object",
        "required": ["value", "unit"],
        "additionalProperties": False,
        "properties": {
            "value": {"type": "integer", "minimum": 0, "maximum": 125},
            "unit": {"type": "string", "enum": ["a", "mo", "d"], "description": "UCUM: years, months, days"},
        },
    },
)
TEXT = Field(_text, {"type": "string", "maxLength": LONGEST_TEXT})
PATIENT = Field(_patient, {"type": "string", "pattern": r"^Patient/[A-Za-z0-9\-.]{1,64}$"})
TIME = Field(_time, {"type": "string", "format": "date-time"})

EARLIER = Field(
    _earlier,
    {
        "type": "array",
        "maxItems": MOST_EARLIER,
        "items": {
            "type": "object",
            "required": ["level", "at"],
            "additionalProperties": False,
            "properties": {
                "level": {"type": "integer", "minimum": 1, "maximum": 5},
                "at": {"type": "string", "format": "date-time"},
                "cardiac_arrest": {"type": "boolean"},
            },
        },
    },
)

VITAL_SIGN_FIELDS: Fields = {
    **{name: _measured(measurement) for name, measurement in MEASUREMENTS.items()},
    "acvpu": _choice(Acvpu),
    "avpu": _choice(Avpu),
    "oxygen_given": BOOLEAN,
    "hypercapnic_target": BOOLEAN,
}
STROKE_FIELDS: Fields = {
    "face": BOOLEAN,
    "arm_drift": _number(0, 2, "", integer=True),
    "grip": _number(0, 2, "", integer=True),
    "speech": BOOLEAN,
    "balance": BOOLEAN,
    "eyes": BOOLEAN,
}
POSITION_FIELDS: Fields = {
    "latitude": _number(-90, 90, "deg", integer=False),
    "longitude": _number(-180, 180, "deg", integer=False),
}
CASE_FIELDS: Fields = {
    "age": AGE,
    "pregnancy": BOOLEAN,
    "complaint": _choice(Complaint),
    "cardiac_arrest": BOOLEAN,
    "airway_obstructed": BOOLEAN,
    "respiratory_distress": _choice(RespiratoryDistress),
    "perfusion": _choice(Perfusion),
    "appearance": _choice(Appearance),
    "suspected_infection": BOOLEAN,
    "immunocompromised": BOOLEAN,
    "bleeding": _choice(Bleeding),
    "bleeding_disorder": BOOLEAN,
    "pain_site": _choice(PainSite),
    "pain_onset": _choice(PainOnset),
    "injury": BOOLEAN,
    "mechanism": _choices(Mechanism),
    "symptoms": _choices(Symptom),
    "ecg_st_elevation": BOOLEAN,
    "arrival_mode": _choice(ArrivalMode),
}
RECORD_FIELDS: Fields = {
    "sex": _choice(Sex),
    "complaint_text": TEXT,
    "patient": PATIENT,
    "measured_at": TIME,
    "earlier": EARLIER,
}
NESTED_FIELDS: Mapping[str, Fields] = {
    "vital_signs": VITAL_SIGN_FIELDS,
    "stroke_signs": STROKE_FIELDS,
    "position": POSITION_FIELDS,
}
NESTED = tuple(NESTED_FIELDS)


def parse_request(body: bytes) -> TriageRequest:
    """Read a request body (JSON, UTF-8). Raises InvalidRequest with all faults."""
    if len(body) > LARGEST_BODY:
        raise InvalidRequest(_("The body is larger than %(most)s bytes.") % {"most": LARGEST_BODY})
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(_("The body is not JSON: %(fault)s.") % {"fault": error}) from error
    if not isinstance(document, dict):
        raise InvalidRequest(_("The body is not a JSON object: send {…}."))
    reading = _Reading()
    case_values = reading.fields(
        _without(document, {*NESTED, *RECORD_FIELDS}), CASE_FIELDS, "", (*NESTED, *RECORD_FIELDS)
    )
    record_values = reading.fields(_only(document, RECORD_FIELDS), RECORD_FIELDS, "")
    vital_signs = VitalSigns(**reading.nested(document, "vital_signs", VITAL_SIGN_FIELDS))
    stroke_signs = StrokeSigns(**reading.nested(document, "stroke_signs", STROKE_FIELDS))
    position = reading.position(document)
    if reading.errors:
        raise InvalidRequest(_("Some fields cannot be used."), tuple(reading.errors))
    return TriageRequest(
        case=TriageCase(vital_signs=vital_signs, stroke_signs=stroke_signs, **case_values),
        body=orjson.dumps(document, option=orjson.OPT_SORT_KEYS),
        position=position,
        **record_values,
    )


def _without(document: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def _only(document: Mapping[str, Any], names: Fields) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name in names}


@dataclass(slots=True)
class _Reading:
    errors: list[FieldError] = field(default_factory=list)

    def fields(
        self, given: Mapping[str, Any], known: Fields, prefix: str, others: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name not in known:
                self._reject(prefix + name, _unknown_name(name, (*known, *others)))
            elif value is not None:
                try:
                    values[name] = known[name].parse(value)
                except _Bad as bad:
                    self._reject(prefix + name, str(bad))
        return values

    def nested(self, document: Mapping[str, Any], name: str, known: Fields) -> dict[str, Any]:
        value = document.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._reject(name, _("Send an object with %(names)s, or null.") % {"names": ", ".join(known)})
            return {}
        return self.fields(value, known, f"{name}.")

    def position(self, document: Mapping[str, Any]) -> Position | None:
        before = len(self.errors)
        values = self.nested(document, "position", POSITION_FIELDS)
        if (not values and document.get("position") is None) or len(self.errors) > before:
            return None
        missing = [name for name in POSITION_FIELDS if name not in values]
        for name in missing:
            self._reject(f"position.{name}", _("Send both latitude and longitude in degrees (WGS 84)."))
        return None if missing else Position(**values)

    def _reject(self, name: str, message: str) -> None:
        self.errors.append(FieldError(name, message))


def _unknown_name(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return _("There is no such field: did you mean %(name)s?") % {"name": close[0]}
    return _("There is no such field: leave it out.")
