"""The clock that the gateways go by: expiries, retries, whatever ages. It can be put forward and stopped."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.gateways.models import Clock
from sandbox.gateways.remembering import Remembered
from sandbox.gateways.store import writing

FURTHEST_SECONDS = 20 * 366 * 86400


class BadClock(Exception):
    """The clock was told something that it does not understand."""


@dataclass(frozen=True)
class _Reading:
    offset: timedelta = timedelta()
    frozen_at: datetime | None = None


def _read() -> _Reading:
    row = Clock.objects.first()
    return _Reading(timedelta(seconds=row.offset_seconds), row.frozen_at) if row else _Reading()


_remembered = Remembered(_read)


def now() -> datetime:
    """Return the gateways' time, aware and in UTC."""
    reading = _remembered.get()
    return reading.frozen_at or datetime.now(UTC) + reading.offset


def iso(moment: datetime) -> str:
    """Return a moment as both gateways write it: milliseconds, and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_json() -> dict[str, Any]:
    reading = _remembered.get()
    return {
        "now": now().isoformat(),
        "offset_seconds": reading.offset.total_seconds(),
        "is_frozen": reading.frozen_at is not None,
    }


def turn(asked: dict[str, Any]) -> None:
    """Do as JSON asks: advance it, set it, stop it, or set it right.

    `{"advance_seconds": 60}`, `{"set": "2026-12-01T18:00:00Z", "is_frozen": true}`, or `{"reset": true}`.

    :raises BadClock: with a sentence that says what is wrong
    """
    unknown = set(asked) - {"advance_seconds", "set", "is_frozen", "reset"}
    if unknown or not asked:
        raise BadClock("Write advance_seconds, set (with is_frozen), is_frozen, or reset.")
    freezes = asked.get("is_frozen")
    if freezes is not None and not isinstance(freezes, bool):
        raise BadClock("is_frozen must be true or false.")
    if asked.get("reset"):
        _keep(_Reading())
        return
    reading = _remembered.get()
    if "advance_seconds" in asked:
        step = timedelta(seconds=_seconds(asked["advance_seconds"]))
        reading = _Reading(reading.offset + step, reading.frozen_at and reading.frozen_at + step)
    if "set" in asked:
        moment = _moment(asked["set"])
        reading = _Reading(moment - datetime.now(UTC), moment if freezes else None)
    elif freezes is not None:
        shown = reading.frozen_at or datetime.now(UTC) + reading.offset
        reading = _Reading(shown - datetime.now(UTC), shown if freezes else None)
    _keep(reading)


def reset() -> None:
    _keep(_Reading())


def _keep(reading: _Reading) -> None:
    with writing():
        Clock.objects.update_or_create(
            pk=1, defaults={"offset_seconds": reading.offset.total_seconds(), "frozen_at": reading.frozen_at}
        )
        _remembered.forget()


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= FURTHEST_SECONDS:
        raise BadClock(f"advance_seconds must be a number, at most {FURTHEST_SECONDS} either way.")
    return float(value)


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as wrong:
        raise BadClock("set must be a moment such as 2026-12-01T18:00:00Z.") from wrong
    if moment.tzinfo is None:
        raise BadClock("set must name its time zone, as in 2026-12-01T18:00:00Z.")
    return moment.astimezone(UTC)
