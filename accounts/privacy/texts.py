"""The words people agree to, by version: what somebody said yes to is known for ever.

A change of words is a new version at the end of its list; a test holds old ones to their fingerprints. `asks_again`
says that the change is more than wording: those who agreed to an older version have not agreed to this one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.privacy.states import Purpose


@dataclass(frozen=True)
class Wording:
    version: int
    since: date
    text: str | Promise
    asks_again: bool = True


TEXTS: Mapping[str, tuple[Wording, ...]] = {
    Purpose.MARKETING: (
        Wording(
            1,
            date(2026, 11, 22),
            _("Buka may write to me about offers, events and new restaurants. I can stop this at any time."),
        ),
    ),
    Purpose.PERSONALISATION: (
        Wording(
            1,
            date(2026, 11, 22),
            _("Buka may use my bookings, visits and searches to suggest restaurants and dishes to me."),
        ),
    ),
    Purpose.SOCIAL: (
        Wording(
            1,
            date(2026, 11, 22),
            _("Buka may use whom I eat with to suggest restaurants, and show friends what I choose to share."),
        ),
    ),
    Purpose.LOCATION: (
        Wording(
            1,
            date(2026, 11, 22),
            _("Buka may use the place where my device is, while I look for restaurants near me or follow an order."),
        ),
    ),
    Purpose.AR_ANALYTICS: (
        Wording(
            1,
            date(2026, 11, 22),
            _(
                "Buka may measure how I use 3D menus and tours, to make them better. "
                "The camera's pictures stay with me."
            ),
        ),
    ),
    Purpose.SENSITIVE: (
        Wording(
            1,
            date(2026, 11, 22),
            _(
                "Buka may keep what I write about my allergies, my health and my diet, and show it to the restaurants "
                "where I book, so that they can look after me. I know that this may tell of my health or my faith."
            ),
        ),
    ),
    Purpose.TERMS: (Wording(1, date(2026, 11, 22), _("I accept the terms of use.")),),
    Purpose.PRIVACY_NOTICE: (
        Wording(1, date(2026, 11, 22), _("I have read the privacy notice and know how Buka uses my data.")),
    ),
    Purpose.ADULT: (Wording(1, date(2026, 11, 22), _("I am 18 or older.")),),
}


def current(purpose: str) -> Wording:
    """Return the words that are asked today."""
    return TEXTS[purpose][-1]


def oldest_that_counts(purpose: str) -> int:
    """Return the oldest version whose yes still means what the current words say."""
    return max(wording.version for wording in TEXTS[purpose] if wording.asks_again)


def text_of(purpose: str, version: int) -> str | Promise:
    """Return the words of a version; nothing for one that never was."""
    return next((wording.text for wording in TEXTS.get(purpose, ()) if wording.version == version), "")


def fingerprint(text: str | Promise) -> str:
    """Return the SHA-256 of words as they are read in the active language."""
    return hashlib.sha256(str(text).encode()).hexdigest()


def source_fingerprint(text: str | Promise) -> str:
    """Return the SHA-256 of the untranslated words."""
    with translation.override(None):
        return fingerprint(text)
