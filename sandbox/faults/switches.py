"""Switching faults on and off, and playing them: shared by every service of the sandbox."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from sandbox.faults.models import Fault

NONE = "none"
LONGEST_DELAY_SECONDS = 120
MOST_TIMES = 1000


class BadFault(Exception):
    """The switch was asked for something that it does not have."""


@dataclass(frozen=True)
class Switch:
    """What a service is told to do wrong; `times` None means until it is switched off."""

    mode: str = NONE
    delay_seconds: int = 0
    times: int | None = None

    @property
    def is_on(self) -> bool:
        return self.mode != NONE or self.delay_seconds > 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read(asked: object, *, modes: Collection[str]) -> Switch:
    """Return the switch that JSON or a form describes.

    :raises BadFault: with a sentence that says what is wrong
    """
    if not isinstance(asked, dict):
        raise BadFault('Write a JSON object such as {"mode": "none"}.')
    unknown = set(asked) - {"mode", "delay_seconds", "times"}
    if unknown:
        raise BadFault(f"There is no {', '.join(sorted(map(str, unknown)))}; write mode, delay_seconds and times.")
    mode = asked.get("mode", NONE)
    if not isinstance(mode, str) or mode not in modes:
        raise BadFault(f"mode must be one of {', '.join(modes)}.")
    times = asked.get("times")
    return Switch(
        mode=mode,
        delay_seconds=_whole("delay_seconds", asked.get("delay_seconds", 0), 0, LONGEST_DELAY_SECONDS),
        times=None if times in (None, "") else _whole("times", times, 1, MOST_TIMES),
    )


def _whole(name: str, value: object, least: int, most: int) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = least - 1
    if isinstance(value, bool) or not least <= number <= most:
        raise BadFault(f"{name} must be a whole number from {least} to {most}.")
    return number


def look(service: str) -> Switch:
    """Return what the service is told to do, without using up one of its times."""
    row = Fault.objects.filter(service=service).first()
    return Switch(row.mode, row.delay_seconds, row.times_left) if row else Switch()


def switch(service: str, to: Switch) -> None:
    Fault.objects.update_or_create(
        service=service,
        defaults={"mode": to.mode, "delay_seconds": to.delay_seconds, "times_left": to.times},
    )


@transaction.atomic
def take(service: str) -> Switch:
    """Return the fault to play now and count it; the last of the agreed times switches it off."""
    now = look(service)
    if now.is_on and now.times is not None:
        switch(service, Switch(now.mode, now.delay_seconds, now.times - 1) if now.times > 1 else Switch())
    return now
