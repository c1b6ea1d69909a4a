"""`manage.py triton_overlay FOLDER`: lets a Triton without the ONNX Runtime backend serve the model repository."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from inference.registry import model_repository
from inference.runtime.triton_overlay import write_overlay


class Command(BaseCommand):
    help = "Write the overlay that Triton's python backend needs to serve the graphs of the model repository."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        models = write_overlay(model_repository(), options["folder"])
        self.stdout.write(f"{len(models)} models: tritonserver --model-repository={options['folder']}")
