"""An institution's administrator registers its system: keys, scopes, and nothing secret on our side."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from jwcrypto import jwk  # type: ignore[import-untyped]

from health_platform.smart.models import Client
from tests import builders
from tests.smart.conftest import System, get, key, key_set

pytestmark = pytest.mark.django_db


def registered(*arguments: str) -> str:
    out = StringIO()
    call_command("register_client", *arguments, stdout=out)
    return out.getvalue().splitlines()[-1]


def written(folder: Path, document: Any) -> str:
    file = folder / "keys.json"
    file.write_text(json.dumps(document))
    return str(file)


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_registered_system_signs_in_by_its_key(tmp_path: Path, algorithm: str) -> None:
    clinic = builders.organization("빛고을의원")
    patient, signer = builders.patient(clinic), key(algorithm)
    file = written(tmp_path, key_set(signer))
    id = registered("new", "--organization", clinic, "--jwks", file, "--scopes", "system/Patient.rs")
    system = System(Client.objects.get(client_id=id), signer)

    token = system.token("system/Patient.rs").json()["access_token"]
    assert get(f"/fhir/R4/Patient/{patient}", token).status_code == 200
    assert system.token("system/*.rs").json()["error"] == "invalid_scope"


def test_a_key_set_is_registered_by_its_address() -> None:
    clinic = builders.organization("빛고을의원")
    address = "https://clinic.example/keys"
    id = registered("new", "--organization", clinic, "--jwks-url", address, "--scopes", "system/*.rs system/*.c")
    client = Client.objects.get(client_id=id)

    assert (client.jwks_uri, client.jwks, client.scopes) == (address, None, "system/*.rs system/*.c")


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"keys": [json.loads(key().export_private())]}, "private key"),
        ({"keys": []}, "JSON Web Key Set"),
        ({"keys": [{**json.loads(key().export_public()), "kid": ""}]}, "kid"),
        ([], "JSON Web Key Set"),
        ({"something": 1}, "JSON Web Key Set"),
        ({"keys": [json.loads(jwk.JWK.generate(kty="EC", crv="P-256", kid="a").export_public())]}, "P-384"),
        ({"keys": [json.loads(jwk.JWK.generate(kty="RSA", size=1024, kid="a").export_public())]}, "2,048"),
        ({"keys": [json.loads(jwk.JWK.generate(kty="oct", size=256, kid="a").export())]}, "private key"),
        (key_set(key(kid="same"), key(kid="same")), "kid"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_and_told_why(tmp_path: Path, document: Any, told: str) -> None:
    clinic = builders.organization("빛고을의원")

    with pytest.raises(CommandError, match=told):
        registered("new", "--organization", clinic, "--jwks", written(tmp_path, document), "--scopes", "system/*.rs")
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--scopes", "user/*.rs"), "user/"),
        (("--scopes", "system/*.rs?a=b"), "system/"),
        (("--scopes", "everything"), "everything"),
        (("--scopes", " "), "scope"),
        (("--organization", "nowhere"), "Organization/nowhere"),
        (("--jwks-url", "http://clinic.example/keys"), "https"),
    ],
)
def test_what_is_not_right_is_named(arguments: tuple[str, ...], told: str) -> None:
    right = {
        "--organization": builders.organization("빛고을의원"),
        "--jwks-url": "https://clinic.example/keys",
        "--scopes": "system/*.rs",
    } | {arguments[0]: arguments[1]}

    with pytest.raises(CommandError, match=told):
        registered("new", *[part for pair in right.items() for part in pair])
    assert not Client.objects.exists()


def test_a_name_is_given_once() -> None:
    clinic = builders.organization("빛고을의원")
    right = ("new", "--organization", clinic, "--jwks-url", "https://clinic.example/keys", "--scopes", "system/*.rs")
    registered(*right)

    with pytest.raises(CommandError, match="already"):
        registered(*right)
