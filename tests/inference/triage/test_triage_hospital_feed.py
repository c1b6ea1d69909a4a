"""Every trap of the NEMC feed: no record crashes it, and nothing unknown becomes a number."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.triage.answer import candidate_document
from inference.triage.hospital_feed import (
    KOREA,
    SEVERE_DISEASE_OPERATION,
    BedKind,
    Equipment,
    FeedError,
    SevereDisease,
    Unknown,
    bed_report,
    read_records,
    severe_disease_acceptance,
)
from inference.triage.hospitals import EmergencyRoom, HospitalSnapshot, Position, ReasonCode, candidates

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=KOREA)
RECORD: dict[str, object] = {
    "hpid": "A2400001",
    "dutyName": "가나병원 ",
    "dutyTel3": "062-000-0000",
    "hvidate": "20261122085500",
    "hvec": "7",
    "hvs01": "25",
    "hvgc": "40",
    "hvs38": "256",
    "hvctayn": "Y ",
    "hv10": "Y",
    "hv11": "N",
}


def emergency(**changes: object) -> object:
    return bed_report(RECORD | changes, NOW).beds[BedKind.EMERGENCY].free


@pytest.mark.parametrize(
    ("entered", "free"),
    [
        ("7", 7),
        ("0", 0),
        (" 7 ", 7),
        ("-1", Unknown.NOT_ENTERED),
        ("-2", -2),
        ("-24", -24),
        ("", Unknown.NOT_ENTERED),
        (None, Unknown.NOT_ENTERED),
        ("26", Unknown.EXCEEDS_TOTAL),
        ("many", Unknown.UNREADABLE),
        ("7.5", Unknown.UNREADABLE),
        ("1e3", Unknown.UNREADABLE),
        ("٧", Unknown.UNREADABLE),
        ("-01", Unknown.NOT_ENTERED),
        ("\N{MINUS SIGN}1", Unknown.UNREADABLE),
        ("-999", Unknown.UNREADABLE),
    ],
)
def test_a_count_is_a_number_only_when_it_was_entered_and_can_be_true(entered: str | None, free: object) -> None:
    assert emergency(hvec=entered) == free
    assert type(emergency(hvec=entered)) is type(free)


def test_a_missing_tag_is_not_entered() -> None:
    without = {name: value for name, value in RECORD.items() if name != "hvec"}
    assert bed_report(without, NOW).beds[BedKind.EMERGENCY].free is Unknown.NOT_ENTERED


def test_more_free_emergency_beds_than_the_whole_ward_has_is_an_input_error() -> None:
    assert emergency(hvs01="", hvs38="6") is Unknown.EXCEEDS_TOTAL


def test_an_unknown_total_does_not_void_a_count() -> None:
    assert emergency(hvs01="-1", hvs38=None) == 7


@pytest.mark.parametrize(
    ("time", "free", "as_of_known"),
    [
        ("20261122085500", 7, True),
        ("20261122090459", 7, True),
        ("20261122090600", Unknown.TIME_UNKNOWN, True),
        ("20261121090000", 7, True),
        ("20261121085959", Unknown.STALE, True),
        ("20180401120000", Unknown.STALE, True),
        ("", Unknown.TIME_UNKNOWN, False),
        ("20261322085500", Unknown.TIME_UNKNOWN, False),
        ("2026-11-22 08:55", Unknown.TIME_UNKNOWN, False),
    ],
)
def test_a_stale_or_impossible_time_makes_counts_and_answers_unknown(
    time: str, free: object, as_of_known: bool
) -> None:
    report = bed_report(RECORD | {"hvidate": time}, NOW)
    assert report.beds[BedKind.EMERGENCY].free == free
    assert (report.as_of is not None) is as_of_known
    assert report.equipment[Equipment.CT] == (True if free == 7 else free)


@pytest.mark.parametrize(
    ("entered", "answer"),
    [
        ("Y", True),
        ("Y ", True),
        (" y", True),
        ("N", False),
        ("N  ", False),
        ("", Unknown.NOT_ENTERED),
        (None, Unknown.NOT_ENTERED),
        ("1", Unknown.UNREADABLE),
    ],
)
def test_yes_and_no_fields_forgive_blanks_and_nothing_else(entered: str | None, answer: object) -> None:
    assert bed_report(RECORD | {"hvctayn": entered}, NOW).equipment[Equipment.CT] == answer


def test_the_two_answers_named_like_counts_are_answers() -> None:
    report = bed_report(RECORD | {"hv10": "3"}, NOW)
    assert report.equipment[Equipment.CHILD_VENTILATOR] is Unknown.UNREADABLE
    assert report.equipment[Equipment.CHILD_INCUBATOR] is False
    assert "hv10" not in {kind.value for kind in BedKind}


def test_names_lose_their_trailing_blanks() -> None:
    assert bed_report(RECORD, NOW).name == "가나병원"


@pytest.mark.parametrize(
    ("entered", "answer"),
    [
        ("Y", True),
        ("Y ", True),
        ("불가능", False),
        ("정보미제공", Unknown.NOT_PROVIDED),
        ("", Unknown.NOT_ENTERED),
        ("N", Unknown.UNREADABLE),
        ("가능", Unknown.UNREADABLE),
    ],
)
def test_severe_disease_items_have_words_of_their_own(entered: str, answer: object) -> None:
    record = {"hpid": "A1", "MKioskTy2": entered, "MKioskTy10Msg": "3세 이상"}
    acceptance = severe_disease_acceptance(record, SEVERE_DISEASE_OPERATION)
    assert acceptance[SevereDisease.STROKE_REPERFUSION].accepted == answer
    assert acceptance[SevereDisease.INFANT_INTUSSUSCEPTION].condition == "3세 이상"
    assert len(acceptance) == 28


def test_the_other_table_under_the_same_names_is_refused() -> None:
    with pytest.raises(FeedError, match="another meaning"):
        severe_disease_acceptance({"MKioskTy1": "Y"}, "getEgytBassInfoInqire")


def test_a_record_without_an_id_is_refused() -> None:
    with pytest.raises(FeedError, match="hpid"):
        bed_report({"hvec": "3"}, NOW)


ANSWER = """<?xml version="1.0" encoding="UTF-8"?><response><header><resultCode>00</resultCode></header>
<body><items><item><hpid>A1</hpid><hvec>-3</hvec><hvctayn>Y </hvctayn><dutyName/></item></items></body></response>"""


def test_records_are_read_from_the_service_answer() -> None:
    [record] = read_records(ANSWER.encode())
    assert record == {"hpid": "A1", "hvec": "-3", "hvctayn": "Y", "dutyName": ""}


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (b"busy", "not XML"),
        (ANSWER.replace("<resultCode>00", "<resultCode>22").encode(), "result code 22"),
        (b"<OpenAPI_ServiceResponse/>", "result code None"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares"),
    ],
)
def test_an_unusable_answer_is_an_error_with_its_reason(document: bytes, complaint: str) -> None:
    with pytest.raises(FeedError, match=complaint):
        list(read_records(document))


def item(inside: str) -> bytes:
    return ANSWER.replace("<item><hpid>A1</hpid><hvec>-3</hvec>", f"<item><hpid>A1</hpid>{inside}").encode()


@pytest.mark.parametrize("inside", ["<hvec>5<b/>3</hvec>", "<hvec><b>5</b></hvec>", "<hvec>5</hvec><hvec>7</hvec>"])
def test_a_tag_that_says_two_things_says_nothing(inside: str) -> None:
    [record] = read_records(item(inside))
    report = bed_report(record | {"hvidate": "20261122085500"}, NOW)
    assert report.beds[BedKind.EMERGENCY].free is Unknown.UNREADABLE


def test_the_whole_country_in_one_answer_is_read() -> None:
    one = "<item><hpid>A1</hpid><hvec>-3</hvec><hvctayn>Y </hvctayn><dutyName/></item>"
    country = ANSWER.replace(one, one * 450)
    assert len(list(read_records(country.encode()))) == 450


ENTITY = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "7">]><a>&b;</a>'


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (ENTITY.encode("utf-16"), "UTF-8"),
        (ENTITY.replace("16", "32").encode("utf-32"), "UTF-8"),
        (ANSWER.replace("UTF-8", "euc-kr").encode(), "not XML"),
        (ANSWER.replace("UTF-8", "no-such-code").encode(), "not XML"),
        (ANSWER.encode()[:-20], "not XML"),
        (b"", "not XML"),
        (b"<a>" * 100_000, "not XML"),
        (b'{"response": {"header": {"resultCode": "00"}', "not XML"),
        (b'{"response": {"header": {"resultCode": "00"}, "body": {}}}', "not XML"),
        (b" " * (16 * 1024 * 1024 + 1), "more than"),
    ],
)
def test_a_broken_answer_is_an_error_with_its_reason(document: bytes, complaint: str) -> None:
    with pytest.raises(FeedError, match=complaint):
        list(read_records(document))


@pytest.mark.parametrize("record", [None, [], "hvec", 7])
def test_what_is_no_record_is_refused(record: object) -> None:
    with pytest.raises(FeedError):
        bed_report(record, NOW)  # type: ignore[arg-type]
    with pytest.raises(FeedError):
        severe_disease_acceptance(record, SEVERE_DISEASE_OPERATION)  # type: ignore[arg-type]


@pytest.mark.parametrize("hpid", [None, "", "  ", [], {}, True, pytest.param(10**5000, id="huge")])
def test_an_id_that_is_no_text_is_refused(hpid: object) -> None:
    with pytest.raises(FeedError, match="hpid"):
        bed_report(RECORD | {"hpid": hpid}, NOW)


@pytest.mark.parametrize("number", [10, 12, 14, 15, 27])
def test_an_items_limits_of_age_and_weight_stay_beside_it(number: int) -> None:
    record = {f"MKioskTy{number}": "Y", f"MKioskTy{number}Msg": "15kg 이상 "}
    acceptance = severe_disease_acceptance(record, SEVERE_DISEASE_OPERATION)[SevereDisease(f"MKioskTy{number}")]
    assert (acceptance.accepted, acceptance.condition) == (True, "15kg 이상")


def test_no_item_promises_thrombolysis() -> None:
    assert {item.value for item in SevereDisease} == {f"MKioskTy{number}" for number in range(1, 29)}
    assert [item for item in SevereDisease if "STROKE" in item.name] == [SevereDisease.STROKE_REPERFUSION]


def test_a_severe_disease_item_that_is_absent_is_not_entered_and_no_refusal() -> None:
    answers = {acceptance.accepted for acceptance in severe_disease_acceptance({}, SEVERE_DISEASE_OPERATION).values()}
    assert answers == {Unknown.NOT_ENTERED}


COUNT_TAGS = {
    BedKind.EMERGENCY: "hvec",
    BedKind.EMERGENCY_CHILD: "hv28",
    BedKind.NEGATIVE_PRESSURE: "hv29",
    BedKind.ISOLATION: "hv30",
    BedKind.OPERATING_ROOM: "hvoc",
    BedKind.ICU: "hvicc",
    BedKind.ICU_NEWBORN: "hvncc",
    BedKind.WARD: "hvgc",
    BedKind.ICU_MEDICAL: "hv2",
    BedKind.ICU_SURGICAL: "hv3",
    BedKind.ICU_CARDIAC: "hv34",
    BedKind.DELIVERY: "hv42",
}
TOTAL_TAGS = ["hvs01", "hvs02", "hvs03", "hvs04", "hvs22", "hvs17", "hvs08", "hvs38"]
FREE_TEXT = ["dutyName", "dutyTel3", "MKioskTy10Msg"]
texts = st.text(max_size=16) | st.sampled_from(
    [
        "",
        " ",
        "Y",
        "Y ",
        "N",
        "y",
        "불가능",
        "정보미제공",
        "-1",
        "-1 ",
        "-2",
        "-24",
        "7",
        " 7",
        "1e5",
        "NaN",
        "inf",
        "0x7",
    ]
)
numbers = st.integers() | st.integers(-40, 60) | st.sampled_from([10**20, -(10**20), 10**4000, 99999, -99999])
whatever = (
    st.none()
    | texts
    | numbers.map(str)
    | numbers
    | st.booleans()
    | st.floats()
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)
times = (
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda time: f"{time:%Y%m%d%H%M%S}".rjust(14, "0"))
    | st.timedeltas(timedelta(0), timedelta(hours=30)).map(lambda age: f"{NOW - age:%Y%m%d%H%M%S}")
    | whatever
)
tags = [*COUNT_TAGS.values(), *TOTAL_TAGS, *Equipment, *SevereDisease, *FREE_TEXT]
records = st.builds(
    lambda values, time: {**values, "hvidate": time, "hpid": "A1"},
    st.dictionaries(st.sampled_from(tags), whatever),
    times,
)


def entered(value: object) -> int | None:
    """The whole number that a person entered, written a second time and by other means than the adapter's."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return value if -10000 < value < 10000 else None
    text = value.strip()
    digits = text[1:] if text[:1] in ("+", "-") else text
    return int(text) if digits and set(digits) <= set("0123456789") and len(digits) < 10 else None


@given(records)
@settings(max_examples=500, deadline=None)
def test_no_record_crashes_and_every_number_was_entered_as_that_number(record: dict[str, object]) -> None:
    report = bed_report(record, NOW)
    fresh = report.as_of is not None and timedelta(minutes=-5) <= NOW - report.as_of <= timedelta(days=1)
    for kind, tag in COUNT_TAGS.items():
        free = report.beds[kind].free
        if not isinstance(free, Unknown):
            assert type(free) is int
            assert fresh
            assert free == entered(record[tag])
            assert free != -1
    for answer in report.equipment.values():
        assert answer is True or answer is False or type(answer) is Unknown
    for acceptance in severe_disease_acceptance(record, SEVERE_DISEASE_OPERATION).values():
        assert acceptance.accepted is True or acceptance.accepted is False or type(acceptance.accepted) is Unknown


@given(records)
@settings(max_examples=200, deadline=None)
def test_every_yes_and_no_was_said_in_that_word(record: dict[str, object]) -> None:
    report = bed_report({**record, "hvidate": "20261122085500"}, NOW)
    said = {item: str(record.get(item.value, "")).strip().upper() for item in Equipment}
    assert {item for item, answer in report.equipment.items() if answer is True} == {
        item for item, word in said.items() if word == "Y"
    }
    assert {item for item, answer in report.equipment.items() if answer is False} == {
        item for item, word in said.items() if word == "N"
    }


@given(records)
@settings(max_examples=200, deadline=None)
def test_whatever_the_feed_says_the_room_is_ranked_and_told(record: dict[str, object]) -> None:
    place = Position(35.16, 126.85)
    room = EmergencyRoom("Location/a", "가병원 응급실", "062-1", place)
    snapshot = HospitalSnapshot((room,), {room.id: bed_report(record, NOW)}, NOW)
    [candidate] = candidates(place, [], snapshot, NOW)
    assert math.isfinite(candidate.minutes)
    [beds] = [reason for reason in candidate.reasons if reason.code is not ReasonCode.TRAVEL_TIME]
    assert (beds.code is ReasonCode.BEDS_UNKNOWN) is isinstance(candidate.beds_free, Unknown)
    told = candidate_document(candidate)
    assert (told["beds_free"] is None) is isinstance(candidate.beds_free, Unknown)
    orjson.dumps(told)


@given(
    st.binary(max_size=400)
    | st.builds(
        lambda at, noise: ANSWER.encode()[:at] + noise + ANSWER.encode()[at:],
        st.integers(0, len(ANSWER)),
        st.binary(max_size=8) | st.sampled_from([b"<", b"&", b"]]>", b"<!--", b"\0", b"&#55296;", b"<item/>"]),
    )
)
@settings(max_examples=500, deadline=None)
def test_no_document_crashes(document: bytes) -> None:
    try:
        found = list(read_records(document))
    except FeedError:
        return
    for record in found:
        severe_disease_acceptance(record, SEVERE_DISEASE_OPERATION)
        if record.get("hpid", "\ufffd") not in ("", "\ufffd"):
            bed_report(record, NOW)


def test_a_report_keeps_its_hospitals_time() -> None:
    assert bed_report(RECORD, NOW).as_of == NOW - timedelta(minutes=5)
