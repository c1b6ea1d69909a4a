"""The primitive types of FHIR R4 in JSON (https://hl7.org/fhir/R4/datatypes.html#primitive).

`problem_of(type, value)` names what is wrong with one value, or None. The values are what a JSON parser gives: str,
bool, int, float or Decimal. Decimals are only looked at, never converted.
"""

from __future__ import annotations

import base64
import binascii
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import isfinite

from health_platform.fhir.definitions import structures

MAX_STRING = 1024 * 1024
MAX_INTEGER = 2**31 - 1
INTEGER_MINIMUM = {"integer": -(2**31), "unsignedInt": 0, "positiveInt": 1}
NUMBERS = frozenset({*INTEGER_MINIMUM, "decimal"})

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_OID = re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+")
_UUID = re.compile(r"urn:uuid:[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.ASCII)
    for name, pattern in structures.primitive_patterns().items()
    if pattern and name not in (*NUMBERS, "boolean", "string", "markdown", "xhtml", "base64Binary")
}


def json_kind(value: object) -> str:
    """What JSON calls the value: object, array, string, number, boolean, null."""
    if value is None:
        return "null"
    for kind, python_types in _JSON_KINDS:
        if isinstance(value, python_types):
            return kind
    return type(value).__name__


_JSON_KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("boolean", (bool,)),
    ("string", (str,)),
    ("number", (int, float, Decimal)),
    ("object", (dict,)),
    ("array", (list,)),
)


def expected_json_kind(type_name: str) -> str:
    if type_name == "boolean":
        return "boolean"
    return "number" if type_name in NUMBERS else "string"


def problem_of(type_name: str, value: object) -> str | None:
    """The key of a message in `messages.py` that says what is wrong, or None when the value is valid."""
    if json_kind(value) != expected_json_kind(type_name):
        return "json-type"
    if type_name == "boolean":
        return None
    if type_name in NUMBERS:
        return _number_problem(type_name, value)
    return _string_problem(type_name, str(value))


def _number_problem(type_name: str, value: object) -> str | None:
    if type_name == "decimal":
        return "decimal" if isinstance(value, float | Decimal) and not isfinite(value) else None
    if not isinstance(value, int):
        return "whole-number"
    return None if INTEGER_MINIMUM[type_name] <= value <= MAX_INTEGER else "integer-range"


def _string_problem(type_name: str, text: str) -> str | None:
    if not text:
        return "empty-string"
    if len(text) > MAX_STRING and type_name != "base64Binary":
        return "too-long"
    if _CONTROL.search(text):
        return "control-character"
    pattern = _PATTERNS.get(type_name)
    if pattern is not None and not pattern.fullmatch(text):
        return type_name
    check = _CHECKS.get(type_name)
    return check(text) if check else None


def _date_problem(text: str) -> str | None:
    if len(text) < 10:
        return None
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    return None if day <= monthrange(year, month)[1] else "no-such-day"


def _uri_problem(text: str) -> str | None:
    if text.startswith(("oid:", "uuid:")):
        return "uri-without-urn"
    if text.startswith("urn:oid:") and not _OID.fullmatch(text):
        return "oid"
    if text.startswith("urn:uuid:") and not _UUID.fullmatch(text[:45]):
        return "uuid"
    return None


def _base64_problem(text: str) -> str | None:
    try:
        base64.b64decode(re.sub(r"[ \t\r\n]", "", text), validate=True)
    except (binascii.Error, ValueError):
        return "base64Binary"
    return None


_CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "date": _date_problem,
    "dateTime": _date_problem,
    "instant": _date_problem,
    "uri": _uri_problem,
    "url": _uri_problem,
    "canonical": _uri_problem,
    "base64Binary": _base64_problem,
}
