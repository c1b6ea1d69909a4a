"""The access log shows every change to it, even by the owner of the tables."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from pytest_django import Settings

from health_platform.fhir.access import audit, audit_chain
from health_platform.fhir.access.audit_verify import verify
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.access.session import open_session
from health_platform.fhir.keys import patient_key

CLINICIAN = AccessContext(actor="Practitioner/kim", role=Role.CLINICIAN, organization="o", client="console")
PATIENTS = [f"p{number}" for number in range(7)]


def looks(count: int) -> None:
    for number in range(count):
        audit.note(CLINICIAN, "read", [PATIENTS[number % 7]], [f"Observation/o{number}/_history/1"])


def found(kept: str = "") -> set[str]:
    return {str(finding) for finding in verify(kept.splitlines()).findings}


@pytest.fixture
def sealed(own_database: str, tmp_path: Path, settings: Settings) -> Path:
    """Three checkpoints over 300 rows; the file in which they are kept elsewhere."""
    settings.AUDIT_CHECKPOINT_FILE = str(tmp_path / "checkpoints")
    for _ in range(3):
        looks(100)
        audit_chain.seal()
    return tmp_path / "checkpoints"


def test_an_untouched_log_passes(sealed: Path) -> None:
    report = verify(sealed.read_text().splitlines())
    assert (report.rows, report.checkpoints, report.unsealed, report.findings) == (300, 3, 0, [])


CHANGES = (
    "actor = 'Practitioner/lee'", "recorded = recorded + interval '1 microsecond'", "patients = '{}'", "outcome = 4",
    "action = 'C'", "interaction = 'vread'", "role = 'system'", "organization = ''", "client = ''",
    "purpose = 'ETREAT'", "request_id = 'x'", "entities = '{}'", "writes = 1", "address = '::1'", "basis = ''",
    "query = 'x'",
)  # fmt: skip


def test_a_change_of_any_column_is_found_and_named_by_its_row(sealed: Path, tamper: psycopg.Connection) -> None:
    for row, change in enumerate(CHANGES, 120):
        tamper.execute(f"UPDATE fhir_audit SET {change} WHERE aid = %s", [row])
        assert found() == {f"changed: row {number}" for number in range(120, row + 1)}


def test_a_removed_row_is_found_wherever_it_stood(sealed: Path, tamper: psycopg.Connection) -> None:
    gone = [1, 100, 101, 300]
    for number, row in enumerate(gone, 1):
        tamper.execute("DELETE FROM fhir_audit WHERE aid = %s", [row])
        assert found() == {f"removed: row {row}" for row in gone[:number]}


def test_two_rows_that_changed_places_are_found(sealed: Path, tamper: psycopg.Connection) -> None:
    tamper.execute("ALTER TABLE fhir_audit ALTER COLUMN aid DROP IDENTITY")
    tamper.execute("UPDATE fhir_audit SET aid = -1 WHERE aid = 50")
    tamper.execute("UPDATE fhir_audit SET aid = 50 WHERE aid = 114")
    tamper.execute("UPDATE fhir_audit SET aid = 114 WHERE aid = -1")
    tamper.execute("DELETE FROM fhir_audit_link WHERE aid IN (50, 114)")
    tamper.execute("INSERT INTO fhir_audit_link SELECT unnest(patients), aid FROM fhir_audit WHERE aid IN (50, 114)")
    assert found() == {"changed: row 50", "changed: row 114"}


def test_a_row_slipped_in_between_is_found(sealed: Path, tamper: psycopg.Connection) -> None:
    tamper.execute("DELETE FROM fhir_audit WHERE aid = 20")
    tamper.execute(
        "INSERT INTO fhir_audit (aid, recorded, patients, outcome, action, interaction, actor, role, organization,"
        " client, purpose, request_id, entities) OVERRIDING SYSTEM VALUE VALUES (0, now(), '{}', 0, 'R', 'read', '',"
        " 'system', '', '', '', '', '{}'), (20, now(), '{}', 0, 'R', 'read', '', 'system', '', '', '', '', '{}')"
    )
    assert found() == {"changed: row 20", "added: row 0"}


def test_a_row_hidden_from_its_patient_is_found(sealed: Path, tamper: psycopg.Connection) -> None:
    tamper.execute("DELETE FROM fhir_audit_link WHERE aid = 9")
    assert found() == {"unlinked: row 9"}


def test_the_end_of_the_log_cannot_be_cut_off_against_its_checkpoint(sealed: Path, tamper: psycopg.Connection) -> None:
    tamper.execute("DELETE FROM fhir_audit WHERE aid > 290")
    assert found() == {f"removed: row {row}" for row in range(291, 301)}


def test_a_change_with_its_block_mended_is_found_by_the_signature(sealed: Path, tamper: psycopg.Connection) -> None:
    tamper.execute("DELETE FROM fhir_audit WHERE aid = 137")
    block = tamper.execute("SELECT shard, number, aids, digests FROM fhir_audit_block WHERE 137 = ANY(aids)").fetchone()
    assert block is not None
    shard, number, aids, digests = block
    place = aids.index(137)
    previous = tamper.execute(
        "SELECT digest FROM fhir_audit_block WHERE shard = %s AND number = %s", [shard, number - 1]
    ).fetchone()
    assert previous is not None
    aids.remove(137)
    digests = digests[: 32 * place] + digests[32 * place + 32 :]
    tamper.execute(
        "UPDATE fhir_audit_block SET aids = %s, digests = %s, digest = %s WHERE shard = %s AND number = %s",
        [aids, digests, audit_chain.block_digest(previous[0], shard, number, aids, digests), shard, number],
    )
    tamper.execute("UPDATE fhir_audit_checkpoint SET rows = 99 WHERE number = 2")
    findings = found()
    assert "signature: checkpoint 2" in findings
    assert f"block: block {number + 1} of shard {shard}" in findings


def test_an_end_cut_off_with_blocks_and_checkpoint_is_found_by_what_was_kept_elsewhere(
    sealed: Path, tamper: psycopg.Connection
) -> None:
    tamper.execute("DELETE FROM fhir_audit WHERE aid > 200")
    tamper.execute("DELETE FROM fhir_audit_link WHERE aid > 200")
    tamper.execute("DELETE FROM fhir_audit_block WHERE checkpoint = 3")
    tamper.execute("DELETE FROM fhir_audit_checkpoint WHERE number = 3")
    assert found() == set()
    assert found(sealed.read_text()) == {"missing: checkpoint 3 was kept elsewhere and is not in the table"}


def test_a_checkpoint_signed_by_another_key_is_found(
    sealed: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.AUDIT_SIGNING_KEY = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
    assert len([each for each in found() if each.startswith("signature: ")]) == 3
    with pytest.raises(SystemExit) as end:
        call_command("audit_verify")
    assert end.value.code == 1
    assert "300 rows under 3 checkpoints" in capsys.readouterr().out


def test_rows_that_commit_late_are_waited_for_and_none_is_left_out(own_database: str) -> None:
    """A number drawn early may commit after later ones: the seal waits for it, and nobody waits for the seal."""
    drawn, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            looks(1)
            drawn.set()
            go_on.wait(20)
        connection.close()

    late = threading.Thread(target=slow)
    late.start()
    assert drawn.wait(20)
    looks(5)
    assert audit_chain.seal(patience=0.2) == []
    go_on.set()
    late.join()
    assert [checkpoint.rows for checkpoint in audit_chain.seal()] == [6]
    assert verify().findings == []


def test_rows_that_were_rolled_back_leave_a_gap_that_is_no_finding(own_database: str) -> None:
    looks(1)
    with pytest.raises(RuntimeError), transaction.atomic():
        looks(3)
        raise RuntimeError
    looks(1)
    audit_chain.seal()
    report = verify()
    assert (report.rows, report.findings) == (2, [])


def test_many_writers_and_a_sealer_at_once_seal_every_row_once(own_database: str) -> None:
    def write() -> None:
        looks(40)
        connection.close()

    writers = [threading.Thread(target=write) for _ in range(6)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        audit_chain.seal()
    for writer in writers:
        writer.join()
    audit_chain.seal()
    report = verify()
    assert (report.rows, report.unsealed, report.findings) == (240, 0, [])


def test_the_log_of_a_patient_is_complete_while_others_write(own_database: str) -> None:
    def write() -> None:
        looks(35)
        connection.close()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    own = AccessContext(actor="Patient/p3", role=Role.CITIZEN, patients=frozenset({"p3"}))
    with open_session(own) as session:
        seen = audit.of_patient(session.cursor, patient_key("p3"), None, 100)
        others = audit.of_patient(session.cursor, patient_key("p4"), None, 100)
    assert (len(seen), others) == (20, [])
