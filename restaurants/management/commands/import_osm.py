"""Bring in restaurants from OpenStreetMap: `manage.py import_osm FILE.geojson`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from restaurants.osm.importing import import_features
from restaurants.osm.reading import NotGeoJSON, features_in


class Command(BaseCommand):
    help = (
        "Bring in the places to eat of a GeoJSON file from OpenStreetMap as unverified listings. Bad features are "
        "reported on the error output and do not stop the rest; run again, changes are followed and nothing is doubled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.geojson")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            source = file.open(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            # ValueError: a path that no file can have.
            raise CommandError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
        with source:
            try:
                # Read through first: a file that breaks off in the middle must not be half imported.
                for _feature in features_in(source):
                    pass
                source.seek(0)
                report = import_features(features_in(source), refuse=self._refuse)
            except NotGeoJSON as error:
                raise CommandError(f"{file}: {error}") from error
        self.stdout.write(
            f"imported {report.imported}, updated {report.updated}, "
            f"unchanged {report.unchanged}, refused {report.refused}"
        )
        if report.kept:
            self.stdout.write(f"Of the unchanged, {report.kept} were left as their owners or editors have them.")

    def _refuse(self, number: int, reference: str, reason: str) -> None:
        called = f"feature {number}" + (f" ({reference})" if reference else "")
        self.stderr.write(f"{called} {reason}")
