"""The back office says nothing in English to whoever reads Hausa or Arabic, be it ours, Django's or the theme's."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils.translation import trans_real

from core.testing import log_in
from restaurants.models import Restaurant
from tests.populated import House, populated

pytestmark = pytest.mark.django_db

# Said in every language alike: signs, and the languages' own names.
SAME = frozenset({"", ":", ":?.!"}) | {name for _code, name in settings.LANGUAGES}


class Listener:
    """Notes every text that a language's catalogue is asked for and does not have."""

    def __init__(self, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.missing: set[str] = set()
        catalogue: Any = trans_real.translation(language)
        for name in ("gettext", "pgettext", "ngettext", "npgettext"):
            monkeypatch.setattr(catalogue, name, self._hearing(catalogue, name), raising=False)

    def _hearing(self, catalogue: Any, name: str) -> Any:
        said = getattr(catalogue, name)

        def hear(*asked: Any) -> str:
            words = asked[:2] if name.endswith("pgettext") else asked[:1]
            key = "\x04".join(str(word) for word in words)
            known = catalogue._catalog
            if key not in SAME and key not in known and (key, 0) not in known:
                self.missing.add(key)
            return str(said(*asked))

        return hear


@pytest.fixture
def place() -> House:
    return populated("bukka")


def pages_of(place: House) -> Iterator[str]:
    """Yield the addresses that a manager opens: lists, forms, deletions, histories, and the screens of an evening."""
    house = place.restaurant.public_id
    yield reverse("admin:index")
    yield reverse("admin:password_change")
    day = f"?day={place.booking.service_day.isoformat()}"
    for name in (
        "today_day", "today_walk_in", "today_book", "floor", "floor_edit", "timeline", "week", "sheet",
        "today_waiting", "today_wait", "today_queue", "today_calendar", "today_widget",
    ):  # fmt: skip
        yield reverse(f"admin:{name}", args=[house]) + day
    yield reverse("admin:today_booking", args=[house, place.booking.public_id])
    yield reverse("admin:floor_party", args=[house, place.booking.public_id]) + day
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_changelist") + "?q=nothing-is-called-this"
        try:
            yield reverse(f"{name}_add")
        except NoReverseMatch:
            continue
        row = place.rows.get(model._meta.label) or (place.restaurant if model is Restaurant else None)
        if row is not None:
            for way in ("change", "delete", "history"):
                yield reverse(f"{name}_{way}", args=[row.pk])


@pytest.mark.parametrize("language", [pytest.param("ha", marks=pytest.mark.long), "ar"])
def test_says_everything_in_the_language_of_whoever_reads_it(
    client: Client, place: House, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = place.manager
    manager.language = language
    manager.save(update_fields=["language"])
    log_in(client, manager)
    heard = Listener(language, monkeypatch)

    shown = [address for address in pages_of(place) if client.get(address).status_code == 200]

    assert len(shown) > 40
    assert not heard.missing, "\n".join(sorted(heard.missing))


@pytest.mark.parametrize("language", ["ha", "ar"])
def test_says_what_is_wrong_in_the_language_of_whoever_reads_it(
    client: Client, place: House, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = place.manager
    manager.language = language
    manager.save(update_fields=["language"])
    log_in(client, manager)
    heard = Listener(language, monkeypatch)
    house = place.restaurant.public_id

    for where in (
        reverse("admin:today_book", args=[house]),
        reverse("admin:today_walk_in", args=[house]),
        reverse("admin:bookings_block_add"),
        reverse("admin:restaurants_specialday_add"),
        reverse("admin:restaurants_shift_add"),
        reverse("admin:restaurants_table_add"),
    ):
        client.post(where, {"day": "someday", "starts_at": "never", "party": "many"})

    assert not heard.missing, "\n".join(sorted(heard.missing))
