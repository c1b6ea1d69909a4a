"""Fuzzing of what reads a stranger's bytes: JSON bodies, narrative, packages. Run by hand with atheris installed:

    python -m tests.fuzz.fuzz_validation body|resource|narrative|package -runs=1000000

A crash is an exception that is no issue and no PackageError. On the way it holds the decoder to its promise: what it
accepts, the exact walk accepts.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]
import orjson

with atheris.instrument_imports(
    include=["health_platform.fhir.validation", "health_platform.fhir.packages"], enable_loader_override=False
):
    from health_platform.fhir.packages.loader import PackageError, load_package
    from health_platform.fhir.validation import decoder, narrative, validate_body
    from health_platform.fhir.validation.structure import walk_structure
    from health_platform.fhir.validation.validate import validate
    from tests.fhir.validation.samples import BUNDLE, OBSERVATION, PATIENT

SAMPLES = (PATIENT, OBSERVATION, BUNDLE)
VALUES: tuple[Any, ...] = (
    "",
    " x",
    "1990-13",
    "#",
    "urn:uuid:x",
    {},
    [],
    None,
    0,
    -1,
    1.5,
    True,
    {"id": "x"},
    [None],
    [[]],
)


def body(data: bytes) -> None:
    validate_body(data)
    if decoder.accepts(data):
        assert walk_structure(json.loads(data)) == []


def resource(data: bytes) -> None:
    """A sample with a few values replaced or moved, as the bytes say."""
    chosen = atheris.FuzzedDataProvider(data)
    packed, places = PREPARED[chosen.ConsumeIntInRange(0, len(PREPARED) - 1)]
    mutant = orjson.loads(packed)
    for _ in range(chosen.ConsumeIntInRange(1, 4)):
        with contextlib.suppress(LookupError, TypeError):
            _change(mutant, places[chosen.ConsumeIntInRange(0, len(places) - 1)], chosen)
    if chosen.ConsumeIntInRange(0, 7):
        validate(mutant)
        return
    raw = json.dumps(mutant).encode()
    validate(mutant, raw)
    if decoder.accepts(raw):
        assert walk_structure(mutant) == []


def _change(mutant: Any, place: tuple[Any, ...], chosen: Any) -> None:
    """One change at a place; LookupError or TypeError where an earlier change took the place away."""
    *path, key = place
    owner = mutant
    for step in path:
        owner = owner[step]
    change = chosen.ConsumeIntInRange(0, 3)
    if change == 0:
        owner[key] = copy.deepcopy(VALUES[chosen.ConsumeIntInRange(0, len(VALUES) - 1)])
    elif change == 1:
        owner[key] = chosen.ConsumeUnicodeNoSurrogates(12)
    elif change == 2 and isinstance(owner, dict):
        owner[chosen.ConsumeUnicodeNoSurrogates(8)] = owner.pop(key)
    else:
        owner[key] = copy.deepcopy(owner)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value of a sample."""
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(child, dict | list):
            yield from _places(child, (*path, key))


# Each sample as bytes that are copied faster than objects, with the paths of its values.
PREPARED = [(orjson.dumps(sample), list(_places(sample))) for sample in SAMPLES]


def xhtml(data: bytes) -> None:
    narrative.problems(f'<div xmlns="{narrative.XHTML}">{data.decode("utf-8", "replace")}</div>', "Patient.text.div")
    narrative.problems(data.decode("utf-8", "replace"), "Patient.text.div")


def package(data: bytes) -> None:
    with contextlib.suppress(PackageError):
        load_package(io.BytesIO(data))


TARGETS = {"body": body, "resource": resource, "narrative": xhtml, "package": package}

if __name__ == "__main__":
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()
