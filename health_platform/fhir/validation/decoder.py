"""A strict decoder of JSON for each resource type, generated from the facts: "valid" in microseconds, or no answer.

`accepts(raw)` is True only for a body that `structure.walk_structure` finds nothing wrong with and whose codes lie in
the required value sets of their elements. It is False for anything else, among it rare but valid forms (contained
resources, ids of elements, `_name` siblings): then the exact walk decides. Nothing is kept of what is decoded here.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterator
from functools import cache
from operator import attrgetter
from threading import Lock
from typing import Annotated, Any, Literal, Union

import msgspec
from msgspec import NODEFAULT, UNSET, Meta, Raw, UnsetType

from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.structures import Element, Node, Property
from health_platform.fhir.validation import narrative, primitives

_ID = r"[A-Za-z0-9\-.]{1,64}"
_UUID = r"urn:uuid:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_OID = r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+"
_URI = rf"\A(?:(?!urn:[ou]|oid:|uuid:)\S+|{_UUID}|{_OID})\Z"
_YEAR = r"(?!0000)[0-9]{4}"
_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_MONTH = r"(?:0[1-9]|1[0-2])"
_PATTERNS = {
    "code": r"\A\S+(?:\s\S+)*\Z",
    "id": rf"\A{_ID}\Z",
    "uri": _URI,
    "url": _URI,
    "canonical": _URI,
    "oid": rf"\A{_OID}\Z",
    "uuid": rf"\A{_UUID}\Z",
    "date": rf"\A{_YEAR}(?:-{_DAY}|-{_MONTH})?\Z",
    "dateTime": rf"\A{_YEAR}(?:-{_DAY}(?:T{_TIME}{_ZONE})?|-{_MONTH})?\Z",
    "instant": rf"\A{_YEAR}-{_DAY}T{_TIME}{_ZONE}\Z",
    "time": rf"\A{_TIME}\Z",
    "base64Binary": r"\A(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z",
}
_ABSOLUTE = r"\A(?!urn:[ou])[A-Za-z][A-Za-z0-9+.\-]*:\S+\Z"
_RESOURCE_START = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"')
_POLYMORPHIC = ("Resource", "DomainResource")
# Types whose system and code are checked by _coded_check.
CODED = frozenset({"Coding", "Quantity"})
_SPECIAL_URI = ("urn:o", "urn:u", "oid:", "uuid:")
# Reference and Identifier lead to each other; an identifier's assigner is the one that occurs.
LEFT_OUT = frozenset({("Reference", "identifier")})


def accepts(raw: bytes) -> bool:
    """Whether the body is certainly a valid resource: structure, and codes with a required binding."""
    start = _RESOURCE_START.match(raw)
    decoder = _decoder(start[1].decode()) if start else None
    if decoder is None:
        return False
    try:
        compact = _ENCODER.encode(decoder.decode(raw))
    except (msgspec.MsgspecError, _NotAccepted, UnicodeDecodeError):
        return False
    if b"{}" in compact or (b"\\" in compact and _CONTROL.search(compact)):
        return False
    return len(compact) == len(raw) or compact.count(b'":') == len(_NAME.findall(raw))


_ENCODER = msgspec.json.Encoder()
_NAME = re.compile(rb'"\s*:')
# How the encoder writes the control characters that a string of FHIR cannot have.
_CONTROL = re.compile(rb"\\(?:u00|[bf])")


class _NotAccepted(ValueError):
    pass


@cache
def _decoder(type_name: str) -> msgspec.json.Decoder[Any] | None:
    if type_name not in structures.resource_types():
        return None
    # msgspec fills in what it knows of a struct step by step; another thread must not decode with half of it.
    with _one_builds:
        return msgspec.json.Decoder(_struct(type_name))


_one_builds = Lock()


_building: list[str] = []


@cache
def _struct(path: str, depth: int = 0) -> Any:
    """The class of a node: every property but those that lead back to a node being built, which are not accepted.

    `depth` counts the extensions around it: types inside an extension have classes of their own, without extensions.
    """
    _building.append(path)
    node = structures.node(path)
    fields: list[tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    for found in node.properties.values():
        if (path, found.name) in LEFT_OUT or (found.name == "id" and not _is_resource(path)):
            continue
        kind = _kind(found, path, depth)
        if kind is not None:
            attribute = found.name + "_" if keyword.iskeyword(found.name) else found.name
            names[attribute] = found.name
            required = found.element.minimum and not found.element.is_choice
            fields.append((attribute, kind, NODEFAULT) if required else _optional(attribute, kind))
    _building.pop()
    return msgspec.defstruct(
        re.sub(r"\W", "_", path),
        fields,
        rename=names,
        namespace=_after_decoding(node, names),
        forbid_unknown_fields=True,
        gc=False,
        kw_only=True,
        tag_field="resourceType" if _is_resource(path) else None,
        tag=path if _is_resource(path) else None,
    )


def _optional(attribute: str, kind: Any) -> tuple[str, Any, Any]:
    return (attribute, Union[kind, UnsetType], UNSET)  # noqa: UP007 (a value, not an annotation)


def _is_resource(path: str) -> bool:
    return structures.types().get(path) == "resource"


def _kind(found: Property, path: str, depth: int) -> Any:
    """The Python type of a property; None when it is left to the exact walk."""
    if found.name == "contained":
        return None
    kind: Any
    if found.is_primitive and path in CODED and found.name in ("system", "code"):
        kind = Annotated[str, Meta(min_length=1)]
    elif found.is_primitive:
        kind = _primitive_kind(found, depth if (path, found.name) == ("Extension", "url") else 0)
    elif found.node in structures.types() and structures.types()[found.node] == "resource":
        kind = Raw
    elif found.node == "Reference":
        kind = _reference(found.type.targets)
    else:
        is_inner_extension = (path, found.name, depth) == ("Extension", "extension", 1)
        if not is_inner_extension and (found.node in _building or (depth and found.node == "Extension")):
            return None
        kind = _struct(found.node, depth + (found.node == "Extension"))
    if not found.element.is_list:
        return kind
    return Annotated[list.__class_getitem__(kind), Meta(min_length=1, max_length=found.element.maximum)]


def _primitive_kind(found: Property, extension_depth: int = 0) -> Any:
    name = found.type.code
    if name in ("boolean", "decimal"):
        return bool if name == "boolean" else float
    if name in primitives.INTEGER_MINIMUM:
        return Annotated[int, Meta(ge=primitives.INTEGER_MINIMUM[name], le=primitives.MAX_INTEGER)]
    if name == "code" and (codes := _required_codes(found.element)):
        return Literal[codes]
    pattern = _ABSOLUTE if extension_depth == 1 else _PATTERNS.get(name)
    if pattern:
        return Annotated[str, Meta(pattern=pattern)]
    return Annotated[str, Meta(min_length=1, max_length=primitives.MAX_STRING)]


def _required_codes(element: Element) -> tuple[str, ...]:
    if element.binding is None or element.binding.strength != "required":
        return ()
    systems = structures.required_value_sets().get(element.binding.value_set, {})
    return tuple(sorted({code for codes in systems.values() for code in codes}))


@cache
def _reference(targets: tuple[str, ...]) -> Any:
    """A Reference whose literal leads to one of the targets."""
    names = structures.resource_types()
    allowed = [name for name in names if not targets or set(targets) & {*structures.ancestors(name), "Resource"}]
    types = "|".join(sorted(allowed))
    pattern = rf"\A(?:(?:https?://[A-Za-z0-9\-.:%$_~/]+/)?(?:{types})/{_ID}|(?:{types})\?\S+|{_UUID})\Z"
    string = _primitive_kind(structures.node("Reference").properties["display"])
    fields = [
        _optional("reference", Annotated[str, Meta(pattern=pattern)]),
        _optional("display", string),
    ]
    return msgspec.defstruct("Reference", fields, forbid_unknown_fields=True, gc=False, kw_only=True)


def _after_decoding(node: Node, names: dict[str, str]) -> dict[str, Any]:
    """`__post_init__` of the class, where something is left to check: choices, extensions, narrative, resources."""
    checks = [*_choice_checks(node, names)]
    for attribute, name in names.items():
        found = node.properties[name]
        if found.node in structures.resource_types() or found.node in _POLYMORPHIC:
            checks.append(_resource_check(attribute, found))
    if node.path == "Narrative":
        checks.append(_narrative_check)
    if node.path in CODED:
        checks.append(_coded_check)
    if not checks:
        return {}
    if len(checks) == 1:
        return {"__post_init__": checks[0]}

    def check_all(self: Any) -> None:
        for check in checks:
            check(self)

    return {"__post_init__": check_all}


Check = Callable[[Any], None]


def _choice_checks(node: Node, names: dict[str, str]) -> Iterator[Check]:
    groups: dict[str, list[str]] = {}
    for attribute, name in names.items():
        element = node.properties[name].element
        if element.is_choice or (node.path == "Extension" and name == "extension"):
            groups.setdefault("Extension" if node.path == "Extension" else element.path, []).append(attribute)
    for path, group in groups.items():
        required = path == "Extension" or bool(structures.elements(path.partition(".")[0])[path].minimum)
        if required or len(group) > 1:
            yield _one_of(group, required=required)


def _one_of(group: list[str], *, required: bool) -> Check:
    if len(group) == 1:
        names = group * 2
        unset_allowed = (0,) if required else (0, 2)
    else:
        names = group
        unset_allowed = (len(group) - 1,) if required else (len(group) - 1, len(group))
    values = attrgetter(*names)

    def check(self: Any) -> None:
        if values(self).count(UNSET) not in unset_allowed:
            raise _NotAccepted

    return check


def _resource_check(attribute: str, found: Property) -> Check:
    expected = found.node if found.node in structures.resource_types() else ""

    def check(self: Any) -> None:
        raw = getattr(self, attribute)
        if raw is UNSET:
            return
        start = _RESOURCE_START.match(raw)
        if start is None or (expected and start[1].decode() != expected) or not accepts(bytes(raw)):
            raise _NotAccepted

    return check


def _coded_check(self: Any) -> None:
    """system and code without a regular expression: they are most of the strings of a record."""
    system, code = self.system, self.code
    if system is not UNSET and (" " in system or not system.isprintable() or system.startswith(_SPECIAL_URI)):
        raise _NotAccepted
    if code is not UNSET and (" " in code or not code.isprintable()):
        raise _NotAccepted


def _narrative_check(self: Any) -> None:
    if narrative.problems(self.div, ""):
        raise _NotAccepted
