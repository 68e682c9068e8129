"""Nothing that is sent to the API makes it fall over or answer what its description does not say."""

import json
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tests.fuzzing import NEW_PASSWORD, PASSWORD, ROLES, WITHOUT_ACCOUNT, Somebody, fuzz
from tests.populated import populated

pytestmark = [pytest.mark.django_db, pytest.mark.race, pytest.mark.early]


PARTS = 4


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.long) for part in range(1, PARTS))])
def test_the_api_keeps_to_its_description(part: int) -> None:
    # A share that fits into a run of all tests; benchmarks.fuzz sends everything.
    found = fuzz(populated("calm"), share=0.02, examples=2, part=(part, PARTS))

    failures = {key: text for each in found.values() for key, text in each.failures.items()}
    assert not failures, "\n\n".join(f"--- {key}\n{text}" for key, text in failures.items())
    assert set(found) == set(ROLES)
    for role, each in found.items():
        assert len(each.asked) > 50 / PARTS
        assert each.examples > 180 / PARTS
        assert len(each.opened) > (0 if role in WITHOUT_ACCOUNT else 1), f"{role} got through {set(each.opened)}"


def test_made_up_requests_get_through_sensitive_doors_and_back_in() -> None:
    house = populated("calm")
    diner, owner = Somebody("diner", house), Somebody("owner", house)
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    elsewhere = owner.value("/api/auth/sessions/{public_id}", "public_id")
    doors: list[tuple[Somebody, str, str, Any, int]] = [
        (diner, "POST", "/api/auth/2fa/setup", {}, 200),
        (diner, "POST", "/api/auth/reauthenticate", {"password": PASSWORD}, 200),
        (diner, "POST", "/api/auth/password/change", change, 204),
        (diner, "POST", "/api/auth/phone", {"phone": "+2348031234599"}, 202),
        (diner, "POST", "/api/account/erasure", {}, 202),
        (diner, "POST", "/api/auth/logout", {"everywhere": True}, 204),
        (owner, "POST", "/api/auth/2fa/recovery-codes", {}, 200),
        (owner, "POST", "/api/auth/2fa/disable", {}, 204),
        (owner, "POST", "/api/account/export", {}, 202),
        (owner, "DELETE", f"/api/auth/sessions/{elsewhere}", {}, 204),
        (owner, "POST", "/api/auth/logout", {}, 204),
    ]
    client = Client(enforce_csrf_checks=True)

    for asker, method, path, body, status in doors:
        with transaction.atomic():
            answer = client.generic(
                method, path, json.dumps(body), content_type="application/json", headers=asker.headers
            )
            transaction.set_rollback(True)
        assert (path, answer.status_code) == (path, status), answer.content

        asker.come_back()

        assert client.get("/api/auth/me", headers=asker.headers).status_code == 200, path
