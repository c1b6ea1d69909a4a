"""Our validation against an independent one: the pydantic models of fhir.resources.R4B.

R4B is not R4, and the models check structure alone, so they decide nothing: what they refuse we refuse, but for their
known errors, and what we refuse of valid resources they do not have to accept.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from health_platform.fhir.validation import validate_structure
from tests.conformance.mutants import mutants
from tests.fhir.validation.samples import BUNDLE, OBSERVATION, PATIENT, shared_resources

Json = dict[str, Any]
R4_ONLY = frozenset(
    """EffectEvidenceSynthesis MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication
    MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured
    MedicinalProductPackaged MedicinalProductPharmaceutical MedicinalProductUndesirableEffect RiskEvidenceSynthesis
    SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial
    SubstanceSpecification DeviceDefinition Evidence EvidenceVariable""".split()
)


# Errors of the oracle: what it refuses although R4 allows it.
ORACLE_ERRORS: Mapping[str, Callable[[Json], bool]] = {
    "_value[x] of an extension is refused": lambda resource: '"_value' in json.dumps(resource),
    "types that R4B left out or changed": lambda resource: resource["resourceType"] in R4_ONLY,
}


def oracle_accepts(resource: Json) -> bool:
    try:
        model: Any = get_fhir_model_class(resource["resourceType"])
        model.model_validate(resource)
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def we_accept(resource: Json) -> bool:
    return not any(issue.is_error for issue in validate_structure(json.dumps(resource).encode()))


def is_oracle_error(resource: Json) -> bool:
    return any(known(resource) for known in ORACLE_ERRORS.values())


def test_the_oracle_accepts_our_samples() -> None:
    for resource in (PATIENT, OBSERVATION, BUNDLE):
        assert oracle_accepts(resource) and we_accept(resource)


def test_what_we_accept_of_the_shared_resources_the_oracle_accepts_but_for_its_known_errors() -> None:
    archives = ("kr_core/examples.tar.xz", "r4_examples.tar.xz")
    for name, resource, _raw in itertools.chain.from_iterable(shared_resources(archive) for archive in archives):
        if we_accept(resource) and not oracle_accepts(resource):
            assert is_oracle_error(resource), name


def test_what_the_oracle_refuses_of_the_mutants_we_refuse() -> None:
    definitions = {
        d["url"]: d for _, d, _ in shared_resources("kr_core/kr_core_2.0.0_definitions.tar.xz") if "snapshot" in d
    }
    refused = 0
    for name, resource, _raw in shared_resources("kr_core/examples.tar.xz"):
        for mutant in mutants(resource, definitions[resource["meta"]["profile"][0]]):
            if not oracle_accepts(mutant.resource):
                refused += 1
                assert not we_accept(mutant.resource), f"{name}: {mutant.kind} {mutant.element}"
    assert refused > 300
