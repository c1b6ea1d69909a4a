from health_platform.fhir.definitions.resource_types import RESOURCE_TYPES
from health_platform.fhir.fhirpath.parser import parse
from health_platform.fhir.search.registry import (
    FIRST_CITY_NUMBER,
    SearchType,
    parameter,
    parameters,
    parameters_by_id,
    patient_compartment,
)

COMMON = {"_content", "_id", "_lastUpdated", "_profile", "_query", "_security", "_source", "_tag", "_text"}


def test_the_facts_hold_the_1375_parameters_of_the_official_list() -> None:
    found = parameters_by_id().values()
    assert len({one.url for one in found}) == 1375
    own = [one for one in found if one.code not in COMMON]
    assert len(own) == 1706 - len(COMMON)


def test_every_type_has_the_common_parameters_under_numbers_of_its_own() -> None:
    assert all(set(parameters(name)) >= COMMON for name in RESOURCE_TYPES)
    found = [one for name in RESOURCE_TYPES for one in parameters(name).values()]
    assert len({one.id for one in found}) == len(found)
    assert all(0 < one.id < FIRST_CITY_NUMBER for one in found)


def test_the_numbers_of_parameters_never_change() -> None:
    """These stand in the rows of running databases."""
    expected = {
        ("Account", "identifier"): 1,
        ("Encounter", "date"): 68,
        ("Observation", "code"): 57,
        ("Observation", "value-quantity"): 1248,
        ("Patient", "name"): 1332,
        ("VisionPrescription", "status"): 1697,
        ("Patient", "_tag"): 12_048 + RESOURCE_TYPES.index("Patient") + 1,
    }
    assert {key: found.id for key in expected if (found := parameter(*key))} == expected


def test_a_parameter_of_many_types_keeps_only_the_branches_of_its_own() -> None:
    code = parameter("AllergyIntolerance", "code")
    assert code is not None
    assert code.expression == "AllergyIntolerance.code | AllergyIntolerance.reaction.substance"
    date = parameter("Observation", "date")
    assert date is not None
    assert (date.expression, date.type) == ("Observation.effective", SearchType.DATE)


def test_every_expression_parses_and_no_branch_is_lost() -> None:
    for found in parameters_by_id().values():
        assert found.expression or found.code in ("_text", "_content", "_query"), found
        if found.expression:
            parse(found.expression)


def test_a_code_that_the_type_lacks_is_unknown() -> None:
    assert parameter("Patient", "value-quantity") is None


def test_the_patient_compartment_names_reference_parameters() -> None:
    assert [one.code for one in patient_compartment("Observation")] == ["subject", "performer"]
    assert patient_compartment("Organization") == ()
    for name in RESOURCE_TYPES:
        assert all(one.type is SearchType.REFERENCE for one in patient_compartment(name))
