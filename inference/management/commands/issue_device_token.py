"""manage.py issue_device_token NAME --organization ID: a signed token for an ambulance's device."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from joserfc.jwk import ECKey, JWKRegistry, OKPKey

from inference.triage.device_token import Device, issue


class Command(BaseCommand):
    """Prints the token alone on the last line."""

    help = (
        "Issues a token for an ambulance's device, signed with a private key (a JSON Web Key). The server needs only "
        "the public key, in the key set that the setting TRIAGE_DEVICE_KEYS names."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the device's id, such as ambulance-7")
        parser.add_argument("--organization", required=True, help="logical id of the Organization it acts for")
        parser.add_argument("--days", type=int, default=30, help="how long the token is valid")
        parser.add_argument("--signing-key", type=Path, help="file of the private key; beside the key set by default")
        parser.add_argument("--create-key", action="store_true", help="make key and key set where there are none yet")

    def handle(self, *args: Any, **options: Any) -> None:
        key_file = options["signing_key"] or _key_file_beside_key_set()
        if options["create_key"] and not key_file.exists():
            _create_key(key_file, _key_set_file())
        device = Device(options["name"], options["organization"])
        self.stdout.write(issue(_read_key(key_file), device, timezone.now(), timedelta(days=options["days"])))


def _key_set_file() -> Path:
    source = settings.TRIAGE_DEVICE_KEYS
    if not source or source.lstrip().startswith("{"):
        raise CommandError("TRIAGE_DEVICE_KEYS names no file: set it to the path of a key set, or give --signing-key.")
    return Path(source)


def _key_file_beside_key_set() -> Path:
    return _key_set_file().with_suffix(".private.json")


def _read_key(path: Path) -> OKPKey | ECKey:
    try:
        key = JWKRegistry.import_key(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise CommandError(f"{path} does not exist: give --signing-key, or --create-key to make one.") from None
    except ValueError as error:
        raise CommandError(f"{path} is not a JSON Web Key: {error}") from error
    if not isinstance(key, OKPKey | ECKey) or not key.is_private:
        raise CommandError(f"{path} must hold a private Ed25519 or P-256 key.")
    return key


def _create_key(key_file: Path, key_set_file: Path) -> None:
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    keys = json.loads(key_set_file.read_text("utf-8"))["keys"] if key_set_file.exists() else []
    key_file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(key.as_dict(private=True), file)
    key_set_file.write_text(json.dumps({"keys": [*keys, key.as_dict(private=False)]}), "utf-8")
