"""`manage.py ml_bom`: the models of this deployment as CycloneDX, on standard output."""

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from inference.registry import model_repository
from inference.runtime.bill_of_materials import bill_of_materials


class Command(BaseCommand):
    help = "Print the machine-learning bill of materials (CycloneDX 1.6, JSON)."

    def handle(self, *args: Any, **options: Any) -> None:
        repository = model_repository()
        cards = [
            repository.card(model, version) for model in repository.models() for version in repository.versions(model)
        ]
        self.stdout.write(json.dumps(bill_of_materials(cards, timezone.now()), indent=1, ensure_ascii=False))
