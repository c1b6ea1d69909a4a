"""Names and addresses: what makes an institution the same, and what does not."""

from __future__ import annotations

import pytest

from clinics.registry.hira_list import InstitutionList
from clinics.registry.normalise import AddressError, institution_key, normalise_name, parse_address

ADDRESS = "광주광역시 서구 상무대로695번길 5, 2층 201호 (치평동, 해솔빌딩)"


def key(name: str = "해솔 내과의원", address: str = ADDRESS) -> str:
    return institution_key(name, parse_address(address))


def test_an_address_comes_apart_into_city_district_road_number_detail_and_dong() -> None:
    address = parse_address(ADDRESS)
    assert (address.city, address.district.name, address.district.code) == ("광주광역시", "서구", "240003")
    assert (address.road, address.number) == ("상무대로695번길", "5")
    assert (address.detail, address.dong) == ("2층 201호", "치평동")


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS.replace("광주광역시", "전남광주통합특별시"),
        ADDRESS.replace("광주광역시", "광주"),
        ADDRESS.replace("2층 201호", "7층"),
        ADDRESS.replace(" 5,", " 5-0,"),
        ADDRESS.replace("상무대로695번길 5", "상무대로 695번길 5"),
        ADDRESS.replace("서구 상무", "서구  상무"),
        "광주광역시 서구 상무대로695번길 5",
    ],
)
def test_the_city_s_name_blanks_floor_and_dong_do_not_change_the_key(address: str) -> None:
    assert key(address=address) == key()


@pytest.mark.parametrize(
    "address",
    [
        ADDRESS.replace("서구", "남구"),
        ADDRESS.replace(" 5,", " 6,"),
        ADDRESS.replace(" 5,", " 5-1,"),
        ADDRESS.replace("695번길", "697번길"),
        ADDRESS.replace("상무대로695번길 5", "상무대로 695"),
        ADDRESS.replace(" 5,", " 지하 5,"),
    ],
)
def test_another_building_is_another_institution(address: str) -> None:
    assert key(address=address) != key()


def test_names_agree_in_blanks_width_letter_case_and_the_city_in_front() -> None:
    assert key("해솔내과의원") == key()
    assert normalise_name("ＫＳ병원") == normalise_name("ks 병원")
    assert normalise_name("전남광주통합특별시남구보건소") == normalise_name("광주광역시 남구보건소") == "남구보건소"
    assert normalise_name("광주21세기병원") == "광주21세기병원"
    assert key("해솔외과의원") != key()


def test_an_address_without_a_road_name_still_gives_a_key() -> None:
    address = parse_address("광주광역시 북구 본촌동 산 12 (본촌동)")
    assert (address.road, address.number, address.dong) == ("", "", "본촌동")
    assert len(institution_key("해솔의원", address)) == 32


@pytest.mark.parametrize("text", ["", "서울특별시 서구 길 1", "광주광역시", "광주광역시 없는구 길 1"])
def test_an_address_outside_the_known_regions_is_an_error(text: str) -> None:
    with pytest.raises(AddressError, match="known"):
        parse_address(text)


def test_no_two_institutions_of_the_real_list_share_a_key(real_list: InstitutionList) -> None:
    assert len({each.key for each in real_list.institutions}) == 2331


def test_the_renamed_city_gives_the_real_list_the_same_keys(real_list: InstitutionList) -> None:
    for each in real_list.institutions:
        renamed = each.address.text.replace("광주광역시", "전남광주통합특별시", 1)
        name = each.name.replace("광주광역시", "전남광주통합특별시", 1)
        assert institution_key(name, parse_address(renamed)) == each.key
