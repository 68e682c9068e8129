"""By which means somebody signed in to a session: what allauth writes down there, read and changed in one place."""

import time
from typing import Any

from accounts.models import User

RECORDS_KEY = "account_authentication_methods"
RECORDS_OF_KEY = "account_authentication_methods_user"
FACTOR = "mfa"


def records_of(session: Any, person: User) -> list[dict[str, Any]]:
    """Return what somebody has shown in a session, in order; nothing where the session is another's."""
    if session.get(RECORDS_OF_KEY) != str(person.pk):
        return []
    return list(session.get(RECORDS_KEY, []))


def methods_of(session: Any, person: User) -> list[str]:
    """Return by which means somebody signed in to a session (RFC 8176's `amr`), each once, in order."""
    return list(dict.fromkeys(str(record.get("method")) for record in records_of(session, person)))


def passed_second_factor(session: Any, person: User) -> bool:
    """Tell whether somebody showed a second factor, or a passkey that asked for a finger or a code, in this session."""
    return FACTOR in methods_of(session, person)


def fresh_since(session: Any, person: User, seconds: int = 300, *, by_factor: bool = False) -> bool:
    """Tell whether somebody proved within the last minutes, in this session, who they are.

    :param by_factor: only a second factor counts
    """
    records = records_of(session, person)
    times = [record.get("at", 0) for record in records if not by_factor or record.get("method") == FACTOR]
    return bool(times) and time.time() - max(times) < seconds


def drop_factor(session: Any) -> None:
    """Let a session forget that it has seen a second factor, after the last one was taken away."""
    session[RECORDS_KEY] = [record for record in session.get(RECORDS_KEY, []) if record.get("method") != FACTOR]
