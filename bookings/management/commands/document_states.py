from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings.states import MACHINE

BEGINS, ENDS = "```mermaid\n", "```\n"


class Command(BaseCommand):
    help = "Draw a booking's states into docs/domains/bookings.md, as their table of moves has them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail when the diagram is out of date.")

    def handle(self, *args: Any, **options: Any) -> None:
        page = Path(settings.BASE_DIR) / "docs" / "domains" / "bookings.md"
        current = page.read_text()
        before, begins, rest = current.partition(BEGINS)
        _diagram, ends, after = rest.partition(ENDS)
        if not (begins and ends):
            raise CommandError(f"{page} has no Mermaid diagram to replace.")
        wanted = f"{before}{BEGINS}{MACHINE.mermaid()}{ENDS}{after}"
        if current == wanted:
            self.stdout.write("The diagram is current.")
            return
        if options["check"]:
            raise CommandError("The diagram is out of date: run manage.py document_states.")
        page.write_text(wanted)
        self.stdout.write("The diagram is drawn.")
