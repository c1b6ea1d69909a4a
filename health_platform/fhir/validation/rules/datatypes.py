"""Rules of data types (https://hl7.org/fhir/R4/datatypes.html, references.html, narrative.html)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.fhirpath.errors import FhirPathError
from health_platform.fhir.fhirpath.parser import parse
from health_platform.fhir.terminology import external
from health_platform.fhir.validation.context import Context, Json, Place

# Elements that R4 binds at most to BCP 47 (maximum binding all-languages).
LANGUAGES = frozenset(
    f"{name}.language" for name, kind in structures.types().items() if kind == "resource" or name == "Attachment"
)
URI = "urn:ietf:rfc:3986"
# Elements that act when a page shows them, and handlers of events on any element.
_ACTIVE = re.compile(
    r"</?(?:applet|base|embed|form|frame|iframe|input|link|meta|object|script|style|svg|video)(?:\s[^<>]*)?/?>"
    r"|<[a-z][^<>]*\son[a-z]+\s*=|<[a-z][^<>]*(?:href|src)\s*=\s*[\"']?\s*javascript:",
    re.IGNORECASE,
)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:.+")
_HL7_CANONICAL = re.compile(r"http://hl7\.org/fhir/(?P<type>[A-Z][A-Za-z]+)/[^/|#]+(?:\|.*)?")
_LINK = re.compile(r"""<a\s[^<>]*?href\s*=\s*["']#([^"']+)["']""")
_ANCHOR = re.compile(r"""\s(?:id|name)\s*=\s*["']([^"']+)["']""")


def attachment_size(context: Context, value: Json, place: Place) -> None:
    """`size` is the number of bytes before base64 encoding."""
    data, size = value.get("data"), value.get("size")
    if not isinstance(data, str) or not isinstance(size, int) or not data:
        return
    encoded = re.sub(r"\s", "", data)
    actual = len(encoded) * 3 // 4 - encoded[-2:].count("=")
    if size != actual:
        context.report("attachment-size", place, stated=size, actual=actual)


def coding_system(context: Context, value: Json, place: Place) -> None:
    """`system` is the absolute URI of a code system, not of a value set."""
    system = value.get("system")
    if not isinstance(system, str) or not system:
        return
    if not _ABSOLUTE.fullmatch(system) and not system.startswith("#"):
        context.report("system-relative", (place, "system", -1), value=system)
    elif "/ValueSet/" in system and context.knowledge.terminology.value_set(system) is not None:
        context.report("system-value-set", (place, "system", -1), value=system)


def identifier_uri(context: Context, value: Json, place: Place) -> None:
    """An identifier of the system urn:ietf:rfc:3986 is itself an absolute URI."""
    text = value.get("value")
    if value.get("system") == URI and isinstance(text, str) and not _ABSOLUTE.fullmatch(text):
        context.report("identifier-uri", (place, "value", -1), value=text)


def expression_language(context: Context, value: Json, place: Place) -> None:
    """An expression in FHIRPath can be parsed."""
    text = value.get("expression")
    if value.get("language") != "text/fhirpath" or not isinstance(text, str):
        return
    try:
        parse(text)
    except FhirPathError as error:
        context.report("fhirpath", place, value=text, reason=str(error))


def no_active_markup(context: Context, value: Any, place: Place) -> None:
    """A string is shown as it is, so HTML in it is an attack or a mistake (https://hl7.org/fhir/R4/security.html)."""
    if type(value) is str and "<" in value and _ACTIVE.search(value):
        context.report("markup", place)


def absolute_canonical(context: Context, value: Any, place: Place) -> None:
    """A canonical is an absolute URI or leads to a contained resource."""
    if type(value) is str and value and not value.startswith("#") and not _ABSOLUTE.fullmatch(value):
        context.report("canonical-relative", place, value=value)


@cache
def canonical_target(targets: tuple[str, ...]) -> Callable[[Context, Any, Place], None]:
    """HL7's own canonical URLs name the type of resource: it is one that the element allows."""
    allowed = {name for name in targets if name in structures.types()}

    def check(context: Context, value: Any, place: Place) -> None:
        match = _HL7_CANONICAL.fullmatch(value) if type(value) is str else None
        if match is None or not allowed or "Resource" in allowed or match["type"] in allowed:
            return
        if match["type"] in structures.resource_types():
            context.report("canonical-target", place, found=match["type"], expected=", ".join(sorted(allowed)))

    return check


def language_tag(context: Context, value: Any, place: Place) -> None:
    if type(value) is str and external.is_well_formed(external.BCP_47, value) is False:
        context.report("language", place, value=value)


def internal_links(context: Context, value: Any, place: Place) -> None:
    """A link inside the narrative leads to an id in the narrative or in the resource."""
    if type(value) is not str or ('href="#' not in value and "href='#" not in value):
        return
    known = set(_ANCHOR.findall(value)) | set(_identifiers(context.resource))
    for target in dict.fromkeys(_LINK.findall(value)):
        if target not in known:
            context.report("narrative-internal-link", place, value=f"#{target}")


def contained_are_used(context: Context, value: Json, place: Place) -> None:
    """dom-3: a contained resource is referred to from the resource around it, or refers to it."""
    contained = value.get("contained")
    if not isinstance(contained, list):
        return
    used = set(_fragments(value))
    for index, item in enumerate(contained):
        identifier = item.get("id") if isinstance(item, dict) else None
        if isinstance(identifier, str) and f"#{identifier}" not in used and "#" not in set(_fragments(item)):
            context.report("contained-unused", (place, "contained", index), value=identifier)


def _fragments(value: Any) -> Iterator[str]:
    """Every `#id` of a resource."""
    if isinstance(value, str):
        if value.startswith("#"):
            yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _fragments(child)


def _identifiers(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value["id"]
        for name, child in value.items():
            if name == "div" and isinstance(child, str):
                yield from _ANCHOR.findall(child)
            yield from _identifiers(child)
    elif isinstance(value, list):
        for child in value:
            yield from _identifiers(child)
