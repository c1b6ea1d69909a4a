"""Parts of a resource: `_summary` and `_elements` (FHIR R4, search.html#summary and #elements), on its exact bytes.

What is left out is said by the tag SUBSETTED, so that nobody takes the part for the whole; mandatory and modifier
elements stay, for without them the rest could be misread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import msgspec
import orjson

from health_platform.fhir import body
from health_platform.fhir.definitions import structures
from health_platform.fhir.outcome import BadRequest, UnprocessableEntity

SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
TAG: Final = "SUBSETTED"
_TAG = orjson.dumps({"system": SYSTEM, "code": TAG})
_ALWAYS: Final = frozenset({"resourceType", "id", "meta"})
_array = msgspec.json.Decoder(list[msgspec.Raw])


class Summary(StrEnum):
    """http://hl7.org/fhir/R4/search.html#summary, for a single resource."""

    TRUE = "true"
    TEXT = "text"
    DATA = "data"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Part:
    """What of each resource is asked for. ``elements`` are names at its top, or `Type.name` for one type alone."""

    summary: Summary = Summary.FALSE
    elements: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.summary is Summary.FALSE and not self.elements


WHOLE: Final = Part()


def part_of(parameters: Iterable[tuple[str, str]]) -> Part:
    """The part that a query asks for. Raises BadRequest for what `_summary` or `_elements` cannot be."""
    asked = {name: value for name, value in parameters if name in ("_summary", "_elements")}
    summary = asked.get("_summary", "false")
    if summary not in tuple(Summary):
        raise BadRequest("_summary cannot be '%(value)s' here: it is one of %(possible)s.",
                         expression=("_summary",), value=summary, possible=", ".join(Summary))  # fmt: skip
    elements = tuple(name.strip() for name in asked.get("_elements", "").split(",") if name.strip())
    if elements and summary != Summary.FALSE:
        raise BadRequest("Ask for _summary or for _elements, not for both.", expression=("_elements",))
    return Part(Summary(summary), elements)


def part(raw: bytes, resource_type: str, asked: Part) -> bytes:
    """The part of a resource's bytes; ``raw`` itself where the whole is asked for."""
    if asked.is_whole or structures.types().get(resource_type) != "resource":
        return raw
    members = body.members(raw)
    if asked.summary is Summary.TRUE:
        kept = _summarised(members, resource_type)
    else:
        wanted = _wanted(resource_type, asked)
        kept = {name: value for name, value in members.items() if name in wanted or name.removeprefix("_") in wanted}
    kept["meta"] = msgspec.Raw(_tagged(members.get("meta")))
    ordered = [name for name in members if name in kept] + ([] if "meta" in members else ["meta"])
    return _object((name, bytes(kept[name])) for name in ordered)


@lru_cache(maxsize=1024)
def _wanted(resource_type: str, asked: Part) -> frozenset[str]:
    """The JSON properties at the top that stay, but for `_summary=true`."""
    properties = structures.node(resource_type).properties
    if asked.summary is Summary.DATA:
        return (frozenset(properties) | _ALWAYS) - {"text"}
    names = {"text"} if asked.summary is Summary.TEXT else set(_named(resource_type, asked.elements))
    if asked.elements and not names:
        return frozenset(properties) | _ALWAYS
    unknown = [name for name in names if all(name not in (key, one.element.name) for key, one in properties.items())]
    if unknown and asked.elements:
        raise BadRequest("%(type)s has no element '%(name)s'.",
                         expression=("_elements",), type=resource_type, name=unknown[0])  # fmt: skip
    stays = {key for key, one in properties.items() if {key, one.element.name} & names or _is_indispensable(one)}
    return frozenset(stays | _ALWAYS)


def _named(resource_type: str, elements: tuple[str, ...]) -> list[str]:
    own = []
    for name in elements:
        kind, dot, rest = name.partition(".")
        if not dot:
            own.append(name)
        elif kind == resource_type:
            own.append(rest.partition(".")[0])
    return own


def _is_indispensable(found: structures.Property) -> bool:
    return found.element.minimum > 0 or found.element.is_modifier


def _summarised(members: body.Members, path: str) -> body.Members:
    properties = structures.node(path).properties
    kept: body.Members = {}
    for name, value in members.items():
        if name in _ALWAYS and "." not in path:
            kept[name] = value
            continue
        beside = name.startswith("_")
        found = properties.get(name.removeprefix("_"))
        if found is None or not (found.element.is_summary or _is_indispensable(found)):
            continue
        if beside and found.name in members:
            continue
        pruned = bytes(value) if found.is_primitive or found.node == "Resource" else _pruned(bytes(value), found.node)
        if pruned:
            kept[name] = msgspec.Raw(pruned)
    return kept


def _pruned(raw: bytes, path: str) -> bytes:
    """The summary of an element or of each of a list; empty when nothing of it belongs to a summary."""
    if raw.startswith(b"["):
        entries = [pruned for entry in _array.decode(raw) if (pruned := _pruned(bytes(entry), path))]
        return b"[" + b",".join(entries) + b"]" if entries else b""
    if not raw.startswith(b"{"):
        return raw
    kept = _summarised(body.members(raw), path)
    return _object((name, bytes(value)) for name, value in kept.items()) if kept else b""


def _object(members: Iterable[tuple[str, bytes]]) -> bytes:
    return b"{" + b",".join(orjson.dumps(name) + b":" + value for name, value in members) + b"}"


def _tagged(meta: msgspec.Raw | None) -> bytes:
    members = body.members(bytes(meta)) if meta is not None else {}
    tags = bytes(members.pop("tag", msgspec.Raw(b"[]"))).rstrip()
    joined = tags[:-1] + (b"," if tags != b"[]" else b"") + _TAG + b"]"
    return _object([*((name, bytes(value)) for name, value in members.items()), ("tag", joined)])


def refuse_subsetted(resource: dict[str, Any]) -> None:
    """Raise UnprocessableEntity for a part of a resource: stored as the whole, it would lose the rest."""
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    for place, tag in enumerate(tags if isinstance(tags, list) else ()):
        if isinstance(tag, dict) and tag.get("code") == TAG and tag.get("system") in (SYSTEM, None):
            raise UnprocessableEntity(
                "The %(type)s carries the tag SUBSETTED: it is a part of a resource. Read the whole, change it and "
                "send that.",
                expression=(f"{resource.get('resourceType')}.meta.tag[{place}]",),
                type=str(resource.get("resourceType")),
            )
