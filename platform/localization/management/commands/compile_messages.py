from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from localization import catalogues


class Command(BaseCommand):
    help = "Compile the translations under locale/ that have changed. Needs no gettext programs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="compile unchanged files too")
        parser.add_argument("--check", action="store_true", help="only look for faults, compile nothing")

    def handle(self, *args: Any, force: bool, check: bool, **options: Any) -> None:
        compiled, broken = 0, []
        for language, path in catalogues.every_file():
            try:
                if check:
                    found = catalogues.faults(catalogues.read(path), language)
                    broken += [f"{path}:{fault}" for fault in found]
                else:
                    compiled += catalogues.compile_file(path, language, even_unchanged=force)
            except catalogues.BrokenCatalogue as error:
                broken.append(str(error))
        if broken:
            raise CommandError("Some translations would break pages:\n" + "\n".join(broken))
        if options["verbosity"] > 0:
            self.stdout.write("No faults." if check else f"{compiled} catalogues compiled.")
