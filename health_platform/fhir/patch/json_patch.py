"""JSON Patch (RFC 6902) on parsed JSON: pure, exact (a Decimal keeps its digits, members keep their order).

The document is not changed; the patched one shares what the patch does not touch. Errors name the operation by its
place and the pointer that it could not follow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any, Final

from health_platform.fhir.outcome import BadRequest, FhirError
from health_platform.fhir.patch.refusal import refuse_too_many, unfit

Json = Any
Operation = dict[str, Any]
NOTHING: Final = "There is nothing at '%(pointer)s'."
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


class _Misfit(Exception):
    """An operation that cannot be carried out on this document: why, and at which pointer."""

    def __init__(self, reason: str, pointer: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer


def apply(document: Json, operations: Json) -> Json:
    """The document after all ``operations``, in order.

    Raises BadRequest for what is no JSON Patch, UnprocessableEntity for one that does not fit the document.
    """
    patched = deepcopy(document)
    for place, operation in enumerate(_checked(operations)):
        try:
            patched = _OPERATIONS[operation["op"]](patched, operation)
        except _Misfit as misfit:
            raise _unfit(place, operation, misfit) from None
    return patched


def _checked(operations: Json) -> list[Operation]:
    if not isinstance(operations, list):
        raise BadRequest("A JSON Patch is an array of operations (RFC 6902).")
    refuse_too_many(operations)
    for place, operation in enumerate(operations):
        _check(place, operation)
    return operations


def _check(place: int, operation: Json) -> None:
    name = operation.get("op") if isinstance(operation, dict) else None
    if not isinstance(name, str) or name not in _OPERATIONS:
        raise BadRequest("Operation %(number)s of the patch has no 'op' that is one of %(known)s.",
                         expression=(f"[{place}].op",), number=place, known=", ".join(_OPERATIONS))  # fmt: skip
    for member in ("path", *(("from",) if name in ("move", "copy") else ())):
        pointer = operation.get(member)
        if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
            raise BadRequest("Operation %(number)s of the patch (%(op)s) needs '%(member)s': a JSON pointer such as "
                             "/name/0/family.", expression=(f"[{place}].{member}",), number=place, op=name,
                             member=member)  # fmt: skip
    if name in ("add", "replace", "test") and "value" not in operation:
        raise BadRequest("Operation %(number)s of the patch (%(op)s) needs a 'value'.",
                         expression=(f"[{place}].value",), number=place, op=name)  # fmt: skip


def _unfit(place: int, operation: Operation, misfit: _Misfit) -> FhirError:
    reason = misfit.reason, {"pointer": misfit.pointer}
    return unfit(place, operation["op"], operation["path"], (f"[{place}]",), reason)


def _tokens(pointer: str) -> list[str]:
    """RFC 6901: ``~1`` stands for a slash, ``~0`` for a tilde."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _index(step: str, container: list[Json], pointer: str, *, end: bool = False) -> int:
    """The place in an array; with ``end`` the one behind its last entry too, which is also called ``-``."""
    if end and step == "-":
        return len(container)
    if not _INDEX.fullmatch(step):
        raise _Misfit("An array has numbered entries (at '%(pointer)s').", pointer)
    index = int(step)
    if index > len(container) - (not end):
        raise _Misfit("The array is not that long (at '%(pointer)s').", pointer)
    return index


def _get(document: Json, pointer: str) -> Json:
    found = document
    for token in _tokens(pointer):
        found = _child(found, token, pointer)
    return found


def _child(container: Json, token: str, pointer: str) -> Json:
    if isinstance(container, list):
        return container[_index(token, container, pointer)]
    if not isinstance(container, dict) or token not in container:
        raise _Misfit(NOTHING, pointer)
    return container[token]


def _holder(document: Json, pointer: str) -> tuple[Json, str]:
    """The object or array in which the last step of ``pointer`` stands, and that step."""
    *way, last = _tokens(pointer)
    holder = document
    for token in way:
        holder = _child(holder, token, pointer)
    if not isinstance(holder, dict | list):
        raise _Misfit("There is neither an object nor an array (at '%(pointer)s').", pointer)
    return holder, last


def _put(document: Json, pointer: str, value: Json) -> Json:
    if not pointer:
        return value
    holder, last = _holder(document, pointer)
    if isinstance(holder, list):
        holder.insert(_index(last, holder, pointer, end=True), value)
    else:
        holder[last] = value
    return document


def _take(document: Json, pointer: str) -> tuple[Json, Json]:
    """What stands at ``pointer``, and the document without it."""
    if not pointer:
        return document, None
    holder, last = _holder(document, pointer)
    if isinstance(holder, list):
        return holder.pop(_index(last, holder, pointer)), document
    if last not in holder:
        raise _Misfit(NOTHING, pointer)
    return holder.pop(last), document


def _add(document: Json, operation: Operation) -> Json:
    return _put(document, operation["path"], deepcopy(operation["value"]))


def _remove(document: Json, operation: Operation) -> Json:
    return _take(document, operation["path"])[1]


def _replace(document: Json, operation: Operation) -> Json:
    pointer, value = operation["path"], deepcopy(operation["value"])
    if not pointer:
        return value
    holder, last = _holder(document, pointer)
    if isinstance(holder, list):
        holder[_index(last, holder, pointer)] = value
    elif last in holder:
        holder[last] = value
    else:
        raise _Misfit(NOTHING, pointer)
    return document


def _move(document: Json, operation: Operation) -> Json:
    source, target = operation["from"], operation["path"]
    if target.startswith(source + "/"):
        raise _Misfit("Nothing can be moved into itself (at '%(pointer)s').", target)
    value, rest = _take(document, source)
    return _put(rest, target, value)


def _copy(document: Json, operation: Operation) -> Json:
    return _put(document, operation["path"], deepcopy(_get(document, operation["from"])))


def _test(document: Json, operation: Operation) -> Json:
    if not equal(_get(document, operation["path"]), operation["value"]):
        raise _Misfit("The value is another one (at '%(pointer)s').", operation["path"])
    return document


def equal(one: Json, other: Json) -> bool:
    """RFC 6902, section 4.6: numbers by value, objects without order; true is not 1 and "10" is not 10."""
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return one == other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[name]) for name, value in one.items())
    return isinstance(one, str) and isinstance(other, str) and one == other


_OPERATIONS: Final[dict[str, Callable[[Json, Operation], Json]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
