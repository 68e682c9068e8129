"""What privacy does when somebody signs in: remind them that they asked to be forgotten."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.privacy import selectors
from localization.formatting import HOME_ZONE


@receiver(user_logged_in, dispatch_uid="privacy.remind_of_erasure")
def remind_of_erasure(sender: Any, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    # A program reads the answer of GET /api/account/erasure; a notice for its next page would never be seen.
    if request is None or request.path.startswith("/api/") or not hasattr(request, "_messages"):
        return
    erasure = selectors.open_erasure_of(user)
    if erasure is not None:
        day = date_format(timezone.localdate(erasure.due_at, HOME_ZONE))
        sentence = _("Your account will be erased on %(day)s. If you have changed your mind, keep it under “Privacy”.")
        messages.warning(request, sentence % {"day": day})
