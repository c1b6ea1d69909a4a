"""The worklist's order: which patients wait for a clinician, and who comes first.

A patient's place is worked out from the newest result of each model and kept as one narrow row, because FHIR search
cannot sort by risk. The row holds no more than the order needs; what the page shows is read from the record.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Protocol

import orjson

from health_platform.fhir import outbox
from health_platform.fhir.access.context import AccessContext, service
from health_platform.fhir.access.session import open_session
from health_platform.fhir.keys import patient_key
from health_platform.fhir.outcome import BadRequest, Gone, NotFound
from health_platform.fhir.repository import Repository
from inference.services import picture_of

# The probability within ten years from which a result counts as pressing. It decides the order of the worklist alone;
# 20 % is what the American guideline on prevention calls high (Arnett 2019, doi 10.1161/CIR.0000000000000678).
PRESSING_IN_TEN_YEARS: Final = 0.2
NO_SIZE: Final = -1.0
TOPIC: Final = "patient.changed"


class Stage(IntEnum):
    """The sections of the worklist, the last one first on the page."""

    REVIEWED = 1
    NOT_ASSESSED = 2
    UNREVIEWED = 3


class Tier(IntEnum):
    """The order within a section."""

    OTHER = 1
    PRESSING = 2
    ALERT = 3


class Rankable(Protocol):
    """What the order needs to know of a result."""

    @property
    def id(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def unreviewed(self) -> bool: ...
    @property
    def assessed(self) -> bool: ...
    @property
    def high(self) -> bool: ...
    @property
    def probability(self) -> float | None: ...
    @property
    def horizon_years(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a patient stands. ``size`` is the probability carried to ten years, -1 without one; ``lead`` the
    RiskAssessment that decides, "" without any."""

    stage: Stage
    tier: Tier
    size: float
    lead: str
    unreviewed: int


NOWHERE: Final = Place(Stage.NOT_ASSESSED, Tier.OTHER, NO_SIZE, "", 0)


def in_ten_years(probability: float, horizon_years: float) -> float:
    """The probability within ten years at the yearly rate that ``probability`` within ``horizon_years`` means."""
    return float(1 - (1 - min(max(probability, 0.0), 1.0)) ** (10 / horizon_years))


def place_of(results: Iterable[Rankable], *, self_harm: bool = False) -> Place:
    """The place of a patient with these results, the current one of each model. An answer about self-harm comes before
    everything else until somebody has reviewed the questionnaire that holds it."""
    assessed = [one for one in results if one.assessed]
    if not assessed:
        return NOWHERE
    open_ones = [one for one in assessed if one.unreviewed]
    tier, size, lead = max(_weight(one, self_harm) for one in open_ones or assessed)
    stage = Stage.UNREVIEWED if open_ones else Stage.REVIEWED
    return Place(stage, tier, size, lead, len(open_ones))


def _weight(result: Rankable, self_harm: bool) -> tuple[Tier, float, str]:
    size = NO_SIZE
    if result.probability is not None and result.horizon_years:
        size = in_ten_years(result.probability, result.horizon_years)
    if self_harm and result.family == "depression" and result.unreviewed:
        return Tier.ALERT, size, result.id
    pressing = result.high or size >= PRESSING_IN_TEN_YEARS
    return Tier.PRESSING if pressing else Tier.OTHER, size, result.id


def refresh(access: AccessContext, patient: str) -> None:
    """Work out a patient's place from the record as ``access`` reads it; one who is gone leaves the list."""
    try:
        picture = picture_of(Repository(access), patient)
    except (NotFound, Gone):
        save(access, patient, None)
        return
    save(access, patient, place_of(picture.results, self_harm=bool(picture.alerts)))


def rebuild(access: AccessContext) -> int:
    """Work out everybody's place anew, for a list that missed changes; the number of patients. ``access`` is a worker's
    or the operator's."""
    count, query = 0, {"_count": "500"}
    while True:
        page = Repository(access).search("Patient", query)
        for match in page.matches:
            refresh(access, match.stored.id)
        count += len(page.matches)
        if page.next is None:
            return count
        query = {"_count": "500", "_cursor": page.next}


def patient_changed(payload: dict[str, Any]) -> None:
    """What happens here when a record changes: `outbox.register(TOPIC, patient_changed)`."""
    if any(kind in ("Patient", "RiskAssessment") for kind, _id, _version in payload["changed"]):
        refresh(service("worklist"), payload["patient"])


def register() -> None:
    """Called once when the app is ready."""
    outbox.register(TOPIC, patient_changed)


_SAVE = """
INSERT INTO clinics_worklist (compartment, patient, stage, tier, size, lead, unreviewed)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (compartment) DO UPDATE SET stage = excluded.stage, tier = excluded.tier, size = excluded.size,
    lead = excluded.lead, unreviewed = excluded.unreviewed
"""


def save(access: AccessContext, patient: str, place: Place | None) -> None:
    """Put a patient at a place; None takes the patient off the list."""
    with open_session(access) as session:
        if place is None:
            session.cursor.execute("DELETE FROM clinics_worklist WHERE compartment = %s", [patient_key(patient)])
            return
        session.cursor.execute(
            _SAVE,
            [patient_key(patient), patient, place.stage, place.tier, place.size, place.lead, place.unreviewed],
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the worklist."""

    patient: str
    place: Place


_PAGE = """
SELECT w.patient, w.stage, w.tier, w.size, w.lead, w.unreviewed, w.compartment FROM clinics_worklist w WHERE {where}
ORDER BY w.stage DESC, w.tier DESC, w.size DESC, w.compartment DESC LIMIT %(limit)s
"""


def page(access: AccessContext, stage: Stage | None, after: str | None, count: int) -> tuple[list[Row], str | None]:
    """``count`` patients of the institution in the list's order, continued ``after`` a cursor, and the next cursor."""
    with open_session(access) as session:
        reach, parameters = session.reach_of_records("w")
        conditions = [reach] if reach else []
        if stage is not None:
            conditions.append("w.stage = %(stage)s")
        if after is not None:
            conditions.append(
                "(w.stage, w.tier, w.size, w.compartment) < (%(a0)s, %(a1)s, %(a2)s::float8, %(a3)s::bigint)"
            )
            parameters |= {f"a{number}": value for number, value in enumerate(_position(after))}
        where = " AND ".join(conditions) or "true"
        values: dict[str, Any] = {**parameters, "stage": stage, "limit": count + 1}
        session.cursor.execute(_PAGE.format(where=where), values)
        found = session.cursor.fetchall()
    rows = [Row(one[0], Place(Stage(one[1]), Tier(one[2]), one[3], one[4], one[5])) for one in found[:count]]
    last = found[count - 1] if len(found) > count else None
    return rows, _cursor([last[1], last[2], last[3], last[6]]) if last else None


def _cursor(position: list[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode().rstrip("=")


def _position(cursor: str) -> tuple[int, int, float, int]:
    try:
        stage, tier, size, compartment = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return int(stage), int(tier), float(size), int(compartment)
    except (ValueError, TypeError, binascii.Error):
        raise BadRequest("'after' is not one that this list gave: follow its link as it stands.") from None
