"""`manage.py build_models`: the model repository and its pages from the specs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.training.build_models import REPOSITORY, build_models, own_and_added, write_pages
from inference.training.spec import SpecError, load_specs


class Command(BaseCommand):
    help = "Build the ONNX model repository from the model specs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--specs", type=Path, help="folder with further specs (TOML, or modelspec/1 JSON)")
        parser.add_argument("--into", type=Path, default=REPOSITORY, help="the model repository to write")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            built = build_models(own_and_added(options["specs"]), options["into"])
        except SpecError as error:
            raise CommandError(str(error)) from error
        if options["into"] == REPOSITORY:
            write_pages(load_specs())
        for name, checksum in built.items():
            self.stdout.write(f"{checksum}  {name}")
