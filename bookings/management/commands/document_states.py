from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings.states import EVENT_MACHINE, MACHINE, ORDER_MACHINE, TICKET_MACHINE
from core.states import Machine

# The heading below which each is drawn.
DRAWN: dict[str, Machine] = {
    "## States\n": MACHINE,
    "### States of an event\n": EVENT_MACHINE,
    "### States of an order\n": ORDER_MACHINE,
    "### States of a ticket\n": TICKET_MACHINE,
}
BEGINS, ENDS = "```mermaid\n", "```\n"


class Command(BaseCommand):
    help = "Draw the states of bookings and tickets into docs/domains/bookings.md, as their tables of moves have them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail when a diagram is out of date.")

    def handle(self, *args: Any, **options: Any) -> None:
        page = Path(settings.BASE_DIR) / "docs" / "domains" / "bookings.md"
        current = wanted = page.read_text()
        for heading, machine in DRAWN.items():
            wanted = _drawn(wanted, heading, machine)
        if current == wanted:
            self.stdout.write("The diagrams are current.")
            return
        if options["check"]:
            raise CommandError("A diagram is out of date: run manage.py document_states.")
        page.write_text(wanted)
        self.stdout.write("The diagrams are drawn.")


def _drawn(text: str, heading: str, machine: Machine) -> str:
    """Return the page with the first diagram below a heading as the machine is.

    :raises CommandError: when there is none
    """
    before, found, section = text.partition(heading)
    above, begins, rest = section.partition(BEGINS)
    _diagram, ends, after = rest.partition(ENDS)
    if not (found and begins and ends):
        raise CommandError(f"There is no Mermaid diagram to replace below {heading.strip()!r}.")
    return f"{before}{found}{above}{BEGINS}{machine.mermaid()}{ENDS}{after}"
