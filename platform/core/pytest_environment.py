"""What must be in the environment before pytest-django loads the settings: named by `-p` in pyproject.toml.

A conftest.py would come too late.
"""

import os

os.environ.setdefault("BUKA_ENV", "test")

# Each of pytest-xdist's workers has its own database; its keys in Redis are its own as well.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["REDIS_PREFIX"] = os.environ.get("REDIS_PREFIX", "buka-test:") + f"{worker}:"

# Playwright's synchronous interface keeps an event loop on the main thread, where Django would refuse every query.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
