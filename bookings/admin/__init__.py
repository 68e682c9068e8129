"""Bookings in the back office: the day, the list, what repeats, the blocks, the guest book."""

from bookings.admin import blocks, bookings, guests, series

__all__ = ["blocks", "bookings", "guests", "series"]
