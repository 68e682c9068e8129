"""Around the whole sandbox: what goes wrong between a caller and a gateway, and the oddities that callers may send.

It stands outside of Django, where waiting costs nobody else anything.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.urls import Resolver404, resolve

from sandbox.gateways import faults, hooks
from sandbox.gateways.models import Delivery
from sandbox.gateways.registry import CHECKOUT, GATEWAYS, Gateway

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

# A message of our own, which `sandbox.server` understands: close the connection without an answer.
HANG_UP = "sandbox.hang_up"
HOLD_SECONDS = 30.0
SLOW_SECONDS = 3.0
AWAIT_SECONDS = 10.0
PAGE = "<!doctype html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>"
STATUSES = {"error_500": 500, "error_503": 503, "error_429": 429, "garbage": 200}


class Wire:
    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        # Published client libraries double the slash in front.
        name = re.match(r"/+([a-z]+)/", path)
        gateway = GATEWAYS.get(name[1]) if name and scope["type"] == "http" else None
        if gateway is None:
            await self.app(scope, receive, send)
            return
        scope = {**scope, "path": _tidy(path, gateway)}
        route, is_control = _route(scope["path"], scope["method"], gateway)
        found: list[faults.Drawn] = []
        if not is_control and not faults.are_none():
            # Rows are not read on the event loop.
            found = await sync_to_async(faults.draw, thread_sensitive=False)(gateway.name, route, "route")
        call = _Call(self.app, scope, receive, send)
        waits = "before_redirect" if is_control or route == CHECKOUT else "before_answer"
        await _play(call, gateway, found, waits)


def _tidy(path: str, gateway: Gateway) -> str:
    """Return the path without doubled slashes and, except for the gateway's page, without one at its end."""
    tidied = re.sub(r"/{2,}", "/", path)
    return tidied if tidied == f"/{gateway.name}/" else tidied.rstrip("/")


def _route(path: str, method: str, gateway: Gateway) -> tuple[str, bool]:
    if path == f"/{gateway.name}/" or path.startswith(f"/{gateway.name}/api/"):
        return "", True
    try:
        found = resolve(path)
        return getattr(found.func, "routes", {}).get(method) or found.url_name or "", False
    except Resolver404:
        return "", False


class _Call:
    """One request: its body is read first, so that a caller who leaves is noticed while we wait."""

    def __init__(self, app: App, scope: Message, receive: Receive, send: Send) -> None:
        self.app, self.scope, self.receive, self.send = app, scope, receive, send
        self._body: list[Mapping[str, Any]] = []
        self._answer: list[Mapping[str, Any]] = []

    async def listen(self) -> None:
        while not self._body or self._body[-1].get("more_body"):
            self._body.append(await self.receive())
            if self._body[-1]["type"] == "http.disconnect":
                return

    async def do(self) -> None:
        """Have it done and keep the answer."""
        waiting = iter(self._body)

        async def receive() -> Mapping[str, Any]:
            for message in waiting:
                return message
            return await self.receive()

        async def send(message: Mapping[str, Any]) -> None:
            self._answer.append(message)

        await self.app(self.scope, receive, send)

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than the caller does."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.receive(), seconds)

    async def answer(self) -> None:
        for message in self._answer:
            await self.send(message)

    async def say(self, status: int, content_type: str, words: str) -> None:
        headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(words.encode())).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": words.encode()})

    async def hang_up(self, *, reset: bool) -> None:
        await self.send({"type": HANG_UP, "reset": reset})


async def _play(call: _Call, gateway: Gateway, found: list[faults.Drawn], waits: str) -> None:
    await call.listen()
    for each in found:
        if each.kind == faults.SLOW:
            await call.pause(SLOW_SECONDS if each.seconds is None else each.seconds)
    worst = next((each for each in found if each.kind != faults.SLOW), None)
    if worst is None or worst.kind in ("timeout_after", "reset_after") or _stands(worst, gateway):
        expected: list[tuple[str, int]] = []
        token = hooks.awaited.set(expected)
        try:
            await call.do()
        finally:
            hooks.awaited.reset(token)
        await _until_tried([pk for kind, pk in expected if kind == waits])
    if worst is None:
        await call.answer()
    elif worst.kind in ("timeout_before", "timeout_after"):
        await call.pause(HOLD_SECONDS if worst.seconds is None else worst.seconds)
        await call.hang_up(reset=False)
    elif worst.kind in ("reset", "reset_after"):
        await call.hang_up(reset=True)
    elif worst.kind == "garbage":
        await call.say(200, "text/html; charset=utf-8", PAGE)
    else:
        status = STATUSES[worst.kind]
        content_type, words = gateway.error(status)
        await call.say(status, content_type, words)


def _stands(fault: faults.Drawn, gateway: Gateway) -> bool:
    return bool(fault.options.get("after", fault.kind in gateway.stands_despite))


async def _until_tried(deliveries: list[int]) -> None:
    """Wait until each of these webhooks has been answered or refused once."""
    deadline = time.monotonic() + AWAIT_SECONDS
    while deliveries and time.monotonic() < deadline:
        untried = Delivery.objects.filter(pk__in=deliveries, attempts=0, state=Delivery.State.PENDING)
        if not await sync_to_async(untried.exists, thread_sensitive=False)():
            return
        await asyncio.sleep(0.02)
