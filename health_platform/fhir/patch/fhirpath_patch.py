"""FHIRPath Patch (FHIR R4, fhirpatch.html): operations in a Parameters resource on parsed JSON. Pure and exact.

What a delete leaves empty goes too, since FHIR's JSON has no empty objects and arrays. Errors name the operation by its
place, its type and its path.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from health_platform.fhir.fhirpath.elements import Property, element
from health_platform.fhir.outcome import BadRequest, FhirError
from health_platform.fhir.patch.places import NOT_ONE, PathError, Place, Slot, named, places, slot
from health_platform.fhir.patch.refusal import refuse_too_many, unfit

Json = dict[str, Any]
LENGTH: Final = "The list has %(count)s entries."


@dataclass(frozen=True, slots=True)
class _Value:
    """A value to be put: JSON, what stands beside a primitive, and the type by which a choice is made ("" for a
    backbone element, which has none)."""

    json: Any
    extra: Any
    type: str


@dataclass(frozen=True, slots=True)
class _Operation:
    place: int
    type: str
    path: str
    parts: dict[str, Json]

    def text(self, name: str) -> str:
        found = self._plain(name, "valueString", "valueCode", "valueId")
        if not isinstance(found, str):
            raise _malformed(self.place, name, "a string")
        return found

    def number(self, name: str) -> int:
        found = self._plain(name, "valueInteger", "valueUnsignedInt", "valuePositiveInt")
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise _malformed(self.place, name, "a whole number from 0")
        return found

    def _plain(self, name: str, *keys: str) -> Any:
        part = self.parts.get(name, {})
        return next((part[key] for key in keys if key in part), None)

    def value(self) -> Json:
        if "value" not in self.parts:
            raise _malformed(self.place, "value", "a value")
        return self.parts["value"]


def apply(resource: Json, patch: Json) -> Json:
    """The resource after all operations of ``patch``, in order.

    Raises BadRequest for what is no FHIRPath Patch, UnprocessableEntity for one that does not fit the resource.
    """
    patched = deepcopy(resource)
    for operation in _operations(patch):
        try:
            _CARRY_OUT[operation.type](patched, operation)
        except PathError as error:
            raise _unfit(operation, error) from None
    return patched


def _operations(patch: Json) -> list[_Operation]:
    given = patch.get("parameter", [])
    if patch.get("resourceType") != "Parameters" or not isinstance(given, list):
        raise BadRequest("A FHIRPath Patch is a Parameters resource.", expression=("Parameters",))
    refuse_too_many(given)
    return [_operation(place, one) for place, one in enumerate(given)]


def _operation(place: int, given: Any) -> _Operation:
    parts = given.get("part") if isinstance(given, dict) and given.get("name") == "operation" else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) and part.get("name") for part in parts):
        raise BadRequest("Each parameter of the patch is an 'operation' with named parts.",
                         expression=(f"Parameters.parameter[{place}]",))  # fmt: skip
    operation = _Operation(place, "", "", {part["name"]: part for part in parts})
    kind, path = operation.text("type"), operation.text("path")
    if kind not in _CARRY_OUT:
        raise _malformed(place, "type", "one of " + ", ".join(_CARRY_OUT))
    return _Operation(place, kind, path, operation.parts)


def _malformed(place: int, name: str, expected: str) -> BadRequest:
    return BadRequest(
        "Operation %(number)s of the patch needs a part '%(name)s': %(expected)s.",
        expression=(f"Parameters.parameter[{place}]",),
        number=place,
        name=name,
        expected=expected,
    )


def _unfit(operation: _Operation, error: PathError) -> FhirError:
    place = (f"Parameters.parameter[{operation.place}]",)
    return unfit(operation.place, operation.type, operation.path, place, (error.reason, error.args_of_reason))


# ---- the operations


def _add(resource: Json, operation: _Operation) -> None:
    parents = places(resource, operation.path)
    if len(parents) != 1:
        raise PathError(NOT_ONE, count=len(parents))
    target = named(parents[0], operation.text("name"))
    value = _value(operation.value(), target)
    found = _choice(target, value)
    if found.is_list:
        _insert_at(target.holder, found, _length(target.holder, found), value)
    elif any(one.key in target.holder or one.under_key in target.holder for one in target.alternatives):
        raise PathError("There is a value already: replace it.")
    else:
        _set(target.holder, found, value)


def _insert(resource: Json, operation: _Operation) -> None:
    target = slot(resource, operation.path)
    value = _value(operation.value(), target)
    found, index = _list_of(target), operation.number("index")
    if index > _length(target.holder, found):
        raise PathError(LENGTH, count=_length(target.holder, found))
    _insert_at(target.holder, found, index, value)


def _delete(resource: Json, operation: _Operation) -> None:
    found = places(resource, operation.path)
    if len(found) > 1:
        raise PathError(NOT_ONE, count=len(found))
    for place in found:
        _remove(place)


def _replace(resource: Json, operation: _Operation) -> None:
    found = places(resource, operation.path)
    if len(found) != 1 or found[0].property is None or found[0].up is None:
        raise PathError(NOT_ONE, count=len(found) if found and found[0].property else 0)
    place = found[0]
    target = named(found[0].up, found[0].property.name)
    value = _value(operation.value(), target)
    assert place.holder is not None and place.property is not None  # noqa: S101  (above)
    chosen = _choice(target, value)
    if place.index is None:
        _swap(place.holder, place.property, chosen, value)
    else:
        _take_from(place.holder, place.property, place.index)
        _insert_at(place.holder, chosen, place.index, value)


def _move(resource: Json, operation: _Operation) -> None:
    target = slot(resource, operation.path)
    found = _list_of(target)
    source, destination = operation.number("source"), operation.number("destination")
    length = _length(target.holder, found)
    if max(source, destination) >= length:
        raise PathError(LENGTH, count=length)
    value = _take_from(target.holder, found, source)
    _insert_at(target.holder, found, destination, value)


_CARRY_OUT: Final[dict[str, Callable[[Json, _Operation], None]]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}


# ---- values


def _value(part: Json, target: Slot) -> _Value:
    """The value of a part: a data type, a resource, or the parts of a backbone element."""
    if "resource" in part:
        return _Value(part["resource"], None, "Resource")
    name = next((key for key in part if key.startswith("value")), None)
    extra = next((part[key] for key in part if key.startswith("_value")), None)
    if name is not None or extra is not None:
        key = name or next(key for key in part if key.startswith("_value"))[1:]
        return _Value(part.get(key), extra, key.removeprefix("value"))
    parts = part.get("part")
    if not isinstance(parts, list):
        raise PathError("The operation has no value.")
    made: Json = {}
    for inner in parts:
        _set_part(made, target.alternatives[0], inner)
    return _Value(made, None, "")


def _set_part(made: Json, of: Property, part: Json) -> None:
    name = part.get("name", "")
    known = of.table.by_name.get(name) if not of.is_primitive else None
    if not known:
        raise PathError("%(type)s has no element '%(name)s'.", type=of.name, name=name)
    inner = Slot(Place(element(made, "Element")), made, tuple(known))
    value = _value(part, inner)
    found = _choice(inner, value)
    if found.is_list:
        _insert_at(made, found, _length(made, found), value)
    else:
        _set(made, found, value)


def _choice(target: Slot, value: _Value) -> Property:
    """The property for a value: of a choice the one with the value's type."""
    if len(target.alternatives) == 1:
        return target.alternatives[0]
    for one in target.alternatives:
        if one.type.lower() == value.type.lower():
            return one
    possible = ", ".join(one.type for one in target.alternatives)
    raise PathError(
        "'%(name)s' cannot be a %(type)s: it is %(possible)s.",
        name=target.alternatives[0].name,
        type=value.type or "BackboneElement",
        possible=possible,
    )


# ---- JSON


def _list_of(target: Slot) -> Property:
    found = target.alternatives[0]
    if not found.is_list:
        raise PathError("'%(name)s' is not a list.", name=found.name)
    return found


def _length(holder: Json, found: Property) -> int:
    return max(len(holder.get(found.key) or ()), len(holder.get(found.under_key) or ()) if found.is_primitive else 0)


def _set(holder: Json, found: Property, value: _Value) -> None:
    if value.json is not None:
        holder[found.key] = deepcopy(value.json)
    if value.extra is not None:
        holder[found.under_key] = deepcopy(value.extra)


def _insert_at(holder: Json, found: Property, index: int, value: _Value) -> None:
    """Into the list, and into the one beside it that keeps the extensions of primitives."""
    length = _length(holder, found)
    if value.json is not None or found.key in holder:
        _padded(holder, found.key, length).insert(index, deepcopy(value.json))
    if found.is_primitive and (value.extra is not None or found.under_key in holder):
        _padded(holder, found.under_key, length).insert(index, deepcopy(value.extra))


def _padded(holder: Json, key: str, length: int) -> list[Any]:
    entries: list[Any] = holder.setdefault(key, [])
    entries += [None] * (length - len(entries))
    return entries


def _take_from(holder: Json, found: Property, index: int) -> _Value:
    taken = [None, None]
    for place, key in enumerate((found.key, found.under_key)):
        entries = holder.get(key)
        if isinstance(entries, list) and index < len(entries):
            taken[place] = entries.pop(index)
            if not any(entry is not None for entry in entries):
                del holder[key]
    return _Value(taken[0], taken[1], found.type)


def _swap(holder: Json, old: Property, new: Property, value: _Value) -> None:
    """The new value where the old one stood: the order of members is the client's."""
    members = list(holder.items())
    keys = (old.key, old.under_key)
    holder.clear()
    for key, entry in members:
        if key not in keys:
            holder[key] = entry
        elif new.key not in holder and new.under_key not in holder:
            _set(holder, new, value)


def _remove(place: Place) -> None:
    if place.holder is None or place.property is None:
        raise PathError("A patch cannot delete the resource: send DELETE.")
    if place.index is None:
        place.holder.pop(place.property.key, None)
        place.holder.pop(place.property.under_key, None)
    else:
        _take_from(place.holder, place.property, place.index)
    if not place.holder and place.up is not None and place.up.property is not None:
        _remove_empty(place.up)


def _remove_empty(place: Place) -> None:
    """An element of which nothing is left; a primitive keeps its value when its extensions go."""
    if place.element.table is None and place.element.value is not None:
        assert place.holder is not None and place.property is not None  # noqa: S101  (_remove)
        _drop_extra(place.holder, place.property, place.index)
    else:
        _remove(place)


def _drop_extra(holder: Json, found: Property, index: int | None) -> None:
    if index is None:
        holder.pop(found.under_key, None)
        return
    entries = holder[found.under_key]
    entries[index] = None
    if not any(entry is not None for entry in entries):
        del holder[found.under_key]
