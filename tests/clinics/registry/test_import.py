"""Importing the list: repeatable, with changes and closings reported."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from clinics.management.commands.import_institutions import registry_access
from clinics.registry.emergency import EMERGENCY_ROOM_CODE, ROLE_CODE_SYSTEM, emergency_room
from clinics.registry.hira_list import InstitutionList, read_list
from clinics.registry.importer import Report, TooManyClosed, import_institutions
from clinics.registry.kr_core import HIRA_SYSTEM, INSTITUTION_SYSTEM
from health_platform.fhir.repository import Repository
from tests.clinics.registry.conftest import CENTRE, CLINIC, HOSPITAL, as_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def repository() -> Repository:
    return Repository(registry_access())


def listed(*rows: str) -> InstitutionList:
    return read_list(as_list(*rows))


def organization_named(repository: Repository, name: str) -> dict[str, Any]:
    found = repository.search("Organization", f"identifier={INSTITUTION_SYSTEM}|").resources()
    (resource,) = (each for each in found if each["name"] == name)
    return resource


def outcome(report: Report) -> tuple[int, int, int, int, int]:
    parts = (report.added, report.changed, report.closed, report.unchanged, report.errors)
    added, changed, closed, unchanged, errors = map(len, parts)
    return added, changed, closed, unchanged, errors


def test_an_import_adds_and_its_repetition_changes_nothing(repository: Repository, small_list: InstitutionList) -> None:
    assert outcome(import_institutions(repository, small_list)) == (3, 0, 0, 0, 0)
    assert outcome(import_institutions(repository, small_list)) == (0, 0, 0, 3, 0)
    clinic = organization_named(repository, "해솔의원")
    assert clinic["meta"]["versionId"] == "1"
    (location,) = repository.search("Location", {"identifier": _identifier(clinic)}).resources()
    assert location["managingOrganization"] == {"reference": f"Organization/{clinic['id']}"}


def test_the_same_institution_under_the_city_s_new_name_is_changed_and_not_added(
    repository: Repository, small_list: InstitutionList
) -> None:
    import_institutions(repository, small_list)
    report = import_institutions(repository, listed(CLINIC.replace("광주광역시", "전남광주통합특별시")))
    assert report.changed == ("해솔의원",)
    assert organization_named(repository, "해솔의원")["address"][0]["city"] == "전남광주통합특별시"


def test_what_others_put_on_an_organization_stays(repository: Repository, small_list: InstitutionList) -> None:
    import_institutions(repository, small_list)
    clinic = organization_named(repository, "해솔의원")
    number = {"system": HIRA_SYSTEM, "value": "36000001"}
    repository.update({**clinic, "identifier": [*clinic["identifier"], number], "alias": ["해솔"]})
    assert outcome(import_institutions(repository, small_list)) == (0, 0, 0, 3, 0)
    report = import_institutions(repository, listed(CENTRE, CLINIC.replace("062-000-0001", ""), HOSPITAL))
    assert outcome(report) == (0, 1, 0, 2, 0)
    clinic = organization_named(repository, "해솔의원")
    assert number in clinic["identifier"]
    assert clinic["alias"] == ["해솔"]
    assert "telecom" not in clinic


def test_a_missing_institution_is_closed_only_when_the_list_is_complete(
    repository: Repository, small_list: InstitutionList
) -> None:
    import_institutions(repository, small_list)
    shorter = listed(CENTRE, CLINIC)
    assert outcome(import_institutions(repository, shorter)) == (0, 0, 0, 2, 0)
    report = import_institutions(repository, shorter, complete=True, closed_share=0.5)
    assert report.closed == ("가온종합병원",)
    hospital = organization_named(repository, "가온종합병원")
    assert hospital["active"] is False
    locations = repository.search("Location", {"organization": f"Organization/{hospital['id']}"}).resources()
    assert [each["status"] for each in locations] == ["inactive", "inactive"]
    assert outcome(import_institutions(repository, shorter, complete=True, closed_share=0.5)) == (0, 0, 0, 2, 0)


def test_an_institution_that_comes_back_is_active_again(repository: Repository, small_list: InstitutionList) -> None:
    import_institutions(repository, small_list)
    import_institutions(repository, listed(CENTRE, CLINIC), complete=True, closed_share=0.5)
    assert import_institutions(repository, small_list).changed == ("가온종합병원",)
    assert organization_named(repository, "가온종합병원")["active"] is True


def test_institutions_of_another_source_are_never_closed(repository: Repository, small_list: InstitutionList) -> None:
    import_institutions(repository, small_list, source="city")
    report = import_institutions(repository, listed(CENTRE), complete=True, closed_share=1.0)
    assert report.closed == ()


def test_nothing_is_closed_while_a_row_cannot_be_read(repository: Repository, small_list: InstitutionList) -> None:
    import_institutions(repository, small_list)
    broken = listed(CENTRE, CLINIC, HOSPITAL.replace("북구", "중구", 1))
    report = import_institutions(repository, broken, complete=True, closed_share=1.0)
    assert outcome(report) == (0, 0, 0, 2, 1)
    assert organization_named(repository, "가온종합병원")["active"] is True


def test_a_list_that_would_close_too_many_is_refused_and_nothing_is_written(
    repository: Repository, small_list: InstitutionList
) -> None:
    import_institutions(repository, small_list)
    with pytest.raises(TooManyClosed, match="2 of 3 institutions"):
        import_institutions(repository, listed(CENTRE.replace("062-608-3355", "")), complete=True)
    assert organization_named(repository, "광주광역시동구보건소")["telecom"][0]["value"] == "062-608-3355"


def test_triage_finds_the_emergency_room_by_its_type(repository: Repository, small_list: InstitutionList) -> None:
    import_institutions(repository, small_list)
    query = {"type": f"{ROLE_CODE_SYSTEM}|{EMERGENCY_ROOM_CODE}", "status": "active"}
    (room,) = map(emergency_room, repository.search("Location", query).resources())
    assert (room.name, room.beds, room.longitude, room.latitude) == ("가온종합병원 응급실", 12, 126.87, 35.18)
    assert (room.open_by_day, room.open_by_night) == (True, None)


def test_a_hospital_that_gives_up_its_emergency_room_keeps_it_as_inactive(
    repository: Repository, small_list: InstitutionList
) -> None:
    import_institutions(repository, small_list)
    without = listed(HOSPITAL.replace("|응급의학과", ""))
    assert import_institutions(repository, without).changed == ("가온종합병원",)
    rooms = repository.search("Location", {"type": f"{ROLE_CODE_SYSTEM}|{EMERGENCY_ROOM_CODE}"}).resources()
    assert [each["status"] for each in rooms] == ["inactive"]
    assert outcome(import_institutions(repository, without)) == (0, 0, 0, 1, 0)


def test_the_command_reports_and_names_bad_rows(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(as_list(CENTRE, CLINIC.replace(",의원,", ",한옥,"), HOSPITAL))
    out, err = StringIO(), StringIO()
    call_command("import_institutions", str(file), stdout=out, stderr=err)
    assert "2 added, 0 changed, 0 closed, 0 unchanged, 1 rows left out" in out.getvalue()
    assert "line 3: type '한옥'" in err.getvalue()


def test_the_command_refuses_a_file_that_is_missing_or_no_list(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_institutions", str(tmp_path / "nothing.csv"))
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="lacks the column"):
        call_command("import_institutions", str(file))


@pytest.mark.slow
def test_the_real_list_imports_and_repeats(repository: Repository, real_list: InstitutionList) -> None:
    assert outcome(import_institutions(repository, real_list)) == (2331, 0, 0, 0, 0)
    assert outcome(import_institutions(repository, real_list, complete=True)) == (0, 0, 0, 2331, 0)


def _identifier(organization: dict[str, Any]) -> str:
    identifier = organization["identifier"][0]
    return f"{identifier['system']}|{identifier['value']}"
