"""Organization, Location and HealthcareService of an institution, against KR Core's rules."""

from __future__ import annotations

from dataclasses import replace

from fhir.resources.R4B.healthcareservice import HealthcareService
from fhir.resources.R4B.location import Location
from fhir.resources.R4B.organization import Organization

from clinics.registry.emergency import emergency_location, emergency_room, has_emergency_room
from clinics.registry.hira_list import InstitutionList
from clinics.registry.kr_core import (
    HEALTHCARE_ORGANIZATION_PROFILE,
    HIRA_SYSTEM,
    INSTITUTION_SYSTEM,
    healthcare_service,
    location,
    organization,
)


def test_without_a_hira_identifier_no_kr_core_conformance_is_claimed(small_list: InstitutionList) -> None:
    resource = organization(small_list.institutions[0], "hira")
    Organization.model_validate(resource)
    assert "profile" not in resource["meta"]
    assert [each["system"] for each in resource["identifier"]] == [INSTITUTION_SYSTEM]


def test_with_a_hira_identifier_the_organization_is_a_kr_core_healthcare_organization(
    small_list: InstitutionList,
) -> None:
    resource = organization(replace(small_list.institutions[0], hira_identifier="36000001"), "hira")
    Organization.model_validate(resource)
    assert resource["meta"]["profile"] == [HEALTHCARE_ORGANIZATION_PROFILE]
    assert {"system": HIRA_SYSTEM, "value": "36000001"} in resource["identifier"]
    assert resource["type"][0]["coding"][0]["code"] == "71"


def test_the_address_carries_the_road_name_extension_with_its_required_parts(small_list: InstitutionList) -> None:
    (extension,) = organization(small_list.institutions[1], "hira")["address"][0]["extension"]
    parts = {each["url"]: each["valueString"] for each in extension["extension"]}
    assert parts == {
        "district": "광주광역시 서구",
        "roadName": "상무대로",
        "detailedAddress": "1, 2층",
        "complements": "치평동",
    }


def test_a_location_has_a_position_only_where_the_list_gives_one(small_list: InstitutionList) -> None:
    clinic = small_list.institutions[1]
    placed = location(clinic, "Organization/1")
    Location.model_validate(placed)
    assert placed["position"] == {"longitude": 126.85, "latitude": 35.15}
    assert "position" not in location(replace(clinic, position=None), "Organization/1")


def test_departments_are_coded_and_an_unknown_one_stays_text(small_list: InstitutionList) -> None:
    clinic = replace(small_list.institutions[1], departments=("내과", "별자리과"))
    service = healthcare_service(clinic, "Organization/1", "Location/1")
    assert service is not None
    HealthcareService.model_validate(service)
    assert service["specialty"][0]["coding"][0]["code"] == "01"
    assert service["specialty"][1] == {"text": "별자리과"}
    assert service["characteristic"] == [{"text": "초음파영상진단기"}]
    assert healthcare_service(replace(clinic, departments=(), equipment=()), "Organization/1", "Location/1") is None


def test_an_emergency_room_reads_back_with_unknown_as_unknown(small_list: InstitutionList) -> None:
    resource = emergency_location(small_list.institutions[2], "Organization/1", "Location/1")
    Location.model_validate(resource)
    room = emergency_room(resource)
    assert (room.key, room.name) == (small_list.institutions[2].key, "가온종합병원 응급실")
    assert (room.longitude, room.latitude, room.beds) == (126.87, 35.18, 12)
    assert (room.open_by_day, room.open_by_night) == (True, None)


def test_beds_without_a_department_of_emergency_medicine_are_no_emergency_room(small_list: InstitutionList) -> None:
    hospital = small_list.institutions[2]
    assert has_emergency_room(hospital)
    assert not has_emergency_room(replace(hospital, departments=("정신건강의학과",)))
    assert not has_emergency_room(replace(hospital, er_beds=None))


def test_the_real_list_has_the_21_emergency_institutions_of_the_city(real_list: InstitutionList) -> None:
    rooms = [each for each in real_list.institutions if has_emergency_room(each)]
    assert len(rooms) == 21
    assert sum(each.er_beds or 0 for each in rooms) == 338
    assert all(each.position for each in rooms)


def test_every_institution_of_the_real_list_maps_to_valid_resources(real_list: InstitutionList) -> None:
    for each in real_list.institutions:
        Organization.model_validate(organization(each, "hira"))
        Location.model_validate(location(each, "Organization/1"))
        service = healthcare_service(each, "Organization/1", "Location/1")
        assert service is None or HealthcareService.model_validate(service)
        assert service is None or all("coding" in each for each in service.get("specialty", ()))
