from __future__ import annotations

import re
from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from health_platform.fhir.access.review import review, text_of

SEOUL = ZoneInfo("Asia/Seoul")


class Command(BaseCommand):
    help = "Unusual access in one month: own record, colleague, same surname, mass look-up, night."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--month", required=True, help="such as 2026-11")
        parser.add_argument("--language", choices=("ko", "en"), default="ko")

    def handle(self, *args: Any, **options: Any) -> None:
        month: str = options["month"]
        since, until = _month(month)
        found = review(since, until)
        with translation.override(options["language"]):
            self.stdout.write(text_of(found, month))


def _month(text: str) -> tuple[datetime, datetime]:
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
    if match is None:
        raise CommandError(f"'{text}' is not a month: write it like 2026-11")
    year, month = int(match[1]), int(match[2])
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return datetime(year, month, 1, tzinfo=SEOUL), datetime(*following, 1, tzinfo=SEOUL)
