"""Every column that leads to a person is collected and erased, or somebody has said why not."""

import re
from collections.abc import Iterator

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import EmailField, Field, Model

from core import personal_data
from core.encryption import BlindIndexField, EncryptedTextField

# Columns that hold somebody's address, number or key whatever they are called besides.
TELLING = re.compile(r"(e?mail|phone|recipient|address|actor|person|guest|claimant|contact|user_agent|subject|behalf)")
NOT_PEOPLE = {
    "audit.AuditEvent.actor_kind",
    "audit.SecurityAlert.subject_kind",
    "bookings.AdvanceHistory.actor_kind",
    "bookings.BookingHistory.actor_kind",
    "notifications.Message.subject",
    "restaurants.BookingPolicy.deposit_kobo_per_guest",
    "restaurants.BookingPolicy.late_cancellation_fee_kobo_per_guest",
    "restaurants.BookingPolicy.no_show_fee_kobo_per_guest",
    "restaurants.Restaurant.receipt_address",
    "restaurants.SpecialTerms.deposit_kobo_per_guest",
    "restaurants.SpecialTerms.late_cancellation_fee_kobo_per_guest",
    "restaurants.SpecialTerms.no_show_fee_kobo_per_guest",
    "restaurants.SpecialTerms.minimum_spend_kobo_per_guest",
}


def models() -> Iterator[type[Model]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy and "tests" not in model.__module__:
            yield model


def is_telling(field: Field) -> bool:
    if field.related_model is get_user_model():
        return True
    kinds = (EmailField, BlindIndexField, EncryptedTextField)
    return isinstance(field, kinds) or (bool(TELLING.search(field.name)) and not field.is_relation)


def telling_columns() -> set[str]:
    """Every column with a person's key, address, number or secret in it."""
    return {
        f"{model._meta.label}.{field.name}"
        for model in models()
        for field in model._meta.local_concrete_fields
        if is_telling(field)
    } - NOT_PEOPLE


def reached_models() -> set[str]:
    """Every model with a path of foreign keys to a person, however long."""
    user = get_user_model()
    reached = {user}
    grown = True
    while grown:
        grown = False
        for model in models():
            if model in reached:
                continue
            parents = {field.related_model for field in model._meta.local_concrete_fields if field.related_model}
            if parents & reached:
                reached.add(model)
                grown = True
    return {model._meta.label for model in reached}


def unanswered(covers: set[str]) -> list[str]:
    """Return the columns and models that nobody answers for."""
    answered_models = {name.rpartition(".")[0] if name.count(".") == 2 else name for name in covers}
    columns = {
        column for column in telling_columns() if column not in covers and column.rpartition(".")[0] not in covers
    }
    return sorted(columns | (reached_models() - answered_models))


def test_the_walk_finds_what_is_there():
    columns = telling_columns()

    assert {"bookings.Booking.diner", "bookings.Booking.guest_email", "accounts.User.phone"} <= columns
    assert {"mfa.Authenticator.user", "tokens.TokenFamily.user", "audit.AuditEvent.actor_id"} <= columns
    assert {"bookings.TableAllocation", "second_factor.AuthenticatorApp"} <= reached_models()
    assert "restaurants.Table" not in reached_models()


def test_every_column_that_leads_to_a_person_is_in_the_archive_or_excused():
    covers = {name for collector in personal_data.collectors() for name in collector.covers}

    assert unanswered(covers | set(personal_data.not_collected())) == [], (
        "Add them to a collector in <app>/collectors.py, or to NOT_COLLECTED there with the reason."
    )


def test_every_column_that_leads_to_a_person_is_erased_or_excused():
    covers = {name for eraser in personal_data.erasers() for name in eraser.covers}

    assert unanswered(covers | set(personal_data.not_erased())) == [], (
        "Add them to an eraser in <app>/erasers.py, or to NOT_ERASED there with the reason."
    )


def test_nothing_is_answered_for_that_is_gone():
    known = {model._meta.label for model in models()} | {
        f"{model._meta.label}.{field.name}" for model in models() for field in model._meta.local_concrete_fields
    }
    said = {name for collector in personal_data.collectors() for name in collector.covers}
    said |= {name for eraser in personal_data.erasers() for name in eraser.covers}
    # Views over history are models without a table.
    excused = {*personal_data.not_collected(), *personal_data.not_erased()}
    unmanaged = {model._meta.label for model in apps.get_models() if not model._meta.managed or model._meta.proxy}

    gone = [name for name in sorted(said | excused) if name not in known and name.rpartition(".")[0] not in unmanaged]
    assert [name for name in gone if name not in unmanaged] == []


def test_every_eraser_that_keeps_something_says_why():
    silent = [eraser.name for eraser in personal_data.erasers() if bool(eraser.stays) != bool(eraser.why)]

    assert silent == []
