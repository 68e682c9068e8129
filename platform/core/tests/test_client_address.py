"""Nobody gives themselves another address, and nobody makes plain HTTP look like HTTPS."""

import asyncio

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from core.client_address import ClientAddress, ClientAddressMiddleware
from core.proxies import TrustedProxies

PROXY, STRANGER, DINER = "10.0.0.5", "203.0.113.7", "198.51.100.23"
SPOOFS = {
    "X-Real-IP": DINER,
    "X-Forwarded-For": f"{DINER}, 10.0.0.5",
    "Forwarded": f"for={DINER};proto=https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
}


@pytest.fixture
def proxies(settings):
    settings.TRUSTED_PROXIES = TrustedProxies.of(["10.0.0.0/24", "2001:db8:1::/64", "unix"])
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def seen_by_views(peer, headers):
    """What a view learns of a request."""
    seen = {}

    def view(request):
        seen.update(address=request.META["REMOTE_ADDR"], secure=request.is_secure(), headers=dict(request.headers))
        return HttpResponse()

    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)
    answer = ClientAddressMiddleware(view)(request)
    return {**seen, "status": answer.status_code}


def seen_by_sockets(client, headers):
    seen, sent = {}, []

    async def consumer(scope, receive, send):
        seen.update(scope)

    async def send(message):
        sent.append(message)

    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "websocket", "client": client, "headers": encoded}
    asyncio.run(ClientAddress(consumer)(scope, None, send))
    return seen, sent


@pytest.mark.usefixtures("proxies")
class TestAStranger:
    def test_is_who_is_connected_whatever_the_headers_say(self):
        seen = seen_by_views(STRANGER, SPOOFS)

        assert (seen["address"], seen["secure"]) == (STRANGER, False)
        assert not set(seen["headers"]) & set(SPOOFS)

    def test_is_the_same_on_a_live_connection(self):
        seen, _sent = seen_by_sockets([STRANGER, 4711], {**SPOOFS, "Origin": "https://buka.example"})

        assert seen["client"] == [STRANGER, 4711]
        assert seen["headers"] == [(b"origin", b"https://buka.example")]

    @pytest.mark.parametrize("name", ["X_Real_IP", "x-real-ip", "X-REAL-IP"])
    def test_finds_no_other_spelling(self, name):
        seen, _sent = seen_by_sockets([STRANGER, 4711], {name: DINER})

        assert (seen["client"], seen["headers"]) == ([STRANGER, 4711], [])


@pytest.mark.usefixtures("proxies")
class TestOurProxy:
    @pytest.mark.parametrize("peer", [PROXY, "2001:db8:1::9", "::ffff:10.0.0.5", "", "unix:"])
    def test_says_for_whom_it_speaks(self, peer):
        seen = seen_by_views(peer, {"X-Real-IP": DINER, "X-Forwarded-Proto": "https"})

        assert (seen["address"], seen["secure"]) == (DINER, True)

    def test_says_so_on_live_connections(self):
        assert seen_by_sockets([PROXY, 1], {"X-Real-IP": DINER})[0]["client"] == [DINER, 1]
        assert seen_by_sockets(None, {"X-Real-IP": DINER})[0]["client"] == [DINER, 0]

    def test_is_itself_where_it_speaks_for_nobody(self):
        assert seen_by_views(PROXY, {"X-Forwarded-For": DINER})["address"] == PROXY

    @pytest.mark.parametrize("named", ["", "unknown", f"{DINER}, {STRANGER}", "10.0.0.5:80", "[::1]"])
    def test_that_names_no_single_address_is_refused(self, named, caplog):
        assert seen_by_views(PROXY, {"X-Real-IP": named})["status"] == 400
        seen, sent = seen_by_sockets([PROXY, 1], {"X-Real-IP": named})
        assert (seen, sent) == ({}, [{"type": "websocket.close", "code": 4400}])
        assert "which is not one address" in caplog.text

    def test_is_not_every_neighbour(self):
        assert seen_by_views("10.0.1.5", SPOOFS)["address"] == "10.0.1.5"


class TestWithoutProxies:
    @pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.5", "::1"])
    def test_nobody_is_believed(self, peer):
        seen = seen_by_views(peer, SPOOFS)

        assert (seen["address"], seen["secure"]) == (peer, False)

    def test_a_unix_socket_must_be_named(self):
        assert not TrustedProxies.of(["10.0.0.0/8"]).include("")
        assert TrustedProxies.of(["unix"]).include("")
        assert not TrustedProxies()


def test_the_first_of_all_looks(settings):
    assert settings.MIDDLEWARE[0] == "core.client_address.ClientAddressMiddleware"
