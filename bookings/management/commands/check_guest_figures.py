from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings.services import guest_figures


class Command(BaseCommand):
    help = "Compare the figures of the guest book with the bookings they count; with --mend write them anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--mend", action="store_true", help="write the figures anew where they differ")

    def handle(self, *args: Any, mend: bool, **options: Any) -> None:
        wrong = guest_figures.out_of_step()
        for key, differs in wrong:
            told = ", ".join(f"{name} {stands} instead of {true}" for name, (stands, true) in differs.items())
            self.stdout.write(f"guest {key}: {told}")
        if mend:
            guest_figures.mend(key for key, _differs in wrong)
        elif wrong:
            raise CommandError(f"{len(wrong)} guests have wrong figures: run check_guest_figures --mend.")
        self.stdout.write(f"{len(wrong)} guests were mended." if wrong else "All figures agree with the bookings.")
