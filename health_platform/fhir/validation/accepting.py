"""Profiles as predicates: whether a value certainly conforms. No word of why not; for that profile.py walks.

Nearly all that is sent conforms, so each profile is compiled once into closures over plain JSON that only say yes. They
are asked where the structure is right. What is rare (siblings of primitives, references into a Bundle, slices by
existence or by profile) is answered by no, and the walk decides; a profile that uses it throughout is not compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.structures import Binding, Property, TypeReference
from health_platform.fhir.fhirpath.errors import FhirPathError
from health_platform.fhir.packages.profiles import Profile, ProfileElement
from health_platform.fhir.packages.registry import ProfileRegistry
from health_platform.fhir.validation import binding, invariants, references, slicing
from health_platform.fhir.validation.context import Context
from health_platform.fhir.validation.occurrences import contains, equal

Json = Mapping[str, Any]
Accepts = Callable[[Context, Any], bool]
Matches = Callable[[Context, Any], bool]
MAX_DEPTH = 4


class _NotCompiledError(Exception):
    """The profile uses what only the walk can check."""


def accepts(context: Context, profile: Profile, value: Json) -> bool:
    """Whether the value certainly conforms to the profile; False where that is not certain."""
    if not context.is_sound or context.options.must_support:
        return False
    compiled = context.knowledge.profiles.compiled
    key = id(profile)
    if key not in compiled:
        compiled[key] = profile, _compiled(context, profile)
    found: Accepts | None = compiled[key][1]
    try:
        return found is not None and found(context, value)
    except (AttributeError, TypeError, ValueError, LookupError):
        return False  # a contract's profile is asked of whatever was sent: its structure is told elsewhere


def _compiled(context: Context, profile: Profile) -> Accepts | None:
    try:
        return _Compiler(context, profile).value(profile.root, profile.type, profile.type)
    except (_NotCompiledError, FhirPathError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Key:
    """A JSON property that an element may have."""

    name: str
    type: TypeReference
    node: str
    is_list: bool
    is_primitive: bool


class _Compiler:
    def __init__(self, context: Context, profile: Profile, depth: int = 0) -> None:
        self.context = context
        self.registry: ProfileRegistry = context.knowledge.profiles
        self.profile = profile
        self.depth = depth

    def value(self, element: ProfileElement, type_name: str, node: str, *, whole: bool = True) -> Accepts:
        """One value of an element or a slice; not `whole`: without what its slice says again."""
        tests = [*self._types(element, type_name), *_literals(element)]
        if element.binding is not None and element.binding.strength in ("required", "extensible"):
            tests.append(_in_set(element.binding))
        tests += [invariants.test_of(stated, node or type_name) for stated in element.constraints if stated.expression]
        if whole:
            tests += [self._child(child, node or "Element") for child in element.children if child.is_checked]
        return _every(tests)

    def _types(self, element: ProfileElement, type_name: str) -> list[Accepts]:
        if not element.types:
            return []
        declared = [reference for reference in element.types if reference.code == type_name]
        if not declared:
            return [_never]
        tests: list[Accepts] = []
        targets = [target for reference in declared for target in reference.targets]
        if targets and type_name == "Reference" and "Resource" not in targets:
            tests.append(_leads_to(self._target_types(targets)))
        profiles = [profile for reference in declared for profile in reference.profiles]
        if profiles and all(reference.profiles for reference in declared):
            tests += self._profiles(profiles)
        return tests

    def _target_types(self, targets: Sequence[str]) -> frozenset[str]:
        found = [self.registry.find(canonical) for canonical in targets]
        return frozenset(p.type if p else canonical for p, canonical in zip(found, targets, strict=True))

    def _profiles(self, canonicals: Sequence[str]) -> list[Accepts]:
        known = [profile for canonical in canonicals if (profile := self.registry.find(canonical)) is not None]
        if len(known) < len(canonicals):
            return []
        if len(known) > 1 or self.depth >= MAX_DEPTH:
            raise _NotCompiledError
        nested = _Compiler(self.context, known[0], self.depth + 1)
        return [nested.value(known[0].root, known[0].type, known[0].type)]

    def _child(self, child: ProfileElement, node: str) -> Accepts:
        keys = _keys(node, child.name)
        if not keys:
            return _always if not child.minimum else _never
        if any(key.node in ("Resource", "DomainResource") for key in keys):
            raise _NotCompiledError
        if len(keys) > 1 or keys[0].name != child.name:
            return self._choice(child, keys)
        return self._plain(child, keys[0])

    def _of_value(self, child: ProfileElement, key: _Key, member: ProfileElement | None) -> Accepts | None:
        """What a value of the element is checked for, in a slice of it or in none; None for nothing."""
        is_complete = not self.profile.from_differential
        tests: list[Accepts] = []
        if member is not None:
            if member.slices:
                raise _NotCompiledError
            tests.append(self.value(member, key.type.code, key.node))
        if child.has_rules:
            whole = member is None or not member.children or not is_complete
            tests.append(self.value(child, key.type.code, key.node, whole=whole))
        tests = [test for test in tests if test is not _always]
        return _every(tests) if tests else None

    def _choice(self, child: ProfileElement, keys: Sequence[_Key]) -> Accepts:
        """An element of which one property is there, or none."""
        minimum, is_prohibited = child.minimum or 0, child.maximum == 0
        table: dict[str, tuple[Accepts | None, int]] = {}
        for key in keys:
            if key.is_list:
                raise _NotCompiledError
            place = _slice_of_type(child, key)
            closed = child.slicing is not None and child.slicing.rules == "closed" and place < 0 and bool(child.slices)
            test = _never if closed else self._of_value(child, key, child.slices[place] if place >= 0 else None)
            table[key.name] = test, place
        siblings = frozenset(f"_{key.name}" for key in keys if key.is_primitive)
        needed = frozenset(number for number, found in enumerate(child.slices) if found.minimum)
        prohibited = frozenset(number for number, found in enumerate(child.slices) if found.maximum == 0)

        def check(context: Context, parent: Json) -> bool:
            if not siblings.isdisjoint(parent):
                return False
            for name, (test, place) in table.items():
                if name in parent:
                    if is_prohibited or place in prohibited or (needed and needed != {place}):
                        return False
                    return test is None or test(context, parent[name])
            return not minimum and not needed

        return check

    def _plain(self, child: ProfileElement, key: _Key) -> Accepts:
        slices = _Slices(self, child, key) if child.slices else None
        minimum = child.minimum or 0
        maximum = child.maximum if child.maximum is not None and child.maximum >= 0 else None
        name, sibling, is_list = key.name, f"_{key.name}" if key.is_primitive else "", key.is_list
        test = None if slices else self._of_value(child, key, None)

        def check(context: Context, parent: Json) -> bool:
            if sibling and sibling in parent:
                return False
            found = parent.get(name)
            if found is None:
                return not minimum and (slices is None or not slices.needed)
            values = found if is_list else [found]
            if len(values) < minimum or (maximum is not None and len(values) > maximum):
                return False
            if slices is not None:
                return slices.accept(context, values)
            if test is not None:
                for value in values:
                    if not test(context, value):
                        return False
            return True

        return check


class _Slices:
    """The slices of an element that is no choice."""

    def __init__(self, compiler: _Compiler, child: ProfileElement, key: _Key) -> None:
        stated = child.slicing
        if stated is not None and stated.ordered:
            raise _NotCompiledError
        self.closed = stated is not None and stated.rules == "closed"
        self.members: list[tuple[Matches, Accepts | None]] = [
            (_matcher(compiler.context, child, candidate, key), compiler._of_value(child, key, candidate))
            for candidate in child.slices
        ]
        self.unsliced = compiler._of_value(child, key, None)
        unlimited = 1 << 30
        self.limits = [
            (found.minimum or 0, unlimited if found.maximum is None or found.maximum < 0 else found.maximum)
            for found in child.slices
        ]
        self.needed = any(minimum for minimum, _ in self.limits)

    def accept(self, context: Context, values: Sequence[Any]) -> bool:
        counts = [0] * len(self.members)
        for value in values:
            for number, (matches, test) in enumerate(self.members):
                if matches(context, value):
                    counts[number] += 1
                    if test is not None and not test(context, value):
                        return False
                    break
            else:
                if self.closed or (self.unsliced is not None and not self.unsliced(context, value)):
                    return False
        return all(minimum <= count <= maximum for count, (minimum, maximum) in zip(counts, self.limits, strict=True))


def _matcher(context: Context, element: ProfileElement, candidate: ProfileElement, key: _Key) -> Matches:
    """Whether a value belongs to a slice, as slicing.slice_of decides."""
    if element.name in ("extension", "modifierExtension"):
        url = slicing.extension_url(candidate)
        if element.slicing is not None and element.slicing.discriminators != (("value", "url"),):
            raise _NotCompiledError
        return lambda _context, value: value.get("url") == url
    discriminators = element.slicing.discriminators if element.slicing else ()
    if not discriminators:
        return _fits(candidate, key)
    return _every([_agrees(context, candidate, key, kind, path) for kind, path in discriminators])


def _agrees(context: Context, candidate: ProfileElement, key: _Key, kind: str, path: str) -> Matches:
    if kind not in ("value", "pattern"):
        raise _NotCompiledError
    steps = slicing.steps(path)
    expected = slicing.located(context, candidate, path)
    if not expected or any(step != "name" for step, _ in steps):
        raise _NotCompiledError
    names = [name for _, name in steps]
    last = key
    for name in names:
        last = _only_key(last.node, name)
    tests = [_fits(element, last) for element in expected]
    if len(names) == 1 and len(tests) == 1 and not last.is_list:
        (name,), (only,) = names, tests
        return lambda context, value: name in value and only(context, value[name])
    return lambda context, value: any(test(context, found) for found in _select(value, names) for test in tests)


def _select(value: Any, names: Sequence[str]) -> list[Any]:
    found = [value]
    for name in names:
        below: list[Any] = []
        for item in found:
            child = item.get(name)
            if type(child) is list:
                below += child
            elif child is not None:
                below.append(child)
        found = below
    return found


def _fits(expected: ProfileElement, key: _Key) -> Matches:
    """Whether a value has what tells a slice, as slicing.slice_of decides."""
    if expected.fixed:
        return _equals(expected.fixed[0])
    if expected.pattern:
        pattern = expected.pattern[0]
        return lambda _context, value: contains(pattern, value)
    deciding = [child for child in expected.children if child.is_decisive]
    if deciding:
        tests = [(child.name, _fits(child, _only_key(key.node, child.name))) for child in deciding]
        return lambda context, value: all(
            any(test(context, found) for found in _select(value, (name,))) for name, test in tests
        )
    if expected.binding is not None and expected.binding.strength == "required":
        value_set = expected.binding.value_set
        return lambda context, value: slicing.has_code(context, value_set, value)
    is_of_type = any(declared.code == key.type.code for declared in expected.types)
    return lambda _context, _value: is_of_type


def _equals(fixed: Any) -> Matches:
    if type(fixed) is str:
        return lambda _context, value: bool(value == fixed)
    return lambda _context, value: equal(fixed, value)


def _only_key(node: str, name: str) -> _Key:
    """The property of an element that is no choice. Raises _NotCompiledError for any other."""
    keys = _keys(node, name)
    if len(keys) != 1 or keys[0].name != name:
        raise _NotCompiledError
    return keys[0]


def _keys(node_path: str, name: str) -> list[_Key]:
    try:
        properties = structures.node(node_path).properties.values()
    except KeyError:
        return []
    return [_key(found) for found in properties if found.element.name == name]


def _key(found: Property) -> _Key:
    node = "" if found.is_primitive else found.node
    return _Key(found.name, found.type, node, found.element.is_list, found.is_primitive)


def _slice_of_type(child: ProfileElement, key: _Key) -> int:
    """The place of the slice of a choice that a property belongs to; -1 for none."""
    for number, candidate in enumerate(child.slices):
        if candidate.slice_name == key.name:
            return number
    if not child.slices:
        return -1
    if child.slicing is None or child.slicing.discriminators != (("type", "$this"),):
        raise _NotCompiledError
    for number, candidate in enumerate(child.slices):
        if any(declared.code == key.type.code for declared in candidate.types):
            return number
    return -1


def _literals(element: ProfileElement) -> list[Accepts]:
    tests: list[Accepts] = []
    if element.fixed:
        tests.append(_equals(element.fixed[0]))
    if element.pattern:
        pattern = element.pattern[0]
        tests.append(lambda _context, value: contains(pattern, value))
    if element.max_length is not None:
        longest = element.max_length
        tests.append(lambda _context, value: not isinstance(value, str) or len(value) <= longest)
    return tests


def _in_set(stated: Binding) -> Accepts:
    """In the value set, or outside of what can be told; without any code only where the binding is extensible."""
    fine = {binding.Answer.IN, binding.Answer.UNKNOWN}
    if stated.strength == "extensible":
        fine.add(binding.Answer.MISSING)
    accepted, value_set = frozenset(fine), stated.value_set

    def check(context: Context, value: Any) -> bool:
        return binding.answer(context.knowledge.terminology, value_set, value) in accepted

    return check


def _leads_to(types: frozenset[str]) -> Accepts:
    """Whether a reference that cannot be followed here names one of the types, or none."""

    def check(context: Context, value: Any) -> bool:
        literal = value.get("reference", "")
        if literal[:1] == "#" or context.bundle is not None or context.options.resolve is not None:
            return False
        kind, slash, _ = literal.partition("/")
        if slash and kind in types:
            return True
        named = references.target_type(literal) or value.get("type")
        return named is None or named in types

    return check


def _always(_context: Context, _value: Any) -> bool:
    return True


def _never(_context: Context, _value: Any) -> bool:
    return False


def _every(tests: Sequence[Accepts]) -> Accepts:
    tests = [test for test in tests if test is not _always]
    if not tests:
        return _always
    if len(tests) == 1:
        return tests[0]
    fixed = tuple(tests)

    def check(context: Context, value: Any) -> bool:
        for test in fixed:  # noqa: SIM110 (a generator costs more than the tests)
            if not test(context, value):
                return False
        return True

    return check
