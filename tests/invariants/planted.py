"""A record full of marks, and everybody who comes to ask for it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db import connection
from django.test import Client as HttpClient
from django.utils import timezone
from joserfc.jwk import OKPKey

from health_platform.accounts.models import Role, User
from health_platform.fhir.access.session import open_session
from health_platform.fhir.compartment import PUBLIC_TYPES
from health_platform.fhir.disclosure import withhold
from health_platform.fhir.keys import patient_key
from health_platform.fhir.repository import Repository
from health_platform.smart.context import of_client
from health_platform.smart.models import Authorization, Client
from health_platform.smart.tokens import issue_for_client, issue_for_user
from inference.triage.device_token import Device, issue
from tests import builders
from tests.builders import HOUR, OPERATOR
from tests.citizen_app_api.records import care_plan, condition
from tests.invariants.access_plans import Ask
from tests.minimal import kinds_about_patients, minimal

NUMBER = "C-770425"
# What grows or changes without anything having been done to a record or an account, each with its reason.
GROWS = {
    "fhir_audit": "a refusal is recorded",
    "fhir_audit_link": "a refusal is recorded",
    "accounts_signinattempt": "wrong passwords are counted",
    "django_session": "an anonymous browser may be given a session",
}


@dataclass
class Person:
    """Somebody who asks: with a bearer token, or in a browser where ``user`` is signed in."""

    name: str
    token: str = ""
    user: User | None = None
    reads: bool = False
    """Whether the planted record is theirs to read."""
    of_the_clinic: bool = False
    """Whether they read what the clinic keeps that is about no patient."""

    @cached_property
    def browser(self) -> HttpClient:
        headers = {"Accept-Language": "en"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        client = HttpClient(headers=headers, raise_request_exception=False)
        if self.user is not None and not self.token:
            client.force_login(self.user)
        return client

    def send(self, ask: Ask) -> Any:
        headers = {name.replace("_", "-"): value for name, value in ask.headers.items()}
        return self.browser.generic(
            ask.method, ask.path, ask.body.encode(), content_type=ask.content_type, headers=headers
        )


@dataclass
class World:
    """The planted record: ``ids`` by resource type and by name, for the plans to fill in."""

    patient: str
    ids: dict[str, str]
    record: dict[str, str]
    """The id of the planted resource of each type."""
    mark: str
    clinic_mark: str
    """Stands in what the clinic keeps that is about no patient."""
    withheld_mark: str
    people: dict[str, Person] = field(default_factory=dict)

    def rows_written(self) -> int:
        """How many rows were written since the transaction began, also by what was rolled back."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables"
                " WHERE schemaname = 'public' AND NOT relname = ANY(%s)",
                [list(GROWS)],
            )
            return int(cursor.fetchone()[0] or 0)

    def everything(self) -> Any:
        """A fingerprint of all that is stored and should not change by a refusal."""
        with open_session(OPERATOR) as session:
            session.cursor.execute(_fingerprints())
            return session.cursor.fetchall()

    def hers(self) -> Any:
        """A fingerprint of the planted record."""
        with open_session(OPERATOR) as session:
            session.cursor.execute(
                "SELECT id, version, deleted, hashtext(encode(body, 'hex')) FROM fhir_resource WHERE compartment = %s"
                " ORDER BY rid",
                [patient_key(self.patient)],
            )
            return session.cursor.fetchall()


def tables() -> list[str]:
    return [name for name in connection.introspection.table_names() if name not in GROWS]


def _fingerprints() -> str:
    return " UNION ALL ".join(
        f"SELECT '{name}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0) FROM {name} t" for name in tables()
    )


def plant(settings: Any, kinds: Collection[str]) -> World:
    """The record with a resource of each of ``kinds``, and who asks for it."""
    mark, own, withheld = (f"{name}{secrets.token_hex(6)}" for name in ("MARK", "OWN", "HELD"))
    clinic, other = builders.organization("빛고을의원"), builders.organization("무등의원")
    members = {"name": [{"text": mark}], "managingOrganization": {"reference": f"Organization/{clinic}"}}
    patient = builders.patient(clinic, number=NUMBER, **members)
    repository = Repository(OPERATOR)
    record = {
        kind: repository.create(minimal(kind, patient, mark)).id
        for kind in kinds_about_patients()
        if kind in kinds and kind not in ("Patient", "CarePlan", "Condition", "Observation")
    }
    plan = care_plan(patient)
    record["CarePlan"] = repository.create(plan | {"title": mark, "note": [{"text": mark}]}).id
    record["Observation"] = repository.create(builders.observation(patient) | {"note": [{"text": mark}]}).id
    record["Condition"] = repository.create(condition(patient, "I10", mark, "2026-05-01")).id
    record["Patient"] = patient
    repository.create(withhold(minimal("RiskAssessment", patient, withheld)))
    _ask_a_question(repository, patient, clinic, mark)
    system = _client("clinic", clinic)
    record |= _of_the_clinic(system, patient, own, {kind for kind in kinds if kind not in record})
    application = _application()
    ids = record | {"patient": patient, "clinic": clinic, "number": NUMBER, "mark": mark}
    world = World(patient, ids | {"client": application.client_id}, record, mark, own, withheld)
    world.people = {person.name: person for person in _people(settings, world, clinic, other, system, application)}
    return world


def _of_the_clinic(system: Client, patient: str, mark: str, kinds: Collection[str]) -> dict[str, str]:
    """What the clinic wrote that names no patient: it stays with the clinic."""
    repository = Repository(of_client(system, frozenset({"system/*.cruds"})))
    return {kind: repository.create(minimal(kind, patient, mark)).id for kind in kinds if kind not in PUBLIC_TYPES}


def _ask_a_question(repository: Repository, patient: str, clinic: str, mark: str) -> None:
    from citizen_app_api.resources.question import QUESTION, Message, message_bundle

    repository.transaction(message_bundle(Message(mark, QUESTION, patient, clinic), timezone.now(), None))


def _client(name: str, organization: str, scopes: str = "system/*.cruds") -> Client:
    return Client.objects.create(
        name=name,
        organization=organization,
        scopes=scopes,
        client_type=Client.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Client.GRANT_CLIENT_CREDENTIALS,
        client_secret="",
    )


def _application() -> Client:
    return Client.objects.create(
        name="growth chart",
        scopes="launch/patient patient/*.rs user/*.cruds",
        redirect_uris="https://app.example/after",
        launch_uri="https://app.example/launch",
        client_type=Client.CLIENT_PUBLIC,
        authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
        client_secret="",
    )


def _people(settings: Any, world: World, clinic: str, other: str, system: Client, application: Client) -> list[Person]:
    citizen = builders.citizen(world.patient)
    stranger = builders.citizen(builders.patient(other, number="C-2"), "stranger")
    clinician, elsewhere = builders.clinician(clinic), builders.clinician(other, "elsewhere")
    administrator = builders.clinician(other, "administrator")
    administrator.role = Role.ADMINISTRATOR
    administrator.save()
    auditor, crew = _account("auditor", Role.AUDITOR), _account("crew", Role.AMBULANCE)
    gone = builders.clinician(clinic, "gone")
    gone_token = issue_for_user(gone, HOUR)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    narrow = _client("narrow", clinic, "system/Organization.rs")
    return [
        Person("citizen", issue_for_user(citizen, HOUR), reads=True),
        Person("citizen in a browser", user=citizen, reads=True),
        Person("clinician", issue_for_user(clinician, HOUR), reads=True),
        Person("clinician in a browser", user=clinician, reads=True),
        Person("system", issue_for_client(system, HOUR), reads=True),
        Person("operator", builders.operator_client().token, reads=True),
        Person("nobody"),
        Person("stranger", issue_for_user(stranger, HOUR)),
        Person("stranger in a browser", user=stranger),
        Person("clinician of another clinic", issue_for_user(elsewhere, HOUR)),
        Person("clinician of another clinic in a browser", user=elsewhere),
        Person("administrator of another clinic in a browser", user=administrator),
        Person("system of another clinic", issue_for_client(_client("other", other), HOUR)),
        Person("system with a narrow scope", issue_for_client(narrow, HOUR)),
        Person("ambulance device", _device(settings, clinic)),
        Person("ambulance crew", issue_for_user(crew, HOUR)),
        Person("ambulance crew in a browser", user=crew),
        Person("auditor", issue_for_user(auditor, HOUR)),
        Person("auditor in a browser", user=auditor),
        Person("clinician who left", gone_token),
        Person("expired token", issue_for_user(clinician, timedelta(seconds=-1))),
        Person("application launched for another", _launched(clinician, application, clinic), of_the_clinic=True),
    ]


def _account(username: str, role: Role) -> User:
    user: User = User.objects.create_user(username=username, password="a-long-password", display_name="x", role=role)
    return user


def _device(settings: Any, organization: str) -> str:
    key = OKPKey.generate_key("Ed25519", {"kid": "matrix"})
    settings.TRIAGE_DEVICE_KEYS = json.dumps({"keys": [key.as_dict(private=False)]})
    return issue(key, Device("ambulance-7", organization), timezone.now(), HOUR)


def _launched(clinician: User, application: Client, clinic: str) -> str:
    """A token of an application that the clinician opened for another patient of the same clinic."""
    from oauth2_provider.models import AccessToken

    another = builders.patient(clinic, number="C-3")
    value = issue_for_user(clinician, HOUR)
    token = AccessToken.objects.latest("pk")
    token.application, token.scope = application, "patient/*.cruds user/*.cruds"
    token.save()
    given = Authorization.objects.create(client=application, user=clinician, scope=token.scope, patient=another)
    given.access_tokens.add(token)
    return value
