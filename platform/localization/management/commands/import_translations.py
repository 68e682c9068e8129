from pathlib import Path
from typing import Any

import polib
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from localization import catalogues
from localization.formatting import HOME_ZONE
from localization.languages import known


class Command(BaseCommand):
    help = "Take translations from a small catalogue (see export_untranslated) into the language's own."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("language", help="the language's code: ha, ar, zh-hans …")
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, language: str, file: Path, **options: Any) -> None:
        spoken = known(language)
        if spoken is None:
            raise CommandError(f"Buka does not speak {language!r}.")
        try:
            offered, catalogue = catalogues.read(file), catalogues.read(catalogues.path_of(spoken))
        except catalogues.BrokenCatalogue as error:
            raise CommandError(str(error)) from error
        if found := catalogues.faults(offered, spoken):
            raise CommandError("Nothing was taken over:\n" + "\n".join(f"{file}:{fault}" for fault in found))
        taken, unknown = 0, []
        ours = {(entry.msgctxt, entry.msgid): entry for entry in catalogue if not entry.obsolete}
        for entry in offered:
            if not entry.translated():
                continue
            if (own := ours.get((entry.msgctxt, entry.msgid))) is None or own.msgid_plural != entry.msgid_plural:
                unknown.append(entry.msgid)
            else:
                taken += _take(own, entry)
        # The placeholders are judged by our own entry's flags: a file by hand may lack them.
        if found := catalogues.faults(catalogue, spoken):
            raise CommandError("Nothing was taken over:\n" + "\n".join(f"{file}: {fault}" for fault in found))
        if taken:
            catalogue.metadata["PO-Revision-Date"] = timezone.localtime(timezone=HOME_ZONE).strftime("%Y-%m-%d %H:%M%z")
            catalogues.save(catalogue, catalogues.path_of(spoken))
        for text in unknown:
            self.stderr.write(f"Not in the catalogue, left out: {text!r}")
        self.stdout.write(f"{taken} translations taken over, {len(unknown)} left out.")


def _take(own: polib.POEntry, offered: polib.POEntry) -> bool:
    is_new = own.fuzzy or own.msgstr != offered.msgstr or own.msgstr_plural != offered.msgstr_plural
    own.msgstr, own.msgstr_plural = offered.msgstr, offered.msgstr_plural
    own.flags = [flag for flag in own.flags if flag != "fuzzy"]
    own.previous_msgid = own.previous_msgid_plural = own.previous_msgctxt = None
    return is_new
