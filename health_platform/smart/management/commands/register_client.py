from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from health_platform.smart.registration import NotRegistered, Registration, register


class Command(BaseCommand):
    help = "Register the system of an institution; print its client id alone on the last line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--organization", required=True, metavar="ID", help="logical id of its Organization")
        keys = parser.add_mutually_exclusive_group(required=True)
        keys.add_argument("--jwks", type=Path, metavar="FILE", help="its public keys: a JSON Web Key Set")
        keys.add_argument("--jwks-url", default="", metavar="URL", help="the https address of its key set")
        parser.add_argument("--scopes", nargs="+", required=True, metavar="SCOPE", help="such as system/*.rs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            client = register(
                Registration(
                    name=options["name"],
                    organization=options["organization"],
                    scopes=tuple(" ".join(options["scopes"]).split()),
                    jwks=_read(options["jwks"]) if options["jwks"] else None,
                    jwks_uri=options["jwks_url"],
                )
            )
        except NotRegistered as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Registered '{client.name}' for Organization/{client.organization}. Its client id:")
        self.stdout.write(client.client_id)


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise CommandError(f"{file} is not JSON.") from None
    if not isinstance(found, dict):
        raise CommandError(f"{file} is not a JSON Web Key Set (RFC 7517).")
    return found
