"""What is read at every request and changed hardly ever, kept in memory; the rows stay what counts."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import transaction

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """A value that is read from its rows once, and again after `forget`.

    One process serves the gateways, so nobody else changes the rows.
    """

    def __init__(self, read: Callable[[], Value]) -> None:
        self._read = read
        self._value: Value | None = None
        self._version = 0
        self._guard = threading.Lock()

    def get(self) -> Value:
        value = self._value
        if value is not None:
            return value
        version = self._version
        value = self._read()
        with self._guard:
            # Whoever read before a change must not have it remembered after.
            if version == self._version:
                self._value = value
        return value

    def glance(self) -> Value | None:
        """Return it without looking at rows, or None where it is not known."""
        return self._value

    def forget(self) -> None:
        """Have it read anew as soon as the transaction that changes it is committed."""
        transaction.on_commit(self._forget)

    def _forget(self) -> None:
        with self._guard:
            self._version += 1
            self._value = None
