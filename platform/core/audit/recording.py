"""Writing events: what `core.audit.record` and `core.audit.note` do."""

import logging
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import DatabaseError, models, transaction

from core.audit import bounds, catalogue
from core.audit.context import Context, current, is_open
from core.audit.models import AuditEvent
from core.audit.states import ActorKind
from core.encryption import blind_index

logger = logging.getLogger(__name__)

ADDRESS = "address"
LEFT_OUT = "[left out]"
# Said by a row that counts what one asker did to several, after each of the first few had rows of its own.
SEVERAL = {"targets": "several"}
LONGEST_DETAIL = 500
_PERSONAL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+|\+\d{8,15}\b")

_public_id_of_restaurant: Callable[[int], UUID | None] | None = None


def resolve_restaurants_by(public_id_of: Callable[[int], UUID | None]) -> None:
    """Be told how a restaurant's key becomes its public id; said by the app that has the restaurants."""
    global _public_id_of_restaurant
    _public_id_of_restaurant = public_id_of
    _resolved.cache_clear()


def record(
    action: str,
    *,
    actor: Any = None,
    target: Any = None,
    restaurant_id: int | UUID | str | None = None,
    on_behalf_of: Any = None,
    outcome: str = "done",
    severity: str | None = None,
    details: dict[str, Any] | None = None,
    times: int = 1,
) -> AuditEvent:
    known = catalogue.action_called(action)
    context = current()
    kind, actor_id = _actor(actor, context)
    target_type, target_id = _target(target)
    address = context.where()
    event = AuditEvent(
        action=action,
        outcome=outcome,
        severity=severity or known.severity,
        times=times,
        actor_kind=kind,
        actor_id=actor_id,
        on_behalf_of_id=getattr(on_behalf_of, "public_id", None),
        target_type=target_type,
        target_id=target_id,
        restaurant_id=_restaurant(restaurant_id, target),
        door=context.door,
        address=address,
        address_index=address_index(address),
        user_agent=context.by_what(),
        request_id=context.request_id,
        details=_plain(details or {}),
    )
    event.save(force_insert=True)
    return event


def note(
    action: str,
    *,
    actor: Any = None,
    target: Any = None,
    restaurant_id: int | UUID | str | None = None,
    outcome: str = "refused",
    severity: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    catalogue.action_called(action)
    context = current()
    context.noted.add(action)
    # Who it was is known now; at the end of the request somebody else may be signed in, or nobody.
    kind, actor_id = _actor(actor, context)
    asker = str(actor_id or context.where() or kind)
    subject = "\n".join((*_target(target), str(restaurant_id or getattr(target, "restaurant_id", None) or "")))

    def write() -> None:
        row = bounds.admit(action, asker, subject)
        if row is None:
            return
        named: dict[str, Any] = {"target": target, "restaurant_id": restaurant_id, "details": details}
        try:
            # A row that cannot be written must not turn a refusal into a crash; the log has it then.
            with transaction.atomic():
                record(
                    action,
                    actor=_Somebody(kind, actor_id),
                    outcome=outcome,
                    severity=severity,
                    times=row.times,
                    **(named if row.names_subject else {"details": SEVERAL}),
                )
        except DatabaseError:
            logger.exception("The security event %s by %s could not be written", action, kind)

    if is_open() and transaction.get_connection().in_atomic_block:
        context.put_off.append(write)
    else:
        write()


class _Somebody:
    """An actor that was looked up before."""

    def __init__(self, kind: str, public_id: UUID | None) -> None:
        self.kind = kind
        self.public_id = public_id


def _actor(actor: Any, context: Context) -> tuple[str, UUID | None]:
    if isinstance(actor, _Somebody):
        return actor.kind, actor.public_id
    if actor is None:
        actor = context.who()
        if actor is None:
            return (ActorKind.STRANGER if context.request is not None else ActorKind.SYSTEM), None
    if getattr(actor, "is_partner", False):
        return ActorKind.PARTNER, actor.public_id
    if getattr(actor, "is_authenticated", False):
        return ActorKind.PERSON, actor.public_id
    return ActorKind.STRANGER, None


def _target(target: Any) -> tuple[str, str]:
    if target is None:
        return "", ""
    if isinstance(target, tuple):
        kind, name = target
        # Out of an address, as a rule: PostgreSQL keeps no NUL and no half characters, and an event must not be lost.
        return str(kind)[:100], _printable(str(name))[:64]
    if isinstance(target, models.Model):
        return target._meta.label_lower, str(getattr(target, "public_id", None) or target.pk or "")[:64]
    # A lazy user, a partner app that is no model.
    kind = getattr(getattr(target, "_meta", None), "label_lower", type(target).__name__.lower())
    return kind, str(getattr(target, "public_id", ""))[:64]


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _restaurant(given: int | UUID | str | None, target: Any) -> UUID | None:
    if given is None and isinstance(target, models.Model):
        if target._meta.label_lower == "restaurants.restaurant":
            return UUID(str(target.public_id))  # type: ignore[attr-defined]
        given = getattr(target, "restaurant_id", None)
    if given is None or isinstance(given, UUID):
        return given
    if isinstance(given, int):
        try:
            return _resolved(given)
        except LookupError:
            return None
    try:
        return UUID(str(given))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _resolved(key: int) -> UUID | None:
    # The pair never changes, so every process may remember it. One that is not there (yet) must be asked for again.
    found = _public_id_of_restaurant(key) if _public_id_of_restaurant is not None else None
    if found is None:
        raise LookupError(f"There is no restaurant {key}, or nobody told the audit how to find one.")
    return found


def address_index(address: str) -> str:
    """Return what finds events by the address they came from."""
    return blind_index(address, purpose=ADDRESS)


def _plain(value: Any) -> Any:
    """Return details as JSON, without what looks like a person's address or number."""
    match value:
        case None | bool() | int() | float():
            return value
        case dict():
            return {str(key)[:100]: _plain(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in value]
    text = _printable(str(value))[:LONGEST_DETAIL]
    return _PERSONAL.sub(LEFT_OUT, text)
