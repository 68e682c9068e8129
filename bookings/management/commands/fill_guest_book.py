from typing import Any

from django.core.management.base import BaseCommand

from bookings.services import guests


class Command(BaseCommand):
    help = "Enter the guests of bookings that were made before there was a guest book. Can be stopped and run again."

    def handle(self, *args: Any, **options: Any) -> None:
        entered = 0
        while done := guests.enter_bookings_without_guest():
            entered += done
            self.stdout.write(f"{entered} bookings have their guest.")
        self.stdout.write("Every booking of a guest who can be known again has its guest.")
