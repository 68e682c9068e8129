"""Bookings in the back office: the day, the list, what repeats, the blocks."""

from bookings.admin import blocks, bookings, series

__all__ = ["blocks", "bookings", "series"]
