"""Values: UCUM 2.2, section tables; NIST SP 811 (2008), appendix B, for the customary units."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_platform.fhir.terminology.ucum import (
    UcumError,
    canonical,
    comparable,
    convert,
    parse_unit,
)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        ("5", "mg/dL", "g/L", "0.05"),
        ("120", "mm[Hg]", "kPa", "15.998640"),
        ("1", "[in_i]", "cm", "2.54"),
        ("154", "[lb_av]", "kg", "69.85322498"),
        ("37", "Cel", "[degF]", "98.6"),
        ("98.6", "[degF]", "Cel", "37"),
        ("0", "Cel", "K", "273.15"),
        ("90", "mL/min/{1.73_m2}", "mL/s", "1.5"),
        ("250", "10*3/uL", "10*9/L", "250"),
        ("40", "U/L", "ukat/L", "0.6666666666666666666666666666666667"),
        ("1", "wk", "d", "7"),
        ("1", "a", "mo", "12"),
        ("7", "%", "1", "0.07"),
        ("48", "mmol/mol", "%", "4.8"),
        ("1", "m2", "cm2", "10000"),
        ("1", "kg/m2", "g/cm2", "0.1"),
        ("1", "/min", "Hz", "0.01666666666666666666666666666666667"),
        ("3", "[IU]/L", "[iU]/mL", "0.003"),
        ("2", "g/(8.h)", "g/d", "6"),
        ("1", "mL/cm[H2O]", "L/kPa", "0.01019716212977928242570092743189570"),
        ("5", "{score}", "1", "5"),
    ],
)
def test_a_value_is_converted_exactly(value: str, source: str, target: str, expected: str) -> None:
    assert convert(Decimal(value), source, target) == Decimal(expected)


@pytest.mark.parametrize(
    ("source", "target"),
    [("mg/dL", "mmol/L"), ("kg", "m"), ("[iU]/L", "U/L"), ("[arb'U]", "[iU]"), ("mm[Hg]", "mm")],
)
def test_units_of_different_things_do_not_convert(source: str, target: str) -> None:
    assert not comparable(source, target)
    with pytest.raises(UcumError):
        convert(Decimal(1), source, target)


@pytest.mark.parametrize(
    "code", ["", "x", "mg/", ".m", "(m", "m)", "mm[hg]", "µg", "mg dL", "1/0", "m99", "kmin", "[pi"]
)
def test_what_is_no_unit_is_refused(code: str) -> None:
    with pytest.raises(UcumError):
        parse_unit(code)
    assert not comparable(code, code)


def test_slash_and_point_bind_alike_from_left_to_right() -> None:
    assert parse_unit("J/kg.K") == parse_unit("J.K/kg")
    assert parse_unit("J/(kg.K)") != parse_unit("J/kg.K")
    assert parse_unit("/s") == parse_unit("Hz") == parse_unit("s-1")


def test_a_degree_within_a_product_is_a_difference() -> None:
    assert convert(Decimal(1), "J/Cel", "J/K") == 1


def test_the_canonical_form_is_the_amount_in_base_units() -> None:
    assert canonical(Decimal(5), "mg/dL") == (Decimal(50), "g.m-3")
    assert canonical(Decimal("37.5"), "Cel") == (Decimal("310.65"), "K")
    assert canonical(Decimal(3), "%") == (Decimal("0.03"), "1")


UNITS = ["mg/dL", "g/L", "ug/mL", "kg/m3", "[gr]/[foz_us]"]


@given(st.decimals(-(10**6), 10**6, places=4), st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_there_and_back_gives_the_value(value: Decimal, source: str, target: str) -> None:
    back = convert(convert(value, source, target), target, source)
    assert abs(back - value) <= abs(value) * Decimal("1e-30")


@given(st.text(alphabet="mgkLdl[]{}()./0123456789-+*^%'Cel ", max_size=20))
def test_any_text_is_a_unit_or_refused(code: str) -> None:
    try:
        parse_unit(code)
    except UcumError as error:
        assert str(error)
