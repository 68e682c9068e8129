"""System checks of the messages."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from notifications import by_email, by_sms


@register()
def mail_stays_where_it_may_go(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Where nothing may leave, the mail server is on this machine."""
    problem = by_email.outbound_problem()
    return [Error(problem, id="notifications.E001")] if problem else []


@register()
def text_messages_stay_where_they_may_go(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Where nothing may leave, text messages go to the sandbox on this machine."""
    problem = by_sms.outbound_problem()
    return [Error(problem, id="notifications.E002")] if problem else []
