from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from health_platform.smart.ending import clear


class Command(BaseCommand):
    help = "Remove sessions, tokens, authorizations, launches and challenges that are over. Run it each night."

    def handle(self, *args: Any, **options: Any) -> None:
        for kind, count in clear(timezone.now()).items():
            self.stdout.write(f"{count:>8} {kind}")
