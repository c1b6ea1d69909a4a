"""Who may sign in to the demo, and the clients of its institutions."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.hashers import make_password

from health_platform.accounts.models import Membership, Role, User
from health_platform.smart.models import Client
from health_platform.smart.tokens import issue_for_client

MEASURE = "measure"
CITIZEN, CLINICIAN, OTHER_CLINICIAN = "citizen", "doctor", "other-doctor"


def operator() -> Client:
    """The client that may do everything; `check --deploy` fails where it is found."""
    client: Client = Client.objects.get_or_create(
        name=MEASURE,
        defaults={
            "role": "operator",
            "client_type": Client.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": Client.GRANT_CLIENT_CREDENTIALS,
        },
    )[0]
    return client


def institution_clients(organizations: Iterable[tuple[str, str]]) -> None:
    """A client for each (institution key, Organization id) that has none. Its secret is unknown until one is drawn
    for it: all share the hash of a value that nobody kept."""
    known = set(Client.objects.values_list("name", flat=True))
    nobody_knows = make_password(secrets.token_urlsafe(32))
    Client.objects.bulk_create(
        [
            Client(
                name=key,
                organization=organization,
                client_secret=nobody_knows,
                client_type=Client.CLIENT_CONFIDENTIAL,
                authorization_grant_type=Client.GRANT_CLIENT_CREDENTIALS,
            )
            for key, organization in organizations
            if key not in known
        ]
    )


def client_token(name: str) -> str:
    """A token good for a day, for the loader to speak as an institution."""
    return issue_for_client(Client.objects.get(name=name), timedelta(hours=24))


def citizen(name: str, patient: str, password: str) -> User:
    """The persona's account; a new password at each start."""
    user, _ = User.objects.update_or_create(
        username=CITIZEN, defaults={"display_name": name, "role": Role.CITIZEN, "patient": patient}
    )
    return _with_password(user, password)


def clinician(username: str, name: str, practitioner: str, institution: tuple[str, str], password: str) -> User:
    """A clinician of ``institution``: (Organization id, name)."""
    user, _ = User.objects.update_or_create(
        username=username,
        defaults={"display_name": name, "role": Role.CLINICIAN, "practitioner": practitioner},
    )
    Membership.objects.update_or_create(user=user, organization=institution[0], defaults={"name": institution[1]})
    return _with_password(user, password)


def _with_password(user: User, password: str) -> User:
    user.set_password(password)
    user.save(update_fields=["password"])
    return user
