"""What a process knows beside FHIR R4 and KR Core: loaded packages and code systems, contracts of institutions.

Read once and kept until the generation in the database is another one (migration 0003), so that what an operator loads
is in force with the next request of every process.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from health_platform.fhir.access import wire
from health_platform.fhir.definitions.structures import read_facts
from health_platform.fhir.models import Contract, PackageResource, ProfileRule
from health_platform.fhir.packages import kr_core
from health_platform.fhir.packages.registry import ProfileRegistry
from health_platform.fhir.terminology.layers import LoadedTerminology
from health_platform.fhir.terminology.loinc import facts as loinc_facts
from health_platform.fhir.terminology.registry import r4_terminology_facts
from health_platform.fhir.terminology.stored import loaded_code_systems
from health_platform.fhir.validation.context import Knowledge


@dataclass(frozen=True, slots=True)
class Rule:
    """A profile that an institution must meet, or about which it is told (`required` False)."""

    profile: str
    required: bool


@dataclass(frozen=True, slots=True)
class Known:
    """One generation of knowledge. `rules` are by (organization, resource type)."""

    generation: int
    knowledge: Knowledge
    rules: Mapping[tuple[str, str], tuple[Rule, ...]]
    kr_core: frozenset[str]
    """The organizations under a KR Core contract."""

    @property
    def terminology(self) -> LoadedTerminology:
        found = self.knowledge.terminology
        assert isinstance(found, LoadedTerminology)  # noqa: S101  (_read)
        return found


_lock = threading.Lock()
_last: list[Known] = []


def current() -> Known:
    """What is known now: one short query when nothing has changed."""
    generation = _generation()
    for known in _last[-1:]:
        if known.generation == generation:
            return known
    with _lock:
        known = _read(generation)
        _last[:] = [known]
        return known


def _generation() -> int:
    row = wire.run([("SELECT generation FROM fhir_knowledge", None)])[0].fetchone()
    assert row is not None  # noqa: S101  (migration 0003 writes the one row)
    return int(row[0])


def _read(generation: int) -> Known:
    terminology = LoadedTerminology(loaded_code_systems())
    for facts in (r4_terminology_facts(), kr_core.facts()["terminology"], loinc_facts()):
        terminology.with_facts(facts)
    profiles = ProfileRegistry().with_facts(_r4_profiles()).with_facts(kr_core.facts()["profiles"])
    for resource in PackageResource.objects.order_by("package__loaded", "package_id", "pk"):
        stated: dict[str, Any] = json.loads(resource.body)
        if resource.resource_type == "StructureDefinition":
            profiles.add_structure_definition(stated)
        else:
            terminology.add(stated)
    rules: dict[tuple[str, str], tuple[Rule, ...]] = {}
    for rule in ProfileRule.objects.order_by("pk"):
        place = rule.organization, rule.resource_type
        rules[place] = (*rules.get(place, ()), Rule(rule.profile, rule.required))
    bound = Contract.objects.filter(kr_core=True).values_list("organization", flat=True)
    return Known(generation, Knowledge(terminology, profiles), rules, frozenset(bound))


@cache
def _r4_profiles() -> Any:
    return read_facts("profiles.json.xz")["profiles"]
