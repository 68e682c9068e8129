"""System checks of the kit: what would otherwise be noticed at midnight, by a worker."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from core import outbox


@register()
def subscriptions_lead_somewhere(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every event named in the subscriptions is declared, and every handler can be imported and called."""
    problems: list[CheckMessage] = []
    declared = outbox.declared_events()
    for name, handlers in outbox.subscriptions().items():
        if name not in declared:
            problems.append(
                Error(
                    f"config/subscriptions.py hears {name!r}, but no event has that name.",
                    hint="Events are declared in <app>/events.py; compare the names.",
                    id="core.E001",
                )
            )
        if len(set(handlers)) != len(handlers):
            problems.append(Error(f"config/subscriptions.py names a handler of {name!r} twice.", id="core.E003"))
        for path in handlers:
            try:
                handler = import_string(path)
            except ImportError as error:
                problems.append(
                    Error(
                        f"config/subscriptions.py sends {name!r} to {path}, which cannot be imported: {error}",
                        hint="Handlers live in <app>/subscribers.py.",
                        id="core.E002",
                    )
                )
                continue
            if not callable(handler):
                problems.append(Error(f"{path}, a handler of {name!r}, cannot be called.", id="core.E002"))
    return problems
