"""The host's screens beside Today: the floor plan, the timeline, the week, the service sheet."""

from bookings.admin.floor.urls import urls

__all__ = ["urls"]
