"""Open pages hear that a table went, whoever they are and whatever becomes of Redis meanwhile."""

import asyncio
import json
import subprocess
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import redis
from autobahn.twisted.websocket import WebSocketServerProtocol
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import LazySettings

from bookings import consumers
from bookings.tests.factories import book, tomorrow
from config.routing import websocket_urlpatterns
from conftest import free_port
from core.embedded import processes
from core.embedded.services import REDIS_SERVER
from core.testing import start_afresh
from restaurants.models import Restaurant
from restaurants.states import RestaurantStatus
from restaurants.tests.factories import house

pytestmark = pytest.mark.django_db(transaction=True)

application = URLRouter(websocket_urlpatterns)


def page_of(restaurant_id: Any) -> WebsocketCommunicator:
    return WebsocketCommunicator(application, f"/ws/restaurants/{restaurant_id}/availability")


def run(story: Coroutine[Any, Any, None]) -> None:
    # In a thread of its own: the browser tests' library leaves a running loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, asyncio.wait_for(story, 30)).result(40)


class OwnRedis:
    """A Redis that a test may stop."""

    def __init__(self, folder: str) -> None:
        self.port = free_port()
        self.folder = folder

    def start(self) -> None:
        command = [str(REDIS_SERVER), "--port", str(self.port), "--save", "", "--dir", self.folder]
        self.process = processes.start(command, output=subprocess.DEVNULL)
        client = redis.Redis(port=self.port)
        for _ in processes.until(10, pause=0.05):
            try:
                client.ping()
                break
            except redis.ConnectionError:
                continue
        client.close()

    def stop(self) -> None:
        processes.stop(self.process, patience=5)


@pytest.fixture
def own_redis(settings: LazySettings, tmp_path: Any) -> Iterator[OwnRedis]:
    server = OwnRedis(str(tmp_path))
    server.start()
    url = f"redis://127.0.0.1:{server.port}/0"
    layer = {**settings.CHANNEL_LAYERS["default"], "CONFIG": {"hosts": [{"address": url}], "prefix": "live"}}
    settings.REDIS_URL = url
    settings.CHANNEL_LAYERS = {"default": layer}
    start_afresh()
    yield server
    server.stop()
    start_afresh()


class TestListening:
    def test_an_anonymous_page_hears_of_a_booking(self) -> None:
        restaurant = house()

        async def story() -> None:
            page = page_of(restaurant.public_id)
            connected, _protocol = await page.connect()
            assert connected

            await database_sync_to_async(book)(restaurant, "19:00")

            heard = json.loads(await page.receive_from(timeout=5))
            assert heard == {"type": "availability.changed", "day": tomorrow().isoformat()}
            await page.disconnect()

        run(story())

    def test_a_page_of_another_house_hears_nothing(self) -> None:
        booked, other = house(), house()

        async def story() -> None:
            page = page_of(other.public_id)
            await page.connect()

            await database_sync_to_async(book)(booked, "19:00")

            assert await page.receive_nothing(timeout=0.5)
            await page.disconnect()

        run(story())

    @pytest.mark.parametrize("status", [RestaurantStatus.DRAFT, RestaurantStatus.CLOSED, None])
    def test_there_is_nothing_to_hear_of_houses_that_nobody_sees(self, status: RestaurantStatus | None) -> None:
        house(status=status or RestaurantStatus.LIVE)
        public_id = Restaurant.objects.get().public_id if status else uuid4()

        async def story() -> None:
            page = page_of(public_id)
            connected, code = await page.connect()
            assert (connected, code) == (False, consumers.UNKNOWN_RESTAURANT)

        run(story())

    def test_what_a_client_sends_is_not_read(self) -> None:
        restaurant = house()

        async def story() -> None:
            page = page_of(restaurant.public_id)
            await page.connect()
            for text in (" ", "{", '{"type":"availability.changed"}', "x" * 4096):
                await page.send_to(text_data=text)
            await page.send_to(bytes_data=b"\0\xff")

            await database_sync_to_async(book)(restaurant, "19:00")

            assert "availability.changed" in await page.receive_from(timeout=5)
            await page.disconnect()

        run(story())

    def test_a_client_that_sends_too_much_is_let_go(self) -> None:
        restaurant = house()

        async def story() -> None:
            page = page_of(restaurant.public_id)
            await page.connect()

            await page.send_to(text_data="x" * 4097)

            assert await page.receive_output(5) == {"type": "websocket.close", "code": consumers.MESSAGE_TOO_BIG}

        run(story())


def test_daphne_sends_every_code_a_page_is_let_go_with() -> None:
    codes = [
        consumers.UNKNOWN_RESTAURANT, consumers.NOT_STAFF, consumers.MESSAGE_TOO_BIG, consumers.TRY_AGAIN_LATER,
    ]  # fmt: skip

    protocol = WebSocketServerProtocol()
    protocol.state = protocol.STATE_CLOSED

    for code in codes:
        # Raises for a code that a server may not choose.
        protocol.sendClose(code)


def test_an_address_that_is_none_is_refused_without_a_crash() -> None:
    async def story() -> None:
        for address in ("/ws/nope", "/ws/restaurants/\0/availability", "/ws/a\nb", "/"):
            page = WebsocketCommunicator(URLRouter(websocket_urlpatterns), address)
            connected, _code = await page.connect(timeout=5)
            assert not connected

    run(story())


class TestRedisAway:
    def test_a_page_is_asked_to_try_again_later(self, own_redis: OwnRedis) -> None:
        restaurant = house()
        own_redis.stop()

        async def story() -> None:
            page = page_of(restaurant.public_id)
            connected, code = await page.connect(timeout=5)
            assert (connected, code) == (False, consumers.TRY_AGAIN_LATER)

        run(story())

    def test_open_pages_are_let_go_and_hear_again_after_its_return(
        self, own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consumers, "LOOK_EVERY", 0.2)
        restaurant = house(tables=(2, 2))

        async def story() -> None:
            before = page_of(restaurant.public_id)
            await before.connect()

            await asyncio.to_thread(own_redis.stop)
            # Booking goes on; nobody hears of it.
            await database_sync_to_async(book)(restaurant, "19:00")
            assert await before.receive_output(10) == {"type": "websocket.close", "code": consumers.TRY_AGAIN_LATER}

            await asyncio.to_thread(own_redis.start)
            await asyncio.sleep(1.5)
            start_afresh()
            after = page_of(restaurant.public_id)
            connected, _protocol = await after.connect(timeout=5)
            assert connected
            await database_sync_to_async(book)(restaurant, "20:00")
            assert "availability.changed" in await after.receive_from(timeout=5)
            await after.disconnect()

        run(story())
