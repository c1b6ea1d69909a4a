from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_platform.fhir.fhirpath.errors import FhirPathError, FhirPathLimitError, FhirPathSyntaxError
from health_platform.fhir.fhirpath.nodes import (
    Binary,
    Call,
    Constant,
    Index,
    Literal,
    Member,
    TypeName,
    TypeOperation,
    Unary,
    Variable,
)
from health_platform.fhir.fhirpath.parser import parse
from health_platform.fhir.fhirpath.quantity import Quantity
from health_platform.fhir.fhirpath.temporal import Date, DateTime, Time


def member(*names: str) -> Member:
    node = Member(None, names[0])
    for name in names[1:]:
        node = Member(node, name)
    return node


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("Patient.name.given", member("Patient", "name", "given")),
        ("name.`given`", member("name", "given")),
        ("name[0]", Index(member("name"), Literal(0))),
        (
            "name.where(use = 'official')",
            Call(member("name"), "where", (Binary("=", member("use"), Literal("official")),)),
        ),
        ("%resource", Constant("resource")),
        ("%`vs-a`", Constant("vs-a")),
        ("%'vs-a'", Constant("vs-a")),
        ("$this", Variable("this")),
        ("{}", Literal(None)),
        ("2147483648", Literal(Decimal(2147483648))),
        ("@2015", Literal(Date((2015,)))),
        ("@2015T", Literal(DateTime((2015,)))),
        ("@2015-02-04T14:34:28.5+10:00", Literal(DateTime((2015, 2, 4, 14, 34), Decimal("28.5"), 600))),
        ("@T14:34", Literal(Time((14, 34)))),
        ("4 days", Literal(Quantity(Decimal(4), "day", calendar=True))),
        ("10.1 'mg'", Literal(Quantity(Decimal("10.1"), "mg"))),
        ("expansion.contains.as.is", member("expansion", "contains", "as", "is")),
        (r"'\u002a\'\n'", Literal("*'\n")),
    ],
)
def test_a_text_becomes_its_tree(text: str, node: object) -> None:
    assert parse(text) == node


def test_operators_bind_as_the_grammar_says() -> None:
    one, two, three = Literal(1), Literal(2), Literal(3)
    assert parse("1 + 2 * 3") == Binary("+", one, Binary("*", two, three))
    assert parse("1 - 2 - 3") == Binary("-", Binary("-", one, two), three)
    assert parse("-1.abs()") == Unary("-", Call(one, "abs", ()))
    assert parse("-1 * 2") == Binary("*", Unary("-", one), two)
    assert parse("1 | 2 is Integer") == Binary("|", one, TypeOperation("is", two, TypeName("Integer")))
    assert parse("1 > 2 is System.Boolean") == Binary(">", one, TypeOperation("is", two, TypeName("Boolean", "System")))
    assert parse("true and 1 in 2 | 3") == Binary("and", Literal(True), Binary("in", one, Binary("|", two, three)))
    assert parse("1 implies 2 or 3") == Binary("implies", one, Binary("or", two, three))


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2 + 2 /", 7),
        ("2 /* not finished", 2),
        ("name.", 5),
        ("name given", 5),
        ("(1", 2),
        ("a.b(1,)", 6),
        ("@2015-13-01", 0),
        ("@2015T14Z.x #", 12),
        (r"'\x'", 0),
        ("a.$this", 2),
        ("", 0),
    ],
)
def test_a_wrong_text_is_refused_with_the_offset_of_the_first_wrong_token(text: str, offset: int) -> None:
    with pytest.raises(FhirPathSyntaxError) as caught:
        parse(text)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100 + "1" + ")" * 100,
        "1" + "+1" * 300,
        "a" + ".a" * 300,
        "-" * 100 + "1",
        "a[" * 100,
        "1" * 20_000,
        "1 " * 5_000,
    ],
)
def test_an_expression_longer_or_deeper_than_honest_ones_is_refused(text: str) -> None:
    with pytest.raises(FhirPathLimitError):
        parse(text)


@given(st.text(alphabet="ab.()[]{}'`%$@|=<>!~+-*/&,0123456789 \\\nTZ:isorand", max_size=60))
def test_any_text_is_parsed_or_refused_with_an_error_of_ours(text: str) -> None:
    try:
        parse(text)
    except FhirPathError as error:
        assert error.message
