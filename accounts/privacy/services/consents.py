"""Giving consent and taking it back: each is a row of history, kept as proof."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.privacy import texts
from accounts.privacy.events import ConsentWithdrawn
from accounts.privacy.models import Consent
from accounts.privacy.states import AT_SIGN_UP, OPTIONAL, Door, Purpose
from core import audit
from core.errors import InvalidInput
from core.outbox import publish


class UnknownPurpose(InvalidInput):
    code = "privacy_unknown_purpose"
    message = _("There is nothing of this name to agree to.")


@transaction.atomic
def choose(*, user: User, choices: Mapping[str, bool], door: Door, address: str = "") -> None:
    """Record what a person agrees to from now on; purposes that are left out stay as they are.

    :param choices: purpose -> yes or no
    :param address: where the request came from, kept encrypted as part of the proof
    :raises UnknownPurpose: for anything but the purposes one can agree to and take back
    """
    unknown = sorted(set(choices) - {purpose.value for purpose in OPTIONAL})
    if unknown:
        raise UnknownPurpose(errors={name: [UnknownPurpose.message] for name in unknown})
    # One after the other: two taps at once make one row, not two.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
    standing = {consent.purpose: consent for consent in Consent.objects.filter(user=user, withdrawn_at=None)}
    for name, wanted in choices.items():
        held = standing.get(name)
        if wanted and (held is None or held.version < texts.oldest_that_counts(name)):
            if held is not None:
                _withdraw(held, door=Door.SYSTEM, address="")
            _give(user, Purpose(name), door=door, address=address)
            audit.record("privacy.consent_given", target=user, details={"purpose": name})
        elif not wanted and held is not None:
            _withdraw(held, door=door, address=address)
            publish(ConsentWithdrawn(user=user.pk, purpose=name))
            audit.record("privacy.consent_withdrawn", target=user, details={"purpose": name})


@transaction.atomic
def accept_at_sign_up(*, user: User, address: str = "") -> None:
    """Record that somebody who makes an account accepts the terms, knows the notice and is of age."""
    for purpose in AT_SIGN_UP:
        _give(user, purpose, door=Door.SIGN_UP, address=address)


@transaction.atomic
def withdraw_all(*, user: User, door: Door = Door.SYSTEM) -> int:
    """Take back everything a person agreed to, and return how much that was."""
    standing = list(Consent.objects.select_for_update().filter(user=user, withdrawn_at=None))
    for consent in standing:
        _withdraw(consent, door=door, address="")
    return len(standing)


def _give(user: User, purpose: Purpose, *, door: Door, address: str) -> Consent:
    wording = texts.current(purpose)
    return Consent.objects.create(
        user=user,
        purpose=purpose,
        version=wording.version,
        locale=translation.get_language() or "en",
        door=door,
        text_hash=texts.fingerprint(wording.text),
        address=address,
    )


def _withdraw(consent: Consent, *, door: Door, address: str) -> None:
    consent.withdrawn_at = timezone.now()
    consent.withdrawn_door = door
    consent.withdrawn_address = address
    consent.save(update_fields=["withdrawn_at", "withdrawn_door", "withdrawn_address"])
