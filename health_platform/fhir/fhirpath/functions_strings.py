"""Functions on texts (FHIRPath N1, section 5.6, and the additions of 2.1: encode, escape, trim, split, join)."""

from __future__ import annotations

import base64
import binascii
import html
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from health_platform.fhir.fhirpath import regular_expressions
from health_platform.fhir.fhirpath.arithmetic import bounded
from health_platform.fhir.fhirpath.elements import Collection, system
from health_platform.fhir.fhirpath.errors import FhirPathExecutionError, FhirPathSemanticError
from health_platform.fhir.fhirpath.state import TEXT_PER_STEP, Function, State, single


def _text(items: Collection, name: str) -> str | None:
    found = system(single(items, name))
    if found is None:
        return None
    if not isinstance(found, str):
        raise FhirPathSemanticError(f"{name} takes a String.")
    return found


def _integer(items: Collection, name: str) -> int | None:
    found = system(single(items, name))
    if found is None:
        return None
    if found.__class__ is not int:
        raise FhirPathExecutionError(f"{name} takes an Integer.")
    return int(found)


def _of_texts(name: str, count: int, compute: Callable[..., Any], spends: bool = False) -> Function:
    """A function of the input and `count` texts; empty where any of them is. One that `spends` counts its own work."""
    label = f"{name}()"

    def run(items: Collection, arguments: list[Collection], state: State) -> Collection:
        texts = [_text(found, label) for found in (items, *arguments)]
        known = [one for one in texts if one is not None]
        if len(known) < len(texts):
            return []
        state.spend(sum(len(one) for one in known) // TEXT_PER_STEP)
        result = compute(*known, state.spend) if spends else compute(*known)
        if isinstance(result, list):
            return result
        return [] if result is None else [bounded(result) if isinstance(result, str) else result]

    return Function(count, count, run)


def _substring(items: Collection, arguments: list[Collection], _: State) -> Collection:
    text = _text(items, "substring()")
    start = _integer(arguments[0], "substring()")
    if text is None or start is None or not 0 <= start < len(text):
        return []
    if len(arguments) == 1:
        return [text[start:]]
    length = _integer(arguments[1], "substring()")
    return [text[start:]] if length is None else [text[start : start + max(0, length)]]


def _join(items: Collection, arguments: list[Collection], state: State) -> Collection:
    separator = _text(arguments[0], "join()") if arguments else ""
    texts = [_text([item], "join()") for item in items]
    joined = (separator or "").join(one for one in texts if one is not None)
    state.spend(len(texts) + len(joined) // TEXT_PER_STEP)
    return [bounded(joined)]


def _encode(text: str, form: str) -> str | None:
    data = text.encode()
    if form == "hex":
        return data.hex()
    if form == "base64":
        return base64.b64encode(data).decode()
    return base64.urlsafe_b64encode(data).decode() if form == "urlbase64" else None


def _decode(text: str, form: str) -> str | None:
    try:
        if form == "hex":
            return bytes.fromhex(text).decode()
        if form == "base64":
            return base64.b64decode(text, validate=True).decode()
        return base64.urlsafe_b64decode(text).decode() if form == "urlbase64" else None
    except (ValueError, binascii.Error):
        return None


def _escape(text: str, form: str) -> str | None:
    if form == "html":
        return html.escape(text, quote=True).replace("&#x27;", "&#39;")
    return json.dumps(text, ensure_ascii=False)[1:-1] if form == "json" else None


def _unescape(text: str, form: str) -> str | None:
    if form == "html":
        return html.unescape(text)
    if form != "json":
        return None
    try:
        found = json.loads('"' + text.replace('\\"', '"').replace('"', '\\"') + '"')
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def _replace(text: str, pattern: str, substitution: str) -> str:
    if len(substitution) * (text.count(pattern) if pattern else len(text) + 1) > 2_000_000:
        bounded(" " * 1_000_001)
    if not pattern:
        return substitution + "".join(character + substitution for character in text) if text else text
    return text.replace(pattern, substitution)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "indexOf": _of_texts("indexOf", 1, lambda text, part: text.find(part)),
    "lastIndexOf": _of_texts("lastIndexOf", 1, lambda text, part: text.rfind(part)),
    "substring": Function(1, 2, _substring),
    "startsWith": _of_texts("startsWith", 1, lambda text, part: text.startswith(part)),
    "endsWith": _of_texts("endsWith", 1, lambda text, part: text.endswith(part)),
    "contains": _of_texts("contains", 1, lambda text, part: part in text),
    "upper": _of_texts("upper", 0, lambda text: text.upper()),
    "lower": _of_texts("lower", 0, lambda text: text.lower()),
    "replace": _of_texts("replace", 2, _replace),
    "matches": _of_texts("matches", 1, regular_expressions.search, spends=True),
    "matchesFull": _of_texts("matchesFull", 1, regular_expressions.full_match, spends=True),
    "replaceMatches": _of_texts("replaceMatches", 2, regular_expressions.substitute, spends=True),
    "length": _of_texts("length", 0, len),
    "toChars": _of_texts("toChars", 0, list),
    "trim": _of_texts("trim", 0, lambda text: text.strip()),
    "split": _of_texts("split", 1, lambda text, part: text.split(part) if part else list(text)),
    "join": Function(0, 1, _join),
    "encode": _of_texts("encode", 1, _encode),
    "decode": _of_texts("decode", 1, _decode),
    "escape": _of_texts("escape", 1, _escape),
    "unescape": _of_texts("unescape", 1, _unescape),
}
