"""Candidate emergency rooms: the nearest that can take the patient, with reasons, and unknown apart from none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.triage.hospital_feed import KOREA, BedReport, Unknown, bed_report
from inference.triage.hospitals import (
    Candidate,
    Capability,
    EmergencyRoom,
    HospitalSnapshot,
    Position,
    ReasonCode,
    candidates,
    destination_rule,
    distance_km,
    freshness,
    nearest_room,
)

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=KOREA)
HERE = Position(35.16, 126.85)
NEAR = EmergencyRoom("near", "가까운병원", "", Position(35.161, 126.852), beds=10)
MIDDLE = EmergencyRoom("middle", "중간병원", "", Position(35.17, 126.87), beds=20)
FAR = EmergencyRoom("far", "먼병원", "", Position(35.22, 126.92), beds=37)
FARTHEST = EmergencyRoom("farthest", "가장먼병원", "", Position(35.05, 126.70), beds=37)


def report(room: EmergencyRoom, free: str, minutes_ago: float = 1) -> BedReport:
    time = (NOW - timedelta(minutes=minutes_ago)).strftime("%Y%m%d%H%M%S")
    return bed_report({"hpid": room.id, "hvidate": time, "hvec": free, "hvs01": str(room.beds)}, NOW)


def snapshot(reports: Mapping[str, BedReport] | None = None, *rooms: EmergencyRoom) -> HospitalSnapshot:
    return HospitalSnapshot(rooms or (FAR, NEAR, FARTHEST, MIDDLE), reports or {}, NOW)


def ids(found: tuple[Candidate, ...]) -> list[str]:
    return [candidate.room.id for candidate in found]


def codes(candidate: Candidate) -> set[ReasonCode]:
    return {reason.code for reason in candidate.reasons}


def test_without_reports_the_three_nearest_stand_by_distance_with_their_beds_unknown() -> None:
    found = candidates(HERE, (), snapshot(), NOW)
    assert ids(found) == ["near", "middle", "far"]
    assert {candidate.beds_free for candidate in found} == {Unknown.NOT_PROVIDED}
    assert {candidate.as_of for candidate in found} == {None}


def test_free_before_unknown_before_full_before_overcrowded_at_one_place() -> None:
    rooms = [replace(NEAR, id=name) for name in ("free", "unknown", "full", "over")]
    reports = {"free": report(NEAR, "3"), "full": report(NEAR, "0"), "over": report(NEAR, "-5")}
    found = candidates(HERE, (), snapshot(reports, *rooms), NOW, count=4)
    assert ids(found) == ["free", "unknown", "full", "over"]
    assert found[3].beds_free == -5
    assert ReasonCode.OVERCROWDED in codes(found[3])


def test_an_unknown_count_is_never_the_same_as_zero() -> None:
    unknown = candidates(HERE, (), snapshot({"near": report(NEAR, "-1")}, NEAR), NOW)[0]
    empty = candidates(HERE, (), snapshot({"near": report(NEAR, "0")}, NEAR), NOW)[0]
    assert (unknown.beds_free, empty.beds_free) == (Unknown.NOT_ENTERED, 0)
    assert unknown.minutes < empty.minutes


def test_a_count_of_years_ago_does_not_rank_first() -> None:
    old = report(NEAR, "9", minutes_ago=60 * 24 * 365 * 8)
    found = candidates(HERE, (), snapshot({"near": old}, NEAR, replace(NEAR, id="new")), NOW)
    assert found[0].minutes == found[1].minutes
    assert next(c for c in found if c.room.id == "near").beds_free is Unknown.STALE


def test_a_report_that_grew_old_in_memory_is_stale_too() -> None:
    held = snapshot({"near": report(NEAR, "9")}, NEAR)
    assert candidates(HERE, (), held, NOW + timedelta(days=2))[0].beds_free is Unknown.STALE


def test_trust_in_a_report_halves_every_hour() -> None:
    assert freshness(NOW, NOW) == 1
    assert freshness(NOW - timedelta(hours=1), NOW) == 0.5
    assert freshness(None, NOW) == 0


def test_a_hospital_that_can_treat_the_condition_goes_before_a_nearer_one_that_cannot() -> None:
    unable = replace(NEAR, capabilities={Capability.ANGIOGRAPHY: False})
    able = replace(FAR, capabilities={Capability.ANGIOGRAPHY: True})
    found = candidates(HERE, (Capability.ANGIOGRAPHY,), snapshot(None, unable, able), NOW)
    assert ids(found) == ["far", "near"]
    assert ReasonCode.CAPABLE in codes(found[0])
    assert ReasonCode.CAPABILITY_MISSING in codes(found[1])


def test_an_unknown_capability_stands_between_yes_and_no() -> None:
    rooms = [
        replace(NEAR, id="no", capabilities={Capability.CT: False}),
        replace(NEAR, id="unknown", capabilities={Capability.CT: Unknown.NOT_PROVIDED}),
        replace(NEAR, id="yes", capabilities={Capability.CT: True}),
    ]
    assert ids(candidates(HERE, (Capability.CT,), snapshot(None, *rooms), NOW)) == ["yes", "unknown", "no"]


def test_a_room_that_is_closed_at_night_is_marked_and_goes_back() -> None:
    closed = replace(NEAR, open_by_day=True, open_by_night=False)
    held = snapshot(None, closed, MIDDLE)
    assert ids(candidates(HERE, (), held, NOW)) == ["near", "middle"]
    at_night = candidates(HERE, (), held, NOW.replace(hour=23))
    assert ids(at_night) == ["middle", "near"]
    assert ReasonCode.CLOSED in codes(at_night[1])


def test_the_reasons_add_up_to_the_ranking() -> None:
    for candidate in candidates(HERE, (Capability.CT,), snapshot({"near": report(NEAR, "0")}), NOW):
        assert candidate.minutes == pytest.approx(sum(reason.minutes for reason in candidate.reasons))
        assert candidate.reasons[0].code is ReasonCode.TRAVEL_TIME


def test_a_room_without_a_position_is_left_out() -> None:
    assert ids(candidates(HERE, (), snapshot(None, replace(NEAR, position=None), FAR), NOW)) == ["far"]


def test_distance_of_two_known_hospitals() -> None:
    # The two university hospitals of the register stand about half a kilometre apart.
    a, b = Position(35.1418094, 126.9215805), Position(35.1390537, 126.9261467)
    assert distance_km(a, b) == pytest.approx(0.516, abs=0.005)
    assert distance_km(Position(0, 0), Position(0, 180)) == pytest.approx(20015.1, abs=0.1)


def test_feed_and_register_are_joined_by_coordinates_only_when_near() -> None:
    assert nearest_room(Position(35.1611, 126.8521), (NEAR, MIDDLE)) == NEAR
    assert nearest_room(Position(35.165, 126.86), (NEAR, MIDDLE)) is None


@pytest.mark.parametrize(
    ("level", "flags", "rule"),
    [
        (1, {"cardiac_arrest"}, "designated_hospital"),
        (2, {"major_trauma"}, "designated_hospital"),
        (1, set(), "control_room_selects"),
        (2, {"stroke"}, "control_room_selects"),
        (3, set(), "share_and_ask"),
        (4, set(), "by_protocol"),
        (5, set(), "by_protocol"),
    ],
)
def test_the_destination_rule_in_force(level: int, flags: set[str], rule: str) -> None:
    assert destination_rule(level, flags) == rule


@given(st.integers(-24, 10), st.floats(0, 1440))
def test_the_ranking_is_finite_and_a_better_count_never_ranks_worse(free: int, age: float) -> None:
    here = candidates(HERE, (), snapshot({"near": report(NEAR, str(free), age)}, NEAR), NOW)[0]
    more = candidates(HERE, (), snapshot({"near": report(NEAR, str(free + 1), age)}, NEAR), NOW)[0]
    if not isinstance(here.beds_free, Unknown) and not isinstance(more.beds_free, Unknown):
        assert more.minutes <= here.minutes
