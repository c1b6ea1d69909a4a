"""FHIR's XML as FHIR's JSON, by the element tables of R4: HL7 writes its patch cases in XML."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from health_platform.fhir.fhirpath.elements import Property, Table, table

FHIR = "{http://hl7.org/fhir}"
XHTML = "{http://www.w3.org/1999/xhtml}"
_NUMBERS = {"integer": int, "positiveInt": int, "unsignedInt": int, "decimal": Decimal}


def resource(node: ElementTree.Element) -> dict[str, Any]:
    name = node.tag.removeprefix(FHIR)
    return {"resourceType": name, **_object(node, table(name))}


def _object(node: ElementTree.Element, known: Table) -> dict[str, Any]:
    made: dict[str, Any] = {name: value for name, value in node.attrib.items() if name in ("id", "url")}
    for child in node:
        key = child.tag.removeprefix(FHIR).removeprefix(XHTML)
        found = known.by_key[key]
        if found.is_primitive:
            _add_primitive(made, found, child)
        else:
            value = resource(child[0]) if found.type == "Resource" else _object(child, found.table)
            _put(made, found.key, value, found.is_list)
    return made


def _add_primitive(made: dict[str, Any], found: Property, node: ElementTree.Element) -> None:
    if found.type == "xhtml":
        made[found.key] = ElementTree.tostring(node, encoding="unicode", default_namespace=None)
        return
    beside = _object(node, table("Element")) if len(node) or "id" in node.attrib else None
    value = node.attrib.get("value")
    if found.type == "boolean" and value is not None:
        _put(made, found.key, value == "true", found.is_list)
    else:
        _put(made, found.key, None if value is None else _NUMBERS.get(found.type, str)(value), found.is_list)
    if beside:
        _put(made, found.under_key, beside, found.is_list)


def _put(made: dict[str, Any], key: str, value: Any, is_list: bool) -> None:
    if is_list:
        made.setdefault(key, []).append(value)
    elif value is not None:
        made[key] = value


def canonical(value: Any) -> Any:
    """The same JSON with narrative in the canonical form of XML."""
    if isinstance(value, dict):
        return {
            key: ElementTree.canonicalize(entry.strip(), rewrite_prefixes=True)
            if key == "div" and isinstance(entry, str)
            else canonical(entry)
            for key, entry in value.items()
        }
    return [canonical(entry) for entry in value] if isinstance(value, list) else value


def _narrative(text: str) -> str:
    return ElementTree.canonicalize(text.strip(), rewrite_prefixes=True)
