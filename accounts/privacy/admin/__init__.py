"""Personal data in the back office: proof to read, requests to answer, breaches to record, with their clocks."""

from accounts.privacy.admin.requests import DataRequestAdmin
from accounts.privacy.admin.rows import BreachAdmin

__all__ = ["BreachAdmin", "DataRequestAdmin"]
