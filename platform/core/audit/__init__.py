"""The audit trail: who did what to what, when, from where.

    from core import audit
    audit.record("account.password_changed", actor=user, target=user)

`record` writes one row in the current transaction: it stands if and only if the act does. `note` is for what was
refused or went wrong: it is written after the transaction at hand is over, whichever way it ends, and at most a few
times a minute for one asker. Rows cannot be changed or deleted; docs/operations/audit.md tells how that is checked.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

    from core.audit.models import AuditEvent


def record(
    action: str,
    *,
    actor: Any = None,
    target: Any = None,
    restaurant_id: "int | UUID | str | None" = None,
    on_behalf_of: Any = None,
    outcome: str = "done",
    severity: str | None = None,
    details: dict[str, Any] | None = None,
) -> "AuditEvent":
    """Write an event in the current transaction.

    :param action: a name from some app's `audit_actions.py`
    :param actor: a person or partner app; None stands for whoever makes the current request, else for Buka itself
    :param target: the row it was done to, or a pair `("kind", "public id")`
    :param restaurant_id: the restaurant's key or public id; left out, it is taken from the target if that has one
    :param on_behalf_of: the person for whom it was done, where that is another
    :param outcome: "done", "refused" or "failed"
    :param severity: "info", "notice", "warning" or "alert"; left out, the catalogue's
    :param details: plain values without anything personal; what looks like an address or a number is left out
    :raises UnknownAction: for an action that no app lists
    """
    from core.audit import recording

    return recording.record(
        action,
        actor=actor,
        target=target,
        restaurant_id=restaurant_id,
        on_behalf_of=on_behalf_of,
        outcome=outcome,
        severity=severity,
        details=details,
    )


def note(
    action: str,
    *,
    actor: Any = None,
    target: Any = None,
    restaurant_id: "int | UUID | str | None" = None,
    outcome: str = "refused",
    severity: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Note a security event: written when the transaction at hand is over, even if that is rolled back.

    One asker's repetitions of one action on one target make a few rows a minute; the next row counts what was left out
    (`times`). Who does it to many targets is counted in rows that name none of them (`core.audit.bounds`).
    Parameters as for `record`.
    """
    from core.audit import recording

    recording.note(
        action,
        actor=actor,
        target=target,
        restaurant_id=restaurant_id,
        outcome=outcome,
        severity=severity,
        details=details,
    )
