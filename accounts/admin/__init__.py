"""People, who works where, who was invited to; and what everybody did."""

from accounts.admin import audit, invitations, people, staff

__all__ = ["audit", "invitations", "people", "staff"]
