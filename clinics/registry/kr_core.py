"""Maps an institution to FHIR R4 resources as KR Core 2.0.0 asks (pure).

An institution becomes an Organization, a Location (where it is) and, where the list names departments or equipment, a
HealthcareService (what it offers). `meta.profile` claims KR Core conformance only where the institution's number at
HIRA is known: krcore-healthcare-organization demands it, and the published lists do not carry it.
"""

from __future__ import annotations

from typing import Any

from clinics.registry.hira_list import ORGANIZATION_TYPES, Institution
from clinics.registry.normalise import Address

Resource = dict[str, Any]

INSTITUTION_SYSTEM = "urn:bitgoeul:institution"
LIST_SYSTEM = "urn:bitgoeul:CodeSystem:institution-list"

KR_CORE = "http://www.hl7korea.or.kr/fhir/krcore/StructureDefinition"
HEALTHCARE_ORGANIZATION_PROFILE = f"{KR_CORE}/krcore-healthcare-organization"
ROAD_NAME_ADDRESS_URL = f"{KR_CORE}/krcore-roadNameAddress"
HIRA_SYSTEM = "http://www.hl7korea.or.kr/Identifier/hira-krnpi"
ORGANIZATION_TYPE_SYSTEM = "http://www.hl7korea.or.kr/CodeSystem/hira-healthcare-organization-types"
DEPARTMENT_SYSTEM = "http://www.hl7korea.or.kr/CodeSystem/hira-medical-department"

# CodeSystem hira-medical-department of KR Core 2.0.0, with the longer name of code 07 that the list uses.
DEPARTMENTS = {
    "내과": "01", "신경과": "02", "정신건강의학과": "03", "외과": "04", "정형외과": "05", "신경외과": "06",
    "흉부외과": "07", "심장혈관흉부외과": "07", "성형외과": "08", "마취통증의학과": "09", "산부인과": "10",
    "소아청소년과": "11", "안과": "12", "이비인후과": "13", "피부과": "14", "비뇨의학과": "15", "영상의학과": "16",
    "방사선종양학과": "17", "병리과": "18", "진단검사의학과": "19", "결핵과": "20", "재활의학과": "21",
    "핵의학과": "22", "가정의학과": "23", "응급의학과": "24", "직업환경의학과": "25", "예방의학과": "26",
    "보건": "41", "치과": "49", "구강악안면외과": "50", "치과보철과": "51", "치과교정과": "52", "소아치과": "53",
    "치주과": "54", "치과보존과": "55", "구강내과": "56", "영상치의학과": "57", "구강병리과": "58", "예방치과": "59",
    "통합치의학과": "61", "한방내과": "80", "한방부인과": "81", "한방소아과": "82",
    "한방안·이비인후·피부과": "83", "한방신경정신과": "84", "침구과": "85", "한방재활의학과": "86",
    "사상체질과": "87", "한방응급": "88",
}  # fmt: skip


def organization(institution: Institution, source: str) -> Resource:
    """The Organization. `source` names the list it stands on (code of LIST_SYSTEM), kept as `meta.tag`."""
    identifiers = [_identifier(institution)]
    meta: Resource = {"tag": [{"system": LIST_SYSTEM, "code": source}]}
    if institution.hira_identifier:
        identifiers.append({"system": HIRA_SYSTEM, "value": institution.hira_identifier})
        meta["profile"] = [HEALTHCARE_ORGANIZATION_PROFILE]
    return {
        "resourceType": "Organization",
        "meta": meta,
        "identifier": identifiers,
        "active": True,
        "type": [{"coding": [_type_coding(institution)]}],
        "name": institution.name,
        **_telecom(institution),
        "address": [_address(institution)],
    }


def location(institution: Institution, organization_reference: str) -> Resource:
    """The Location of the whole institution, with its position where the list gives one."""
    return {
        "resourceType": "Location",
        "identifier": [_identifier(institution)],
        "status": "active",
        "name": institution.name,
        "mode": "instance",
        **_telecom(institution),
        "address": _address(institution),
        **position(institution),
        "managingOrganization": {"reference": organization_reference},
    }


def healthcare_service(
    institution: Institution, organization_reference: str, location_reference: str
) -> Resource | None:
    """The departments (`specialty`) and equipment (`characteristic`), or None where the list names neither."""
    if not institution.departments and not institution.equipment:
        return None
    service: Resource = {
        "resourceType": "HealthcareService",
        "identifier": [_identifier(institution)],
        "active": True,
        "providedBy": {"reference": organization_reference},
        "location": [{"reference": location_reference}],
        "name": institution.name,
    }
    if institution.departments:
        service["specialty"] = [_department(name) for name in institution.departments]
    if institution.equipment:
        service["characteristic"] = [{"text": name} for name in institution.equipment]
    return service


def position(institution: Institution) -> Resource:
    """`Location.position` (WGS 84 degrees), or nothing where it is not known."""
    if institution.position is None:
        return {}
    longitude, latitude = institution.position
    return {"position": {"longitude": float(longitude), "latitude": float(latitude)}}


def road_name_address(address: Address, dong: str = "") -> Resource | None:
    """The extension krcore-roadNameAddress; None where the address has no road name and number to put into it."""
    if not address.road:
        return None
    parts = [
        ("district", f"{address.city} {address.district.name}"),
        ("roadName", address.road),
        ("detailedAddress", ", ".join(part for part in (address.number, address.detail) if part)),
        ("complements", dong or address.dong),
    ]
    return {
        "url": ROAD_NAME_ADDRESS_URL,
        "extension": [{"url": url, "valueString": value} for url, value in parts if value],
    }


def _identifier(institution: Institution) -> Resource:
    return {"system": INSTITUTION_SYSTEM, "value": institution.key}


def _type_coding(institution: Institution) -> Resource:
    code = ORGANIZATION_TYPES[institution.type_name]
    return {"system": ORGANIZATION_TYPE_SYSTEM, "code": code, "display": institution.type_name}


def _telecom(institution: Institution) -> Resource:
    if not institution.telephone:
        return {}
    return {"telecom": [{"system": "phone", "value": institution.telephone}]}


def _address(institution: Institution) -> Resource:
    address = institution.address
    extension = road_name_address(address, institution.dong)
    return {
        **({"extension": [extension]} if extension else {}),
        "text": address.text,
        "city": address.city,
        "district": address.district.name,
        "country": "KR",
    }


def _department(name: str) -> Resource:
    """A department that the code system lacks stays as text: a code is never invented."""
    code = DEPARTMENTS.get(name)
    return {"coding": [{"system": DEPARTMENT_SYSTEM, "code": code, "display": name}]} if code else {"text": name}
