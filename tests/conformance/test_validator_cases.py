"""HL7's own cases for validators (part a): what it refuses and what it accepts, against ours.

`python -m tests.conformance.test_validator_cases` prints a table of the cases on which the two differ.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from health_platform.fhir.outcome import Issue
from health_platform.fhir.validation import validate_body
from tests.fhir.validation.samples import shared_json

ARCHIVE = "cases/validator_cases_a.tar.xz"
# Cases that HL7 refuses and we accept, with the reason.
ACCEPTED = {
    "parameters-reference-bad": "a reference out of a Parameters resource: the target may be on the server",
    "target-ref-profile-empty": "unknown extensions are warnings here",
    "pat-example-extensions": "unknown extensions are warnings here",
    "nested-questionnaire-nested-valueset": "unknown extensions are warnings here",
    "patient-with-turvakielto": "unknown extensions are warnings here",
    "cvx": "needs the displays of CVX",
    "ips-nz-pj": "needs the displays of LOINC",
    "obs-vs-1": "a vital-signs profile that is not claimed, and an unknown extension, are warnings here",
    "vs-params-4": "a rule of HL7's tools on an extension, not of R4",
    "json-comments-1-no": "comments are a warning here; HL7 accepts the same file with a switch",
}
# Cases that HL7 accepts only with a switch of its validator, and that break R4.
REFUSED = {
    "contained-resource-bad-id-ignore": "an id of 65 characters; HL7 ignores the rule with a switch",
}


@dataclass(frozen=True)
class Case:
    name: str
    is_valid: bool
    expected: list[dict[str, Any]]
    issues: list[Issue]

    @property
    def is_refused(self) -> bool:
        return any(issue.is_error for issue in self.issues)

    def found(self) -> tuple[int, int]:
        """How many of HL7's errors have an issue of ours at the same element, and how many there are."""
        ours = {place for issue in self.issues for place in issue.expression}
        errors = [issue for issue in self.expected if issue["severity"] in ("error", "fatal")]
        hits = sum(1 for issue in errors if _places(issue) & ours or (not issue["expression"] and self.is_refused))
        return hits, len(errors)


def _places(issue: dict[str, Any]) -> set[str]:
    """Without the comments and the conditions that HL7 writes into its expressions."""
    return {re.sub(r"/\*.*?\*/|\[url='[^']*'\]", "", place) for place in issue["expression"] or []}


def cases() -> Iterator[Case]:
    files = dict(shared_json(ARCHIVE))
    by_name = {name.removeprefix("./"): content for name, content in files.items()}
    for case in json.loads(by_name["expected.json"]):
        issues = validate_body(by_name[f"files/{case['file']}"])
        yield Case(case["name"].partition(" / ")[0], not case["expected_errors"], case["issues"], issues)


def test_the_invalid_cases_are_refused_but_for_the_listed_ones() -> None:
    accepted = {case.name for case in cases() if not case.is_valid and not case.is_refused}
    assert accepted == ACCEPTED.keys()


def test_the_valid_cases_are_accepted_but_for_those_that_need_a_switch() -> None:
    refused = {case.name for case in cases() if case.is_valid and case.is_refused}
    assert refused == REFUSED.keys()


def test_seven_in_ten_of_hl7s_errors_are_told_at_the_same_element() -> None:
    counts = [case.found() for case in cases() if not case.is_valid]
    assert sum(hits for hits, _ in counts) / sum(total for _, total in counts) > 0.7


def main() -> None:
    every = list(cases())
    invalid, valid = [c for c in every if not c.is_valid], [c for c in every if c.is_valid]
    counts = [case.found() for case in invalid]
    hits, total = (sum(column) for column in zip(*counts, strict=True))
    write = sys.stdout.write
    write(f"invalid refused {sum(c.is_refused for c in invalid)} of {len(invalid)}\n")
    write(f"valid refused {sum(c.is_refused for c in valid)} of {len(valid)}\n")
    write(f"at the same element {hits} of {total}\n\n| case | HL7 | ours | why |\n|---|---|---|---|\n")
    for case in every:
        if case.is_refused == case.is_valid:
            ours, theirs = ("refused", "accepted") if case.is_refused else ("accepted", "refused")
            write(f"| {case.name} | {theirs} | {ours} | {(ACCEPTED | REFUSED).get(case.name, '')} |\n")


if __name__ == "__main__":
    main()
