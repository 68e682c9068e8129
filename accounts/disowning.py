"""Taking an account from whoever began it with an address that is not theirs, when the address's owner comes.

Anybody can register with somebody else's address: with a password, or through Facebook, where the address is typed.
Such an account opens for nobody until the address is proved; then it is its owner's, and whoever began it must not
share it with them. Every way to prove an address on an account that had none proved comes through here before the
address counts: a code to log in, a code for a new password, a code for the address itself, Google's word.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import retention
from accounts.models import User
from accounts.second_factor import services as second_factor
from accounts.tokens.services import close_families
from accounts.tokens.states import Reason
from core import audit
from core.errors import DomainError


class AddressTaken(DomainError):
    code = "account_email_taken"
    message = _("This address belongs to another account.")
    status = 409


@transaction.atomic
def disown_unproven(*, user: User, email: str, shown: list[dict[str, Any]] | None = None) -> bool:
    """Take from an account what was set before its address was proved, now that the address's owner comes.

    Password, name, phone, second factors, log-ins through others and all sessions go. What the owner has shown on
    their way here is theirs and stays: who registered on one device and proves the address on another keeps their
    password.

    :param shown: what `sign_in_records.records_of` says of the session in which the address is being proved
    :returns: whether there was something to take; nothing is once the account has an address that is proved
    """
    addresses = EmailAddress.objects.select_for_update().filter(user=user)
    held = addresses.filter(email__iexact=email).first()
    if held is None or held.verified or addresses.filter(verified=True).exists():
        return False
    shown = shown or []
    taken = [*_strip(user, shown), *_disconnect(user, shown)]
    if second_factor.remove_all(user):
        taken.append("second factors")
    if close_families(user=user, reason=Reason.ENDED):
        taken.append("log-ins")
    if taken:
        audit.record("account.disowned", target=user, details={"taken": taken})
    return bool(taken)


def _strip(user: User, shown: list[dict[str, Any]]) -> list[str]:
    """Take what stands on the person's own row, and return what that was."""
    taken = []
    methods = {record.get("method") for record in shown}
    if user.name and not methods & {"password", "socialaccount"}:
        user.name = ""
        taken.append("name")
    if user.has_usable_password() and "password" not in methods:
        user.set_unusable_password()
        taken.append("password")
    if user.phone and user.phone not in {record.get("phone") for record in shown}:
        # A proved one as well: it opens the account.
        user.phone, user.phone_verified_at = "", None
        taken.append("phone")
    user.save(update_fields=["password", "name", "phone", "phone_verified_at"])
    return taken


def _disconnect(user: User, shown: list[dict[str, Any]]) -> list[str]:
    """Take the log-ins through others away, but for those that were just used, and return which those were."""
    used = {(record.get("provider"), record.get("uid")) for record in shown}
    accounts = SocialAccount.objects.filter(user=user).order_by("pk")
    strange = [account for account in accounts if (account.provider, account.uid) not in used]
    for account in strange:
        account.delete()
    return [account.provider for account in strange]


@transaction.atomic
def make_way(*, user: User, email: str) -> None:
    """Take away an account that somebody else began with an address and never proved, now that its owner has come.

    :raises AddressTaken: when the other account is more than begun
    """
    for other in User.objects.select_for_update().filter(email__iexact=email).exclude(pk=user.pk):
        if not retention.unconfirmed(timezone.now()).filter(pk=other.pk).exists():
            raise AddressTaken
        audit.record("account.disowned", target=other, details={"taken": ["account"]})
        retention.forget([other.pk])
