"""How the gateways write."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

_one_writer = threading.RLock()


@contextmanager
def writing() -> Iterator[None]:
    """Open the transaction in which something is read, decided and changed; only one is open at a time.

    SQLite lets one writer in and has the others look again and again, which under load is mostly waiting; here they
    stand in line.
    """
    with _one_writer, transaction.atomic():
        yield
