from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from payments.fraud.tests.factories import DINNERS, SUBJECTS


@pytest.fixture(autouse=True)
def _dinners(settings: Any) -> Iterator[None]:
    settings.PAYMENT_SUBJECTS = SUBJECTS
    DINNERS.clear()
    with translation.override("en"):
        yield
