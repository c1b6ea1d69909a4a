"""A request's body as JSON: strict (RFC 8259), no name twice in an object, and the line and column of any element.

https://hl7.org/fhir/R4/json.html. Numbers become int or Decimal, so that no digit is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from health_platform.fhir.outcome import Issue
from health_platform.fhir.validation import json_slips
from health_platform.fhir.validation.json_slips import COMMENT, LEXEME
from health_platform.fhir.validation.messages import issue

MAX_DEPTH = 200


class _Repeated(dict[str, Any]):
    """An object of which names stood more than once."""

    names: tuple[str, ...] = ()


def parse(raw: bytes) -> tuple[Any, list[Issue]]:
    """The value of the body and what is wrong with its JSON; the value is None when nothing could be read."""
    text, problems = _text(raw)
    return (None, problems) if problems else _value(text)


def read(raw: bytes) -> tuple[Any, list[Issue]]:
    """As `parse`, but slips that can be seen through are told and do not end the reading (json_slips.py)."""
    text, problems = _text(raw)
    if problems:
        return None, problems
    value, issues = _value(text)
    if value is not None or not issues:
        return value, issues
    plain, slips = json_slips.without_slips(text, _type_name(text))
    if not slips:
        return value, issues
    value, rest = _value(plain)
    return value, [*slips, *rest]


def _text(raw: bytes) -> tuple[str, list[Issue]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return "", [issue("json", "", reason=f"not UTF-8 at byte {error.start + 1}")]
    return text, [issue("json-depth", "", limit=MAX_DEPTH)] if _depth(text) > MAX_DEPTH else []


def _value(text: str) -> tuple[Any, list[Issue]]:
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_float=_decimal, parse_constant=_constant, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        found = issue(
            "json", _path_at(text, error.pos), reason=f"{error.msg} (line {error.lineno}, column {error.colno})"
        )
        return None, [replace(found, line=error.lineno, column=error.colno)]
    except ValueError as error:
        return None, [issue("json", "", reason=str(error))]
    return value, _duplicates(value, value.get("resourceType", "") if isinstance(value, dict) else "")


_TYPE = re.compile(r'"?resourceType"?\s*:\s*"?([A-Za-z]+)')


def _type_name(text: str) -> str:
    found = _TYPE.search(text)
    return found[1] if found else ""


def _path_at(text: str, offset: int) -> str:
    """The expression of the place where reading stopped, as far as the text before it tells."""
    stack: list[list[Any]] = []
    is_name = False
    for match in LEXEME.finditer(text, 0, offset):
        if match[0].startswith(COMMENT):
            continue
        try:
            is_name = _step(match[0], (0, 0), stack, {}, is_name)
        except (ValueError, IndexError):
            break
    path = _type_name(text)
    for frame in stack:
        path += f"[{frame[0]}]" if isinstance(frame[0], int) else f".{frame[0]}" if frame[0] else ""
    return path


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    repeated = _Repeated(value)
    seen: set[str] = set()
    repeated.names = tuple(dict.fromkeys(name for name, _ in pairs if name in seen or seen.add(name)))  # type: ignore[func-returns-value]
    return repeated


def _constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except ArithmeticError:
        raise ValueError("a number whose exponent is out of range") from None


def _integer(digits: str) -> int:
    if len(digits) > 40:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


_OUTSIDE_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])')


def _depth(text: str) -> int:
    deepest = depth = 0
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    for match in _OUTSIDE_STRINGS.finditer(text):
        depth += bool(match[1]) - bool(match[2])
        deepest = max(deepest, depth)
    return deepest


def _duplicates(value: Any, path: str) -> list[Issue]:
    found: list[Issue] = []
    if isinstance(value, dict):
        for name in getattr(value, "names", ()):
            found.append(issue("duplicate-key", path, name=name))
        for name, child in value.items():
            found.extend(_duplicates(child, f"{path}.{name}"))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            found.extend(_duplicates(child, f"{path}[{index}]"))
    return found


_STEP = re.compile(r"([^.\[\]()]+)(\.ofType\((\w+)\))?((?:\[\d+\])*)")


def with_positions(issues: Iterable[Issue], raw: bytes) -> list[Issue]:
    """The issues with line and column of the element that each names, or of the nearest one that is there."""
    issues = list(issues)
    if not issues:
        return issues
    positions = _positions(raw.decode("utf-8-sig", "replace"))
    return [_placed(found, positions) for found in issues]


def _placed(found: Issue, positions: dict[str, tuple[int, int]]) -> Issue:
    if found.line is not None or not found.expression:
        return found
    steps = json_steps(found.expression[0])
    while steps and "/".join(steps) not in positions:
        steps.pop()
    line, column = positions.get("/".join(steps), (1, 1))
    return replace(found, line=line, column=column)


def json_steps(expression: str) -> list[str]:
    """`Patient.deceased.ofType(boolean)` gives `["deceasedBoolean"]`, `Patient.name[0]` gives `["name", "0"]`."""
    steps: list[str] = []
    for name, _, type_name, indexes in _STEP.findall(expression.partition(".")[2]):
        steps.append(name + type_name[0].upper() + type_name[1:] if type_name else name)
        steps.extend(re.findall(r"\d+", indexes))
    return steps


def _positions(text: str) -> dict[str, tuple[int, int]]:
    """Line and column, both from 1, of each property's name and each array item, by its steps joined with a slash."""
    starts = [0, *(match.end() for match in re.finditer(r"\n", text))]
    found: dict[str, tuple[int, int]] = {"": (1, 1)}
    stack: list[list[Any]] = []
    line, is_name = 0, False
    for match in LEXEME.finditer(text):
        lexeme = match[0]
        if lexeme.startswith(COMMENT):
            continue
        while line + 1 < len(starts) and starts[line + 1] <= match.start():
            line += 1
        place = (line + 1, match.start() - starts[line] + 1)
        is_name = _step(lexeme, place, stack, found, is_name)
    return found


def _step(
    lexeme: str, place: tuple[int, int], stack: list[list[Any]], found: dict[str, tuple[int, int]], is_name: bool
) -> bool:
    """One lexeme: a frame of the stack is [step] of the value being read; True when a name comes next."""
    if lexeme in "]}":
        stack.pop()
        return False
    if lexeme == ",":
        if isinstance(stack[-1][0], int):
            stack[-1][0] += 1
        return not isinstance(stack[-1][0], int)
    if lexeme == ":":
        return False
    if stack and isinstance(stack[-1][0], int) and not is_name:
        found["/".join(str(frame[0]) for frame in stack)] = place
    if is_name:
        stack[-1][0] = json.loads(lexeme) if lexeme.startswith('"') else lexeme
        found["/".join(str(frame[0]) for frame in stack)] = place
    elif lexeme in "[{":
        stack.append([0] if lexeme == "[" else [""])
        return lexeme == "{"
    return False
