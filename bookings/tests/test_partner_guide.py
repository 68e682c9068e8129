"""docs/partners.md, followed as a partner would: its commands pasted into a shell, its receiver listening."""

import json
import os
import re
import shutil
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest
from django.conf import settings
from django.utils.datastructures import CaseInsensitiveMapping

from accounts.partners import sending, services
from accounts.partners.models import Delivery
from accounts.partners.states import GRANTED_SCOPES
from accounts.partners.tests.factories import an_app, receiving
from bookings.models import Booking
from bookings.tests.factories import tomorrow
from core.testing import work_off_outbox
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db(transaction=True)
GUIDE = settings.BASE_DIR / "docs" / "partners.md"
TOOLS = ("bash", "curl", "jq")
# Not everywhere, and no part of what is tried here.
UUIDGEN = "command -v uuidgen > /dev/null || uuidgen() { cat /proc/sys/kernel/random/uuid; }"


@pytest.fixture(autouse=True)
def _needs_its_tools():
    missing = [name for name in TOOLS if shutil.which(name) is None]
    if missing:
        reason = f"Not installed: {', '.join(missing)}."
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


@pytest.fixture
def guide():
    return GUIDE.read_text()


def blocks(guide, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)


class Shell:
    """A shell that keeps its variables between one paste and the next."""

    def __init__(self, **given):
        self.variables = {"PATH": os.environ["PATH"], **given}

    def paste(self, commands):
        """Return the answers in JSON that the commands showed."""
        script = f"{UUIDGEN}\nset -aeuo pipefail\n{commands}\nenv -0 >&2"
        ran = subprocess.run(
            ["bash", "-c", script], env=self.variables, capture_output=True, text=True, timeout=60, check=True
        )
        self.variables = dict(line.split("=", 1) for line in ran.stderr.split("\0") if line)
        decoder, rest, answers = json.JSONDecoder(), ran.stdout.strip(), []
        while rest:
            answer, end = decoder.raw_decode(rest)
            answers.append(answer)
            rest = rest[end:].strip()
        return answers


def as_shown(shown, came):
    """Tell whether an answer looks as the guide shows it: the same names, and values of the same kinds."""
    if isinstance(shown, dict):
        return isinstance(came, dict) and all(name in came and as_shown(shown[name], came[name]) for name in shown)
    return type(shown) is type(came)


def receiver_of(guide, secret, heard):
    """Return the guide's own receiver, from a request's headers and body to its answer."""
    [code] = blocks(guide, "python")
    asked = SimpleNamespace()
    # The framework is only what carries the request in; it is none of our dependencies.
    flask = ModuleType("flask")
    flask.request = asked
    flask.Flask = lambda name: SimpleNamespace(post=lambda path: lambda view: view)
    names = {"__name__": "receiver", "first_time": lambda number: True, "work_on_it_later": heard.append}
    sys.modules["flask"] = flask
    try:
        exec(code.replace("whsec_…", secret), names)
    finally:
        del sys.modules["flask"]

    def answer(headers, body):
        asked.headers, asked.get_data = CaseInsensitiveMapping(headers), lambda: body
        said = names["hear"]()
        return (said[1], said[0].encode()) if isinstance(said, tuple) else (200, json.dumps(said).encode())

    return answer


def test_from_credentials_to_a_table_and_a_message_verified(guide, live_server):
    restaurant = house(name="Agbalumo Terrace")
    app, secret = an_app()
    services.grant_access(app=app, restaurant_id=restaurant.pk, scopes=GRANTED_SCOPES, by=None)
    _settings, token, booking, later, webhook, test = blocks(guide, "sh")
    shown_booking, shown_webhook, shown_message = map(json.loads, blocks(guide, "json"))
    heard = []

    with receiving() as receiver:
        shell = Shell(
            BUKA=live_server.url,
            CLIENT_ID=app.client_id,
            CLIENT_SECRET=secret,
            HOUSE="Agbalumo",
            HOOK=receiver.url,
            DAY=tomorrow().isoformat(),
        )
        assert shell.paste(token) == []
        [booked] = shell.paste(booking)
        assert as_shown(shown_booking, booked), booked
        listed, changed = shell.paste(later)
        assert [each["id"] for each in listed["results"]] == [booked["id"]]
        assert changed["party_size"] == 3
        work_off_outbox()

        [added] = shell.paste(webhook)
        assert as_shown(shown_webhook, added), added
        receiver.take = receiver_of(guide, added["secret"], heard)
        sending.send_due()
        on_its_way, cancelled, deliveries = shell.paste(test)
        work_off_outbox()
        sending.send_due()

    assert on_its_way["event_type"] == "webhook.test"
    assert cancelled["status"] == Booking.objects.get().status == "cancelled"
    assert {each["event_type"] for each in deliveries["results"]} >= {"webhook.test", "webhook.verification"}
    assert set(Delivery.objects.values_list("event_type", "status")) == {
        ("webhook.verification", "delivered"),
        ("webhook.test", "delivered"),
        ("booking.cancelled", "delivered"),
    }
    assert [message["type"] for message in heard] == ["webhook.test", "booking.cancelled"]
    assert as_shown(shown_message, heard[-1])
    assert heard[-1]["data"]["booking_id"] == booked["id"]


def test_its_receiver_turns_a_forged_message_away(guide):
    heard = []
    answer = receiver_of(guide, "whsec_" + "A" * 43 + "=", heard)
    forged = {"webhook-id": "evt_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}

    assert answer(forged, b'{"type": "booking.cancelled"}') == (401, b"")
    assert heard == []


def test_its_settings_are_those_of_the_demo_city(guide):
    from restaurants.demo import partner_app

    given = dict(line.split("=", 1) for line in blocks(guide, "sh")[0].splitlines())

    assert set(given) == {"BUKA", "CLIENT_ID", "CLIENT_SECRET", "HOUSE", "HOOK", "DAY"}
    assert (given["CLIENT_ID"], given["CLIENT_SECRET"]) == (partner_app.CLIENT_ID, partner_app.SECRET)
    assert partner_app.WORKS_AT.startswith(given["HOUSE"])
