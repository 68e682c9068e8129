import contextlib
import re
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.core.management.commands.makemessages import Command as MakeMessages

from localization import catalogues
from localization.languages import every_language

# Nobody reads these in a browser or a message.
IGNORED = [
    "node_modules",
    "staticfiles",
    "test-results",
    "tests",
    "*/tests/*",
    "benchmarks",
    "docs",
    "locale",
    "styleguide.html",
]
THIRD_PARTY_SCRIPTS = ["static/vendor/*", "*/vendor/*", "*.min.js"]


class Extract(MakeMessages):
    # Where a module needs both kinds, `_` is the lazy one and `_now` the other.
    xgettext_options = [*MakeMessages.xgettext_options, "--keyword=_now"]


class Command(BaseCommand):
    help = (
        "Collect the texts of the code and the pages into all catalogues under locale/. Needs the gettext programs. "
        "Run again without a changed text, it changes no file."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        before = {path: path.read_bytes() for _language, path in catalogues.every_file()}
        with contextlib.chdir(settings.BASE_DIR):
            self._extract("django", extensions=["html", "txt", "py"], ignore_patterns=IGNORED)
            if _scripts_speak():
                self._extract("djangojs", extensions=["js"], ignore_patterns=[*IGNORED, *THIRD_PARTY_SCRIPTS])
        changed = [path for _language, path in catalogues.every_file() if before.get(path) != path.read_bytes()]
        if options["verbosity"] > 0:
            for language in every_language():
                progress = catalogues.progress(language)
                self.stdout.write(f"{language.tag:8} {progress.translated:5} of {progress.strings} translated")
            self.stdout.write(f"{len(changed)} catalogues changed.")

    def _extract(self, domain: str, **options: Any) -> None:
        for language in every_language():
            path = catalogues.path_of(language, domain)
            if not path.exists():
                # Made here, because gettext gives an unknown language a plural rule that breaks every page.
                fresh = polib.POFile(wrapwidth=78)
                catalogues.set_header(fresh, language)
                catalogues.save(fresh, path)
        call_command(
            Extract(),
            domain=domain,
            locale=[language.folder for language in every_language()],
            add_location="file",
            no_obsolete=True,
            verbosity=0,
            **options,
        )
        for language in every_language():
            path = catalogues.path_of(language, domain)
            catalogue = catalogues.read(path)
            catalogues.set_header(catalogue, language)
            catalogues.save(catalogue, path)


def _scripts_speak() -> bool:
    """Tell whether a script of ours asks for translated texts."""
    scripts = (Path(folder).rglob("*.js") for folder in settings.STATICFILES_DIRS)
    ours = (path for found in scripts for path in found if "vendor" not in path.parts and ".min." not in path.name)
    return any(re.search(r"\bn?p?gettext\(", path.read_text(encoding="utf-8")) for path in ours)
