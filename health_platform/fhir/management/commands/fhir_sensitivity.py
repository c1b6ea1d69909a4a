"""Judge anew how sensitive stored resources are, after a change of the lists in fhir/access/sensitivity.py."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from health_platform.fhir.record.reclassify import reclassify


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{reclassify()} rows changed")
