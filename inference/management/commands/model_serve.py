"""`manage.py model_serve MODEL VERSION --by NAME --reason TEXT [--challenger VERSION (--shadow | --canary SHARE)]`"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inference import registry
from inference.protocol.types import InferenceError
from inference.runtime.serving import Mode, ServingPlan


class Command(BaseCommand):
    help = "Decide which version of a model answers; every process takes it up within seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model")
        parser.add_argument("version", help="the champion")
        parser.add_argument("--challenger", default="", help="a second version")
        parser.add_argument("--shadow", action="store_true", help="the challenger runs, and is told to nobody")
        parser.add_argument("--canary", type=float, default=0.0, help="the share of people whom the challenger answers")
        parser.add_argument("--by", required=True, help="who decides")
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        plan = _plan(options)
        try:
            registry.decide(options["model"], plan, options["by"], options["reason"])
        except InferenceError as error:
            raise CommandError(f"nothing changed: {error}") from error
        self.stdout.write(f"{options['model']}: {plan.champion} answers{_beside(plan)}")


def _plan(options: dict[str, Any]) -> ServingPlan:
    challenger, shadow, share = options["challenger"], options["shadow"], options["canary"]
    if bool(challenger) != (shadow or bool(share)) or (shadow and share):
        raise CommandError("--challenger goes with either --shadow or --canary SHARE")
    if not 0 <= share <= 1 or challenger == options["version"]:
        raise CommandError("SHARE is between 0 and 1, and a challenger is another version than the champion")
    mode = Mode.SHADOW if shadow else Mode.CANARY if share else Mode.NONE
    return ServingPlan(options["version"], challenger, mode, share)


def _beside(plan: ServingPlan) -> str:
    match plan.mode:
        case Mode.SHADOW:
            return f", {plan.challenger} runs in its shadow"
        case Mode.CANARY:
            return f", {plan.challenger} answers {plan.share:.0%} of the people"
        case Mode.NONE:
            return ""
