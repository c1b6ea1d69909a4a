"""Emergency rooms among the institutions, as Locations that triage can find by position and beds (pure).

The emergency room is a Location of its own inside the hospital's Location:

    type        http://terminology.hl7.org/CodeSystem/v3-RoleCode#ER
    partOf      the hospital's Location; position and address are the hospital's
    identifier  urn:bitgoeul:institution | <key of the hospital>-er
    extension   EMERGENCY_BEDS_URL  valueUnsignedInt  emergency beds on the list (capacity, not beds that are free)
                OPEN_BY_DAY_URL, OPEN_BY_NIGHT_URL  valueBoolean, absent where the list does not say

`Location?type=http://terminology.hl7.org/CodeSystem/v3-RoleCode|ER&status=active` finds all of them, and
`emergency_room` reads one back. The list says nothing of free beds: that needs the city's live feed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clinics.registry.hira_list import Institution
from clinics.registry.kr_core import INSTITUTION_SYSTEM, Resource, location

ROLE_CODE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
EMERGENCY_ROOM_CODE = "ER"
EMERGENCY_DEPARTMENT = "응급의학과"
EMERGENCY_BEDS_URL = "urn:bitgoeul:StructureDefinition:emergency-beds"
OPEN_BY_DAY_URL = "urn:bitgoeul:StructureDefinition:emergency-open-by-day"
OPEN_BY_NIGHT_URL = "urn:bitgoeul:StructureDefinition:emergency-open-by-night"
_KEY_SUFFIX = "-er"


@dataclass(frozen=True, slots=True)
class EmergencyRoom:
    """What triage needs to know of an emergency room. None means that the list does not say."""

    key: str
    name: str
    telephone: str
    longitude: float | None
    latitude: float | None
    beds: int | None
    open_by_day: bool | None
    open_by_night: bool | None


def has_emergency_room(institution: Institution) -> bool:
    """Whether an ambulance may be sent there: emergency beds and a department of emergency medicine.

    Beds alone are not enough: psychiatric and small hospitals list some. On the list of 2026-03 the rule finds 21
    hospitals, as many as the city has designated emergency institutions.
    """
    return bool(institution.er_beds) and EMERGENCY_DEPARTMENT in institution.departments


def emergency_location(institution: Institution, organization_reference: str, location_reference: str) -> Resource:
    """The emergency room of a hospital for which `has_emergency_room` holds."""
    return {
        **location(institution, organization_reference),
        "extension": _extensions(institution),
        "identifier": [{"system": INSTITUTION_SYSTEM, "value": f"{institution.key}{_KEY_SUFFIX}"}],
        "name": f"{institution.name} 응급실",
        "type": [{"coding": [{"system": ROLE_CODE_SYSTEM, "code": EMERGENCY_ROOM_CODE, "display": "Emergency room"}]}],
        "partOf": {"reference": location_reference},
    }


def emergency_room(resource: Mapping[str, Any]) -> EmergencyRoom:
    """Reads back a Location that `emergency_location` made."""
    values = {each["url"]: each for each in resource.get("extension", ())}
    place = resource.get("position")
    return EmergencyRoom(
        key=str(resource["identifier"][0]["value"]).removesuffix(_KEY_SUFFIX),
        name=str(resource["name"]),
        telephone=str(next((each["value"] for each in resource.get("telecom", ())), "")),
        longitude=None if place is None else float(place["longitude"]),
        latitude=None if place is None else float(place["latitude"]),
        beds=values.get(EMERGENCY_BEDS_URL, {}).get("valueUnsignedInt"),
        open_by_day=values.get(OPEN_BY_DAY_URL, {}).get("valueBoolean"),
        open_by_night=values.get(OPEN_BY_NIGHT_URL, {}).get("valueBoolean"),
    )


def _extensions(institution: Institution) -> list[Resource]:
    values: list[tuple[str, str, int | bool | None]] = [
        (EMERGENCY_BEDS_URL, "valueUnsignedInt", institution.er_beds),
        (OPEN_BY_DAY_URL, "valueBoolean", institution.er_day),
        (OPEN_BY_NIGHT_URL, "valueBoolean", institution.er_night),
    ]
    return [{"url": url, kind: value} for url, kind, value in values if value is not None]
