from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from health_platform.accounts.resident_number import NotKept, rotate


class Command(BaseCommand):
    help = "Seal resident registration numbers anew under the first of RESIDENT_NUMBER_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(f"{rotate()} sealed anew")
        except NotKept as error:
            raise CommandError(str(error)) from None
