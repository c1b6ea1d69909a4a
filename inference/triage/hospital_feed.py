"""What hospitals report to the national emergency medical centre (NEMC), as typed values that keep "unknown" apart.

Adapter for the public data service B552657 / ErmctInfoInqireService: beds (getEmrrmRltmUsefulSckbdInfoInqire) and
severe-disease acceptance (getSrsillDissAceptncPosblInfoInqire). A count is a number only when a person entered one that
can be true; everything else is an `Unknown` with its reason, which no arithmetic accepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from xml.etree import ElementTree

Record = Mapping[str, object]

KOREA = timezone(timedelta(hours=9))
STALE_AFTER = timedelta(days=1)
CLOCK_TOLERANCE = timedelta(minutes=5)
LARGEST_DOCUMENT = 16 * 1024 * 1024  # bytes; the whole country is about 1 MB
# Ours: beyond these a count is no count. The largest hospital of the country has under 3,000 beds; overcrowding was
# observed to -24.
LARGEST_COUNT = 5000
MOST_OVERCROWDED = -300
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"

SEVERE_DISEASE_OPERATION = "getSrsillDissAceptncPosblInfoInqire"


class Unknown(StrEnum):
    """Why a value of the feed is not known."""

    NOT_ENTERED = "not_entered"  # -1, an empty or a missing tag
    NOT_PROVIDED = "not_provided"  # the hospital chose not to tell
    UNREADABLE = "unreadable"
    EXCEEDS_TOTAL = "exceeds_total"
    STALE = "stale"
    TIME_UNKNOWN = "time_unknown"


Count = int | Unknown
"""Beds that are free; negative when overcrowded by that many."""
Answer = bool | Unknown


class BedKind(StrEnum):
    """Kinds of places that the feed counts."""

    EMERGENCY = "emergency"
    EMERGENCY_CHILD = "emergency_child"
    NEGATIVE_PRESSURE = "negative_pressure"
    ISOLATION = "isolation"
    OPERATING_ROOM = "operating_room"
    ICU = "icu"
    ICU_NEWBORN = "icu_newborn"
    WARD = "ward"
    ICU_MEDICAL = "icu_medical"
    ICU_SURGICAL = "icu_surgical"
    ICU_CARDIAC = "icu_cardiac"
    DELIVERY = "delivery"


_BED_TAGS: dict[BedKind, tuple[str, str | None]] = {
    BedKind.EMERGENCY: ("hvec", "hvs01"),
    BedKind.EMERGENCY_CHILD: ("hv28", "hvs02"),
    BedKind.NEGATIVE_PRESSURE: ("hv29", "hvs03"),
    BedKind.ISOLATION: ("hv30", "hvs04"),
    BedKind.OPERATING_ROOM: ("hvoc", "hvs22"),
    BedKind.ICU: ("hvicc", "hvs17"),
    BedKind.ICU_NEWBORN: ("hvncc", "hvs08"),
    BedKind.WARD: ("hvgc", "hvs38"),
    BedKind.ICU_MEDICAL: ("hv2", None),
    BedKind.ICU_SURGICAL: ("hv3", None),
    BedKind.ICU_CARDIAC: ("hv34", None),
    BedKind.DELIVERY: ("hv42", None),
}
_WARD_TOTAL_TAG = "hvs38"


class Equipment(StrEnum):
    """Equipment that the feed answers with Y or N. The two for children share the counts' naming but are no counts."""

    CT = "hvctayn"
    MRI = "hvmriayn"
    ANGIOGRAPHY = "hvangioayn"
    VENTILATOR = "hvventiayn"
    VENTILATOR_PRETERM = "hvventisoayn"
    INCUBATOR = "hvincuayn"
    CRRT = "hvcrrtayn"
    ECMO = "hvecmoayn"
    OXYGEN = "hvoxyayn"
    HYPOTHERMIA = "hvhypoayn"
    AMBULANCE = "hvamyn"
    CHILD_VENTILATOR = "hv10"
    CHILD_INCUBATOR = "hv11"


class SevereDisease(StrEnum):
    """The 28 severe-disease items of `getSrsillDissAceptncPosblInfoInqire`, and of that operation only."""

    MYOCARDIAL_INFARCTION = "MKioskTy1"
    STROKE_REPERFUSION = "MKioskTy2"
    SUBARACHNOID_HAEMORRHAGE = "MKioskTy3"
    OTHER_INTRACRANIAL_HAEMORRHAGE = "MKioskTy4"
    AORTA_CHEST = "MKioskTy5"
    AORTA_ABDOMEN = "MKioskTy6"
    GALLBLADDER = "MKioskTy7"
    BILIARY = "MKioskTy8"
    ABDOMINAL_SURGERY = "MKioskTy9"
    INFANT_INTUSSUSCEPTION = "MKioskTy10"
    ENDOSCOPY_GI_ADULT = "MKioskTy11"
    ENDOSCOPY_GI_INFANT = "MKioskTy12"
    ENDOSCOPY_BRONCHUS_ADULT = "MKioskTy13"
    ENDOSCOPY_BRONCHUS_INFANT = "MKioskTy14"
    LOW_BIRTH_WEIGHT = "MKioskTy15"
    DELIVERY = "MKioskTy16"
    OBSTETRIC_SURGERY = "MKioskTy17"
    GYNAECOLOGIC_SURGERY = "MKioskTy18"
    BURNS = "MKioskTy19"
    HAND_REPLANTATION = "MKioskTy20"
    OTHER_REPLANTATION = "MKioskTy21"
    HAEMODIALYSIS = "MKioskTy22"
    CRRT = "MKioskTy23"
    CLOSED_PSYCHIATRIC_WARD = "MKioskTy24"
    EYE = "MKioskTy25"
    INTERVENTION_ADULT = "MKioskTy26"
    INTERVENTION_INFANT = "MKioskTy27"
    GATE_KEEPER = "MKioskTy28"


@dataclass(frozen=True, slots=True)
class Beds:
    """Free and total places of one kind."""

    free: Count
    total: Count


@dataclass(frozen=True, slots=True)
class BedReport:
    """One hospital's record of the bed operation. `as_of` is the time of the last input by the hospital."""

    id: str
    name: str
    telephone: str
    as_of: datetime | None
    beds: Mapping[BedKind, Beds]
    equipment: Mapping[Equipment, Answer]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One severe-disease item: accepted, refused or unknown, with the hospital's free text on age or weight."""

    accepted: Answer
    condition: str


class FeedError(ValueError):
    """The feed's document or record cannot be used at all; the message says why."""


def read_records(document: bytes) -> Iterator[dict[str, str]]:
    """The `item` elements of an answer of the service as tag -> text, surrounding blanks removed.

    Raises FeedError for a document that is not XML, is too large, declares entities, or reports a service error.
    """
    if len(document) > LARGEST_DOCUMENT:
        raise FeedError(f"the document has {len(document)} bytes, more than {LARGEST_DOCUMENT}")
    if b"\0" in document:  # UTF-16 and UTF-32, in which the next line would see nothing
        raise FeedError("the document is not in UTF-8")
    if b"<!" in document.replace(b"<![CDATA[", b"").replace(b"<!--", b""):
        raise FeedError("the document declares a type or entities, which this feed never does")
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 - no declarations, see above
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # the last two: encodings that are not supported
        raise FeedError(f"the document is not XML: {error}") from error
    code = root.findtext("./header/resultCode")
    if code is None or code.strip() not in ("00", "0"):
        raise FeedError(f"the service answered with result code {code}: {root.findtext('./header/resultMsg')}")
    for item in root.iterfind("./body/items/item"):
        yield _record(item)


def _record(item: ElementTree.Element) -> dict[str, str]:
    """Text by tag. A tag with other tags inside, or one that says two things, says nothing that can be read."""
    record: dict[str, str] = {}
    for child in item:
        text = _UNREADABLE if len(child) else (child.text or "").strip()
        record[child.tag] = text if record.get(child.tag, text) == text else _UNREADABLE
    return record


def _texts(record: Record) -> dict[str, str]:
    """A record's values as text, whatever type a decoder gave them. Raises FeedError for what is no record."""
    if not isinstance(record, Mapping):
        raise FeedError("a record is a table of tags and texts")
    return {name: _text(value) for name, value in record.items()}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15
    return str(value) if whole else _UNREADABLE


def bed_report(record: Record, now: datetime) -> BedReport:
    """One record of the bed operation, read at `now` (aware).

    A record whose time is missing, in the future or older than a day keeps its time, but its counts and answers are
    unknown: a value of years ago must never rank first. Raises FeedError when the record has no hospital id.
    """
    text = _texts(record)
    if text.get("hpid", "") in ("", _UNREADABLE):
        raise FeedError("a record without hpid cannot be assigned to a hospital")
    as_of = _time(text.get("hvidate", ""))
    doubt = _doubt_by_age(as_of, now)
    return BedReport(
        id=text["hpid"],
        name=text.get("dutyName", ""),
        telephone=text.get("dutyTel3", ""),
        as_of=as_of,
        beds={kind: _beds(text, kind, doubt) for kind in BedKind},
        equipment={item: doubt or _yes_no(text.get(item.value, "")) for item in Equipment},
    )


def severe_disease_acceptance(record: Record, operation: str) -> dict[SevereDisease, Acceptance]:
    """The 28 severe-disease items of one record.

    The service has two tables under the same tag names; in the basic-information operation MKioskTy1 is a brain
    haemorrhage, not an infarction. So the operation that gave the record must be named. Raises FeedError for another.
    """
    if operation != SEVERE_DISEASE_OPERATION:
        raise FeedError(f"MKioskTy of {operation} has another meaning: use records of {SEVERE_DISEASE_OPERATION}")
    text = _texts(record)
    return {
        item: Acceptance(_accepted(text.get(item.value, "")), text.get(f"{item.value}Msg", ""))
        for item in SevereDisease
    }


def _beds(text: Mapping[str, str], kind: BedKind, doubt: Unknown | None) -> Beds:
    free_tag, total_tag = _BED_TAGS[kind]
    total = _total(text.get(total_tag, "")) if total_tag else Unknown.NOT_ENTERED
    if doubt is not None:
        return Beds(doubt, total)
    free = _count(text.get(free_tag, ""))
    ceilings = [total]
    if kind is BedKind.EMERGENCY:
        ceilings.append(_total(text.get(_WARD_TOTAL_TAG, "")))
    if isinstance(free, int) and any(isinstance(c, int) and free > c for c in ceilings):
        return Beds(Unknown.EXCEEDS_TOTAL, total)
    return Beds(free, total)


def _count(text: str) -> Count:
    if not text:
        return Unknown.NOT_ENTERED
    if not re.fullmatch(r"[+-]?[0-9]{1,5}", text):
        return Unknown.UNREADABLE
    number = int(text)
    if not MOST_OVERCROWDED <= number <= LARGEST_COUNT:
        return Unknown.UNREADABLE
    return Unknown.NOT_ENTERED if number == -1 else number


def _total(text: str) -> Count:
    number = _count(text)
    return Unknown.UNREADABLE if isinstance(number, int) and number < 0 else number


def _yes_no(text: str) -> Answer:
    if not text:
        return Unknown.NOT_ENTERED
    return {"Y": True, "N": False}.get(text.upper(), Unknown.UNREADABLE)


def _accepted(text: str) -> Answer:
    if not text:
        return Unknown.NOT_ENTERED
    known: dict[str, Answer] = {"Y": True, "불가능": False, "정보미제공": Unknown.NOT_PROVIDED}
    return known.get(text, Unknown.UNREADABLE)


def _time(text: str) -> datetime | None:
    if not re.fullmatch(r"[0-9]{14}", text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=KOREA)
    except ValueError:
        return None


def _doubt_by_age(as_of: datetime | None, now: datetime) -> Unknown | None:
    if as_of is None or as_of > now + CLOCK_TOLERANCE:
        return Unknown.TIME_UNKNOWN
    return Unknown.STALE if now - as_of > STALE_AFTER else None
