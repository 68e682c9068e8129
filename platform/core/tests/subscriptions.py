from core.tests import pings  # noqa: F401  (declares the events)

SUBSCRIPTIONS = {
    "test.pinged": ["core.tests.pings.write"],
    "test.everything": ["core.tests.pings.remember"],
}
