"""Every trap of the NEMC feed: no record crashes it, and nothing unknown becomes a number."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=KOREA)
RECORD = {
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


def emergency(**changes: str | None) -> object:
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


values = (
    st.none() | st.text(max_size=16) | st.integers(-99999, 99999).map(str) | st.sampled_from(["Y", "N", "-1", "-2"])
)
tags = st.sampled_from(
    ["hvec", "hvs01", "hvs38", "hv10", "hvoc", "hvs22", "hvctayn", "hvidate", "dutyName", "MKioskTy3"]
)


@given(st.dictionaries(tags, values))
def test_no_record_crashes_and_every_number_was_entered_as_that_number(record: dict[str, str | None]) -> None:
    report = bed_report({"hvidate": "20261122085500", **record, "hpid": "A1"}, NOW)
    free = report.beds[BedKind.EMERGENCY].free
    if not isinstance(free, Unknown):
        assert free == int((record["hvec"] or "").strip())
        assert free != -1
    for answer in report.equipment.values():
        assert isinstance(answer, bool | Unknown)
    severe_disease_acceptance(record, SEVERE_DISEASE_OPERATION)


def test_a_report_keeps_its_hospitals_time() -> None:
    assert bed_report(RECORD, NOW).as_of == NOW - timedelta(minutes=5)
