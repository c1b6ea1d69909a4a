"""The monthly review: what asks for a question, and what does not."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from health_platform.accounts.models import User
from health_platform.fhir.access.audit_checks import access_log_is_kept_and_sealed
from health_platform.fhir.access.review import Day, Finding, Limits, Look, People, findings, surname
from tests import builders
from tests.builders import FHIR
from tests.fhir.conftest import City

NOBODY = People({}, {}, {}, {}, {})


@pytest.mark.parametrize(
    ("name", "expected"),
    [("김영희", "김"), ("남궁민수", "남궁"), ("남궁", "남"), ("Kim Minsu", "minsu"), ("", ""), ("  박 철수", "박")],
)
def test_the_surname_of_a_written_name(name: str, expected: str) -> None:
    assert surname(name) == expected


def test_relations_are_told_apart_own_before_colleague_before_surname() -> None:
    people = People(
        actors={"Practitioner/a": "탁영수"},
        patients={1: "탁영수", 2: "이순자", 3: "탁민호", **dict.fromkeys(range(4, 40), "김")},
        ids={n: f"p{n}" for n in range(1, 40)},
        own={"Practitioner/a": 1},
        staff={"o": frozenset({1, 2})},
    )
    looks = [Look("Practitioner/a", "o", n, 1, 0) for n in range(1, 40)]
    found = findings(looks, [], people, Limits(surname_share=0.1))
    assert [(each.kind, each.patient) for each in found] == [("own", "p1"), ("colleague", "p2"), ("surname", "p3")]


def test_a_surname_that_many_bear_is_not_told() -> None:
    people = People({"a": "김의사"}, dict.fromkeys(range(40), "김환자"), {}, {}, {})
    assert findings([Look("a", "o", n, 1, 0) for n in range(40)], [], people, Limits()) == []


def test_a_day_with_far_more_people_than_usual_is_told() -> None:
    days = [Day(f"a{n}", date(2026, 11, 2), 20) for n in range(9)] + [Day("b", date(2026, 11, 3), 90)]
    assert findings([], days, NOBODY, Limits()) == [Finding("mass", "b", "", 90, date(2026, 11, 3))]
    assert findings([], days[:9], NOBODY, Limits()) == []


def test_nights_count_for_a_person_over_all_patients() -> None:
    looks = [Look("a", "o", n, 2, 1) for n in range(3)] + [Look("b", "o", 1, 9, 2)]
    assert findings(looks, [], NOBODY, Limits()) == [Finding("night", "a", "", 3)]


def test_the_report_names_who_looked_at_a_colleague_in_both_languages(
    city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    colleague = builders.clinician(city.clinic, "nurse", "오간호")
    User.objects.filter(pk=colleague.pk).update(patient=city.patient)
    city.clinician.get(f"{FHIR}/Patient/{city.patient}")
    month = timezone.localtime().strftime("%Y-%m")
    call_command("audit_review", "--month", month, "--language", "en")
    english = capsys.readouterr().out
    assert "record of a colleague (1)" in english
    assert f"- Practitioner/clinician, Patient/{city.patient}: 1 times" in english
    call_command("audit_review", "--month", month)
    korean = capsys.readouterr().out
    assert "동료의 기록 (1)" in korean
    assert f"- Practitioner/clinician, Patient/{city.patient}: 1회" in korean
    call_command("audit_review", "--month", "2020-01", "--language", "en")
    assert "Nothing unusual was found." in capsys.readouterr().out


def test_what_is_no_month_is_an_error_that_says_how_to_write_one() -> None:
    with pytest.raises(CommandError, match="2026-11"):
        call_command("audit_review", "--month", "2026-13")


def test_a_deployment_without_keys_or_with_too_short_a_memory_is_refused(settings: Settings) -> None:
    assert access_log_is_kept_and_sealed(None) == []
    settings.AUDIT_KEPT_DAYS, settings.AUDIT_QUERY_KEYS, settings.AUDIT_SIGNING_KEY = 730, [], "MTEx"
    assert [message.id for message in access_log_is_kept_and_sealed(None)] == ["fhir.E001", "fhir.E002", "fhir.E003"]
