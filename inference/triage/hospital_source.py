"""The emergency rooms of the record, held in memory so that candidates survive a database outage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connections
from django.utils import timezone

from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.repository import Repository
from inference.triage.hospitals import EmergencyRoom, HospitalSnapshot, Position
from inference.triage.recording import Deadline, Resolve, Unavailable

REFRESH_AFTER = timedelta(minutes=1)
RETRY_AFTER = timedelta(seconds=5)
OUTDATED_AFTER = timedelta(minutes=3)

# The emergency rooms' Locations, as the institution register writes them.
EMERGENCY_ROOMS = {
    "type": "http://terminology.hl7.org/CodeSystem/v3-RoleCode|ER",
    "status": "active",
    "_count": "200",
}
BEDS_URL = "urn:bitgoeul:StructureDefinition:emergency-beds"
OPEN_BY_DAY_URL = "urn:bitgoeul:StructureDefinition:emergency-open-by-day"
OPEN_BY_NIGHT_URL = "urn:bitgoeul:StructureDefinition:emergency-open-by-night"


class SnapshotHolder:
    """The snapshot of this process, read anew by `load` once a minute without holding up whoever asks for it."""

    def __init__(self, load: Callable[[], HospitalSnapshot], deadline: Deadline[HospitalSnapshot]) -> None:
        self._load = load
        self._deadline = deadline
        self._snapshot: HospitalSnapshot | None = None
        self._ask_again_at: datetime | None = None

    def current(self, now: datetime) -> HospitalSnapshot | None:
        """The snapshot in memory; None before the first one could be read."""
        if self._ask_again_at is None or now >= self._ask_again_at:
            self._ask_again_at = now + (RETRY_AFTER if self._snapshot is None else REFRESH_AFTER)
            self._refresh()
        return self._snapshot

    def _refresh(self) -> None:
        if self._snapshot is not None:
            self._deadline.start(self._replace)
            return
        try:
            self._deadline.run(self._replace)
        except Unavailable:
            return

    def _replace(self, resolve: Resolve[HospitalSnapshot]) -> None:
        try:
            self._snapshot = self._load()
        finally:
            connections.close_all()
        resolve(self._snapshot)


def is_outdated(snapshot: HospitalSnapshot, now: datetime) -> bool:
    """Whether the last refreshes have failed."""
    return now - snapshot.loaded_at > OUTDATED_AFTER


def load_snapshot() -> HospitalSnapshot:
    """Read all emergency rooms through the Repository. Raises whatever the store raises.

    No hospital feed is connected here: free beds are unknown and `reports` is empty.
    """
    access = AccessContext(
        actor="Device/triage", role=Role.SERVICE, scopes=frozenset({"system/Location.rs"}), purpose="ETREAT"
    )
    page = Repository(access).search("Location", EMERGENCY_ROOMS)
    rooms = tuple(emergency_room(resource) for resource in page.resources())
    return HospitalSnapshot(rooms, {}, timezone.now())


def emergency_room(location: Mapping[str, Any]) -> EmergencyRoom:
    """An emergency room from its Location resource."""
    extensions = {extension["url"]: extension for extension in location.get("extension", ())}
    place = location.get("position")
    updated = location.get("meta", {}).get("lastUpdated")
    return EmergencyRoom(
        id=f"Location/{location['id']}",
        name=str(location.get("name", "")),
        telephone=next(_telephones(location), ""),
        position=None if place is None else Position(float(place["latitude"]), float(place["longitude"])),
        beds=extensions.get(BEDS_URL, {}).get("valueUnsignedInt"),
        open_by_day=extensions.get(OPEN_BY_DAY_URL, {}).get("valueBoolean"),
        open_by_night=extensions.get(OPEN_BY_NIGHT_URL, {}).get("valueBoolean"),
        listed_at=None if updated is None else datetime.fromisoformat(updated),
    )


def _telephones(location: Mapping[str, Any]) -> Iterator[str]:
    for contact in location.get("telecom", ()):
        if contact.get("system") == "phone" and "value" in contact:
            yield str(contact["value"])
