"""What bookings does when somebody logs out."""

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from bookings import access


@receiver(user_logged_out, dispatch_uid="bookings.forget_at_log_out")
def forget_at_log_out(request: HttpRequest | None, **kwargs: Any) -> None:
    """A browser that somebody logs out of may be a shared one."""
    if request is not None:
        access.forget(getattr(request, "_request", request))
