from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from health_platform.fhir.access.audit_verify import verify


class Command(BaseCommand):
    help = "Checks every row of the access log against its seals; ends with status 1 when something does not fit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kept", type=Path, help="a copy of AUDIT_CHECKPOINT_FILE, kept on another machine")

    def handle(self, *args: Any, **options: Any) -> None:
        kept: Path | None = options["kept"]
        start = time.perf_counter()
        report = verify(kept.read_text(encoding="ascii").splitlines() if kept else ())
        took = time.perf_counter() - start
        for finding in report.findings:
            self.stdout.write(str(finding))
        self.stdout.write(
            f"{report.rows} rows under {report.checkpoints} checkpoints checked in {took:.1f} s"
            f" ({report.rows / took:,.0f}/s), {report.unsealed} not sealed yet, {len(report.findings)} findings"
        )
        if report.findings:
            sys.exit(1)
