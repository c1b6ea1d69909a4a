"""The facts of R4: complete, and free of what the package that carries them added."""

from __future__ import annotations

import pytest

from health_platform.fhir.definitions import structures
from health_platform.fhir.fhirpath.parser import parse


def names(node: str) -> set[str]:
    return {element.name for element in structures.node(node).elements}


def test_r4_has_146_resource_types_and_20_primitive_types() -> None:
    assert len(structures.resource_types()) == 146
    primitives = [name for name, kind in structures.types().items() if kind == "primitive"]
    assert len(primitives) == 20
    assert {"Resource", "DomainResource"}.isdisjoint(structures.resource_types())


@pytest.mark.parametrize(
    ("node", "added"),
    [
        ("Meta", {"project", "author", "account", "accounts", "compartment", "onBehalfOf"}),
        ("Binary", {"url"}),
        ("DeviceDefinition", {"bodySite", "classification"}),
        ("ObservationDefinition", {"publisher"}),
        ("ResearchStudy", {"name", "label", "recruitment", "associatedParty", "outcomeMeasure", "comparisonGroup"}),
    ],
)
def test_elements_that_the_carrier_added_are_left_out(node: str, added: set[str]) -> None:
    assert added.isdisjoint(names(node))


def test_elements_that_the_carrier_changed_are_restored() -> None:
    elements = structures.elements
    assert elements("EvidenceVariable")["EvidenceVariable.characteristic"].minimum == 1
    assert {"definition", "groupMeasure", "timeFromStart"} <= names("EvidenceVariable.characteristic")
    outcome = elements("Bundle")["Bundle.entry.response.outcome"]
    assert [declared.code for declared in outcome.types] == ["Resource"]
    status = elements("DetectedIssue")["DetectedIssue.status"].binding
    assert status is not None and status.value_set.endswith("/observation-status")
    assert elements("Quantity")["Quantity.comparator"].maximum == 1
    assert "SubscriptionStatus" not in structures.types()


def test_the_id_of_a_resource_is_an_id_and_that_of_an_element_a_string() -> None:
    assert structures.node("Patient").properties["id"].type.code == "id"
    assert structures.node("HumanName").properties["id"].type.code == "string"


def test_choices_and_content_references_lead_to_their_nodes() -> None:
    observation = structures.node("Observation").properties
    assert observation["valueQuantity"].node == "Quantity"
    assert observation["component"].node == "Observation.component"
    assert structures.node("Questionnaire.item").properties["item"].node == "Questionnaire.item"
    with pytest.raises(KeyError):
        structures.node("Patient.name")


def test_every_node_that_a_property_leads_to_exists() -> None:
    for type_name, kind in structures.types().items():
        for found in structures.node(type_name).properties.values() if kind != "primitive" else ():
            if not found.is_primitive:
                assert structures.node(found.node).elements


def test_required_value_sets_of_bound_codes_are_not_empty_but_for_four() -> None:
    empty = {url.rpartition("/")[2] for url, systems in structures.required_value_sets().items() if not systems}
    assert empty == {"currencies", "mimetypes", "ucum-units", "LL379-9"}


def test_every_invariant_parses_and_stands_at_an_element_of_r4() -> None:
    quantities = {"SimpleQuantity", "MoneyQuantity"}
    known = set(structures.types()) | quantities
    for type_name, kind in structures.types().items():
        if kind != "primitive":
            known.update(structures.elements(type_name))
    for invariant in structures.invariants():
        assert parse(invariant.expression)
        assert set(invariant.contexts) <= known, invariant.key
