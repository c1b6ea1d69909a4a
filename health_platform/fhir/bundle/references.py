"""What the entries of a transaction call each other becomes what they are stored under (FHIR R4,
http.html#transaction and bundle.html#references): in references, in elements of type uri, url, oid and uuid, and in the
links and images of narrative. Canonicals and plain strings stay.

On exact bytes: nothing else is touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import orjson

from health_platform.fhir import body
from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.resource_types import TYPE_NUMBER
from health_platform.fhir.outcome import UnprocessableEntity

Targets = Mapping[str, str]
"""`Type/id` by fullUrl."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the entries of a Bundle call each other; ``by_url``: whether any of the names is no urn."""

    targets: Targets
    by_url: bool


def names_of(targets: Targets) -> Names:
    return Names(targets, any(name.startswith("http") for name in targets))


Match = Callable[[str, str], str | None]
"""`Type/id` of the one resource that meets criteria: takes type and criteria."""

_REFERENCE = re.compile(rb'"reference"\s*:\s*("(?:[^"\\]|\\.)*")')
_URN = re.compile(rb"urn:(?:uuid|oid):[0-9A-Za-z.\-]+")
_URL = re.compile(rb"https?:(?:\\?/){2}[^\"\s<>']+")
_LINK = re.compile(r"""(<(?:a\b[^>]*?\shref|img\b[^>]*?\ssrc)\s*=\s*)(?P<quote>["'])(?P<url>.*?)(?P=quote)""", re.S)
_URIS: Final = frozenset({"uri", "url", "oid", "uuid"})
_array = msgspec.json.Decoder(list[msgspec.Raw])
_text = msgspec.json.Decoder(str)


def resolved(raw: bytes, kind: str, full_url: str | None, names: Names, match: Match) -> bytes:
    """The resource with every name of an entry in ``names`` replaced.

    Raises UnprocessableEntity for a reference to an entry that there is not, and for a conditional reference without a
    match.
    """
    base, targets = _base(full_url, kind), names.targets

    def replacement(found: re.Match[bytes]) -> bytes:
        reference = _text.decode(found[1])
        target = _target(reference, base, targets, match)
        return found[0] if target is None else b'"reference":' + orjson.dumps(target)

    replaced = _REFERENCE.sub(replacement, raw)
    if _names_one(replaced, names):
        return _rewritten(replaced, kind, targets)
    return replaced


def _base(full_url: str | None, kind: str) -> str | None:
    """The address against which relative references of an entry are read; None for a urn."""
    if not full_url or not full_url.startswith(("http://", "https://")):
        return None
    base, _, rest = full_url.rpartition(f"/{kind}/")
    return f"{base}/" if base and rest and "/" not in rest else None


def _target(reference: str, base: str | None, targets: Targets, match: Match) -> str | None:
    """What a reference means in the store: a fullUrl, or criteria that one resource meets; None to leave it."""
    known = targets.get(reference) or (targets.get(base + reference) if base else None)
    if known is not None:
        return known
    if reference.startswith(("urn:uuid:", "urn:oid:")):
        raise UnprocessableEntity("'%(reference)s' is the fullUrl of no entry in this Bundle.", reference=reference)
    kind, question, criteria = reference.partition("?")
    if not question or kind not in TYPE_NUMBER:
        return None
    found = match(kind, criteria)
    if found is None:
        raise UnprocessableEntity("Nothing matches the conditional reference '%(reference)s'.", reference=reference)
    return found


def _names_one(raw: bytes, names: Names) -> bool:
    """Whether anything in the bytes could be the name of an entry: most resources are done here."""
    if b"urn:" in raw and any(found.decode() in names.targets for found in _URN.findall(raw)):
        return True
    if not names.by_url:
        return False
    return any(found.decode("utf-8", "replace").replace("\\/", "/") in names.targets for found in _URL.findall(raw))


def _rewritten(raw: bytes, path: str, targets: Targets) -> bytes:
    if raw.startswith(b"["):
        return b"[" + b",".join(_rewritten(bytes(entry), path, targets) for entry in _array.decode(raw)) + b"]"
    if not raw.startswith(b"{"):
        return raw
    members = body.members(raw)
    if "resourceType" in members:
        path = _text.decode(members["resourceType"])
    if structures.types().get(path.partition(".")[0]) is None:
        return raw
    properties = structures.node(path).properties
    parts = []
    for name, value in members.items():
        found = properties.get(name.removeprefix("_"))
        written = bytes(value)
        if found is not None and name.startswith("_"):
            written = _rewritten(written, "Element", targets)
        elif found is not None:
            written = _rewritten_property(written, found, targets)
        parts.append(orjson.dumps(name) + b":" + written)
    return b"{" + b",".join(parts) + b"}"


def _rewritten_property(raw: bytes, found: structures.Property, targets: Targets) -> bytes:
    if not found.is_primitive:
        return _rewritten(raw, found.node, targets)
    if found.type.code == "xhtml":
        return _narrative(raw, targets)
    if found.type.code not in _URIS:
        return raw
    if raw.startswith(b"["):
        return b"[" + b",".join(_uri(bytes(entry), targets) for entry in _array.decode(raw)) + b"]"
    return _uri(raw, targets)


def _uri(raw: bytes, targets: Targets) -> bytes:
    if not raw.startswith(b'"'):
        return raw
    target = targets.get(_text.decode(raw))
    return raw if target is None else orjson.dumps(target)


def _narrative(raw: bytes, targets: Targets) -> bytes:
    if not raw.startswith(b'"'):
        return raw

    def replacement(found: re.Match[str]) -> str:
        target = targets.get(found["url"])
        return found[0] if target is None else f"{found[1]}{found['quote']}{target}{found['quote']}"

    return orjson.dumps(_LINK.sub(replacement, _text.decode(raw)))
