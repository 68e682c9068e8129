from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from localization import preference
from localization.languages import known


@receiver(user_logged_in, dispatch_uid="localization.remember_language")
def remember_language(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Take the person's own language to the device they sign in on."""
    language = known(getattr(user, "language", None))
    if request is not None and language is not None:
        preference.remember(request, language)
