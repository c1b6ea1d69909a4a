from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from health_platform.accounts.models import User
from health_platform.smart.models import Client
from health_platform.smart.tokens import issue_for_client, issue_for_user


class Command(BaseCommand):
    help = "Print an access token, alone on the last line, for a client of an institution or for a person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--client", metavar="NAME")
        who.add_argument("--user", metavar="NAME")
        parser.add_argument("--hours", type=float, default=12.0)

    def handle(self, *args: Any, **options: Any) -> None:
        lifetime = timedelta(hours=options["hours"])
        if options["client"]:
            client = Client.objects.filter(name=options["client"]).first()
            if client is None:
                raise CommandError(f"There is no client '{options['client']}'.")
            self.stdout.write(issue_for_client(client, lifetime))
            return
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no person '{options['user']}'.")
        self.stdout.write(issue_for_user(user, lifetime))
