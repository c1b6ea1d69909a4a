"""Brings the register of institutions into the record: adds, changes, closes, and repeats without effect.

Each list has a source, kept as a tag on the Organizations that stand on it. An institution missing from a list is
closed only when the caller says that the list is complete, only if it stood on the same source, and only while every
row could be read: an unreadable row may be the missing institution. Closing sets Organization and HealthcareService
inactive and the Locations' status to inactive; nothing is deleted, and an institution that returns to the list is
active again.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from clinics.registry.emergency import emergency_location, has_emergency_room
from clinics.registry.hira_list import Institution, InstitutionList, RowError
from clinics.registry.kr_core import (
    INSTITUTION_SYSTEM,
    LIST_SYSTEM,
    Resource,
    healthcare_service,
    location,
    organization,
)

if TYPE_CHECKING:
    from health_platform.fhir.repository import Repository

DEFAULT_SOURCE = "hira"
BUNDLE_ENTRIES = 200
CLOSED_SHARE = 0.1
_PAGE = 500


class TooManyClosed(ValueError):
    """A list called complete that would close more of the register than a real change of the list does."""


class Slot(StrEnum):
    """The resources of one institution."""

    ORGANIZATION = "organization"
    LOCATION = "location"
    SERVICE = "service"
    EMERGENCY = "emergency"


RESOURCE_TYPES: Mapping[Slot, str] = {
    Slot.ORGANIZATION: "Organization",
    Slot.LOCATION: "Location",
    Slot.SERVICE: "HealthcareService",
    Slot.EMERGENCY: "Location",
}

# Elements that the list decides. Anything else on a stored resource was put there by others and stays.
_OWN_ELEMENTS = frozenset(
    {
        *("active", "status", "mode", "type", "name", "telecom", "address", "position", "extension"),
        *("managingOrganization", "partOf", "providedBy", "location", "specialty", "characteristic"),
    }
)

Known = Mapping[Slot, Resource]


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did: names of institutions, and the rows that were left out."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    errors: tuple[RowError, ...] = ()


@dataclass(slots=True)
class _Writes:
    """Transaction entries by institution, and the report that grows with them."""

    groups: list[list[Resource]] = field(default_factory=list)
    names: dict[str, list[str]] = field(
        default_factory=lambda: {"added": [], "changed": [], "closed": [], "unchanged": []}
    )

    def take(self, outcome: str, name: str, entries: list[Resource]) -> None:
        self.names[outcome].append(name)
        if entries:
            self.groups.append(entries)


def import_institutions(
    repository: Repository,
    listed: InstitutionList,
    *,
    source: str = DEFAULT_SOURCE,
    complete: bool = False,
    closed_share: float = CLOSED_SHARE,
) -> Report:
    """Writes a list into the record, in transactions of up to BUNDLE_ENTRIES entries.

    `complete` says that the list holds every institution of its source: those missing are closed, unless a row could
    not be read. Raises TooManyClosed, with nothing written, when they are more than `closed_share` of the source.
    """
    stored = _stored(repository)
    writes = _Writes()
    for institution in listed.institutions:
        known = stored.get(institution.key, {})
        entries = institution_entries(institution, known, source)
        writes.take(_outcome(known, entries), institution.name, entries)
    if complete and not listed.errors:
        _close_missing(stored, {each.key for each in listed.institutions}, source, closed_share, writes)
    for bundle in bundles(writes.groups):
        repository.transaction(bundle)
    return Report(errors=listed.errors, **{outcome: tuple(names) for outcome, names in writes.names.items()})


def institution_entries(institution: Institution, known: Known, source: str) -> list[Resource]:
    """The transaction entries that bring the stored resources of an institution (`known`) to what the list says."""
    references = {slot: _reference(institution.key, slot, known) for slot in Slot}
    wanted = _resources(institution, references, source)
    entries = [_write(slot, wanted.get(slot), known.get(slot), references[slot]) for slot in Slot]
    return [entry for entry in entries if entry is not None]


def bundles(groups: Iterable[Sequence[Resource]]) -> Iterator[Resource]:
    """Transaction Bundles of up to BUNDLE_ENTRIES entries; the entries of one group stay together."""
    entries: list[Resource] = []
    for group in groups:
        if len(entries) + len(group) > BUNDLE_ENTRIES:
            yield _transaction(entries)
            entries = []
        entries.extend(group)
    if entries:
        yield _transaction(entries)


def _transaction(entries: Sequence[Resource]) -> Resource:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def _reference(key: str, slot: Slot, known: Known) -> str:
    if slot in known:
        return f"{RESOURCE_TYPES[slot]}/{known[slot]['id']}"
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{INSTITUTION_SYSTEM}:{key}:{slot}')}"


def _resources(institution: Institution, references: Mapping[Slot, str], source: str) -> dict[Slot, Resource]:
    organization_reference, location_reference = references[Slot.ORGANIZATION], references[Slot.LOCATION]
    wanted = {
        Slot.ORGANIZATION: organization(institution, source),
        Slot.LOCATION: location(institution, organization_reference),
    }
    service = healthcare_service(institution, organization_reference, location_reference)
    if service is not None:
        wanted[Slot.SERVICE] = service
    if has_emergency_room(institution):
        wanted[Slot.EMERGENCY] = emergency_location(institution, organization_reference, location_reference)
    return wanted


def _write(slot: Slot, wanted: Resource | None, known: Resource | None, reference: str) -> Resource | None:
    if known is None:
        return None if wanted is None else _create(slot, wanted, reference)
    changed = _retired(known) if wanted is None else _merged(known, wanted)
    return None if _content(changed) == _content(known) else _update(changed)


def _create(slot: Slot, resource: Resource, full_url: str) -> Resource:
    identifier = resource["identifier"][0]
    request = {
        "method": "POST",
        "url": RESOURCE_TYPES[slot],
        "ifNoneExist": f"identifier={identifier['system']}|{identifier['value']}",
    }
    return {"fullUrl": full_url, "resource": resource, "request": request}


def _update(resource: Resource) -> Resource:
    version = resource["meta"]["versionId"]
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url, "ifMatch": f'W/"{version}"'}}


def _merged(known: Resource, wanted: Resource) -> Resource:
    kept = {name: value for name, value in known.items() if name not in _OWN_ELEMENTS}
    systems = {each["system"] for each in wanted["identifier"]}
    foreign = [each for each in known["identifier"] if each.get("system") not in systems]
    return {**kept, **wanted, "identifier": [*wanted["identifier"], *foreign], "meta": _merged_meta(known, wanted)}


def _merged_meta(known: Resource, wanted: Resource) -> Resource:
    meta: Resource = dict(known["meta"])
    for element in ("profile", "tag"):
        values = [*meta.get(element, ())]
        values.extend(each for each in wanted.get("meta", {}).get(element, ()) if each not in values)
        if values:
            meta[element] = values
    return meta


def _retired(known: Resource) -> Resource:
    inactive = {"status": "inactive"} if known["resourceType"] == "Location" else {"active": False}
    return {**known, **inactive}


def _content(resource: Resource) -> str:
    """One text for one content: without the server's version and time, numbers as their value."""
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in ("versionId", "lastUpdated")}
    return json.dumps({**resource, "meta": meta}, sort_keys=True, default=_number)


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"no FHIR number: {value!r}")


def _outcome(known: Known, entries: Sequence[Resource]) -> str:
    if not known:
        return "added"
    return "changed" if entries else "unchanged"


def _close_missing(
    stored: Mapping[str, Known], listed: set[str], source: str, closed_share: float, writes: _Writes
) -> None:
    of_source = {key: known for key, known in stored.items() if _stands_on(known, source)}
    missing = {key: known for key, known in of_source.items() if key not in listed}
    if len(missing) > closed_share * len(of_source):
        raise TooManyClosed(
            f"{len(missing)} of {len(of_source)} institutions of source {source!r} are missing from a list called"
            f" complete, more than the share of {closed_share:g} that may close at once: check the file, or raise the"
            " share"
        )
    for known in missing.values():
        entries = [_update(_retired(resource)) for resource in known.values()]
        writes.take("closed", str(known[Slot.ORGANIZATION]["name"]), entries)


def _stands_on(known: Known, source: str) -> bool:
    resource = known.get(Slot.ORGANIZATION, {})
    tag = {"system": LIST_SYSTEM, "code": source}
    return bool(resource.get("active")) and any(
        tag.items() <= dict(each).items() for each in resource["meta"].get("tag", ())
    )


def _stored(repository: Repository) -> dict[str, dict[Slot, Resource]]:
    """Every institution of the record by its key."""
    stored: dict[str, dict[Slot, Resource]] = {}
    for resource_type in dict.fromkeys(RESOURCE_TYPES.values()):
        for resource in _all(repository, resource_type):
            key, slot = _key_and_slot(resource)
            stored.setdefault(key, {})[slot] = resource
    return stored


def _key_and_slot(resource: Resource) -> tuple[str, Slot]:
    value = next(each["value"] for each in resource["identifier"] if each.get("system") == INSTITUTION_SYSTEM)
    if resource["resourceType"] == "Location":
        key, emergency, _ = str(value).partition("-er")
        return key, Slot.EMERGENCY if emergency else Slot.LOCATION
    return str(value), Slot.SERVICE if resource["resourceType"] == "HealthcareService" else Slot.ORGANIZATION


def _all(repository: Repository, resource_type: str) -> Iterator[dict[str, Any]]:
    query: dict[str, str | list[str]] = {"identifier": f"{INSTITUTION_SYSTEM}|", "_count": str(_PAGE)}
    while True:
        page = repository.search(resource_type, query)
        yield from page.resources()
        if page.next is None:
            return
        query = {**query, "_cursor": page.next}
