"""`manage.py sign_models --key PRIVATE.pem [MODEL ...]`: signs every version of the models named, or of all."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inference.protocol.types import InferenceError
from inference.registry import model_repository
from inference.runtime.model_repository import ModelRepository
from inference.runtime.trust import sign


class Command(BaseCommand):
    help = "Sign model versions with an elliptic key that is kept offline; MODEL_KEY_PASSWORD opens an encrypted one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("models", nargs="*", metavar="MODEL")
        parser.add_argument("--key", type=Path, required=True, help="private key, PEM")

    def handle(self, *args: Any, **options: Any) -> None:
        repository = ModelRepository(model_repository().folder)
        signed = 0
        try:
            for model in options["models"] or repository.models():
                for version in repository.versions(model) or [repository.resolve(model)]:
                    repository.graph(model, version)  # what does not load is not signed
                    sign(repository.folder / model / version, options["key"], os.environ.get("MODEL_KEY_PASSWORD"))
                    signed += 1
        except (InferenceError, ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{signed} versions signed")
