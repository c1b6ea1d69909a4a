"""`manage.py model_roll_back MODEL --by NAME --reason TEXT`: the champion before this one answers again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inference import registry
from inference.protocol.types import InferenceError


class Command(BaseCommand):
    help = "Let the champion before the present one answer for everybody."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model")
        parser.add_argument("--by", required=True, help="who decides")
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            decision = registry.roll_back(options["model"], options["by"], options["reason"])
        except InferenceError as error:
            raise CommandError(f"nothing changed: {error}") from error
        self.stdout.write(f"{decision.model}: {decision.champion} answers")
