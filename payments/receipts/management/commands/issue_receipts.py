"""Issue the receipts of payments that counted before there were receipts."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.receipts import services


class Command(BaseCommand):
    help = "Issue the receipts of payments that counted before there were any. Done twice it does nothing more."

    def handle(self, *args: Any, **options: Any) -> None:
        number = 0
        while issued := services.issue_missing():
            number += issued
        self.stdout.write(f"{number} receipts were issued.")
