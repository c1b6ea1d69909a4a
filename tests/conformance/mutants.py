"""Single-fault mutants of a resource that conforms to a profile, made from the snapshot of the profile.

Independent of the validator: it reads HL7's StructureDefinition form itself. A change is a mutant only where it breaks
the snapshot for certain: a fixed value by which a value belongs to an optional slice of an open slicing is none,
because the changed value is then merely outside of the slice.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Path = tuple[str | int, ...]
WRONG_CODE = "not-a-code-of-any-set"


@dataclass(frozen=True)
class Mutant:
    kind: str
    element: str
    resource: Json


@dataclass(frozen=True)
class Found:
    """Where the values of one element stand: below each parent, the paths of the values."""

    parents: dict[Path, list[Path]]

    @property
    def paths(self) -> list[Path]:
        return [path for paths in self.parents.values() for path in paths]


def mutants(resource: Json, definition: Json) -> Iterator[Mutant]:
    """Every mutant of the kinds cardinality, fixed value, slice, binding and type."""
    elements: list[Json] = definition["snapshot"]["element"]
    for element in elements[1:]:
        found = locate(resource, elements, element["id"])
        decides = not _leaves_optional_slice(elements, element["id"])
        yield from _cardinality(resource, element, found, below=decides)
        if decides:
            yield from _fixed(resource, element, found)
            yield from _binding(resource, element, found)
        yield from _types(resource, element, found)


def locate(resource: Json, elements: list[Json], identifier: str) -> Found:
    """The values of an element id such as `Observation.component:Systolic.value[x].code`."""
    parents: list[Path] = [()]
    below: dict[Path, list[Path]] = {}
    prefix, *names = identifier.split(".")
    for segment in names:
        prefix = f"{prefix}.{segment}"
        below = {parent: _values(resource, elements, parent, segment, prefix) for parent in parents}
        parents = [path for paths in below.values() for path in paths]
    return Found(below)


def _values(resource: Json, elements: list[Json], parent: Path, segment: str, identifier: str) -> list[Path]:
    name, _, slice_name = segment.partition(":")
    owner = at(resource, parent)
    if not isinstance(owner, dict):
        return []
    keys = [key for key in owner if _is_key(key, name, slice_name)]
    paths: list[Path] = []
    for key in keys:
        value = owner[key]
        paths += [(*parent, key, index) for index in range(len(value))] if isinstance(value, list) else [(*parent, key)]
    if slice_name and not name.endswith("[x]"):
        paths = [path for path in paths if _in_slice(at(resource, path), elements, identifier)]
    return paths


def _is_key(key: str, name: str, slice_name: str) -> bool:
    if not name.endswith("[x]"):
        return key == name
    if slice_name:
        return key == slice_name
    stem = name.removesuffix("[x]")
    return key.startswith(stem) and key != stem and key[len(stem)].isupper()


def _in_slice(value: Any, elements: list[Json], identifier: str) -> bool:
    """Whether a value has the fixed and pattern values below a slice, or the extension's url."""
    decided = False
    for element in elements:
        inside = element["id"] == identifier or element["id"].startswith(identifier + ".")
        expected = _expected(element) if inside else None
        profile = next((p for t in element.get("type", []) for p in t.get("profile", [])), None) if inside else None
        if element["id"] == identifier and profile and identifier.rpartition(".")[2].startswith("extension"):
            return isinstance(value, dict) and value.get("url") == profile
        if expected is None or ".value[x]" in element["id"][len(identifier) :]:
            continue
        decided = True
        rest = element["id"][len(identifier) :].strip(".")
        if not any(_has(found, expected) for found in _plain(value, rest.split(".") if rest else [])):
            return False
    return decided


def _plain(value: Any, names: list[str]) -> list[Any]:
    if not names:
        return [value]
    child = value.get(names[0].partition(":")[0]) if isinstance(value, dict) else None
    children = child if isinstance(child, list) else [] if child is None else [child]
    return [found for item in children for found in _plain(item, names[1:])]


def _expected(element: Json) -> Any:
    return next((v for k, v in element.items() if k.startswith(("fixed", "pattern"))), None)


def _has(value: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(name in value and _has(value[name], e) for name, e in expected.items())
    if isinstance(expected, list):
        return isinstance(value, list) and all(any(_has(item, e) for item in value) for e in expected)
    return bool(value == expected)


def at(resource: Json, path: Path) -> Any:
    value: Any = resource
    for step in path:
        value = value[step]
    return value


def _changed(resource: Json, path: Path, value: Any) -> Json:
    mutant = copy.deepcopy(resource)
    at(mutant, path[:-1])[path[-1]] = value
    return mutant


def _without(resource: Json, paths: list[Path]) -> Json:
    mutant = copy.deepcopy(resource)
    for path in reversed(paths):
        owner = at(mutant, path[:-1])
        del owner[path[-1]]
        if isinstance(owner, list) and not owner:
            del at(mutant, path[:-2])[path[-2]]
    return mutant


def _cardinality(resource: Json, element: Json, found: Found, *, below: bool) -> Iterator[Mutant]:
    kind = "slice" if ":" in element["id"].rpartition(".")[2] else "cardinality"
    for paths in found.parents.values():
        if below and element["min"] and paths:
            keep = element["min"] - 1
            yield Mutant(kind, f"{element['id']} below min", _without(resource, paths[keep:]))
        if element["max"].isdigit() and paths and isinstance(paths[-1][-1], int):
            mutant = copy.deepcopy(resource)
            values = at(mutant, paths[-1][:-1])
            values.extend(copy.deepcopy(values[paths[-1][-1]]) for _ in range(int(element["max"]) + 1 - len(paths)))
            yield Mutant(kind, f"{element['id']} above max", mutant)


def _leaves_optional_slice(elements: list[Json], identifier: str) -> bool:
    """Whether a changed or removed value of this element only leaves an optional slice of an open slicing."""
    segments = identifier.split(".")
    for number, segment in enumerate(segments):
        if ":" not in segment:
            continue
        slice_id = ".".join(segments[: number + 1])
        sliced_id = slice_id.rpartition(":")[0]
        slicing = next((e.get("slicing") for e in elements if e["id"] == sliced_id), None)
        minimum = next(e["min"] for e in elements if e["id"] == slice_id)
        rest = ".".join(part.partition(":")[0] for part in segments[number + 1 :])
        if slicing and slicing["rules"] != "closed" and minimum == 0:
            paths = [d["path"] for d in slicing.get("discriminator", [])]
            if any(not rest or path in ("$this", rest) or path.startswith(rest + ".") for path in paths):
                return True
    return False


def _fixed(resource: Json, element: Json, found: Found) -> Iterator[Mutant]:
    expected = _expected(element)
    if expected is None:
        return
    for path in found.paths:
        for inner in _leaves(expected):
            place = _place_of(resource, path, inner, expected)
            if place is not None:
                value = at(resource, place)
                wrong = (not value) if isinstance(value, bool) else f"{value}x" if isinstance(value, str) else value + 1
                yield Mutant(
                    "fixed value", f"{element['id']} {'.'.join(map(str, inner))}", _changed(resource, place, wrong)
                )


def _leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(child, (*path, key))
    else:
        yield path


def _place_of(resource: Json, path: Path, inner: Path, expected: Any) -> Path | None:
    """Where a leaf of a pattern stands in the value; list items of a pattern may stand anywhere in the value's list."""
    place = path
    for step in inner:
        expected = expected[step]
        value = at(resource, place)
        if isinstance(step, int):
            index = next((i for i, item in enumerate(value) if _has(item, expected)), None)
            if index is None:
                return None
            place = (*place, index)
        else:
            if step not in value:
                return None
            place = (*place, step)
    return place


def _binding(resource: Json, element: Json, found: Found) -> Iterator[Mutant]:
    if element.get("binding", {}).get("strength") != "required":
        return
    if _expected(element) is not None:
        return
    for path in found.paths:
        value = at(resource, path)
        if isinstance(value, str):
            yield Mutant("binding", element["id"], _changed(resource, path, WRONG_CODE))
        elif isinstance(value, dict) and "coding" in value:
            wrong = [{**coding, "system": "urn:none", "code": WRONG_CODE} for coding in value["coding"]]
            yield Mutant("binding", element["id"], _changed(resource, (*path, "coding"), wrong))
        elif isinstance(value, dict) and "code" in value:
            wrong_coding = {**value, "system": "urn:none", "code": WRONG_CODE}
            yield Mutant("binding", element["id"], _changed(resource, path, wrong_coding))


def _types(resource: Json, element: Json, found: Found) -> Iterator[Mutant]:
    codes = [declared["code"] for declared in element.get("type", [])]
    for path in found.paths:
        value = at(resource, path)
        wrong: Any = 12345 if isinstance(value, str) else "x" if not isinstance(value, dict | list) else True
        yield Mutant("type", f"{element['id']} JSON type", _changed(resource, path, wrong))
        if element["path"].endswith("[x]") and element["id"].endswith("[x]"):
            yield from _other_choice(resource, element, path, codes)
        targets = [t for declared in element.get("type", []) for t in declared.get("targetProfile", [])]
        if codes == ["Reference"] and targets and not any(t.endswith("/Resource") for t in targets):
            yield Mutant("type", f"{element['id']} target", _changed(resource, (*path, "reference"), "Basic/1"))


def _other_choice(resource: Json, element: Json, path: Path, codes: list[str]) -> Iterator[Mutant]:
    """The same choice with a type that the profile does not allow."""
    key, stem = str(path[-1]), element["path"].rpartition(".")[2].removesuffix("[x]")
    others = {
        "string": "x",
        "boolean": True,
        "CodeableConcept": {"text": "x"},
        "dateTime": "2026-01-01",
        "Money": {"value": 1},
    }
    for code, value in others.items():
        if code not in codes:
            mutant = copy.deepcopy(resource)
            owner = at(mutant, path[:-1])
            del owner[key]
            owner[stem + code[0].upper() + code[1:]] = value
            yield Mutant("type", f"{element['id']} as {code}", mutant)
