"""How long messages are kept."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from core.personal_data import Policy, deleting
from notifications.models import Message

# To people who are erased, or may be: they are still owed the answer to an open request.
LAST_TO_KNOW = (
    "privacy.erasure_done",
    "privacy.guest_erased",
    "privacy.request_received",
    "privacy.request_answered",
)

POLICIES = [
    Policy(
        "notifications.messages",
        _("Messages to you"),
        timedelta(days=365),
        _("after they were written"),
        _("To show what we told you, and to send it again if you lost it."),
        **deleting(lambda before: Message.objects.filter(created_at__lt=before)),
    ),
    Policy(
        "notifications.receipts",
        _("Mails about an erasure or a request about data"),
        timedelta(days=7),
        _("after they were written"),
        _("They may be the last that know your address."),
        **deleting(lambda before: Message.objects.filter(created_at__lt=before, kind__in=LAST_TO_KNOW)),
    ),
]
