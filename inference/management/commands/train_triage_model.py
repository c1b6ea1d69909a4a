"""`manage.py train_triage_model FILE`: the level model, its card and its page, from the published visits."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.training.build_models import PAGES, REPOSITORY
from inference.training.triage_data import read_visits
from inference.training.triage_evaluation import evaluate, page
from inference.training.triage_model import VERSION, table_of, train, write_model
from inference.triage.complaint_text import lexicon
from inference.triage.level_model import MODEL


class Command(BaseCommand):
    help = "Train the triage level model on the visits of PLOS ONE 0216972 and evaluate it by cross-validation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("data", type=Path, help="the table, separated by semicolons")
        parser.add_argument("--into", type=Path, default=REPOSITORY, help="the model repository to write")

    def handle(self, *args: Any, **options: Any) -> None:
        path, repository = options["data"], options["into"]
        if not path.is_file():
            raise CommandError(f"{path} is not a file")
        table = table_of(read_visits(path), lexicon())
        figures = evaluate(table)
        checksum = write_model(train(table), table, figures, hashlib.sha256(path.read_bytes()).hexdigest(), repository)
        if repository == REPOSITORY:
            card = json.loads((repository / MODEL / VERSION / "card.json").read_text(encoding="utf-8"))
            (PAGES / f"{MODEL}.md").write_text(page(card), encoding="utf-8")
        self.stdout.write(f"{checksum}  {MODEL}")
