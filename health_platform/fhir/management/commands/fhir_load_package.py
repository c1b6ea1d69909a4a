from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from health_platform.fhir.packages.loader import PackageError, load_package
from health_platform.fhir.packages.stored import store


class Command(BaseCommand):
    help = "Load a package in FHIR's NPM form (.tgz): its profiles and value sets are in force with the next request."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            package = load_package(options["file"])
            counts = store(package)
        except (PackageError, OSError) as error:
            raise CommandError(str(error)) from error
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "nothing that is used"
        self.stdout.write(f"{package.name} {package.version}: {told}")
        for name, version in package.dependencies.items():
            self.stdout.write(f"it builds on {name} {version}")
