"""Django's `migrate`, which may take longer than a person would wait for a page."""

from typing import Any

from django.core.management.commands.migrate import Command as DjangoCommand
from django.db import connections


class Command(DjangoCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        with connections[options["database"]].cursor() as cursor:
            # For this connection alone; the wait for locks stays short, so that nobody else waits behind a migration.
            cursor.execute("SET statement_timeout = 0")
        super().handle(*args, **options)
