"""Candidate emergency rooms for a patient: by travel time, capacity and capability, with the reasons of the ranking.

The unit of the ranking is minutes: the estimated travel time plus a delay for each drawback. All delays are ours,
stated in each candidate's reasons, and not measured: they order candidates and predict nothing. Unknown capacity has a
delay of its own, between free and full; it is never read as zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from inference.triage.hospital_feed import KOREA, STALE_AFTER, Answer, BedKind, BedReport, Count, Unknown

EARTH_RADIUS_KM = 6371.0088
CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Position:
    """WGS 84 degrees."""

    latitude: float
    longitude: float


class Capability(StrEnum):
    """What a suspected condition may need; red flags of a rule pack name these."""

    CT = "ct"
    ICU = "icu"
    ANGIOGRAPHY = "angiography"
    OPERATING_ROOM = "operating_room"
    STROKE_REPERFUSION = "stroke_reperfusion"
    MI_REPERFUSION = "mi_reperfusion"
    TRAUMA_CENTRE = "trauma_centre"


class EmergencyClass(StrEnum):
    """Designation of an emergency institution."""

    REGIONAL_CENTRE = "regional_centre"
    LOCAL_CENTRE = "local_centre"
    LOCAL_INSTITUTION = "local_institution"


@dataclass(frozen=True, slots=True)
class EmergencyRoom:
    """An emergency room as the register has it. Free beds are not known to a register: they come from the feed.

    `beds` is the number on the register; `capabilities` lacks what nobody stated. `listed_at` is the register's time.
    """

    id: str
    name: str
    telephone: str
    position: Position | None
    beds: int | None = None
    open_by_day: bool | None = None
    open_by_night: bool | None = None
    emergency_class: EmergencyClass | None = None
    capabilities: Mapping[Capability, Answer] = field(default_factory=dict)
    listed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HospitalSnapshot:
    """All emergency rooms with the latest report of each, by the room's id; held in memory for a database outage."""

    rooms: tuple[EmergencyRoom, ...]
    reports: Mapping[str, BedReport]
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class RankingDelays:
    """Minutes that a drawback counts for (ours, to be set by whoever runs the city's emergency service)."""

    road_factor: float = 1.35  # road over straight-line distance
    speed_km_h: float = 32.0
    full: float = 15.0
    per_patient_over: float = 2.0
    beds_unknown: float = 8.0
    capability_missing: float = 40.0
    capability_unknown: float = 10.0
    closed: float = 60.0


class ReasonCode(StrEnum):
    """Why a candidate stands where it does."""

    TRAVEL_TIME = "travel_time"
    BEDS_FREE = "beds_free"
    BEDS_FULL = "beds_full"
    OVERCROWDED = "overcrowded"
    BEDS_UNKNOWN = "beds_unknown"
    CAPABLE = "capable"
    CAPABILITY_MISSING = "capability_missing"
    CAPABILITY_UNKNOWN = "capability_unknown"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class RankingReason:
    """One part of a candidate's ranking: minutes it adds, and what it is about (beds, a capability, why unknown)."""

    code: ReasonCode
    minutes: float
    about: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate emergency room. `as_of` is when the hospital last reported its beds, None when it never did."""

    room: EmergencyRoom
    distance_km: float
    travel_minutes: float
    beds_free: Count
    beds_total: int | None
    as_of: datetime | None
    reasons: tuple[RankingReason, ...]

    @property
    def minutes(self) -> float:
        """Travel time with all delays: what the ranking sorts by."""
        return round(sum(reason.minutes for reason in self.reasons), 1)


def candidates(
    place: Position,
    needs: Iterable[Capability],
    snapshot: HospitalSnapshot,
    now: datetime,
    *,
    delays: RankingDelays = RankingDelays(),
    count: int = CANDIDATES,
) -> tuple[Candidate, ...]:
    """The `count` best emergency rooms for a patient at `place`, best first; ties go to the nearer, then by id.

    Rooms without a position cannot be reached by distance and are left out. `now` is aware.
    """
    search = _Search(place, tuple(dict.fromkeys(needs)), now, delays)
    found = [_candidate(room, room.position, snapshot, search) for room in snapshot.rooms if room.position]
    return tuple(sorted(found, key=lambda c: (c.minutes, c.distance_km, c.room.id))[:count])


def distance_km(a: Position, b: Position) -> float:
    """Great-circle distance in km (haversine)."""
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b.longitude - a.longitude) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def nearest_room(place: Position, rooms: Iterable[EmergencyRoom], within_km: float = 0.15) -> EmergencyRoom | None:
    """The room at a hospital's coordinates: feed and register share no key, so they are joined by position."""
    near = [(distance_km(place, room.position), room.id, room) for room in rooms if room.position]
    near = [entry for entry in near if entry[0] <= within_km]
    return min(near, key=lambda entry: entry[:2])[2] if near else None


@dataclass(frozen=True, slots=True)
class _Search:
    place: Position
    needs: tuple[Capability, ...]
    now: datetime
    delays: RankingDelays


def _candidate(room: EmergencyRoom, position: Position, snapshot: HospitalSnapshot, search: _Search) -> Candidate:
    delays, now = search.delays, search.now
    distance = distance_km(search.place, position)
    travel = distance * delays.road_factor / delays.speed_km_h * 60
    report = snapshot.reports.get(room.id)
    free = _free_beds(report, now)
    reasons = [RankingReason(ReasonCode.TRAVEL_TIME, round(travel, 1))]
    reasons.append(_beds_reason(free, None if report is None else report.as_of, now, delays))
    reasons += _capability_reasons(room, search.needs, delays)
    if _is_closed(room, now):
        reasons.append(RankingReason(ReasonCode.CLOSED, delays.closed))
    return Candidate(
        room=room,
        distance_km=round(distance, 2),
        travel_minutes=round(travel, 1),
        beds_free=free,
        beds_total=_total_beds(room, report),
        as_of=None if report is None else report.as_of,
        reasons=tuple(reasons),
    )


def _free_beds(report: BedReport | None, now: datetime) -> Count:
    if report is None:
        return Unknown.NOT_PROVIDED
    if report.as_of is not None and now - report.as_of > STALE_AFTER:
        return Unknown.STALE
    return report.beds[BedKind.EMERGENCY].free


def _total_beds(room: EmergencyRoom, report: BedReport | None) -> int | None:
    total = None if report is None else report.beds[BedKind.EMERGENCY].total
    return total if isinstance(total, int) else room.beds


def _beds_reason(free: Count, as_of: datetime | None, now: datetime, delays: RankingDelays) -> RankingReason:
    if isinstance(free, Unknown):
        return RankingReason(ReasonCode.BEDS_UNKNOWN, delays.beds_unknown, free.value)
    if free > 0:
        code, minutes = ReasonCode.BEDS_FREE, 0.0
    elif free == 0:
        code, minutes = ReasonCode.BEDS_FULL, delays.full
    else:
        code, minutes = ReasonCode.OVERCROWDED, delays.full - free * delays.per_patient_over
    trust = freshness(as_of, now)
    return RankingReason(code, round(trust * minutes + (1 - trust) * delays.beds_unknown, 1), str(free))


def freshness(as_of: datetime | None, now: datetime) -> float:
    """How far a report is trusted, 1 to 0: halves every hour, so that an old count drifts towards "unknown"."""
    if as_of is None:
        return 0.0
    return float(0.5 ** (max(now - as_of, timedelta(0)) / timedelta(hours=1)))


def _capability_reasons(
    room: EmergencyRoom, needs: tuple[Capability, ...], delays: RankingDelays
) -> Iterator[RankingReason]:
    for need in needs:
        answer = room.capabilities.get(need, Unknown.NOT_PROVIDED)
        if isinstance(answer, Unknown):
            yield RankingReason(ReasonCode.CAPABILITY_UNKNOWN, delays.capability_unknown, need.value)
        elif answer:
            yield RankingReason(ReasonCode.CAPABLE, 0.0, need.value)
        else:
            yield RankingReason(ReasonCode.CAPABILITY_MISSING, delays.capability_missing, need.value)


def _is_closed(room: EmergencyRoom, now: datetime) -> bool:
    by_day = 9 <= now.astimezone(KOREA).hour < 18
    return (room.open_by_day if by_day else room.open_by_night) is False


class DestinationRule(StrEnum):
    """How a hospital is chosen, by the national pilot of 2026-03 to 05 in Gwangju, Jeonbuk and Jeonnam."""

    DESIGNATED_HOSPITAL = "designated_hospital"  # arrest and major trauma: at once
    CONTROL_ROOM_SELECTS = "control_room_selects"  # other level 1-2
    SHARE_AND_ASK = "share_and_ask"  # level 3
    BY_PROTOCOL = "by_protocol"  # level 4-5, without asking


def destination_rule(level: int, red_flags: Iterable[str]) -> DestinationRule:
    """The rule that applies to a level and the suspected conditions."""
    if not {"cardiac_arrest", "major_trauma"}.isdisjoint(red_flags):
        return DestinationRule.DESIGNATED_HOSPITAL
    if level <= 2:
        return DestinationRule.CONTROL_ROOM_SELECTS
    return DestinationRule.SHARE_AND_ASK if level == 3 else DestinationRule.BY_PROTOCOL
