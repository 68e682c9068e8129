"""Lists that come in pages."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from payments.gateways.base import Down, Page, Unknown

T = TypeVar("T")


def every_row(ask: Callable[[str], Page[T] | Down | Unknown], *, most_pages: int) -> Sequence[T] | Down | Unknown:
    """Return the rows of all pages; Unknown where one of them cannot be read, or there is no end to them.

    :param ask: returns a page, given what asks for it
    """
    found: list[T] = []
    page = ""
    for _ in range(most_pages):
        listed = ask(page)
        if not isinstance(listed, Page):
            return listed
        if listed.unreadable:
            return Unknown("a list has a row that cannot be read")
        found += listed.rows
        page = listed.next
        if not page:
            return tuple(found)
    return Unknown("a list does not end")


def within(
    listed: Page[T] | Down | Unknown, since: datetime, until: datetime, made_at: Callable[[T], datetime | None]
) -> Page[T] | Down | Unknown:
    """Return the page with what was made in the time alone, and what does not say when."""
    if not isinstance(listed, Page):
        return listed
    rows = [row for row in listed.rows if (at := made_at(row)) is None or since <= at < until]
    return Page(rows, listed.next, listed.unreadable)
