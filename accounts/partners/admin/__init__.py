"""Partner apps in the back office: registering and ending them, letting them in, and what is sent to them."""

from accounts.partners.admin import apps, deliveries, endpoints, grants

__all__ = ["apps", "deliveries", "endpoints", "grants"]
