"""Conformance to a profile: cardinality, types, fixed and pattern values, bindings, slices, targets, invariants.

https://hl7.org/fhir/R4/profiling.html. A profile is an overlay on R4 (packages/profiles.py), so only what it adds is
checked here; R4 itself is checked by the other passes.
"""

from __future__ import annotations

import json
from typing import Any

from health_platform.fhir.packages.profiles import Profile, ProfileElement
from health_platform.fhir.validation import accepting, binding, invariants, slicing, targets
from health_platform.fhir.validation.context import Context, Json, Place
from health_platform.fhir.validation.occurrences import Occurrence, contains, equal, occurrences

MAX_DEPTH = 8


def check_profile(context: Context, profile: Profile, resource: Json, place: Place) -> None:
    """Reports where a resource (or a value of the profile's type) does not conform."""
    if accepting.accepts(context, profile, resource):
        return
    check = _Check(context, profile)
    check.element(profile.root, Occurrence(resource, None, profile.type, profile.type, place))


class _Check:
    def __init__(self, context: Context, profile: Profile, depth: int = 0) -> None:
        self.context = context
        self.profile = profile
        self.depth = depth
        # A snapshot repeats in each slice what it says of the sliced element; a differential does not.
        self.is_complete = not profile.from_differential

    def report(self, key: str, place: Place, **args: object) -> None:
        self.context.report(key, place, profile=self.profile.url, **args)

    def element(self, element: ProfileElement, found: Occurrence, *, whole: bool = True) -> None:
        """One value against one element or slice; not `whole`: without what the slice of the value repeats."""
        if element.types and not self._type(element, found):
            return
        if element.fixed or element.pattern or element.max_length is not None:
            self._value(element, found)
        if element.binding is not None:
            binding.check_profile_binding(self.context, element.binding, found, self.profile.url)
        for constraint in element.constraints:
            invariants.check_constraint(self.context, constraint, found)
        if element.children and whole:
            self._children(element, found)

    def _type(self, element: ProfileElement, found: Occurrence) -> bool:
        declared = [reference for reference in element.types if reference.code == found.type]
        if len(declared) == 1 and not declared[0].targets and not declared[0].profiles:
            return True
        if not declared:
            allowed = ", ".join(reference.code for reference in element.types)
            # The type of an extension's value is a fault of the extension, which names the value.
            place = found.place[0] if self.profile.type == "Extension" and found.place[0] else found.place
            self.report("profile-type", place, found=found.type, allowed=allowed)
            return False
        targeted = [target for reference in declared for target in reference.targets]
        if targeted and found.type == "Reference":
            self._target(tuple(targeted), found)
        profiles = [profile for reference in declared for profile in reference.profiles]
        if profiles and all(reference.profiles for reference in declared):
            self._conforms_to_one(profiles, found)
        return True

    def _conforms_to_one(self, canonicals: list[str], found: Occurrence) -> None:
        """A value whose type has profiles: its faults are told when there is one profile, else only that none fits."""
        if self.depth >= MAX_DEPTH:
            return
        known = [p for canonical in canonicals if (p := self.context.knowledge.profiles.find(canonical)) is not None]
        if len(known) < len(canonicals):
            return
        if len(known) == 1:
            _Check(self.context, known[0], self.depth + 1).element(known[0].root, found)
        elif not any(self._tried(profile, found) for profile in known):
            self.report("profile-value", found.place, allowed=", ".join(canonicals))

    def _tried(self, profile: Profile, found: Occurrence) -> bool:
        trial = self.context.trial()
        _Check(trial, profile, self.depth + 1).element(profile.root, found)
        return not trial.has_errors

    def _target(self, allowed: tuple[str, ...], found: Occurrence) -> None:
        type_name = targets.target_type(self.context, found.value)
        if type_name is None or "Resource" in allowed:
            return
        profiles = [self.context.knowledge.profiles.find(canonical) for canonical in allowed]
        types = {p.type if p else canonical for p, canonical in zip(profiles, allowed, strict=True)}
        if type_name not in types and not any(":" in name for name in types):
            self.report("profile-target", found.place, found=type_name, allowed=", ".join(sorted(types)))
            return
        target = targets.resolved(self.context, found.value)
        candidates = [p for p in profiles if p is not None and p.type == type_name]
        if target is None or not candidates or type_name in allowed or self.depth >= MAX_DEPTH:
            return
        whole = Occurrence(target, None, type_name, type_name, found.place)
        if not any(self._tried(profile, whole) for profile in candidates):
            self.report("profile-target-content", found.place, allowed=", ".join(allowed))

    def _value(self, element: ProfileElement, found: Occurrence) -> None:
        if element.fixed and not equal(element.fixed[0], found.value):
            self.report("profile-fixed", found.place, expected=_shown(element.fixed[0]), value=_shown(found.value))
        if element.pattern and not contains(element.pattern[0], found.value):
            self.report("profile-pattern", found.place, expected=_shown(element.pattern[0]), value=_shown(found.value))
        if element.max_length is not None and isinstance(found.value, str) and len(found.value) > element.max_length:
            self.report("profile-length", found.place, count=len(found.value), maximum=element.max_length)

    def _children(self, element: ProfileElement, found: Occurrence) -> None:
        value, node = found.value, found.node
        if not node:
            value, node = found.sibling, "Element"
        value = value if isinstance(value, dict) else {}
        for child in element.children:
            if child.is_checked or self.context.options.must_support:
                self._occurrences(child, occurrences(value, node, child.name, found.place), found.place)

    def _occurrences(self, child: ProfileElement, found: list[Occurrence], place: Place) -> None:
        self._cardinality(child, found, place)
        members = self._slices(child, found, place) if child.slices else [None] * len(found)
        if child.has_rules or self.context.options.must_support:
            for item, member in zip(found, members, strict=True):
                self.element(child, item, whole=member is None or not member.children or not self.is_complete)

    def _cardinality(self, child: ProfileElement, found: list[Occurrence], place: Place) -> None:
        count = len(found)
        if child.minimum and count < child.minimum:
            self.report("profile-min", place, name=child.name, minimum=child.minimum, count=count)
        if child.maximum == 0 and count:
            self.report("profile-prohibited", found[0].place, name=child.name)
        elif child.maximum is not None and 0 < child.maximum < count:
            self.report("profile-max", (place, child.name, -1), name=child.name, maximum=child.maximum, count=count)
        if child.must_support and not count and self.context.options.must_support:
            self.report("profile-must-support", place, name=child.name)

    def _slices(self, element: ProfileElement, found: list[Occurrence], place: Place) -> list[ProfileElement | None]:
        """Checks the slices of an element; the slice of each value, None where it is in none."""
        slices = [slicing.slice_of(self.context, element, item, self._conforms) for item in found]
        members: dict[str, list[Occurrence]] = {candidate.slice_name: [] for candidate in element.slices}
        for item, member in zip(found, slices, strict=True):
            if member is None:
                self._unsliced(element, item)
            else:
                members[member.slice_name].append(item)
                self.element(member, item)
        for candidate in element.slices:
            self._slice_cardinality(element, candidate, members[candidate.slice_name], place)
            if candidate.slices:
                self._slices(candidate, members[candidate.slice_name], place)
        if element.slicing and element.slicing.ordered:
            self._order(element, [member.slice_name for member in slices if member is not None], place)
        return slices

    def _order(self, element: ProfileElement, found: list[str], place: Place) -> None:
        names = [candidate.slice_name for candidate in element.slices]
        if found != sorted(found, key=names.index):
            self.report("profile-slice-order", place, name=element.name, slices=_names(element))

    def _unsliced(self, element: ProfileElement, item: Occurrence) -> None:
        if element.slicing and element.slicing.rules == "closed":
            self.report("profile-slice-none", item.place, name=element.name, slices=_names(element))

    def _slice_cardinality(
        self, element: ProfileElement, candidate: ProfileElement, found: list[Occurrence], place: Place
    ) -> None:
        facts = {"name": element.name, "slice": candidate.slice_name, "count": len(found)}
        if candidate.minimum and len(found) < candidate.minimum:
            self.report("profile-slice-min", place, minimum=candidate.minimum, **facts)
        if candidate.maximum is not None and 0 <= candidate.maximum < len(found):
            self.report("profile-slice-max", (place, element.name, -1), maximum=candidate.maximum, **facts)
        if candidate.must_support and not found and self.context.options.must_support:
            self.report("profile-must-support", place, name=f"{element.name}:{candidate.slice_name}")

    def _conforms(self, context: Context, canonical: str, found: Occurrence) -> bool:
        profile = context.knowledge.profiles.find(canonical)
        if profile is None:
            return found.type == canonical
        return found.type == profile.type and self.depth < MAX_DEPTH and self._tried(profile, found)


def _names(element: ProfileElement) -> str:
    return ", ".join(candidate.slice_name for candidate in element.slices)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
