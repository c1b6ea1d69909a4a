"""The synthetic city: institutions, staff, citizens and their histories, all from a seed and a date (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from clinics.registry.hira_list import Institution
from clinics.registry.importer import bundles, institution_entries
from health_platform.demo.city import codes, personas
from health_platform.demo.city.diagnoses import Course, build_course
from health_platform.demo.city.draw import Draw
from health_platform.demo.city.history import Directory, History
from health_platform.demo.city.institutions import build_institutions
from health_platform.demo.city.person import Person, build_person
from health_platform.demo.city.personas import Personas
from health_platform.demo.city.staff import DOCTOR, StaffMember, build_staff, staff_bundle
from health_platform.demo.city.visits import Care, plan_visits

DEFAULT_CITIZENS = 2000
LIST_SOURCE = "synthetic"
# Per district the institutions that take part: 20 x 5 = 100, as many as the real programme set out with.
_PRIMARY_PER_DISTRICT = 12
_SPECIALTIES = {
    "knee_arthrosis": "정형외과", "osteoporosis": "정형외과", "dementia": "신경과", "depression": "정신건강의학과",
}  # fmt: skip
_ORTHOPAEDISTS, _OTHERS, _HOSPITALS = 3, 1, 2
_HOSPITAL_DISEASES = ("stroke",)


@dataclass(frozen=True, slots=True)
class Members:
    """The institutions of a district that take part and send records, by what they do (keys)."""

    centre: str
    primary: tuple[str, ...]
    specialists: Mapping[str, tuple[str, ...]]
    hospitals: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """All of them, each once."""
        specialists = (key for keys in self.specialists.values() for key in keys)
        return tuple(dict.fromkeys((self.centre, *self.primary, *specialists, *self.hospitals)))


@dataclass(frozen=True)
class City:
    """The city of a seed as of `today`."""

    seed: int
    today: date

    @cached_property
    def institutions(self) -> Mapping[str, Institution]:
        """All institutions by key."""
        return {each.key: each for each in build_institutions(self.seed, self.today)}

    @cached_property
    def members(self) -> Mapping[str, Members]:
        """The institutions that take part, by district."""
        by_district: dict[str, list[Institution]] = {}
        for institution in self.institutions.values():
            by_district.setdefault(institution.address.district.name, []).append(institution)
        return {name: _members(inside) for name, inside in by_district.items()}

    @cached_property
    def staff(self) -> Mapping[str, tuple[StaffMember, ...]]:
        """The people of each institution that takes part."""
        keys = (key for members in self.members.values() for key in members.keys)
        return {key: build_staff(self.seed, self.institutions[key]) for key in keys}

    @cached_property
    def personas(self) -> Personas:
        """Who signs in at a demonstration."""
        elder = personas.elder(self.today)
        care = self.care(elder)
        other = self.members["서구"].primary[0]
        return Personas(
            elder=elder,
            carer=personas.carer(self.today),
            clinic=care.home,
            clinician=self._doctor(care.home),
            other_clinic=other,
            other_clinician=self._doctor(other),
            centre=care.centre,
        )

    def institution_bundles(self, keys: Iterable[str]) -> Iterator[dict[str, Any]]:
        """The transactions that create these institutions, for the register to send."""
        return bundles(institution_entries(self.institutions[key], {}, LIST_SOURCE) for key in keys)

    def ambulance_bundle(self) -> dict[str, Any]:
        """The transaction that creates the ambulance's Device, for the register to send."""
        condition = f"identifier={codes.DEVICE}|{self.personas.ambulance}"
        device = {
            "resourceType": "Device",
            "identifier": [{"system": codes.DEVICE, "value": self.personas.ambulance}],
            "status": "active",
            "deviceName": [{"name": "119 구급차 1호 단말기", "type": "user-friendly-name"}],
        }
        request = {"method": "POST", "url": "Device", "ifNoneExist": condition}
        entry = {
            "fullUrl": f"urn:uuid:{codes.uuid_of(codes.DEVICE, self.personas.ambulance)}",
            "resource": device,
            "request": request,
        }
        return {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}

    def staff_bundle(self, key: str, directory: Directory) -> dict[str, Any]:
        """The transaction that names an institution's staff, for the institution to send."""
        return staff_bundle(self.institutions[key], self.staff[key], directory.organization(key))

    def person(self, number: int) -> Person:
        """The citizen of this number, 0 and 1 being the personas."""
        if number == personas.ELDER_NUMBER:
            return personas.elder(self.today)
        if number == personas.CARER_NUMBER:
            return personas.carer(self.today)
        return build_person(Draw(self.seed, "citizen", number), number, self.today)

    def history(self, number: int) -> History:
        """The citizen's ten years."""
        person = self.person(number)
        course, care = self._course(person), self.care(person)
        visits = plan_visits(Draw(self.seed, "visits", number), person, course, care, self.today)
        return History(person, course, care, visits, self.staff, self.seed)

    def care(self, person: Person) -> Care:
        """Where the citizen goes: institutions of the own district."""
        draw = Draw(self.seed, "care", person.number)
        members = self.members[person.district]
        specialists = {
            disease: draw.pick(members.specialists[department]) for disease, department in _SPECIALTIES.items()
        }
        specialists.update({disease: draw.pick(members.hospitals) for disease in _HOSPITAL_DISEASES})
        return Care(draw.pick(members.primary), members.centre, specialists)

    def _course(self, person: Person) -> Course:
        if person.number == personas.ELDER_NUMBER:
            return personas.elder_course(self.today)
        if person.number == personas.CARER_NUMBER:
            return Course()
        return build_course(Draw(self.seed, "course", person.number), person, self.today)

    def _doctor(self, key: str) -> str:
        return next(member.identifier for member in self.staff[key] if member.qualification == DOCTOR)


def _members(institutions: list[Institution]) -> Members:
    def some(count: int, type_names: tuple[str, ...], *departments: str) -> tuple[str, ...]:
        keys = (
            each.key
            for each in institutions
            if each.type_name in type_names and any(name in each.departments for name in departments)
        )
        return tuple(key for _, key in zip(range(count), keys, strict=False))

    return Members(
        centre=some(1, ("보건소",), "내과")[0],
        primary=some(_PRIMARY_PER_DISTRICT, ("의원",), "내과", "가정의학과"),
        specialists={
            "정형외과": some(_ORTHOPAEDISTS, ("의원",), "정형외과"),
            "신경과": some(_OTHERS, ("의원",), "신경과"),
            "정신건강의학과": some(_OTHERS, ("의원",), "정신건강의학과"),
        },
        hospitals=some(_HOSPITALS, ("상급종합", "종합병원"), "응급의학과"),
    )
