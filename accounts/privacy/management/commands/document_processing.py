"""Write docs/privacy/register.md from what the code does, or check that it is current."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.privacy import notice


class Command(BaseCommand):
    help = "Write the processing register; with --check only say whether it is current."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing, fail when it is out of date")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        page = settings.BASE_DIR / "docs/privacy/register.md"
        text = notice.register()
        if check:
            if not page.exists() or page.read_text() != text:
                raise CommandError(f"{page.name} is out of date: run manage.py document_processing.")
            self.stdout.write(f"{page.name} is current.")
            return
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text)
        self.stdout.write(f"{page.name} is written.")
