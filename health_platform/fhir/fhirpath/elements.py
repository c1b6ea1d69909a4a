"""FHIR elements as FHIRPath sees them: JSON with its type, children by element name, conversion to System values.

hl7.org/fhir/R4/fhirpath.html: choice elements go by the name without type, a primitive is a value that may carry an id
and extensions, and converts to a System type where an operator asks for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from itertools import zip_longest
from typing import Any, Final

from health_platform.fhir.definitions import structures
from health_platform.fhir.fhirpath.nodes import TypeName
from health_platform.fhir.fhirpath.quantity import Quantity
from health_platform.fhir.fhirpath.temporal import Date, DateTime, Time, parse_date, parse_date_time, parse_time

UCUM: Final = "http://unitsofmeasure.org"
QUANTITIES: Final = frozenset({"Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity"})
SYSTEM_TYPES: Final[Mapping[type, str]] = {
    bool: "Boolean",
    str: "String",
    int: "Integer",
    Decimal: "Decimal",
    Date: "Date",
    DateTime: "DateTime",
    Time: "Time",
    Quantity: "Quantity",
}

_CALENDAR_FROM_UCUM: Final = {"a": "year", "mo": "month", "wk": "week", "d": "day", "h": "hour", "min": "minute"}


class Property:
    """A JSON property of a node: its key, its FHIR type, and where its children stand."""

    __slots__ = ("_path", "_table", "is_list", "is_primitive", "key", "name", "type", "under_key")

    def __init__(self, found: structures.Property, type_name: str) -> None:
        self.key = found.name
        self.under_key = "_" + found.name
        self.name = found.element.name
        self.type = type_name
        self.is_list = found.element.is_list
        self.is_primitive = found.is_primitive
        self._path = found.node
        self._table: Table | None = None

    @property
    def table(self) -> Table:
        if self._table is None:
            self._table = table(self._path)
        return self._table


class Table:
    """The properties of a node, by element name (several for a choice) and by JSON key."""

    __slots__ = ("by_key", "by_name", "path")

    def __init__(self, path: str, properties: list[Property]) -> None:
        self.path = path
        self.by_key = {one.key: one for one in properties}
        self.by_name: dict[str, list[Property]] = {}
        for one in properties:
            self.by_name.setdefault(one.name, []).append(one)


@cache
def table(path: str) -> Table:
    """The table of a type's name or a backbone element's path. Raises KeyError for anything else."""
    resource = structures.types().get(path) == "resource"
    found = structures.node(path).properties.values()
    return Table(path, [Property(one, "id" if resource and one.name == "id" else one.type.code) for one in found])


class Element:
    """A FHIR element: its JSON `value`, its `type`, the table of its children (None for a primitive).

    `extra` is the JSON of a primitive's id and extensions. A primitive without a value has None.
    """

    __slots__ = ("extra", "table", "type", "value")

    def __init__(self, value: Any, type_name: str, children: Table | None, extra: Any = None) -> None:
        self.value = value
        self.type = type_name
        self.table = children
        self.extra = extra

    def __repr__(self) -> str:
        return f"Element({self.value!r}, {self.type!r})"


class TypeInfo:
    """What `type()` tells: namespace and name."""

    __slots__ = ("name", "namespace")

    def __init__(self, namespace: str, name: str) -> None:
        self.namespace = namespace
        self.name = name


Item = Element | TypeInfo | bool | str | int | Decimal | Date | DateTime | Time | Quantity
Collection = list[Any]
"""A FHIRPath collection; never changed once it has been handed on."""


def element(value: Any, type_name: str, extra: Any = None) -> Element:
    """The element of JSON of a known type, such as `Patient`, `HumanName`, `Patient.contact` or `code`."""
    if structures.is_primitive(type_name):
        return Element(value, type_name, None, extra)
    found = table(type_name)
    return Element(value, type_name if "." not in type_name else "BackboneElement", found)


def resource_element(resource: Mapping[str, Any]) -> Element:
    """The element of a resource, by its resourceType; one of an unknown type has the elements of any resource."""
    name = resource.get("resourceType", "")
    if structures.types().get(name) != "resource":
        return Element(resource, "Resource", table("Resource"))
    return Element(resource, name, table(name))


def children_of(parent: Element, found: Property, out: Collection) -> None:
    """Add the elements of one property of a parent."""
    value = parent.value.get(found.key)
    if found.is_primitive:
        extra = parent.value.get(found.under_key)
        if value is not None or extra is not None:
            _add_primitives(value, extra, found, out)
    elif value is not None:
        for one in value if type(value) is list else (value,):
            if found.type == "Resource":
                out.append(resource_element(one))
            elif one is not None:
                out.append(Element(one, found.type, found.table))


def _add_primitives(value: Any, extra: Any, found: Property, out: Collection) -> None:
    if type(value) is not list and type(extra) is not list:
        out.append(Element(value, found.type, None, extra))
    elif extra is None:
        out.extend([Element(one, found.type, None) for one in value if one is not None])
    else:
        for one, more in zip_longest(value or (), extra):
            if one is not None or more is not None:
                out.append(Element(one, found.type, None, more))


def all_children(parent: Any) -> Iterator[Element]:
    """Every child element, in the order of the JSON."""
    if parent.__class__ is not Element:
        return
    out: Collection = []
    if parent.table is None:
        out = primitive_children(parent, "id") + primitive_children(parent, "extension")
    else:
        by_key = parent.table.by_key
        for key in parent.value:
            name = key[1:] if key[0] == "_" else key
            found = by_key.get(name)
            if found is not None and (name is key or name not in parent.value):
                children_of(parent, found, out)
    yield from out


def primitive_children(parent: Element, name: str) -> Collection:
    """The id or the extensions of a primitive."""
    extra = parent.extra
    if not extra or name not in extra:
        return []
    if name == "extension":
        extensions = table("Extension")
        return [Element(one, "Extension", extensions) for one in extra[name]]
    return [Element(extra[name], "string", None)] if name == "id" else []


def _decimal(value: Any) -> Any:
    if type(value) is Decimal:
        return value
    # A Decimal's subclass compares like one, and is not one of the System types.
    return Decimal(value) if isinstance(value, Decimal) else Decimal(str(value))


def _temporal(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def converted(value: Any) -> Any:
        found = parse(value) if isinstance(value, str) else None
        return value if found is None else found

    return converted


def _same(value: Any) -> Any:
    return value


_CONVERSIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "decimal": _decimal,
    "integer": int,
    "positiveInt": int,
    "unsignedInt": int,
    "date": _temporal(parse_date),
    "dateTime": _temporal(parse_date_time),
    "instant": _temporal(parse_date_time),
    "time": _temporal(parse_time),
}


def system(item: Any) -> Any:
    """The System value of an item: itself where it is one or has none, None for a primitive without a value."""
    if item.__class__ is not Element:
        return item
    if item.table is None:
        return None if item.value is None else _CONVERSIONS.get(item.type, _same)(item.value)
    if item.type in QUANTITIES and item.value.get("value") is not None and "comparator" not in item.value:
        return system_quantity(item.value)
    return item


def system_quantity(value: Mapping[str, Any]) -> Quantity:
    """The System.Quantity of a FHIR Quantity; a unit of UCUM goes by its code, another one by what it is called."""
    if value.get("system") == UCUM and "code" in value:
        return Quantity(_decimal(value["value"]), value["code"])
    unit = value.get("code") or value.get("unit") or "1"
    return Quantity(_decimal(value["value"]), unit)


def type_of(item: Any) -> TypeInfo:
    """Namespace and name of an item's type."""
    if item.__class__ is Element:
        return TypeInfo("FHIR", item.type)
    if item.__class__ is TypeInfo:
        return TypeInfo("System", "Any")
    return TypeInfo("System", SYSTEM_TYPES[type(item)])


def is_known_type(wanted: TypeName) -> bool:
    """Whether the name is a type at all; any name in the namespace System is taken as one."""
    if wanted.namespace == "System":
        return True
    if wanted.name in structures.types() or wanted.name in QUANTITIES:
        return wanted.namespace in (None, "FHIR")
    return wanted.namespace is None and wanted.name in SYSTEM_TYPES.values()


def is_type(item: Any, wanted: TypeName) -> bool:
    """Whether an item is of a type or of one that specialises it."""
    found = type_of(item)
    if wanted.namespace not in (None, found.namespace):
        return False
    if found.namespace == "System":
        return found.name == wanted.name
    return wanted.name in ancestors(found.name)


def is_exactly(item: Any, wanted: TypeName) -> bool:
    """Whether `as` and `ofType` keep an item: a primitive must be of the very type, others may specialise it."""
    if item.__class__ is Element and item.table is None:
        return wanted.namespace in (None, "FHIR") and item.type == wanted.name
    return is_type(item, wanted)


@cache
def ancestors(type_name: str) -> frozenset[str]:
    """A FHIR type with all that it specialises; R4's types of Quantity by restriction specialise Quantity."""
    if type_name not in structures.types():
        return frozenset({type_name})
    return frozenset(structures.ancestors(type_name))
