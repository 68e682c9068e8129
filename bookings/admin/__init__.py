"""Bookings in the back office: the day, the list, what repeats, the blocks, the guest book, ticketed events."""

from bookings.admin import blocks, bookings, events, fees, guests, series, ticket_orders

__all__ = ["blocks", "bookings", "events", "fees", "guests", "series", "ticket_orders"]
