"""A breach of personal data: its record, drafts of the notices the law asks for, and the people whom it touches."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from defusedcsv.csv import DictWriter
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.privacy.models import Breach, PrivacySettings
from core import audit, personal_data
from core.errors import InvalidInput, NotFound
from localization import formatting

COLUMNS = ["kind", "id", "name", "email", "phone", "language"]
NOTICES = ("commission", "people")


class NoSuchQuery(NotFound):
    code = "privacy_no_such_query"
    message = _("There is no such question about affected people.")


class QueryNeeds(InvalidInput):
    code = "privacy_query_needs"
    message = _("This question needs a beginning and an end.")


@transaction.atomic
def record(*, by: User, **facts: Any) -> Breach:
    """Write a breach down, for the register that is shown to the Commission when it asks.

    :param facts: the columns of `Breach`; what nobody knows yet stays out
    """
    breach = Breach.objects.create(created_by=by, **facts)
    _tell_the_trail("privacy.breach_recorded", breach, by, [name for name in facts if facts[name] not in (None, "")])
    return breach


@transaction.atomic
def change(*, breach: Breach, by: User, **facts: Any) -> Breach:
    """Store what is known by now of a breach, and return it; what stands there already changes nothing."""
    breach = Breach.objects.select_for_update(of=("self",)).get(pk=breach.pk)
    changed = {name: value for name, value in facts.items() if getattr(breach, name) != value}
    if not changed:
        return breach
    for name, value in changed.items():
        setattr(breach, name, value)
    breach.save(update_fields=[*changed, "updated_at"])
    _tell_the_trail("privacy.breach_changed", breach, by, changed)
    return breach


def _tell_the_trail(action: str, breach: Breach, by: User, fields: Iterable[str]) -> None:
    audit.record(action, actor=by, target=breach, details={"risk": breach.risk, "fields": sorted(fields)})


def draft(*, breach: Breach, to: str, language: str = "en") -> str:
    """Return the draft of a notice, with gaps marked where the record says nothing yet.

    :param to: `commission` or `people`
    :raises NotFound: for any other
    """
    if to not in NOTICES:
        raise NotFound
    # One clock for all of it, whoever asks from wherever: that of those who read it.
    with translation.override(language), timezone.override(formatting.HOME_ZONE):
        context = {"breach": breach, "settings": PrivacySettings.load(), "now": timezone.now()}
        text = render_to_string(f"privacy/breach_{to}.txt", context)
    return "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"


def affected(
    *, query: str, since: datetime | None = None, until: datetime | None = None, restaurant: str = ""
) -> list[dict[str, Any]]:
    """Return the people whom a breach touches, accounts first; who asked is kept in the audit trail.

    :raises NoSuchQuery: :raises QueryNeeds:
    """
    asked = next((each for each in personal_data.queries() if each.name == query), None)
    if asked is None:
        raise NoSuchQuery
    if "since" in asked.asks and (since is None or until is None or until <= since):
        raise QueryNeeds
    found = asked.people(since=since, until=until, restaurant=restaurant)
    rows = [*_accounts(found.user_ids), *({"kind": "guest", "id": "", **guest} for guest in found.guests)]
    audit.record("privacy.affected_listed", details={"query": query, "people": len(rows)})
    return rows


def _accounts(keys: frozenset[int]) -> Iterator[dict[str, Any]]:
    for user in User.objects.filter(pk__in=keys).order_by("pk").iterator(chunk_size=2000):
        yield {
            "kind": "account",
            "id": str(user.public_id),
            "name": user.name,
            "email": user.email,
            "phone": user.phone,
            "language": user.language,
        }


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Return affected people as a table that no spreadsheet runs formulas from."""
    out = io.StringIO()
    writer = DictWriter(out, fieldnames=COLUMNS, quoting=csv.QUOTE_MINIMAL)
    writer.writeheader()
    for row in rows:
        writer.writerow({column: row[column] for column in COLUMNS})
    return "\ufeff" + out.getvalue()
