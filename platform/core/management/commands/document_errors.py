from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import errors_reference


class Command(BaseCommand):
    help = "Write docs/errors.md, the reference of every error code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail when the page is out of date.")

    def handle(self, *args: Any, **options: Any) -> None:
        page = Path(settings.BASE_DIR) / "docs" / "errors.md"
        wanted = errors_reference.render()
        current = page.read_text() if page.exists() else ""
        if current == wanted:
            self.stdout.write("docs/errors.md is current.")
            return
        if options["check"]:
            raise CommandError("docs/errors.md is out of date: run manage.py document_errors.")
        page.parent.mkdir(exist_ok=True)
        page.write_text(wanted)
        self.stdout.write("docs/errors.md is written.")
