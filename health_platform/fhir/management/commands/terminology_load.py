from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from health_platform.fhir.terminology.formats import FORMATS
from health_platform.fhir.terminology.loading import FileError, load


class Command(BaseCommand):
    help = "Load a code system from its publisher's file (CSV or TSV, UTF-8 or CP949), which the city has licensed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("system", choices=sorted(FORMATS))
        parser.add_argument("file", type=Path)
        parser.add_argument("--edition", default="", help="the version of the system, such as 2.80")
        parser.add_argument("--url", default="", help="the URL of the system, where it is not the usual one")
        parser.add_argument(
            "--column", action="append", default=[], metavar="PART=NAME", help="code=, display= or parent=NAME"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        layout = FORMATS[options["system"]]
        layout = replace(layout, url=options["url"] or layout.url, title=layout.title or options["file"].stem)
        if not layout.url:
            raise CommandError("This form of file needs the URL of the system: --url URL.")
        columns = dict(named.split("=", 1) for named in options["column"] if "=" in named)
        try:
            loaded = load(options["file"], layout, options["edition"], columns=columns)
        except (FileError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{loaded.url} {loaded.version}: {loaded.count} concepts from {loaded.lines} lines")
