"""An event and its hearers, for the tests of the outbox."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from core.models import OutboxEvent
from core.outbox import Event


@dataclass(frozen=True)
class Pinged(Event):
    name: ClassVar[str] = "test.pinged"
    number: int


@dataclass(frozen=True)
class Everything(Event):
    name: ClassVar[str] = "test.everything"
    id: UUID
    at: datetime
    day: date
    note: str | None
    sizes: tuple[int, ...]
    times: list[datetime]
    by_name: dict[str, UUID]
    added_later: str = "default"
    also: list[str] = field(default_factory=list)


heard: list[dict] = []
failures_left = 0


def write(number: int) -> None:
    """The effect: a row that nobody hears."""
    OutboxEvent.objects.create(name="test.effect", payload={"number": number})


def fail_a_few_times(number: int) -> None:
    global failures_left
    write(number)
    if failures_left > 0:
        failures_left -= 1
        raise RuntimeError("The kitchen \0 is closed.")


def remember(**payload: object) -> None:
    heard.append(payload)


def effects() -> list[int]:
    return [row.payload["number"] for row in OutboxEvent.objects.filter(name="test.effect").order_by("created_at")]
