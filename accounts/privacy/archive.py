"""An archive of everything held about somebody: JSON for programs, CSV for tables, a README for people, in a zip."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from defusedcsv.csv import DictWriter
from django.conf import settings
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core import personal_data
from core.personal_data import Subject

# Rises when sections or their keys change; the README says which one it is.
SCHEMA_VERSION = 1
# Zip members have a date; one that is the same every time makes equal archives equal.
_EPOCH = (2020, 1, 1, 0, 0, 0)


def archive_of(subject: Subject, *, made_at: datetime | None = None) -> bytes:
    """Return the zip with everything the apps hold about a person."""
    made_at = made_at or timezone.now()
    with translation.override(subject.language):
        sections = {
            collector.name: (str(collector.label), [_plain(row) for row in collector.rows(subject)])
            for collector in personal_data.collectors(subject)
        }
        readme = _readme(sections, made_at)
    everything = {
        "schema": "buka.personal-data",
        "schema_version": SCHEMA_VERSION,
        "made_at": made_at.isoformat(),
        "sections": {name: rows for name, (_label, rows) in sections.items()},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        _write(zipped, "README.txt", readme)
        _write(zipped, "data.json", json.dumps(everything, ensure_ascii=False, indent=2) + "\n")
        for name, (_label, rows) in sections.items():
            if rows:
                _write(zipped, f"csv/{name}.csv", _table(rows))
    return out.getvalue()


def _write(zipped: zipfile.ZipFile, name: str, text: str) -> None:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    zipped.writestr(member, text.encode())


def _table(rows: Iterable[Mapping[str, Any]]) -> str:
    rows = list(rows)
    keys = list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO()
    # defusedcsv takes the sting out of cells that a spreadsheet would run as a formula.
    writer = DictWriter(out, fieldnames=keys, quoting=csv.QUOTE_MINIMAL)
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    # Excel reads UTF-8 only behind this mark.
    return "\ufeff" + out.getvalue()


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _plain(value: Any) -> Any:
    """Return a value as JSON has it.

    :raises TypeError: for anything a collector should have turned into plain values
    """
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return _plain(value.value)
        case str() | Promise() | UUID() | Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
    raise TypeError(f"An archive cannot hold {type(value).__name__}.")


def _readme(sections: Mapping[str, tuple[str, list[Any]]], made_at: datetime) -> str:
    lines = [
        _("Your data at Buka"),
        "",
        _("This archive was made on %(day)s (UTC). It holds everything Buka keeps about you.")
        % {"day": made_at.strftime("%Y-%m-%d %H:%M")},
        _("data.json holds all of it for programs, version %(version)d of its schema.") % {"version": SCHEMA_VERSION},
        _("The folder csv holds the same as tables, one file for each section that has rows."),
        _(
            "Times are in UTC. Passwords, second factors' secrets and keys are not part of it: "
            "they would open your account."
        ),
        _("Keep it in a safe place, and delete it when you no longer need it."),
        "",
        _("Sections:"),
        *(f"  {name}: {label} ({len(rows)})" for name, (label, rows) in sections.items()),
        "",
        _("Questions and complaints: %(url)s") % {"url": f"{settings.BASE_URL}/{translation.get_language()}/privacy/"},
    ]
    return "\n".join(lines) + "\n"
