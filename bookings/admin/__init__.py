"""Bookings in the back office: the day, the list, the blocks."""

from bookings.admin import blocks, bookings

__all__ = ["blocks", "bookings"]
