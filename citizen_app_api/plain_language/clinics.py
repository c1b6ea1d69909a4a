"""Who cares for a citizen: institutions with what is needed to reach them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Clinic:
    """An institution that sees my record. ``home`` is the one that manages it."""

    id: str
    name: str | None
    phone: str | None
    address: str | None
    home: bool


def clinic_references(patient: Resource) -> list[str]:
    """The Organizations that a Patient names as caring for the person, the home clinic first."""
    named = [patient.get("managingOrganization") or {}, *patient.get("generalPractitioner", [])]
    references = [entry.get("reference", "") for entry in named]
    return list(dict.fromkeys(one for one in references if one.startswith("Organization/")))


def clinics_of(patient: Resource, organizations: Mapping[str, Resource]) -> list[Clinic]:
    """Those of ``organizations`` (by reference) that care for the patient."""
    references = clinic_references(patient)
    return [
        _clinic(organizations[reference], home=reference == references[0])
        for reference in references
        if reference in organizations
    ]


def _clinic(organization: Resource, *, home: bool) -> Clinic:
    phones = [entry["value"] for entry in organization.get("telecom", [])
              if entry.get("system") == "phone" and entry.get("value")]  # fmt: skip
    addresses = [address_text(entry) for entry in organization.get("address", [])]
    return Clinic(
        id=organization["id"],
        name=organization.get("name"),
        phone=next(iter(phones), None),
        address=next((text for text in addresses if text), None),
        home=home,
    )


def address_text(address: Resource) -> str | None:
    """An address on one line."""
    parts = [address.get("state"), address.get("city"), address.get("district"), *address.get("line", [])]
    return address.get("text") or " ".join(part for part in parts if part) or None
