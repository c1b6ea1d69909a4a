"""The OperationOutcome of issues and the error tree."""

from __future__ import annotations

import pytest

from health_platform.fhir import outcome
from health_platform.fhir.outcome import FhirError, Issue, IssueType, NotFound, Severity, operation_outcome


def test_an_issue_reads_in_english_in_diagnostics_and_in_the_readers_language_in_details() -> None:
    issue = Issue(
        Severity.ERROR,
        IssueType.REQUIRED,
        "%(element)s is missing.",
        ("Patient.name",),
        details_code="min",
        args={"element": "name"},
    )
    rendered = operation_outcome([issue], {"%(element)s is missing.": "%(element)s 항목이 없습니다."}.__getitem__)
    assert rendered["issue"] == [
        {
            "severity": "error",
            "code": "required",
            "details": {
                "coding": [{"system": outcome.DETAILS_SYSTEM, "code": "min"}],
                "text": "name 항목이 없습니다.",
            },
            "diagnostics": "name is missing.",
            "expression": ["Patient.name"],
        }
    ]


def test_a_percent_sign_in_a_text_without_arguments_stays() -> None:
    assert Issue(Severity.ERROR, IssueType.INVALID, "100 %").text() == "100 %"


def test_an_outcome_without_issues_still_has_the_one_issue_that_r4_requires() -> None:
    assert [issue["severity"] for issue in operation_outcome([])["issue"]] == ["information"]


def test_line_and_column_are_written_as_the_core_extensions() -> None:
    issue = Issue(Severity.FATAL, IssueType.INVALID, "Not JSON.", line=3, column=14)
    extensions = operation_outcome([issue])["issue"][0]["extension"]
    assert [entry["valueInteger"] for entry in extensions] == [3, 14]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("BadRequest", 400),
        ("Unauthorized", 401),
        ("Forbidden", 403),
        ("NotFound", 404),
        ("MethodNotAllowed", 405),
        ("NotAcceptable", 406),
        ("Conflict", 409),
        ("Gone", 410),
        ("PreconditionFailed", 412),
        ("TooLarge", 413),
        ("UnsupportedMediaType", 415),
        ("UnprocessableEntity", 422),
    ],
)
def test_each_error_has_its_http_status(name: str, status: int) -> None:
    error = getattr(outcome, name)("Something is wrong.")
    assert isinstance(error, FhirError)
    assert error.status == status
    assert error.operation_outcome()["issue"][0]["diagnostics"] == "Something is wrong."


def test_an_error_takes_a_message_with_arguments_and_an_expression() -> None:
    error = NotFound("%(reference)s is not known.", reference="Patient/7", expression=("Observation.subject",))
    assert str(error) == "Patient/7 is not known."
    assert error.issues[0].expression == ("Observation.subject",)
    assert error.issues[0].code is IssueType.NOT_FOUND


def test_an_error_without_an_issue_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one issue"):
        FhirError(500, [])
