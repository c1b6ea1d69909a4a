"""`manage.py import_institutions FILE`: reads a HIRA-style list of institutions into the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinics.registry.hira_list import InstitutionList, ListError, read_list
from clinics.registry.importer import CLOSED_SHARE, DEFAULT_SOURCE, Report, TooManyClosed, import_institutions
from health_platform.fhir.access.context import AccessContext, Role
from health_platform.fhir.repository import Repository


class Command(BaseCommand):
    """Adds and changes institutions; with --complete it also closes those that the list no longer holds."""

    help = "Reads a HIRA-style list (CSV or .csv.gz) of institutions into Organization, Location and HealthcareService."

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE, --source, --complete, --closed-share."""
        parser.add_argument("file", type=Path, help="the list: CSV in UTF-8 or CP949, gzipped or not")
        parser.add_argument("--source", default=DEFAULT_SOURCE, help="name of the list's source (default: %(default)s)")
        parser.add_argument(
            "--complete",
            action="store_true",
            help="the list holds every institution of its source: close those that it lacks",
        )
        parser.add_argument(
            "--closed-share",
            type=float,
            default=CLOSED_SHARE,
            help="refuse to close more than this share of the source at once (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints what was done; raises CommandError where the file or the list cannot be used."""
        listed = _read(options["file"])
        try:
            report = import_institutions(
                Repository(registry_access()),
                listed,
                source=options["source"],
                complete=options["complete"],
                closed_share=options["closed_share"],
            )
        except TooManyClosed as error:
            raise CommandError(str(error)) from error
        self._print(report, complete=options["complete"])

    def _print(self, report: Report, *, complete: bool) -> None:
        for error in report.errors:
            self.stderr.write(f"line {error.line}: {error.reason}")
        for name in report.closed:
            self.stdout.write(f"closed: {name}")
        counts = f"{len(report.added)} added, {len(report.changed)} changed, {len(report.closed)} closed"
        self.stdout.write(f"{counts}, {len(report.unchanged)} unchanged, {len(report.errors)} rows left out")
        if complete and report.errors:
            self.stderr.write("nothing was closed: mend the rows above and run the import again")


def registry_access() -> AccessContext:
    """The register's own access: it writes institutions and reads no patient."""
    return AccessContext(
        actor="Device/institution-register",
        role=Role.SERVICE,
        organization=None,
        patients=frozenset(),
        scopes=frozenset({"system/Organization.crus", "system/Location.crus", "system/HealthcareService.crus"}),
        purpose="HSYSADMIN",
        client="import_institutions",
    )


def _read(path: Path) -> InstitutionList:
    try:
        return read_list(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from error
    except ListError as error:
        raise CommandError(f"{path}: {error}") from error
