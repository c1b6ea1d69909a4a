from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from health_platform.demo.build import Build
from health_platform.demo.city.city import DEFAULT_CITIZENS


class Command(BaseCommand):
    help = "Build the synthetic city through the FHIR API, as its institutions would write it. Repeatable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base", required=True, help="address of the web server")
        parser.add_argument("--citizens", type=int, default=DEFAULT_CITIZENS)
        parser.add_argument("--notes", type=Path, required=True, help="file in which the build remembers how far it is")

    def handle(self, *args: Any, **options: Any) -> None:
        build = Build(options["base"], options["notes"], options["citizens"], self._say)
        build.first()
        self._say("READY")
        build.rest()
        self._say("The whole city is there.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
