"""Buka's settings with the subscriptions of the outbox's tests, for a real worker."""

from config.settings import *  # noqa: F403

CONFIG_SUBSCRIPTIONS = "core.tests.subscriptions"
