"""The form of SNOMED CT's Expression Constraint Language."""

from __future__ import annotations

import time

import pytest

from health_platform.fhir.terminology import ecl
from health_platform.fhir.validation import validate


@pytest.mark.parametrize(
    "text",
    [
        "404684003",
        "404684003 |Clinical finding|",
        "<< 73211009 |Diabetes mellitus|",
        "< 19829001 AND < 301867009",
        "(<19829001 OR <301867009) MINUS << 700000006",
        "^ 700043003",
        "^[referencedComponentId] 700043003",
        "*",
        "< 404684003: 363698007 = << 39057004, 116676008 = << 415582006",
        "< 404684003: { 363698007 = <<39057004 } , [1..3] { [0..*] 116676008 != <415582006 }",
        "< 373873005: [1..*] 127489000 >= #500",
        '< 27658006: 1111115 = "PANADOL"',
        "< 91723000: R 363698007 = < 125605004",
        "< 19829001 . < 47429007 . 363698007",
        '<< 64572001 {{ term = "heart", type = syn }} {{ C active = 1 }}',
        "<< 195967001 {{ + HISTORY-MOD }}",
        "<< 195967001 + HISTORY-MOD",
        "<! 404684003 /* children only */",
        "(< 404684003): (363698007 = < 39057004 OR 116676008 = < 415582006)",
    ],
)
def test_what_the_language_allows_is_read(text: str) -> None:
    ecl.check(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<<",
        "234234 << 234234",
        "404684003 404684003",
        "diabetes",
        "< 404684003 AND",
        "(< 404684003",
        "< 404684003)",
        "< 404684003: 363698007",
        "< 404684003: 363698007 =",
        "0123456",
        "12",
        "(" * 60 + "404684003" + ")" * 60,
        "x" * 20_000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ecl.EclError):
        ecl.check(text)


def test_a_hostile_text_ends_soon() -> None:
    for part in ("(", "{{", "/*", '"', "404684003:(", "< 404684003:{", "404684003 |"):
        start = time.process_time()
        with pytest.raises(ecl.EclError):
            ecl.check((part * 10_000)[: ecl.MAX_LENGTH])
        assert time.process_time() - start < 0.5, part


@pytest.mark.parametrize(("value", "is_fine"), [("<< 73211009", True), ("73211009 << 73211009", False)])
def test_a_filter_of_a_value_set_is_checked(value: str, is_fine: bool) -> None:
    include = {
        "system": "http://snomed.info/sct",
        "filter": [{"property": "constraint", "op": "=", "value": value}],
    }
    issues = validate({"resourceType": "ValueSet", "status": "draft", "compose": {"include": [include]}})
    places = [issue.expression for issue in issues if issue.details_code == "ecl"]
    assert places == ([] if is_fine else [("ValueSet.compose.include[0].filter[0]",)])
