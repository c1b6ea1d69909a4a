"""The bytes of a resource: parsing without loss, and stamping ``id`` and ``meta`` without touching the rest.

What a client wrote comes back unchanged: no decimal, no order of members, no character is rewritten. FHIR R4,
json.html: decimals keep their precision, so numbers are never read as floats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import orjson

from health_platform.fhir.outcome import BadRequest, IssueType

Members = dict[str, msgspec.Raw]

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_exact = msgspec.json.Decoder(float_hook=Decimal)


class Digits(Decimal):
    """A decimal that remembers how it was written: 1e2 and 1E+2 are one value, and still not one text."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Digits:
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __deepcopy__(self, _memo: object) -> Digits:
        return self


def _as_written(value: object) -> msgspec.Raw:
    if isinstance(value, Digits):
        return msgspec.Raw(value.text.encode())
    raise TypeError(f"{type(value).__name__} is no JSON")


_written = msgspec.json.Decoder(float_hook=Digits)
_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_as_written)
_POSITION = re.compile(r" - at `\$(?P<path>[^`]*)`| \(byte (?P<byte>\d+)\)")


def decode(raw: bytes, *, as_written: bool = False) -> Any:
    """Any JSON with its decimals as Decimal; with ``as_written`` as Digits, for what is changed and stored again.
    Raises BadRequest naming line and column of the fault."""
    try:
        return (_written if as_written else _exact).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError) as error:
        raise _syntax_error(raw, error) from None
    except RecursionError:
        raise too_deep() from None


def parse(raw: bytes) -> dict[str, Any]:
    """A JSON object with its decimals as Decimal. Raises BadRequest naming line and column of the fault."""
    value = decode(raw)
    if not isinstance(value, dict):
        raise BadRequest("The body is JSON but not an object: send one resource as a JSON object.")
    return value


def members(raw: bytes) -> Members:
    """The top-level members of a JSON object with the exact bytes of each value."""
    return _members.decode(raw)


def serialise(resource: Mapping[str, Any]) -> bytes:
    """Bytes of a resource that our own code built; Decimals keep their digits."""
    return _encoder.encode(resource)


def compact(raw: bytes) -> bytes:
    """The same JSON without the white space between its tokens."""
    return msgspec.json.format(raw, indent=-1) if b"\n" in raw or b'": ' in raw else raw


def instant(moment: datetime) -> str:
    """FHIR's instant in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp(raw: bytes, identifier: str, version: int, updated: datetime) -> bytes:
    """``raw`` with the server's ``id``, ``meta.versionId`` and ``meta.lastUpdated``; every other member as it came."""
    found = members(compact(raw))
    kind = bytes(found.pop("resourceType"))
    found.pop("id", None)
    meta = _meta(found.pop("meta", None), version, updated)
    head = b'{"resourceType":' + kind + b',"id":"' + identifier.encode() + b'","meta":' + meta
    return head + b"".join(b"," + orjson.dumps(name) + b":" + bytes(value) for name, value in found.items()) + b"}"


def _meta(given: msgspec.Raw | None, version: int, updated: datetime) -> bytes:
    head = b'{"versionId":"%d","lastUpdated":"%s"' % (version, instant(updated).encode())
    kept = members(bytes(given)) if given is not None else {}
    rest = b"".join(
        b"," + orjson.dumps(name) + b":" + bytes(value)
        for name, value in kept.items()
        if name not in ("versionId", "lastUpdated")
    )
    return head + rest + b"}"


def too_deep() -> BadRequest:
    """The error for JSON on which the parser itself gives up."""
    return BadRequest("The JSON is nested too deep to be read.", code=IssueType.TOO_COSTLY)


def _syntax_error(raw: bytes, error: Exception) -> BadRequest:
    found = _POSITION.search(str(error))
    place = int(found["byte"]) if found and found["byte"] else len(raw)
    before = raw[:place]
    line = before.count(b"\n") + 1
    column = place - (before.rfind(b"\n") + 1) + 1
    return BadRequest(
        "The body is not valid JSON at line %(line)s, column %(column)s: correct it and send it again.",
        line=line,
        column=column,
    )
