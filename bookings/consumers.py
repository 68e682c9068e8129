"""Live updates for pages that are open right now."""

import asyncio
import contextlib
import json
import logging
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary, WeakSet

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from redis.exceptions import RedisError

from accounts.doors import SecondFactorRequired, staff_may
from accounts.live import LOGIN_ENDED, SECOND_FACTOR_REQUIRED, roles_group
from accounts.live import NOT_ALLOWED as NOT_STAFF
from accounts.models import User
from accounts.states import Ability
from accounts.tokens.services import SESSION_KEY as FAMILY_KEY
from accounts.tokens.services import live_group
from bookings.services.claiming import availability_group
from core.redis import client
from restaurants.models import Restaurant
from restaurants.selectors import restaurant_id_of

logger = logging.getLogger(__name__)

LARGEST_MESSAGE = 4096
LOOK_EVERY = 5.0
# All from the range for applications: Daphne refuses to send the others (1009, 1013), and the socket stays open.
UNKNOWN_RESTAURANT, MESSAGE_TOO_BIG, TRY_AGAIN_LATER = 4404, 4413, 4503
_AWAY = (RedisError, OSError)


class AvailabilityConsumer(AsyncWebsocketConsumer):
    """Tells an open page that the free times of a restaurant have changed; the page then asks for them.

    Anybody may listen: nothing is said that the page does not show. What a client sends is not read.
    """

    group = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        except _AWAY:
            # Silence would look like "nothing has changed"; the page tries again until there is someone to listen to.
            _forget(self)
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})

    async def connect(self) -> None:
        public_id: UUID = self.scope["url_route"]["kwargs"]["public_id"]
        if await database_sync_to_async(restaurant_id_of)(public_id) is None:
            await self.close(code=UNKNOWN_RESTAURANT)
            return
        await self._listen(public_id)

    async def _listen(self, public_id: UUID) -> None:
        group = availability_group(public_id)
        await self.channel_layer.group_add(group, self.channel_name)
        self.group = group
        await self.accept()
        _watch(self)

    async def disconnect(self, code: int) -> None:
        _forget(self)
        if self.group:
            with contextlib.suppress(*_AWAY):
                await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if len(text_data or bytes_data or "") > LARGEST_MESSAGE:
            await self.close(code=MESSAGE_TOO_BIG)

    async def availability_changed(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps({"type": "availability.changed", "day": event["day"]}))


class TodayConsumer(AvailabilityConsumer):
    """The same news for the house's own page of the day; only its staff may listen, for as long as they are staff."""

    own_groups: tuple[str, ...] = ()

    async def connect(self) -> None:
        public_id: UUID = self.scope["url_route"]["kwargs"]["public_id"]
        # Before the question: a role that goes while it is asked would be heard of by nobody.
        self.own_groups = _groups_of(self.scope.get("user"), self.scope.get("session"))
        for group in self.own_groups:
            await self.channel_layer.group_add(group, self.channel_name)
        refusal = await database_sync_to_async(_refusal)(self.scope.get("user"), public_id)
        if refusal is not None:
            # Accepted first: a browser learns no code of a handshake that was refused, and would try for ever.
            await self.accept()
            await self.close(code=refusal)
            return
        await self._listen(public_id)

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        for group in self.own_groups:
            with contextlib.suppress(*_AWAY):
                await self.channel_layer.group_discard(group, self.channel_name)

    async def login_ended(self, event: dict[str, Any]) -> None:
        await self.close(code=LOGIN_ENDED)

    async def roles_changed(self, event: dict[str, Any]) -> None:
        public_id: UUID = self.scope["url_route"]["kwargs"]["public_id"]
        refusal = await database_sync_to_async(_refusal)(self.scope.get("user"), public_id)
        if refusal is not None:
            await self.close(code=refusal)


def _refusal(person: Any, public_id: UUID) -> int | None:
    """Return the code that somebody is shown out with, None when they may watch."""
    if not isinstance(person, User):
        return NOT_STAFF
    # The connection may be hours old, and what it knew of the person with it.
    passed, fresh = person.passed_second_factor, User.objects.filter(pk=person.pk).first()
    found = Restaurant.objects.filter(public_id=public_id).values_list("pk", flat=True).first()
    if found is None or fresh is None:
        return NOT_STAFF
    fresh.passed_second_factor = passed
    try:
        return None if staff_may(fresh, Ability.SEE_BOOKINGS, restaurant_id=found) else NOT_STAFF
    except SecondFactorRequired:
        return SECOND_FACTOR_REQUIRED


def _groups_of(person: Any, session: Any) -> tuple[str, ...]:
    """Return the groups in which a person's own news come: their roles, and the end of this log-in."""
    if not isinstance(person, User):
        return ()
    family = session.get(FAMILY_KEY) if session is not None else None
    return (roles_group(person.public_id), *([live_group(UUID(hex=family))] if family else []))


# --- Noticing that Redis has gone ------------------------------------------------------------------------------------
# A subscription that Redis dropped comes back by itself, but what was said meanwhile is lost and nobody is told. So
# one task for each process looks whether Redis is there; when it is not, the sockets are closed, and a page that
# connects again asks for the times anew.

_open: "WeakKeyDictionary[asyncio.AbstractEventLoop, WeakSet[AvailabilityConsumer]]" = WeakKeyDictionary()
_watchers: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[None]]" = WeakKeyDictionary()


def _watch(consumer: AvailabilityConsumer) -> None:
    loop = asyncio.get_running_loop()
    _open.setdefault(loop, WeakSet()).add(consumer)
    task = _watchers.get(loop)
    if task is None or task.done():
        _watchers[loop] = loop.create_task(_look_after(loop))


def _forget(consumer: AvailabilityConsumer) -> None:
    _open.get(asyncio.get_running_loop(), WeakSet()).discard(consumer)


async def _look_after(loop: asyncio.AbstractEventLoop) -> None:
    run_before = ""
    while consumers := _open.get(loop):
        try:
            run = await asyncio.to_thread(_run_of_redis)
        except _AWAY as error:
            run = ""
            logger.warning(
                "Live updates: Redis is away (%s); %d pages are asked to connect again", error, len(consumers)
            )
        # Another run than the one seen before: it was restarted between two looks.
        if not run or (run_before and run != run_before):
            for consumer in list(consumers):
                with contextlib.suppress(Exception):
                    await consumer.close(code=TRY_AGAIN_LATER)
                consumers.discard(consumer)
        run_before = run
        await asyncio.sleep(LOOK_EVERY)


def _run_of_redis() -> str:
    facts: Any = client().info("server")
    return str(facts["run_id"])
