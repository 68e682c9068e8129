"""Who is at work right now, through which door, under which request id: kept beside the work, not passed along.

Every way in opens a context: the middleware for requests, the Celery hooks for tasks, a wrapper for live connections,
manage.py for commands. `core.audit.record` reads it, so do the lines of the log.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

REQUEST_ID_HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
LONGEST_AGENT = 200


@dataclass
class Context:
    door: str
    request_id: str
    request: Any = None
    """Django's HttpRequest while one is answered: person and address are asked of it only when they are needed."""
    person: Any = None
    address: str = ""
    user_agent: str = ""
    noted: set[str] = field(default_factory=set)
    """Security events already noted in this piece of work, so that the door does not note the same refusal again."""
    put_off: list[Callable[[], Any]] = field(default_factory=list)
    """What must be written after the transaction at hand is over, whichever way it ends."""

    def who(self) -> Any:
        """Return who makes the request: a person, a partner app, an anonymous user; None where nobody asks."""
        if self.request is not None:
            return getattr(self.request, "user", None)
        return self.person

    def where(self) -> str:
        from core.limits import address_of  # not before Django is set up: manage.py loads this module first

        return address_of(self.request) if self.request is not None else self.address

    def by_what(self) -> str:
        agent = self.request.META.get("HTTP_USER_AGENT", "") if self.request is not None else self.user_agent
        return str(agent).replace("\x00", "")[:LONGEST_AGENT]


_current: ContextVar[Context | None] = ContextVar("audit_context", default=None)
# What a process without any request is doing, such as a command.
_of_process = Context(door="command", request_id="")


def current() -> Context:
    """Return the context of the work at hand; outside of any, the process's own."""
    return _current.get() or _of_process


def is_open() -> bool:
    """Tell whether a request, task or connection is being worked on, whose end somebody waits for."""
    return _current.get() is not None


@contextmanager
def opened(context: Context) -> Iterator[Context]:
    """Work inside a context; at its end what was put off is written."""
    before = _current.get()
    _current.set(context)
    try:
        yield context
    finally:
        try:
            write_what_was_put_off(context)
        finally:
            _current.set(before)


def write_what_was_put_off(context: Context) -> None:
    waiting, context.put_off = context.put_off, []
    for write in waiting:
        write()


def begin_command(arguments: list[str]) -> None:
    """Say that this process is a command of manage.py; called before anything is loaded."""
    _of_process.request_id = new_request_id()
    _of_process.user_agent = f"manage.py {arguments[1]}"[:LONGEST_AGENT] if len(arguments) > 1 else "manage.py"


def new_request_id() -> str:
    return uuid4().hex


def sane_request_id(text: str | None) -> str:
    """Return the id a caller gave if it is one, else a new one; it ends in headers and log lines."""
    return text if text and _SANE.fullmatch(text) else new_request_id()


class RequestIdFilter(logging.Filter):
    """Gives every log line the id of the request it belongs to; `-` where there is none."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current().request_id or "-"
        return True
