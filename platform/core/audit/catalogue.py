"""What can be recorded: each app lists its actions, with a label people read, in `<app>/audit_actions.py`.

ACTIONS = {"account.logged_in": Action(_("Logged in")), "account.log_in_failed": Action(_("…"), Severity.WARNING)}
"""

import sys
from dataclasses import dataclass

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from core.audit.states import Severity


@dataclass(frozen=True)
class Action:
    label: str | Promise
    severity: Severity | str = Severity.INFO


class UnknownAction(LookupError):
    """The name stands in no app's audit_actions.py."""


_actions: dict[str, Action] = {}


def gather() -> None:
    """Take up the actions of every installed app.

    :raises ImproperlyConfigured: when two apps use one name, or a severity is none
    """
    found: dict[str, Action] = {}
    for config in apps.get_app_configs():
        module = sys.modules.get(f"{config.name}.audit_actions")
        for name, action in getattr(module, "ACTIONS", {}).items():
            if name in found:
                raise ImproperlyConfigured(f"The audit action {name!r} is listed twice, last in {config.name}.")
            if len(name) > 100 or action.severity not in Severity.values:
                raise ImproperlyConfigured(
                    f"The audit action {name!r} of {config.name} is too long or has no severity."
                )
            found[name] = action
    _actions.clear()
    _actions.update(found)


def action_called(name: str) -> Action:
    """Return what the catalogue says of an action.

    :raises UnknownAction: for a name that no app lists
    """
    try:
        return _actions[name]
    except KeyError:
        raise UnknownAction(f"No app lists the audit action {name!r} in its audit_actions.py.") from None


def actions() -> dict[str, Action]:
    """Return all actions by name."""
    return dict(_actions)
