"""One database transaction on behalf of one actor: opens it, tells PostgreSQL who acts, closes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from health_platform.fhir.access import policy
from health_platform.fhir.access.context import AccessContext
from health_platform.fhir.keys import organization_key, patient_key


@dataclass(frozen=True, slots=True)
class Session:
    """An open transaction with the actor's keys (keys.py): ``organization`` writes, the care relationships of
    ``caring`` count (0 for none), ``own`` is reached without one."""

    access: AccessContext
    cursor: CursorWrapper
    organization: int
    caring: int
    own: list[int]

    def reach(self, alias: str) -> tuple[str, dict[str, Any]]:
        return policy.reach(self.access, self.caring, self.own, alias)


@contextmanager
def open_session(access: AccessContext) -> Iterator[Session]:
    """A transaction in which row-level security lets pass what ``access`` reaches, and nothing else."""
    organization = organization_key(access.organization)
    patients = sorted(patient_key(patient) for patient in access.patients)
    with transaction.atomic(), connection.cursor() as cursor:
        caring = organization
        if access.launch_patient is not None:
            caring, patients = 0, _launched(cursor, patient_key(access.launch_patient), organization, patients)
        own = policy.own_compartments(organization, patients)
        settings = policy.session_settings(access, caring, own) | policy.log_settings(access)
        cursor.execute(
            "SELECT " + ", ".join("set_config(%s, %s, true)" for _ in settings),
            [part for setting in settings.items() for part in setting],
        )
        yield Session(access, cursor, organization, caring, own)
        _forget(cursor, settings)


def _launched(cursor: CursorWrapper, patient: int, organization: int, patients: list[int]) -> list[int]:
    """Of the patients within the actor's reach the one of the launch; none when that one is no longer among them."""
    if patient in patients:
        return [patient]
    cursor.execute("SELECT 1 FROM fhir_care WHERE organization = %s AND patient = %s", [organization, patient])
    return [patient] if cursor.fetchone() else []


def _forget(cursor: CursorWrapper, settings: dict[str, str]) -> None:
    """Leave no rights behind in a transaction that goes on around this one; an error's rollback does so by itself."""
    if not connection.savepoint_ids:
        return
    cursor.execute("SELECT " + ", ".join("set_config(%s, '', true)" for _ in settings), list(settings))
