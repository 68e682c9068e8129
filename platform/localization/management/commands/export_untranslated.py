from pathlib import Path
from typing import Any

import polib
from django.core.management.base import BaseCommand, CommandError, CommandParser

from localization import catalogues
from localization.languages import known


class Command(BaseCommand):
    help = (
        "Write what a language still lacks as a small catalogue, to be filled in and taken back with "
        "import_translations. Uncertain (fuzzy) translations come along as proposals."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("language", help="the language's code: ha, ar, zh-hans …")
        parser.add_argument(
            "--path", action="append", default=[], help="only texts of files whose path begins so; may be repeated"
        )
        parser.add_argument("--output", type=Path, help="the file to write; the screen when left out")

    def handle(self, *args: Any, language: str, path: list[str], output: Path | None, **options: Any) -> None:
        spoken = known(language)
        if spoken is None:
            raise CommandError(f"Buka does not speak {language!r}.")
        wanted = polib.POFile(wrapwidth=0)
        catalogues.set_header(wanted, spoken)
        for entry in catalogues.read(catalogues.path_of(spoken)):
            if not entry.obsolete and not entry.translated() and _stands_in(entry, path):
                wanted.append(entry)
        if output is None:
            self.stdout.write(f"{wanted}")
            return
        output.write_text(f"{wanted}", encoding="utf-8")
        self.stdout.write(f"{len(wanted)} texts written to {output}.")


def _stands_in(entry: polib.POEntry, beginnings: list[str]) -> bool:
    return not beginnings or any(file.startswith(tuple(beginnings)) for file, _line in entry.occurrences)
