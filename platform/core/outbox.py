"""The outbox: facts recorded with the change that made them true, delivered at least once, with effect once.

A service calls `publish(BookingConfirmed(booking_id=…))` inside its transaction. That writes a row, nothing else; on
commit a bell is rung. Celery's relay turns the row into one delivery per handler named in `config/subscriptions.py`,
each of which runs as a task of its own: the handler's changes and its receipt commit together. The sweep, every few
seconds, finds what a crash or a dead Redis left behind.
"""

import dataclasses
import importlib
import logging
import os
import queue
import random
import traceback
import types
import typing
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from core.breaker import redis_breaker
from core.models import EventDelivery, OutboxEvent

logger = logging.getLogger(__name__)

BATCH = 100
TRIES = 12
FIRST_WAIT = 2.0
LONGEST_WAIT = 3600.0
# How long a delivery that was handed to Celery, or is being tried, is left in peace before the sweep takes it again.
LEASE = timedelta(seconds=30)
KEPT_FOR = timedelta(days=30)

_declared: dict[str, "type[Event]"] = {}
_current: ContextVar[OutboxEvent] = ContextVar("event being delivered")


class Event:
    """Base of all events: a frozen dataclass of plain values, with a name in the past tense.

    Fields may be str, int, float, bool, UUID, datetime, date, lists, tuples and dicts of these, and None. A handler
    gets them back as the types declared here. A field added later needs a default, for the events already recorded.
    """

    name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = cls.__dict__.get("name")
        if not name:
            raise TypeError(f"{cls.__name__} needs a name, as in name = 'booking.confirmed'.")
        known = _declared.get(name)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"Two events are called {name!r}: {known.__qualname__} and {cls.__qualname__}.")
        _declared[name] = cls


def declared_events() -> "dict[str, type[Event]]":
    """Return every declared event by its name."""
    return dict(_declared)


def publish(event: Event) -> OutboxEvent:
    """Record an event in the current transaction; it reaches its handlers if and only if that commits.

    :raises TransactionManagementError: outside a transaction, where the fact could be lost
    :raises TypeError: for a value that would not come back from JSON as it went
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            f"publish({type(event).__name__}) belongs inside the transaction that makes it true."
        )
    payload = to_payload(event)
    # Found out now, by whoever wrote the event, and not by a worker at night.
    if _to_json(from_payload(event.name, payload)) != payload:
        raise TypeError(f"{event!r} would not come back from JSON as it went; check the types of its fields.")
    row = OutboxEvent.objects.create(name=event.name, payload=payload)
    # One ring is enough for a whole transaction; extra ones would find nothing to do.
    connection = transaction.get_connection()
    if not any(callback is ring for _sids, callback, _robust in connection.run_on_commit):
        transaction.on_commit(ring, robust=True)
    return row


def ring() -> bool:
    """Ask a worker to relay now, and tell whether the request was taken; the sweep comes by in any case."""
    from core.tasks import relay

    return enqueue(relay)


def enqueue(task: Any, *args: Any) -> bool:
    """Put a task into Celery's queue without ever waiting long for a Redis that is away."""
    if redis_breaker.is_open:
        return False
    try:
        with _producer(task.app) as producer:
            task.apply_async(args=args, producer=producer, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        redis_breaker.failed(error, "outbox bell")
        return False
    return True


_producers: dict[int, queue.LifoQueue[Any]] = {}


@contextmanager
def _producer(app: Any) -> Iterator[Any]:
    """Lend an open producer; after an error it is closed, not lent again. Each process has its own."""
    idle = _producers.setdefault(os.getpid(), queue.LifoQueue())
    try:
        producer = idle.get_nowait()
    except queue.Empty:
        connection = app.connection_for_write(transport_options=_impatient(app))
        producer = app.amqp.Producer(connection, auto_declare=False)
    try:
        yield producer
    except BaseException:
        producer.__connection__.release()
        raise
    idle.put(producer)


def _impatient(app: Any) -> dict[str, Any]:
    # Without max_retries kombu tries to connect for ever; a request must not.
    return {
        **app.conf.broker_transport_options,
        "max_retries": 0,
        "socket_connect_timeout": 0.5,
        "socket_timeout": 1,
    }


def subscriptions() -> dict[str, list[str]]:
    """Return who hears what: event name -> dotted paths of handlers."""
    return importlib.import_module(settings.CONFIG_SUBSCRIPTIONS).SUBSCRIPTIONS


# --- Payloads ---------------------------------------------------------------------------------------------------


def fields_of(event: Event) -> dict[str, Any]:
    """Return the event's fields as a handler gets them."""
    return {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}  # type: ignore[arg-type]


def to_payload(event: Event) -> dict[str, Any]:
    """Return the event's fields as JSON values.

    :raises TypeError: for anything but plain values
    """
    return {name: _to_json(value) for name, value in fields_of(event).items()}


def from_payload(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return a recorded payload as the types its event declares; fields added since get their defaults.

    :raises LookupError: when no event of that name is declared any more
    """
    event_class = _declared.get(name)
    if event_class is None:
        raise LookupError(f"No event called {name!r} is declared; was it renamed?")
    hints = _hints(event_class)
    known = {key: _from_json(hints[key], value) for key, value in payload.items() if key in hints}
    return fields_of(event_class(**known))


def _hints(event_class: type[Event]) -> dict[str, Any]:
    hints = typing.get_type_hints(event_class)
    return {field.name: hints[field.name] for field in dataclasses.fields(event_class)}  # type: ignore[arg-type]


def _to_json(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return str(value)
        case UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case list() | tuple():
            return [_to_json(item) for item in value]
        case dict():
            return {str(key): _to_json(item) for key, item in value.items()}
    raise TypeError(f"An event cannot carry {type(value).__name__}; use ids and plain values.")


def _from_json(hint: Any, value: Any) -> Any:
    if value is None or hint is Any:
        return value
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _from_json(next(choice for choice in arguments if choice is not type(None)), value)
    if origin is tuple:
        kinds = (arguments[0],) * len(value) if arguments[1:] == (...,) else arguments
        return tuple(_from_json(kind, item) for kind, item in zip(kinds, value, strict=True))
    if origin is list:
        return [_from_json(arguments[0], item) for item in value]
    if origin is dict:
        return {key: _from_json(arguments[1], item) for key, item in value.items()}
    if hint is UUID:
        return UUID(value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if hint is date:
        return date.fromisoformat(value)
    return value


# --- From the row to the handlers -------------------------------------------------------------------------------


def relay_all() -> int:
    """Turn every event not yet handed over into deliveries, hand those to Celery, return how many events there were."""
    total = 0
    while handled := relay_batch():
        total += handled
    return total


@transaction.atomic
def relay_batch(*, bell: bool = True) -> int:
    """Relay up to a hundred events; several relays may run at once, each takes others.

    :param bell: whether Celery is told about the deliveries
    """
    waiting = OutboxEvent.objects.filter(relayed_at=None).order_by("created_at", "id")
    events = list(waiting.select_for_update(skip_locked=True)[:BATCH])
    if not events:
        return 0
    now = timezone.now()
    listeners = subscriptions()
    deliveries = EventDelivery.objects.bulk_create(
        [
            EventDelivery(event=event, handler=handler, next_attempt_at=now + LEASE)
            for event in events
            for handler in listeners.get(event.name, [])
        ]
    )
    OutboxEvent.objects.filter(pk__in=[event.pk for event in events]).update(relayed_at=now)
    if bell:
        transaction.on_commit(lambda: hand_over(deliveries))
    return len(events)


def hand_over(deliveries: Iterable[EventDelivery]) -> None:
    """Enqueue a task for each delivery; those that Redis did not take become due for the next sweep."""
    from core.tasks import deliver

    left = [delivery.pk for delivery in deliveries if not enqueue(deliver, delivery.pk, delivery.attempts)]
    if left:
        EventDelivery.objects.filter(pk__in=left, status=EventDelivery.Status.WAITING).update(
            next_attempt_at=timezone.now()
        )


def hand_over_due(limit: int = 500) -> int:
    """Hand over again the deliveries whose time has come, and return how many there were."""
    with transaction.atomic():
        now = timezone.now()
        waiting = EventDelivery.objects.filter(status=EventDelivery.Status.WAITING, next_attempt_at__lte=now)
        due = list(waiting.order_by("next_attempt_at").select_for_update(skip_locked=True)[:limit])
        EventDelivery.objects.filter(pk__in=[delivery.pk for delivery in due]).update(next_attempt_at=now + LEASE)
    hand_over(due)
    return len(due)


def attempt(delivery_id: int, attempts: int | None = None) -> bool:
    """Try a delivery: the handler's changes and the receipt commit together, or neither does.

    :param attempts: how often it had been tried when the task was made; a task that is out of date does nothing
    :return: whether the handler ran and its effect stands
    """
    delivery = _claim(delivery_id, attempts)
    if delivery is None:
        return False
    try:
        return _run(delivery)
    except Exception as error:
        _failed(delivery, error)
        return False


@transaction.atomic
def _claim(delivery_id: int, attempts: int | None) -> EventDelivery | None:
    # The try is counted before it is made: a handler that takes its worker down with it is parked one day, too.
    rows = EventDelivery.objects.filter(pk=delivery_id, status=EventDelivery.Status.WAITING)
    if attempts is not None:
        rows = rows.filter(attempts=attempts)
    delivery = rows.select_for_update(skip_locked=True, of=("self",)).select_related("event").first()
    if delivery is None:
        return None
    if delivery.attempts >= TRIES:
        delivery.status = EventDelivery.Status.PARKED
        delivery.last_error = delivery.last_error or "The worker died during every try."
        delivery.save(update_fields=["status", "last_error"])
        logger.error("%s of %s is parked: the worker died in the last try", delivery.handler, delivery.event.name)
        return None
    delivery.attempts += 1
    delivery.next_attempt_at = timezone.now() + LEASE
    delivery.save(update_fields=["attempts", "next_attempt_at"])
    return delivery


@transaction.atomic
def _run(delivery: EventDelivery) -> bool:
    # Two workers may hold the same delivery; the row lock and the status let one of them through.
    mine = EventDelivery.objects.filter(pk=delivery.pk, status=EventDelivery.Status.WAITING)
    if not mine.select_for_update(skip_locked=True).values_list("pk").first():
        return False
    handler = import_string(delivery.handler)
    token = _current.set(delivery.event)
    try:
        handler(**from_payload(delivery.event.name, delivery.event.payload))
    finally:
        _current.reset(token)
    mine.update(status=EventDelivery.Status.DONE, done_at=timezone.now(), last_error="")
    return True


def current_event() -> OutboxEvent:
    """Return the event whose handler is running: its id, its name, when it was recorded.

    :raises LookupError: outside a handler
    """
    return _current.get()


def _failed(delivery: EventDelivery, error: Exception) -> None:
    parked = delivery.attempts >= TRIES
    told = "".join(traceback.format_exception(error))[-6000:].replace("\0", "�")
    EventDelivery.objects.filter(
        pk=delivery.pk, status=EventDelivery.Status.WAITING, attempts=delivery.attempts
    ).update(
        status=EventDelivery.Status.PARKED if parked else EventDelivery.Status.WAITING,
        last_error=told,
        next_attempt_at=timezone.now() + wait_after(delivery.attempts),
    )
    logger.log(
        logging.ERROR if parked else logging.WARNING,
        "%s of %s (event %s) failed, try %d%s",
        delivery.handler,
        delivery.event.name,
        delivery.event_id,
        delivery.attempts,
        "; parked, see the admin" if parked else "",
        exc_info=error,
    )


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after that many tries: 2 s, doubling to an hour, give or take a quarter."""
    seconds = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311  (spreads load, guards nothing)


def run_again(deliveries: Iterable[EventDelivery]) -> int:
    """Give parked deliveries twelve new tries, the first at once, and return how many were parked."""
    again = []
    for delivery in deliveries:
        parked = EventDelivery.objects.filter(pk=delivery.pk, status=EventDelivery.Status.PARKED)
        if parked.update(status=EventDelivery.Status.WAITING, attempts=0, next_attempt_at=timezone.now() + LEASE):
            delivery.attempts = 0
            again.append(delivery)
    transaction.on_commit(lambda: hand_over(again))
    return len(again)


def forget_old(limit: int = 5000) -> int:
    """Delete events older than thirty days whose every delivery is done, and return how many went."""
    old = OutboxEvent.objects.filter(created_at__lt=timezone.now() - KEPT_FOR, relayed_at__isnull=False)
    unfinished = EventDelivery.objects.exclude(status=EventDelivery.Status.DONE).values("event_id")
    ids = list(old.exclude(pk__in=unfinished).values_list("pk", flat=True)[:limit])
    OutboxEvent.objects.filter(pk__in=ids).delete()
    return len(ids)
