"""The institutions of the synthetic city: true numbers, made-up names."""

from __future__ import annotations

from collections import Counter

from fhir.resources.R4B.bundle import Bundle

from clinics.registry.emergency import has_emergency_room
from clinics.registry.hira_list import InstitutionList
from health_platform.demo.city.city import City
from health_platform.demo.city.history import Directory


def test_each_district_has_its_true_number_of_institutions(city: City) -> None:
    districts = Counter(each.address.district.name for each in city.institutions.values())
    assert districts == {"동구": 239, "서구": 580, "남구": 352, "북구": 637, "광산구": 523}


def test_the_kinds_have_their_true_numbers(city: City) -> None:
    kinds = Counter(each.type_name for each in city.institutions.values())
    expected = {"보건소": 5, "의원": 1067, "치과의원": 650, "한의원": 325, "병원": 78, "한방병원": 88, "종합병원": 23}
    assert {kind: kinds[kind] for kind in expected} == expected


def test_the_five_centres_bear_their_names(city: City) -> None:
    centres = {each.name for each in city.institutions.values() if each.type_name == "보건소"}
    assert centres == {f"광주 {name} 보건소" for name in ("동구", "서구", "남구", "북구", "광산구")}


def test_21_emergency_institutions_have_345_beds(city: City) -> None:
    emergency = [each for each in city.institutions.values() if has_emergency_room(each)]
    assert len(emergency) == 21
    assert sum(each.er_beds or 0 for each in emergency) == 345
    assert all(10 <= (each.er_beds or 0) <= 37 for each in emergency)


def test_no_clinic_bears_name_and_address_of_a_real_one(city: City, shared_institutions: InstitutionList) -> None:
    real = {each.key for each in shared_institutions.institutions if each.type_name != "보건소"}
    assert not real & set(city.institutions)


def test_positions_lie_within_the_city(city: City) -> None:
    for each in city.institutions.values():
        assert each.position is not None
        longitude, latitude = map(float, each.position)
        assert 126.6 < longitude < 127.05, each
        assert 35.03 < latitude < 35.28, each


def test_once_the_city_is_renamed_addresses_bear_both_names(city: City) -> None:
    names = Counter(each.address.city for each in city.institutions.values())
    assert min(names["광주광역시"], names["전남광주통합특별시"]) > 1000


def test_a_hundred_institutions_take_part_and_each_has_a_doctor(city: City) -> None:
    assert len(city.staff) == 100
    assert all(any(member.licence for member in staff) for staff in city.staff.values())
    centre = city.staff[city.members["북구"].centre]
    assert [member.qualification for member in centre] == ["의사", "간호사", "물리치료사"]


def test_institutions_and_staff_are_valid_transactions_of_200_entries_at_most(city: City) -> None:
    bundles = list(city.institution_bundles(city.staff))
    assert all(len(bundle["entry"]) <= 200 for bundle in bundles)
    for bundle in (*bundles, *(city.staff_bundle(key, Directory()) for key in city.staff), city.ambulance_bundle()):
        Bundle.model_validate(bundle)
        assert all("ifNoneExist" in entry["request"] for entry in bundle["entry"])
