"""Everything between an empty database and a house that can open: `manage.py prepare`."""

import hashlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from core.embedded.steps import say, step

# Parts of packages that Buka has no page for: compressing them took most of a minute. Source maps must stay, because
# style sheets name them and their names are checked; they are not compressed (WHITENOISE_SKIP_COMPRESS_EXTENSIONS).
NOT_SERVED = ["redoc", "rest_framework"]


class Command(BaseCommand):
    help = "Migrate, compile the messages, collect the static files and load the demo city; what is done is skipped."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--logins-to", type=Path, help="write the demo log-ins to this file")

    def handle(self, *args: Any, logins_to: Path | None, **options: Any) -> None:
        with step("Migrating the database"):
            call_command("migrate", interactive=False, verbosity=1)
        with step("Compiling the messages"):
            call_command("compile_messages")
        collect_static_files()
        with step("Loading the demo city"):
            call_command("load_demo")
        if logins_to:
            with logins_to.open("w") as file:
                call_command("load_demo", logins=True, stdout=file)


def collect_static_files() -> None:
    """Collect, hash and compress the static files, unless nothing about them changed since the last time."""
    root = Path(settings.STATIC_ROOT)
    stamp = root.with_name(f"{root.name}.stamp")
    now = fingerprint_of_static_files()
    if root.is_dir() and stamp.exists() and stamp.read_text() == now:
        say("▸ Static files: unchanged")
        return
    with step("Collecting and compressing the static files"):
        # Without the stamp while at work: a start that is killed here begins again.
        stamp.unlink(missing_ok=True)
        root.mkdir(parents=True, exist_ok=True)
        call_command("collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=NOT_SERVED)
        stamp.write_text(now)


def fingerprint_of_static_files() -> str:
    """Return a text that changes when any static file, or the way they are stored, does."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
