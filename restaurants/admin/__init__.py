"""The restaurants' back office. It may not know bookings: what a change of plan means for them, the site asks."""

from restaurants.admin import claims, house, menu, plan, vocabulary

__all__ = ["claims", "house", "menu", "plan", "vocabulary"]
