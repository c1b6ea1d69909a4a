"""Functions on collections: existence, filtering, subsetting, combining, sorting, control (FHIRPath N1, 5.1-5.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cmp_to_key
from typing import Any, Final

from health_platform.fhir.fhirpath.elements import Collection, all_children, system
from health_platform.fhir.fhirpath.equality import compare_items, identity
from health_platform.fhir.fhirpath.errors import FhirPathExecutionError, FhirPathSemanticError
from health_platform.fhir.fhirpath.state import TEXT_PER_STEP, Compiled, Function, State, single


def truth(items: Collection, what: str = "A condition") -> bool | None:
    """The Boolean of a collection: None when empty; one item of another type counts as true (N1, 4.5)."""
    if not items:
        return None
    found = system(single(items, what))
    return found if found.__class__ is bool else True


def each(items: Collection, argument: Compiled, state: State) -> Iterable[tuple[Any, Collection]]:
    """Every item with the value of the argument for it, `$this` and `$index` set."""
    outer = state.index
    state.spend(len(items))
    try:
        for place, item in enumerate(items):
            state.index = place
            yield item, argument([item], state)
    finally:
        state.index = outer


def _empty(items: Collection, _: list[Collection], __: State) -> Collection:
    return [not items]


def _exists(items: Collection, arguments: list[Compiled], state: State, _: Collection) -> Collection:
    if not arguments:
        return [bool(items)]
    return [any(truth(found) for _, found in each(items, arguments[0], state))]


def _all(items: Collection, arguments: list[Compiled], state: State, _: Collection) -> Collection:
    return [all(truth(found) is True for _, found in each(items, arguments[0], state))]


def _booleans(items: Collection, name: str) -> list[bool]:
    found = [system(item) for item in items]
    if not all(one.__class__ is bool for one in found):
        raise FhirPathExecutionError(f"{name}() takes Booleans alone.")
    return found


def _quantified(name: str, test: Callable[[list[bool]], bool]) -> Function:
    return Function(0, 0, lambda items, _, __: [test(_booleans(items, name))])


def identities(items: Collection, state: State) -> list[Any]:
    """What the items are compared by; the size of elements counts as work."""
    out = []
    for item in items:
        found = identity(item)
        state.spend(3 + len(found[1]) // TEXT_PER_STEP if found[0] == "element" else 1)
        out.append(found)
    return out


def _subset(inner: Collection, outer: Collection, state: State) -> bool:
    known = set(identities(outer, state))
    return all(found in known for found in identities(inner, state))


def unique(items: Collection, state: State) -> Collection:
    """The items without those that equal an earlier one."""
    if len(items) < 2:
        return items
    found: dict[Any, Any] = {}
    for key, item in zip(identities(items, state), items, strict=True):
        found.setdefault(key, item)
    return list(found.values())


def _where(items: Collection, arguments: list[Compiled], state: State, _: Collection) -> Collection:
    return [item for item, found in each(items, arguments[0], state) if truth(found)]


def _select(items: Collection, arguments: list[Compiled], state: State, _: Collection) -> Collection:
    out: Collection = []
    for _item, found in each(items, arguments[0], state):
        out += found
    state.spend(len(out))
    return out


def _repeat(items: Collection, arguments: list[Compiled], state: State, _: Collection) -> Collection:
    seen: dict[Any, Any] = {}
    pending = items
    while pending:
        fresh: Collection = []
        for _item, found in each(pending, arguments[0], state):
            for key, one in zip(identities(found, state), found, strict=True):
                if key not in seen:
                    seen[key] = one
                    fresh.append(one)
        pending = fresh
    return list(seen.values())


def _single(items: Collection, _: list[Collection], __: State) -> Collection:
    single(items, "single()")
    return items


def _count_of(arguments: list[Collection], name: str) -> int:
    found = system(single(arguments[0], name))
    if found.__class__ is not int:
        raise FhirPathExecutionError(f"{name} takes an Integer.")
    return int(found)


def _skip(items: Collection, arguments: list[Collection], _: State) -> Collection:
    return items[max(0, _count_of(arguments, "skip()")) :]


def _take(items: Collection, arguments: list[Collection], _: State) -> Collection:
    return items[: max(0, _count_of(arguments, "take()"))]


def _intersect(items: Collection, arguments: list[Collection], state: State) -> Collection:
    known = set(identities(arguments[0], state))
    once = unique(items, state)
    return [item for key, item in zip(identities(once, state), once, strict=True) if key in known]


def _exclude(items: Collection, arguments: list[Collection], state: State) -> Collection:
    known = set(identities(arguments[0], state))
    return [item for key, item in zip(identities(items, state), items, strict=True) if key not in known]


def union(left: Collection, right: Collection, state: State) -> Collection:
    """Both collections without what equals an earlier item."""
    return unique(left + right, state)


def _combine(items: Collection, arguments: list[Collection], state: State) -> Collection:
    state.spend(len(items) + len(arguments[0]))
    return items + arguments[0]


def _iif(items: Collection, arguments: list[Compiled], state: State, this: Collection) -> Collection:
    if len(items) > 1:
        raise FhirPathExecutionError("iif() takes one item.")
    inner = items if items else this
    found = arguments[0](inner, state)
    if len(found) > 1:
        raise FhirPathSemanticError("The criterion of iif() must be one Boolean.")
    if state.environment.strict and found and system(found[0]).__class__ is not bool:
        raise FhirPathSemanticError("The criterion of iif() must be a Boolean.")
    if truth(found):
        return arguments[1](inner, state)
    return arguments[2](inner, state) if len(arguments) > 2 else []


def _aggregate(items: Collection, arguments: list[Compiled], state: State, this: Collection) -> Collection:
    outer = state.total
    state.total = arguments[1](this, state) if len(arguments) > 1 else []
    for _item, found in each(items, arguments[0], state):
        state.total = found
    result, state.total = state.total, outer
    return result


def _sort(items: Collection, arguments: list[tuple[Compiled, bool]], state: State, _: Collection) -> Collection:
    """Each argument comes with whether a minus sign before it turns its order round."""
    keys = arguments or [(lambda this, _: this, False)]
    rows = [([key([item], state) for key, _ in keys], item) for item in items]
    state.spend(len(items) * len(items).bit_length())

    def order(one: tuple[list[Collection], Any], other: tuple[list[Collection], Any]) -> int:
        for (_key, descending), left, right in zip(keys, one[0], other[0], strict=True):
            found = _order(left, right)
            if found:
                return -found if descending else found
        return 0

    return [item for _, item in sorted(rows, key=cmp_to_key(order))]


def _order(left: Collection, right: Collection) -> int:
    """The order of two keys; a missing one counts as the greatest (as HL7's case testSort10 has it)."""
    if not left or not right:
        return bool(right) - bool(left)
    return compare_items(single(left, "sort()"), single(right, "sort()")) or 0


def _children(items: Collection, _: list[Collection], state: State) -> Collection:
    out: Collection = []
    for item in items:
        found = list(all_children(item))
        state.spend(1 + len(found))
        out += found
    return out


def _descendants(items: Collection, arguments: list[Collection], state: State) -> Collection:
    out: Collection = []
    level = items
    while level:
        level = _children(level, arguments, state)
        out += level
    return out


def _trace(items: Collection, arguments: list[Compiled], state: State, this: Collection) -> Collection:
    report = state.environment.trace
    name = system(single(arguments[0](this, state), "trace()"))
    if report is not None:
        projected = [one for _, found in each(items, arguments[1], state) for one in found] if arguments[1:] else items
        report(str(name), projected)
    return items


FUNCTIONS: Final[Mapping[str, Function]] = {
    "empty": Function(0, 0, _empty),
    "exists": Function(0, 1, _exists, lazy=True),
    "all": Function(1, 1, _all, lazy=True),
    "allTrue": _quantified("allTrue", all),
    "anyTrue": _quantified("anyTrue", any),
    "allFalse": _quantified("allFalse", lambda found: not any(found)),
    "anyFalse": _quantified("anyFalse", lambda found: not all(found)),
    "subsetOf": Function(1, 1, lambda items, arguments, state: [_subset(items, arguments[0], state)]),
    "supersetOf": Function(1, 1, lambda items, arguments, state: [_subset(arguments[0], items, state)]),
    "count": Function(0, 0, lambda items, _, __: [len(items)]),
    "distinct": Function(0, 0, lambda items, _, state: unique(items, state)),
    "isDistinct": Function(0, 0, lambda items, _, state: [len(unique(items, state)) == len(items)]),
    "where": Function(1, 1, _where, lazy=True),
    "select": Function(1, 1, _select, lazy=True),
    "repeat": Function(1, 1, _repeat, lazy=True),
    "single": Function(0, 0, _single),
    "first": Function(0, 0, lambda items, _, __: items[:1]),
    "last": Function(0, 0, lambda items, _, __: items[-1:]),
    "tail": Function(0, 0, lambda items, _, __: items[1:]),
    "skip": Function(1, 1, _skip),
    "take": Function(1, 1, _take),
    "intersect": Function(1, 1, _intersect),
    "exclude": Function(1, 1, _exclude),
    "union": Function(1, 1, lambda items, arguments, state: union(items, arguments[0], state)),
    "combine": Function(1, 1, _combine),
    "iif": Function(2, 3, _iif, lazy=True),
    "aggregate": Function(1, 2, _aggregate, lazy=True),
    "sort": Function(0, 9, _sort, lazy=True),
    "children": Function(0, 0, _children),
    "descendants": Function(0, 0, _descendants),
    "trace": Function(1, 2, _trace, lazy=True),
}
