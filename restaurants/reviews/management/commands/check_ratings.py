from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from restaurants.reviews import services


class Command(BaseCommand):
    help = "Compare the sums of ratings with the reviews they are made of; with --mend write them anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--mend", action="store_true", help="write the sums anew where they differ")

    def handle(self, *args: Any, mend: bool, **options: Any) -> None:
        wrong = services.out_of_step()
        for restaurant_id, (stands, true) in wrong.items():
            self.stdout.write(f"restaurant {restaurant_id}: {stands} stands, {true} is so")
            if mend:
                services.mend(restaurant_id)
        if wrong and not mend:
            raise CommandError(f"{len(wrong)} ratings differ from their reviews: run check_ratings --mend.")
        self.stdout.write(f"{len(wrong)} ratings were mended." if wrong else "All ratings agree with their reviews.")
