"""Slips in JSON: told with their places, and what is wrong in the content besides."""

from __future__ import annotations

import json
import time

import pytest

from health_platform.fhir.validation import json_body, validate_body
from health_platform.fhir.validation.json_slips import without_slips

SLIPS = b"""{
  "resourceType": "Patient",
  gender: female, // of the citizen
  "name": [{"family": "Kim", "given": [Minsu, ]},],
  "birthDate": "1950-13-01",
}"""


def told(raw: bytes) -> list[tuple[str, str, int | None]]:
    return [(issue.details_code, issue.expression[0], issue.line) for issue in validate_body(raw) if issue.is_error]


def test_every_slip_has_its_place_and_the_content_is_read_all_the_same() -> None:
    assert told(SLIPS) == [
        ("json-bare-name", "Patient", 3),
        ("json-bare-word", "Patient", 3),
        ("json-bare-word", "Patient.name[0].given[0]", 4),
        ("json-comma", "Patient.name[0].given[1]", 4),
        ("json-comma", "Patient.name[1]", 4),
        ("json-comma", "Patient", 5),
        ("date", "Patient.birthDate", 5),
    ]


def test_a_comment_alone_is_a_warning() -> None:
    issues = validate_body(b'{"resourceType": "Patient" /* of\ntwo lines */, // and one\n"active": true}')
    assert [(issue.details_code, issue.severity.value, issue.line) for issue in issues] == [
        ("json-comment", "warning", 1),
        ("json-comment", "warning", 2),
    ]


def test_what_stands_in_a_string_is_no_comment() -> None:
    text = json.dumps({"resourceType": "Patient", "implicitRules": "http://a/*b*/c", "language": "ko, // ,]"})
    assert without_slips(text, "Patient") == (text, [])


@pytest.mark.parametrize("text", ["{#}", "[1 2]", '{"a": 1', "'a'", '{"a" "b"}', "{,}", "//", "/*", ""])
def test_what_is_no_json_stays_an_error(text: str) -> None:
    assert any(issue.is_error for issue in json_body.read(text.encode())[1])


@pytest.mark.parametrize("part", ['\\"', "/*", "//", '"', "a,", "/", "{a:", "[,"])
def test_a_hostile_text_is_read_once(part: str) -> None:
    start = time.process_time()
    json_body.read(('"' + part * 200_000).encode())
    json_body.read((part * 200_000).encode())
    assert time.process_time() - start < 2
