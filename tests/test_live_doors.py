"""Who may open a live connection: browsers by the page that asks, programs by a one-use ticket. Over real sockets."""

import base64
import os
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from accounts.models import User
from accounts.states import Role
from accounts.tests.factories import member
from accounts.tokens import tickets
from accounts.tokens.tests.test_services import opened
from core.testing import log_in
from restaurants.models import Restaurant
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db(transaction=True)
OPENED, REFUSED = "101", "403"


@pytest.fixture
def restaurant() -> Restaurant:
    return house()


@pytest.fixture
def host(restaurant: Restaurant) -> User:
    return member(restaurant.pk, Role.HOST)


def ticket_of(user: User) -> str:
    user.passed_second_factor = True
    return tickets.issue(user=user, family=opened(user).family.public_id)


def knock(server: str, restaurant: Restaurant, ticket: str = "", **headers: str) -> str:
    """Return the status with which Daphne answers the handshake."""
    at = urlsplit(server)
    path = f"/ws/restaurants/{restaurant.public_id}/today" + (f"?ticket={ticket}" if ticket else "")
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {at.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    with socket.create_connection((at.hostname, at.port), timeout=20) as line:
        line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return line.recv(4096).split(b" ", 2)[1].decode()


class TestWithoutOrigin:
    def test_a_ticket_opens_it_once(self, buka_server: str, restaurant: Restaurant, host: User) -> None:
        ticket = ticket_of(host)

        assert knock(buka_server, restaurant, ticket) == OPENED
        assert knock(buka_server, restaurant, ticket) == REFUSED

    @pytest.mark.parametrize("ticket", ["", "no-such-ticket", "a" * 3000, "%00"])
    def test_nothing_else_does(self, buka_server: str, restaurant: Restaurant, ticket: str) -> None:
        assert knock(buka_server, restaurant, ticket) == REFUSED

    @pytest.mark.parametrize("ticket", ["", "no-such-ticket"])
    def test_not_even_a_session(
        self, buka_server: str, restaurant: Restaurant, host: User, client: Any, ticket: str
    ) -> None:
        log_in(client, host)
        cookie = "; ".join(f"{name}={each.value}" for name, each in client.cookies.items())

        assert knock(buka_server, restaurant, Origin=buka_server, Cookie=cookie) == OPENED
        assert knock(buka_server, restaurant, ticket, Cookie=cookie) == REFUSED


class TestWithOrigin:
    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
    def test_of_others_it_stays_shut_and_the_ticket_whole(
        self, buka_server: str, restaurant: Restaurant, host: User, origin: str
    ) -> None:
        ticket = ticket_of(host)

        assert knock(buka_server, restaurant, ticket, Origin=origin) == REFUSED
        assert knock(buka_server, restaurant, ticket) == OPENED

    def test_of_ours_it_opens_with_a_ticket(self, buka_server: str, restaurant: Restaurant, host: User) -> None:
        assert knock(buka_server, restaurant, ticket_of(host), Origin=buka_server) == OPENED
