"""Profiles as values: what a StructureDefinition asks beyond R4, as a tree (https://hl7.org/fhir/R4/profiling.html).

A profile is kept as an overlay on R4: each node is an element, or a slice of one, with only the facts that the profile
adds. `from_structure_definition` reads a snapshot or, where there is none, a differential; the overlay of a
differential is merged with that of its base by `merged`. `to_facts` and `from_facts` are the compact form on disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from health_platform.fhir.definitions import structures
from health_platform.fhir.definitions.structures import Binding, TypeReference

Json = Mapping[str, Any]
PREFIX = "http://hl7.org/fhir/StructureDefinition/"
UNBOUNDED = -1


@dataclass(frozen=True, slots=True)
class Constraint:
    key: str
    severity: str
    expression: str
    human: str = ""


@dataclass(frozen=True, slots=True)
class Slicing:
    """`discriminators` are (type, path) pairs; `rules` is open, closed or openAtEnd."""

    discriminators: tuple[tuple[str, str], ...]
    rules: str = "open"
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class ProfileElement:
    """One element or slice. None and empty mean "as in R4"; `maximum` UNBOUNDED is `*`.

    `fixed` and `pattern` hold the value in a tuple of one, so that a value of false or null stays a value.
    """

    name: str
    slice_name: str = ""
    minimum: int | None = None
    maximum: int | None = None
    types: tuple[TypeReference, ...] = ()
    fixed: tuple[Any, ...] = ()
    pattern: tuple[Any, ...] = ()
    binding: Binding | None = None
    max_length: int | None = None
    must_support: bool = False
    constraints: tuple[Constraint, ...] = ()
    slicing: Slicing | None = None
    slices: tuple[ProfileElement, ...] = ()
    children: tuple[ProfileElement, ...] = ()
    is_decisive: bool = field(init=False, compare=False, repr=False, default=False)
    """Whether a fixed value or a pattern stands in it or below: what tells a slice from others."""
    is_checked: bool = field(init=False, compare=False, repr=False, default=False)
    """Whether there is anything to check in it or below; must-support alone is nothing."""

    has_rules: bool = field(init=False, compare=False, repr=False, default=False)
    """Whether the values themselves are looked at, and not only counted."""

    def __post_init__(self) -> None:
        decisive = bool(self.fixed or self.pattern) or any(child.is_decisive for child in self.children)
        is_bound = self.binding is not None and self.binding.strength in ("required", "extensible")
        rules = (
            decisive
            or is_bound
            or bool(self.types or self.constraints or self.slicing or self.slices)
            or self.max_length is not None
            or any(child.is_checked for child in self.children)
        )
        object.__setattr__(self, "is_decisive", decisive)
        object.__setattr__(self, "has_rules", rules)
        object.__setattr__(self, "is_checked", rules or bool(self.minimum) or self.maximum is not None)

    def child(self, name: str) -> ProfileElement | None:
        return next((element for element in self.children if element.name == name), None)


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile or an extension definition. `contexts` are (type, expression) pairs of an extension.

    `from_differential`: it is stated as a differential, so it says nothing twice, even when merged with its bases.
    """

    url: str
    version: str
    name: str
    type: str
    base: str
    root: ProfileElement
    contexts: tuple[tuple[str, str], ...] = ()
    is_modifier: bool = False
    from_differential: bool = False

    @property
    def canonical(self) -> str:
        return f"{self.url}|{self.version}" if self.version else self.url


@dataclass(slots=True)
class _Draft:
    """A node while the tree grows; `stated` are the facts of its own."""

    name: str
    slice_name: str = ""
    stated: dict[str, Any] = field(default_factory=dict)
    slices: dict[str, _Draft] = field(default_factory=dict)
    children: dict[str, _Draft] = field(default_factory=dict)

    def slice(self, name: str) -> _Draft:
        return self.slices.setdefault(name, _Draft(self.name, name))

    def child(self, name: str) -> _Draft:
        return self.children.setdefault(name, _Draft(name))

    def element(self) -> ProfileElement:
        return ProfileElement(
            self.name,
            self.slice_name,
            slices=tuple(found for draft in self.slices.values() if _says_something(found := draft.element())),
            children=tuple(found for draft in self.children.values() if _says_something(found := draft.element())),
            **self.stated,
        )


def _says_something(element: ProfileElement) -> bool:
    return bool(element.slice_name) or element != ProfileElement(element.name)


def from_structure_definition(resource: Json) -> Profile:
    """The overlay of a StructureDefinition. Raises ValueError for one that cannot be a profile of R4."""
    type_name = resource.get("type", "")
    if type_name not in structures.types():
        raise ValueError(f"{resource.get('url')}: {type_name!r} is not a type of FHIR R4")
    view = "snapshot" if "snapshot" in resource else "differential"
    elements = resource.get(view, {}).get("element", [])
    if not elements:
        raise ValueError(f"{resource.get('url')}: neither a snapshot nor a differential")
    root = _Draft(type_name)
    for number, element in enumerate(elements):
        draft, path = _place(root, _identifier(element, elements[:number]), type_name)
        draft.stated.update(_stated(element, path))
    return Profile(
        resource["url"],
        resource.get("version", ""),
        resource.get("name", ""),
        type_name,
        resource.get("baseDefinition", "").removeprefix(PREFIX),
        root.element(),
        tuple((c.get("type", ""), c.get("expression", "")) for c in resource.get("context", [])),
        is_modifier=type_name == "Extension" and bool(elements[0].get("isModifier")),
        from_differential=view == "differential",
    )


def _identifier(element: Json, before: list[Json]) -> str:
    """The id of an element, with the slice names in it; made from the path where it is absent."""
    if "id" in element and "." in element["path"]:
        return str(element["id"])
    path: str = element["path"]
    parent, _, name = path.rpartition(".")
    for earlier in reversed(before):
        if earlier["path"] == parent:
            parent = _identifier(earlier, before[: before.index(earlier)])
            break
    suffix = f":{element['sliceName']}" if "sliceName" in element else ""
    return f"{parent}.{name}{suffix}" if parent else path


def _place(root: _Draft, identifier: str, type_name: str) -> tuple[_Draft, str]:
    """The draft of an element id, and the path of the R4 element that it overlays ("" where there is none)."""
    draft, node_path, element_path = root, type_name, type_name
    for segment in identifier.split(".")[1:]:
        name, _, slice_name = segment.partition(":")
        name = name.removesuffix("[x]")
        found = _property(node_path, name, slice_name)
        if found is not None and found.element.is_choice and found.name == name:
            name, slice_name = found.element.name, found.name
        draft = draft.child(name)
        for part in _slice_path(slice_name):
            draft = draft.slice(part)
        element_path = found.element.path if found else ""
        node_path = found.node if found else ""
    return draft, element_path


def _slice_path(slice_name: str) -> list[str]:
    """`a/b` is the slice a/b of the slice a: `["a", "a/b"]`."""
    parts = slice_name.split("/") if slice_name else []
    return ["/".join(parts[: number + 1]) for number in range(len(parts))]


def _property(node_path: str, name: str, slice_name: str) -> structures.Property | None:
    """The R4 property of a segment; for a choice the one that the slice's name tells, or the first."""
    try:
        node = structures.node(node_path)
    except KeyError:
        return None
    if name in node.properties:
        return node.properties[name]
    choices = [p for p in node.properties.values() if p.element.is_choice and p.element.name == name]
    return next((p for p in choices if p.name == slice_name), choices[0] if choices else None)


def _stated(element: Json, path: str) -> dict[str, Any]:
    """The facts of one ElementDefinition that R4 does not state already."""
    original = _original(path)
    found: dict[str, Any] = {}
    if "." not in element["path"]:
        return _values(element)
    if "min" in element and (original is None or element["min"] != original.minimum):
        found["minimum"] = element["min"]
    if "max" in element:
        maximum = UNBOUNDED if element["max"] == "*" else int(element["max"])
        if original is None or maximum != (UNBOUNDED if original.maximum is None else original.maximum):
            found["maximum"] = maximum
    types = tuple(_type_reference(declared) for declared in element.get("type", ()))
    if types and (original is None or set(types) != set(original.types)) and not _is_system_type(types):
        found["types"] = types
    binding = _binding(element)
    if binding and (original is None or binding != original.binding):
        found["binding"] = binding
    return found | _values(element)


def _original(path: str) -> structures.Element | None:
    type_name = path.partition(".")[0]
    return structures.elements(type_name).get(path) if "." in path else None


def _is_system_type(types: tuple[TypeReference, ...]) -> bool:
    return types[0].code.startswith("http://hl7.org/fhirpath/")


def _type_reference(declared: Json) -> TypeReference:
    return TypeReference(
        declared.get("code", ""),
        tuple(target.removeprefix(PREFIX) for target in declared.get("targetProfile", ())),
        tuple(profile.removeprefix(PREFIX) for profile in declared.get("profile", ())),
    )


def _binding(element: Json) -> Binding | None:
    binding = element.get("binding")
    if not binding or "valueSet" not in binding:
        return None
    return Binding(binding["strength"], binding["valueSet"].removesuffix("|4.0.1"))


def _values(element: Json) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in element.items():
        if name.startswith("fixed"):
            found["fixed"] = (value,)
        elif name.startswith("pattern"):
            found["pattern"] = (value,)
    if element.get("mustSupport"):
        found["must_support"] = True
    if "maxLength" in element:
        found["max_length"] = element["maxLength"]
    if "slicing" in element and not _is_default_slicing(element):
        found["slicing"] = _slicing(element["slicing"])
    constraints = tuple(_constraint(c) for c in element.get("constraint", ()) if not _is_of_r4(c))
    if constraints:
        found["constraints"] = constraints
    return found


def _is_default_slicing(element: Json) -> bool:
    """Every snapshot slices every extension by url and leaves it open: that says nothing."""
    discriminators = [d["path"] for d in element["slicing"].get("discriminator", ())]
    is_extension = element["path"].endswith((".extension", ".modifierExtension"))
    return is_extension and discriminators == ["url"] and element["slicing"].get("rules") == "open"


def _slicing(stated: Json) -> Slicing:
    return Slicing(
        tuple((d["type"], d["path"]) for d in stated.get("discriminator", ())),
        stated.get("rules", "open"),
        bool(stated.get("ordered")),
    )


def _constraint(stated: Json) -> Constraint:
    return Constraint(
        stated["key"], stated.get("severity", "error"), stated.get("expression", ""), stated.get("human", "")
    )


def _is_of_r4(stated: Json) -> bool:
    return any(
        known.key == stated["key"] and known.expression == stated.get("expression", "")
        for known in structures.invariants()
    )


def merged(base: ProfileElement, change: ProfileElement) -> ProfileElement:
    """The overlay of a differential on that of its base: what the differential states wins, all else stays."""
    stated = {
        name: value for name in _OWN_FACTS if (value := getattr(change, name)) not in (None, ()) and value is not False
    }
    constraints = tuple({c.key: c for c in (*base.constraints, *change.constraints)}.values())
    return replace(
        base,
        **stated,
        must_support=base.must_support or change.must_support,
        constraints=constraints,
        slices=_merged_all(base.slices, change.slices),
        children=_merged_all(base.children, change.children),
    )


_OWN_FACTS = ("minimum", "maximum", "types", "fixed", "pattern", "binding", "max_length", "slicing")


def _merged_all(base: tuple[ProfileElement, ...], change: tuple[ProfileElement, ...]) -> tuple[ProfileElement, ...]:
    found = {(element.name, element.slice_name): element for element in base}
    for element in change:
        key = (element.name, element.slice_name)
        found[key] = merged(found[key], element) if key in found else element
    return tuple(found.values())


def to_facts(profile: Profile) -> dict[str, Any]:
    """The compact JSON form of a profile; the words of its constraints are left out."""
    facts: dict[str, Any] = {
        "url": profile.url,
        "version": profile.version,
        "name": profile.name,
        "type": profile.type,
        "base": profile.base,
        "root": _element_facts(profile.root),
    }
    if profile.contexts:
        facts["contexts"] = [list(pair) for pair in profile.contexts]
    if profile.is_modifier:
        facts["modifier"] = True
    if profile.from_differential:
        facts["differential"] = True
    return facts


def _element_facts(element: ProfileElement) -> dict[str, Any]:
    slicing = element.slicing
    facts: dict[str, Any] = {
        "n": element.name,
        "sl": element.slice_name,
        "min": element.minimum,
        "max": element.maximum,
        "t": [[t.code, list(t.targets), list(t.profiles)] for t in element.types],
        "fix": list(element.fixed),
        "pat": list(element.pattern),
        "b": [element.binding.strength, element.binding.value_set] if element.binding else None,
        "len": element.max_length,
        "ms": element.must_support or None,
        "inv": [[c.key, c.severity, c.expression] for c in element.constraints],
        "by": [[list(d) for d in slicing.discriminators], slicing.rules, slicing.ordered] if slicing else None,
        "slices": [_element_facts(found) for found in element.slices],
        "ch": [_element_facts(found) for found in element.children],
    }
    return {name: value for name, value in facts.items() if value not in (None, [], "")}


def from_facts(facts: Json) -> Profile:
    return Profile(
        facts["url"],
        facts["version"],
        facts["name"],
        facts["type"],
        facts["base"],
        _element(facts["root"]),
        tuple((kind, expression) for kind, expression in facts.get("contexts", ())),
        is_modifier=facts.get("modifier", False),
        from_differential=facts.get("differential", False),
    )


def _element(facts: Json) -> ProfileElement:
    by = facts.get("by")
    return ProfileElement(
        facts["n"],
        facts.get("sl", ""),
        facts.get("min"),
        facts.get("max"),
        tuple(TypeReference(code, tuple(targets), tuple(profiles)) for code, targets, profiles in facts.get("t", ())),
        tuple(facts.get("fix", ())),
        tuple(facts.get("pat", ())),
        Binding(*facts["b"]) if "b" in facts else None,
        facts.get("len"),
        facts.get("ms", False),
        tuple(Constraint(*row) for row in facts.get("inv", ())),
        Slicing(tuple((kind, path) for kind, path in by[0]), by[1], by[2]) if by else None,
        tuple(_element(found) for found in facts.get("slices", ())),
        tuple(_element(found) for found in facts.get("ch", ())),
    )


def must_support_paths(profile: Profile) -> list[str]:
    """The elements that a profile marks as must-support, slices as `path:slice`."""
    return [path for path, element in walk(profile) if element.must_support]


def walk(profile: Profile) -> Iterator[tuple[str, ProfileElement]]:
    """Every element of a profile with its path."""
    return _walk(profile.root, profile.root.name)


def _walk(element: ProfileElement, path: str) -> Iterator[tuple[str, ProfileElement]]:
    yield path, element
    for found in element.slices:
        yield from _walk(found, f"{path}:{found.slice_name}")
    for found in element.children:
        yield from _walk(found, f"{path}.{found.name}")
