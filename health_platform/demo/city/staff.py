"""The people who work at the institutions that citizens visit (pure).

Doctors' licence numbers begin with 99 and have seven digits, more than were ever issued.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clinics.registry.hira_list import Institution
from clinics.registry.kr_core import DEPARTMENTS
from health_platform.demo.city import codes
from health_platform.demo.city.draw import Draw
from health_platform.demo.city.names import person_name

DOCTOR, NURSE, PHYSIOTHERAPIST = "의사", "간호사", "물리치료사"
_ROLE_SYSTEM = "http://terminology.hl7.org/CodeSystem/practitioner-role"
_HOSPITAL_DOCTORS = 4


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Someone who works at an institution. `department` is a doctor's."""

    identifier: str
    name: str
    female: bool
    qualification: str
    department: str = ""
    licence: str = ""


def build_staff(seed: int, institution: Institution) -> tuple[StaffMember, ...]:
    """A doctor for each of the first departments; at a centre also a nurse and a physiotherapist."""
    draw = Draw(seed, "staff", institution.key)
    departments = institution.departments[:_HOSPITAL_DOCTORS] or ("",)
    if institution.type_name == "보건소":
        return (
            _member(draw, institution, 0, DOCTOR, departments[0]),
            _member(draw, institution, 1, NURSE),
            _member(draw, institution, 2, PHYSIOTHERAPIST),
        )
    return tuple(_member(draw, institution, index, DOCTOR, name) for index, name in enumerate(departments))


def _member(draw: Draw, institution: Institution, index: int, qualification: str, department: str = "") -> StaffMember:
    female = draw.chance(0.35 if qualification == DOCTOR else 0.8)
    return StaffMember(
        identifier=f"{institution.key}-{index}",
        name=person_name(draw, female=female, born=draw.integer(1960, 1995)),
        female=female,
        qualification=qualification,
        department=department,
        licence=f"99{institution.line:04d}{index}" if qualification == DOCTOR else "",
    )


def staff_bundle(institution: Institution, staff: tuple[StaffMember, ...], organization: str) -> dict[str, Any]:
    """The transaction that an institution sends to name its staff; `organization` is a reference to it."""
    entries = []
    for member in staff:
        person = f"urn:uuid:{codes.uuid_of(codes.PRACTITIONER, member.identifier)}"
        entries.append(_entry(person, _practitioner(member)))
        role = f"urn:uuid:{codes.uuid_of(codes.PRACTITIONER, member.identifier, 'role')}"
        entries.append(_entry(role, _practitioner_role(member, person, organization)))
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _entry(full_url: str, resource: dict[str, Any]) -> dict[str, Any]:
    identifier = resource["identifier"][0]
    condition = f"identifier={identifier['system']}|{identifier['value']}"
    request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": condition}
    return {"fullUrl": full_url, "resource": resource, "request": request}


def _practitioner(member: StaffMember) -> dict[str, Any]:
    doctor = member.qualification == DOCTOR
    qualification: dict[str, Any] = {
        "code": {"coding": [{"system": codes.QUALIFICATION, "code": member.qualification}]},
    }
    if doctor:
        qualification["identifier"] = [{"system": codes.DOCTOR_LICENCE, "value": member.licence}]
    return {
        "resourceType": "Practitioner",
        "meta": codes.meta("krcore-medical-doctor" if doctor else "krcore-practitioner", test=True),
        "identifier": [{"system": codes.PRACTITIONER, "value": member.identifier}],
        "active": True,
        "name": [{"text": member.name, "family": member.name[0], "given": [member.name[1:]]}],
        "gender": "female" if member.female else "male",
        "qualification": [qualification],
    }


def _practitioner_role(member: StaffMember, practitioner: str, organization: str) -> dict[str, Any]:
    doctor = member.qualification == DOCTOR and bool(member.department)
    role: dict[str, Any] = {
        "resourceType": "PractitionerRole",
        "meta": codes.meta("krcore-medical-doctor-role" if doctor else "krcore-practitioner-role", test=True),
        "identifier": [{"system": codes.PRACTITIONER, "value": f"{member.identifier}-role"}],
        "active": True,
        "practitioner": {"reference": practitioner},
        "organization": {"reference": organization},
    }
    if doctor:
        role["code"] = [{"coding": [{"system": _ROLE_SYSTEM, "code": "doctor", "display": "Doctor"}]}]
        coding = {"system": codes.DEPARTMENT, "code": DEPARTMENTS[member.department], "display": member.department}
        role["specialty"] = [{"coding": [coding]}]
    else:
        role["code"] = [{"coding": [{"system": codes.QUALIFICATION, "code": member.qualification}]}]
    return role
