"""Refusals: what a service raises when a rule says no.

An error is defined beside the service that raises it. Its `code` is stable (clients and tests rely on it), its
`message` is a translated sentence for people, its `status` is what the API and pages answer, its details are facts a
client can act on. docs/errors.md is generated from the subclasses.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

logger = logging.getLogger(__name__)

Text = str | Promise


def _interpolated(template: Text, details: Mapping[str, Any]) -> str:
    try:
        return str(template) % details
    except (KeyError, TypeError, ValueError):
        # A sentence that cannot be filled in must not turn a refusal into a crash.
        logger.exception("The message %r does not fit its details %r", str(template), sorted(details))
        return str(template)


_interpolated_lazy = lazy(_interpolated, str)


class DomainError(Exception):
    """A rule of the house refused what was asked.

    Placeholders in the message, as in `_("Only %(left)d seats are left.")`, are filled from the details; the
    sentence is translated when it is read, in the reader's language.
    """

    code: str = "domain_error"
    message: Text = _("This cannot be done.")
    status: int = 409

    def __init__(self, message: Text | None = None, **details: Any) -> None:
        self.details = details
        template = self.message if message is None else message
        self.message = _interpolated_lazy(template, details) if details and "%(" in str(template) else template
        super().__init__(message, details)

    def __str__(self) -> str:
        return str(self.message)

    @property
    def retry_after(self) -> int | None:
        """Seconds after which it makes sense to ask again, where that is known."""
        seconds = self.details.get("retry_after")
        return None if seconds is None else int(seconds)

    @property
    def headers(self) -> dict[str, str]:
        """What an answer says beside the refusal."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


class NotFound(DomainError):
    code = "not_found"
    message = _("We could not find that.")
    status = 404


class NotAllowed(DomainError):
    code = "not_allowed"
    message = _("You may not do that.")
    status = 403


class InvalidInput(DomainError):
    """What was sent does not make sense; `errors` says which field and why."""

    code = "invalid_input"
    message = _("Please correct what is marked.")
    status = 400

    def __init__(
        self, message: Text | None = None, *, errors: Mapping[str, Sequence[Text]] | None = None, **details: Any
    ) -> None:
        self.errors = {field: list(sentences) for field, sentences in (errors or {}).items()}
        super().__init__(message, **details)


class TooManyAttempts(DomainError):
    """Asked too often; `retry_after` is in seconds."""

    code = "too_many_attempts"
    message = _("You have tried too often. Please wait a little and try again.")
    status = 429

    def __init__(
        self, message: Text | None = None, *, retry_after: int = 60, limit: int | None = None, **details: Any
    ) -> None:
        self.limit = limit
        super().__init__(message, retry_after=retry_after, **details)

    @property
    def headers(self) -> dict[str, str]:
        if self.limit is None:
            return super().headers
        seconds = str(self.retry_after)
        told = {"RateLimit-Limit": str(self.limit), "RateLimit-Remaining": "0", "RateLimit-Reset": seconds}
        return {**super().headers, **told}


class Busy(DomainError):
    """Somebody else holds what this needs; the same request may be sent again."""

    code = "busy"
    message = _("Many people are asking for this right now. Please try again in a moment.")
    status = 409

    def __init__(self, message: Text | None = None, *, retry_after: int = 1, **details: Any) -> None:
        super().__init__(message, retry_after=retry_after, **details)


class Unavailable(DomainError):
    """A part that this needs cannot be reached; nothing has been changed."""

    code = "unavailable"
    message = _("This is not available for a moment. Please try again soon.")
    status = 503

    def __init__(self, message: Text | None = None, *, retry_after: int = 10, **details: Any) -> None:
        super().__init__(message, retry_after=retry_after, **details)
