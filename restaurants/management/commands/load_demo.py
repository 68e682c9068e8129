"""The demo city: `manage.py load_demo`. Loaded once; a second run changes nothing."""

from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from restaurants.demo import partner_app
from restaurants.demo.people import login_lines


class Command(BaseCommand):
    help = (
        "Load the demo city: twelve invented restaurants, people to log in as, bookings around today, and the listings "
        "of OpenStreetMap. What is there already stays as it is; no message is sent to anybody."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--logins", action="store_true", help="only print the demo log-ins")
        parser.add_argument(
            "--refresh-bookings",
            action="store_true",
            help="also finish the demo bookings of days gone by and fill the days to come up to two weeks from today",
        )
        parser.add_argument(
            "--yes-in-production", action="store_true", help="load it although BUKA_ENV says that this is production"
        )

    def handle(self, *args: Any, logins: bool, refresh_bookings: bool, yes_in_production: bool, **options: Any) -> None:
        if logins:
            self.stdout.write("\n".join([*login_lines(), *partner_app.login_lines()]))
            return
        if settings.IS_PRODUCTION and not yes_in_production:
            raise CommandError(
                "This is production (BUKA_ENV), and the demo's password is known to everybody. "
                "Nothing was loaded. Add --yes-in-production if you mean it."
            )
        now = timezone.now()
        parts = [import_module(part) for part in settings.DEMO_PARTS]
        said = [sentence for part in parts for sentence in part.load(now=now)]
        if refresh_bookings:
            said += [sentence for part in parts for sentence in part.refresh(now=now)]
        if said:
            self.stdout.write(f"Loaded {', '.join(said)}.")
        else:
            self.stdout.write("The demo city is there already; nothing was changed.")
