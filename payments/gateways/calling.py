"""Asking a gateway over HTTP, and knowing afterwards what may have happened there.

What matters is where it went wrong. Before anything was sent, nothing has happened (`Down`). Once a request is on its
way, only an answer in the gateway's own words tells (`Unknown` without one). Each call has a connection of its own: one
that is kept may be closed by the other side just as a charge is sent on it, and then nobody knows.

Neither keys nor tokens nor bodies are written to a log or into a verdict.
"""

import logging
import random
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from ssl import SSLContext
from typing import Any

import httpx
import orjson

from core.outbound import leads_elsewhere
from payments.gateways.base import Down, Unknown
from payments.gateways.circuit import Circuit
from payments.gateways.reading import NotJson, Reading, read

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
RETRIES = 2
# A question that took longer is not asked again: somebody is waiting.
ASKED_AGAIN_WITHIN = 5.0
PAUSE_SECONDS = 0.2
# A list of a hundred charges is about a tenth of this.
MOST_READ = 4 * 1024 * 1024
# Their front doors say these before anything is done.
FRONT_DOOR = {
    HTTPStatus.UNAUTHORIZED: "it refuses our key",
    HTTPStatus.TOO_MANY_REQUESTS: "it was asked too often",
}


@dataclass(frozen=True)
class Answer:
    """What a gateway said in its own format; whether that is a yes is for its module to read in the body."""

    status: int
    body: Reading


@dataclass(frozen=True)
class _Trouble:
    """No answer: what that means, and whether a question may be asked once more."""

    verdict: Down | Unknown
    may_repeat: bool = True


@dataclass(frozen=True)
class Line:
    """One merchant's line to one gateway."""

    name: str
    base_url: str
    key: str = field(repr=False)
    circuit: Circuit
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    # A gateway that gives up late, and answers then, is waited for: its answer is better than none.
    create_seconds: float = READ_SECONDS

    def get(self, path: str, params: Mapping[str, str] | None = None, *, doing: str) -> Answer | Down | Unknown:
        """Ask a question, at most twice again if no answer comes.

        :param doing: what for, in our own words: it is all that is logged of the question
        """
        return self._ask("GET", path, doing=doing, params=params or {}, content=None)

    def post(self, path: str, body: Mapping[str, Any], *, doing: str) -> Answer | Down | Unknown:
        """Have something done, and try only once."""
        return self._ask("POST", path, doing=doing, params={}, content=orjson.dumps(body))

    def _ask(
        self, method: str, path: str, *, doing: str, params: Mapping[str, str], content: bytes | None
    ) -> Answer | Down | Unknown:
        if leads_elsewhere(self.base_url):
            return Down(
                f"OUTBOUND_BLOCKED is on and {self.name} is asked at {self.base_url}: from here only the sandbox on "
                "this machine is asked."
            )
        if not self.circuit.lets_through():
            return Down(f"{self.name} failed too often and is left alone for a while")
        began = time.monotonic()
        outcome = self._once(method, path, params=params, content=content)
        for attempt in range(RETRIES if method == "GET" else 0):
            is_late = time.monotonic() - began > ASKED_AGAIN_WITHIN
            if isinstance(outcome, Answer) or not outcome.may_repeat or is_late:
                break
            time.sleep(PAUSE_SECONDS * (attempt + 1) * random.uniform(0.5, 1.5))  # noqa: S311 (spreads load)
            outcome = self._once(method, path, params=params, content=content)
        self._take_note(outcome, doing=doing, seconds=time.monotonic() - began)
        return outcome if isinstance(outcome, Answer) else outcome.verdict

    def _take_note(self, outcome: Answer | _Trouble, *, doing: str, seconds: float) -> None:
        if isinstance(outcome, Answer):
            if self.circuit.succeeded():
                logger.warning("%s answers again.", self.name)
            return
        logger.warning("%s, %s: %s (after %.1f s)", self.name, doing, outcome.verdict.why, seconds)
        if self.circuit.failed():
            logger.warning("%s fails too often and is left alone for %g s.", self.name, self.circuit.open_seconds)

    def _once(self, method: str, path: str, *, params: Mapping[str, str], content: bytes | None) -> Answer | _Trouble:
        seconds = self.read_seconds if method == "GET" else self.create_seconds
        timeout = httpx.Timeout(seconds, connect=self.connect_seconds)
        until = time.monotonic() + self.connect_seconds + seconds
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "Buka/1",
            **({"Content-Type": "application/json"} if content is not None else {}),
        }
        url = self.base_url + path
        try:
            # Without the environment's proxies: our key goes to this address and nowhere else.
            with (
                httpx.Client(verify=_trust(), trust_env=False, follow_redirects=False, timeout=timeout) as client,
                client.stream(method, url, params=params or None, content=content, headers=headers) as answer,
            ):
                return _judge(self.name, answer, until)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            # Nothing of the request has been written yet, nor have keys been shown to whoever answers there.
            return _Trouble(Down(f"{self.name} cannot be reached: {type(error).__name__}"))
        except httpx.TimeoutException as error:
            return _Trouble(Unknown(f"{self.name} did not answer in time: {type(error).__name__}"), may_repeat=False)
        except httpx.HTTPError as error:
            return _Trouble(Unknown(f"{self.name} did not answer: {type(error).__name__}"))


def _judge(name: str, answer: httpx.Response, until: float) -> Answer | _Trouble:
    status = answer.status_code
    if status in FRONT_DOOR:
        return _Trouble(Down(f"{name}: {FRONT_DOOR[HTTPStatus(status)]} ({status})"), may_repeat=False)
    # Also with a body that says no: Flutterwave writes an error and a 503 over charges that it goes on to make.
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _Trouble(Unknown(f"{name} answered {status}"))
    if answer.is_redirect:
        return _Trouble(Unknown(f"{name} sent us elsewhere ({status})"), may_repeat=False)
    try:
        return Answer(status, read(_body(answer, until)))
    except (NotJson, _TooMuch) as error:
        return _Trouble(Unknown(f"{name} answered {status} with something that is not its format: {error}"))


class _TooMuch(Exception):
    """More than any answer of theirs has."""


def _body(answer: httpx.Response, until: float) -> bytes:
    """Return a body of bounded size, unpacked where it came packed although nobody asked for that.

    :raises _TooMuch: when there is more
    :raises NotJson: when it is packed in a way that we do not know
    """
    raw = bytearray()
    for piece in _pieces(answer, until):
        raw += piece
        if len(raw) > MOST_READ:
            raise _TooMuch("too long")
    packing = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if packing in ("", "identity"):
        return bytes(raw)
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise NotJson("packed in an unknown way")
    try:
        # Not by the library: it would unpack a few bytes into all of this machine's memory.
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)
        unpacked = unpacking.decompress(bytes(raw), MOST_READ + 1)
    except zlib.error as error:
        raise NotJson("packed, and broken") from error
    if len(unpacked) > MOST_READ:
        raise _TooMuch("too long")
    if not unpacking.eof:
        raise NotJson("packed, and cut off")
    return unpacked


def _pieces(answer: httpx.Response, until: float) -> Iterator[bytes]:
    for piece in answer.iter_raw():
        # A drop every few seconds does not make the time longer.
        if time.monotonic() > until:
            raise httpx.ReadTimeout("The time is over.")
        yield piece


@cache
def _trust() -> SSLContext:
    # Made once: reading the authorities' certificates takes longer than many a call.
    return httpx.create_ssl_context(trust_env=False)
