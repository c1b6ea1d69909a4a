"""The list of institutions: what is read, and what is said of a row that cannot be."""

from __future__ import annotations

import gzip
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinics.registry.hira_list import InstitutionList, ListError, read_list
from tests.clinics.registry.conftest import CENTRE, CLINIC, HEADER, HOSPITAL, as_list


def test_each_row_becomes_an_institution_with_its_line(small_list: InstitutionList) -> None:
    centre, clinic, hospital = small_list.institutions
    assert small_list.errors == ()
    assert [each.line for each in small_list.institutions] == [2, 3, 4]
    assert (centre.type_name, centre.er_day, centre.equipment) == ("보건소", None, ())
    assert (clinic.position, clinic.er_day) == (("126.85", "35.15"), False)
    assert (hospital.er_beds, hospital.er_day, hospital.er_night) == (12, True, None)
    assert hospital.equipment == ("CT", "MRI")


def test_gzip_cp949_windows_line_ends_and_a_byte_order_mark_read_the_same(small_list: InstitutionList) -> None:
    text = as_list(CENTRE, CLINIC, HOSPITAL).decode()
    variants = (
        gzip.compress(text.encode()),
        text.encode("cp949"),
        text.replace("\n", "\r\n").encode("utf-8-sig"),
    )
    for data in variants:
        assert read_list(data) == small_list


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (CLINIC.replace("해솔의원", "", 1), "the name is missing"),
        (CLINIC.replace(",의원,", ",한옥,"), "'한옥' is no kind of institution"),
        (CLINIC.replace("광주광역시", "경기도 광주시"), "begins with no known city"),
        (CLINIC.replace("광주광역시 서구", "광주광역시 중구"), "'중구' is no district"),
        (CLINIC.replace(",서구,", ",남구,"), "gu is '남구', but the address lies in 서구"),
        (CLINIC.replace("126.85", "35.15"), "not a place in Korea"),
        (CLINIC.replace("126.85", ""), "not a place in Korea"),
        (CLINIC.replace("126.85", "nan"), "not a place in Korea"),
        (CLINIC.replace(",1,126", ",-1,126"), "doctors is '-1'"),
        (CLINIC.replace("False,False", "perhaps,False"), "er_day is 'perhaps'"),
        (CLINIC + ",one more", "17 columns where the header has 16"),
        (CLINIC.replace('"광주', '""광주'), "columns where the header has 16"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_reason_and_the_rest_stands(row: str, reason: str) -> None:
    listed = read_list(as_list(CENTRE, row, HOSPITAL))
    assert [each.name for each in listed.institutions] == ["광주광역시동구보건소", "가온종합병원"]
    assert [error.line for error in listed.errors] == [3]
    assert reason in listed.errors[0].reason


def test_a_quote_that_is_never_closed_spoils_its_own_line_only() -> None:
    listed = read_list(as_list(CENTRE, CLINIC.replace('(치평동, 해솔빌딩)"', "(치평동)"), HOSPITAL))
    assert [error.line for error in listed.errors] == [3]
    assert len(listed.institutions) == 2


def test_a_quoted_field_may_run_over_a_line_end() -> None:
    listed = read_list(as_list(CENTRE, CLINIC.replace("2층 (", "2층\n("), HOSPITAL))
    assert listed.errors == ()
    assert [each.line for each in listed.institutions] == [2, 3, 5]


def test_the_same_name_and_address_twice_is_an_error_that_names_the_first_line() -> None:
    listed = read_list(as_list(CLINIC, CENTRE, CLINIC.replace("2층", "3층")))
    assert [(error.line, "line 2" in error.reason) for error in listed.errors] == [(4, True)]


def test_missing_optional_columns_are_unknown_and_not_zero() -> None:
    listed = read_list(as_list("해솔의원,의원,,광주 서구 상무대로 1", header="name,type,gu,address"))
    (institution,) = listed.institutions
    assert (institution.position, institution.er_beds, institution.doctors, institution.er_day) == (None,) * 4


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (as_list(CLINIC, header=HEADER.replace("address", "where")), "lacks the column(s) address"),
        (b"\x1f\x8bbroken", "damaged gzip"),
        (gzip.compress(as_list(CLINIC))[:-9], "damaged gzip"),
        (b"name,type,gu,address\n\xff\xff\xff", "neither UTF-8 nor CP949"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ListError, match=reason.replace("(", r"\(").replace(")", r"\)")):
        read_list(data)


@given(st.lists(st.sampled_from([*CLINIC, '"', "\n", "\0", "|", "1"]), max_size=120))
def test_no_row_stops_the_rows_around_it(characters: list[str]) -> None:
    lines = "".join(characters).replace('"', "")
    listed = read_list(as_list(CENTRE, lines, HOSPITAL))
    names = [each.name for each in listed.institutions]
    assert (names[0], names[-1]) == ("광주광역시동구보건소", "가온종합병원")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_refused_with_a_reason(data: bytes) -> None:
    for tail in (data, HEADER.encode() + b"\n" + data):
        try:
            assert read_list(tail).institutions == ()
        except ListError as error:
            assert str(error)


def test_the_real_list_of_the_city_reads_without_an_error(real_list: InstitutionList) -> None:
    assert real_list.errors == ()
    assert len(real_list.institutions) == 2331
    kinds = Counter(each.type_name for each in real_list.institutions)
    expected = {"보건소": 5, "의원": 1067, "치과의원": 650, "한의원": 325, "병원": 78, "한방병원": 88}
    assert {kind: kinds[kind] for kind in expected} == expected
    assert sum(expected.values()) - expected["보건소"] == 2208


def test_the_real_list_counts_the_institutions_of_each_district(real_list: InstitutionList) -> None:
    districts = Counter(each.address.district.name for each in real_list.institutions)
    assert districts == {"동구": 239, "서구": 580, "남구": 352, "북구": 637, "광산구": 523}


def test_every_address_of_the_real_list_has_a_road_name_and_a_number(real_list: InstitutionList) -> None:
    assert [each.address.text for each in real_list.institutions if not each.address.road] == []
