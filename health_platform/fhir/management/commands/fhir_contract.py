from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from health_platform.fhir import knowledge
from health_platform.fhir.access.context import service
from health_platform.fhir.models import Contract, ProfileRule
from health_platform.fhir.outcome import FhirError
from health_platform.fhir.repository import Repository


class Command(BaseCommand):
    help = "What an institution agreed to: KR Core's rules, and the profiles that are required or only warn."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organization", help="logical id of the Organization")
        kr_core = parser.add_mutually_exclusive_group()
        kr_core.add_argument("--kr-core", dest="kr_core", action="store_true", default=None)
        kr_core.add_argument("--no-kr-core", dest="kr_core", action="store_false")
        for name in ("require", "warn", "forget"):
            parser.add_argument(f"--{name}", action="append", default=[], metavar="PROFILE")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        organization: str = options["organization"]
        _require_organization(organization)
        if options["kr_core"] is not None:
            Contract.objects.update_or_create(organization=organization, defaults={"kr_core": options["kr_core"]})
        for name in ("require", "warn"):
            for profile in options[name]:
                _keep(organization, profile, required=name == "require")
        for profile in options["forget"]:
            if not ProfileRule.objects.filter(organization=organization, profile=profile).delete()[0]:
                raise CommandError(f"There is no rule about {profile} to forget.")
        bound = Contract.objects.filter(organization=organization, kr_core=True).exists()
        self.stdout.write(f"Organization/{organization}: KR Core {'yes' if bound else 'no'}")
        for rule in ProfileRule.objects.filter(organization=organization).order_by("resource_type", "profile"):
            self.stdout.write(f"{rule.resource_type}: {rule.profile} {'required' if rule.required else 'warns'}")


def _require_organization(id: str) -> None:
    try:
        Repository(service("fhir_contract")).read("Organization", id)
    except FhirError as error:
        raise CommandError(f"Organization/{id} is not in the record: nothing was changed.") from error


def _keep(organization: str, profile: str, *, required: bool) -> None:
    found = knowledge.current().knowledge.profiles.find(profile)
    if found is None:
        raise CommandError(f"The profile {profile} is not known: load its package with fhir_load_package first.")
    ProfileRule.objects.update_or_create(
        organization=organization, profile=profile, defaults={"resource_type": found.type, "required": required}
    )
