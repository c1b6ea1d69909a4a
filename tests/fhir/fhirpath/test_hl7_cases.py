"""HL7's 935 FHIRPath cases for R4. A case that asks for a semantic error runs strictly, as the suite's modes ask."""

import pytest

from tests.fhir.fhirpath.hl7_cases import Case, problem, read_cases

ALL = read_cases()


@pytest.mark.skipif(not ALL, reason="shared/fhir/cases is absent: HL7's cases cannot be read")
def test_the_suite_has_its_935_cases() -> None:
    assert len(ALL) == 935


@pytest.mark.parametrize("case", ALL, ids=[f"{place}-{case.name}" for place, case in enumerate(ALL)])
def test_a_case_of_hl7_has_the_outcome_that_it_asks_for(case: Case) -> None:
    assert problem(case) == ""
