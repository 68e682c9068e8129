"""Bodies that many people ask for: built once, kept as bytes under the versions of what they were built from.

Three levels: this process, Redis, building. A write changes a version with `bump()`, nothing is ever deleted. A
process looks at the versions at most every half second, so a body is never older than that, plus, if the process
that wrote dies before its bump, `max_age`. While Redis is away each request builds its own.
"""

import gzip
import hashlib
import secrets
import struct
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from redis.exceptions import RedisError

from core.breaker import redis_breaker
from core.redis import client
from core.redis import key as redis_key

LOOK_EVERY = 0.5
MAX_AGE = 60
VERSIONS_LIVE = 7 * 24 * 3600
LOCAL_BYTES = 64 * 1024 * 1024
COMPRESS_FROM = 200


@dataclass(frozen=True, slots=True)
class CachedBody:
    """A body with its strong ETag and, where that is shorter, the same compressed."""

    body: bytes
    etag: str
    gzip_body: bytes | None

    @classmethod
    def of(cls, body: bytes, gzip_body: bytes | None = None) -> "CachedBody":
        return cls(body, '"' + hashlib.blake2b(body, digest_size=16).hexdigest() + '"', gzip_body)

    @classmethod
    def built(cls, body: bytes) -> "CachedBody":
        shorter = gzip.compress(body, 6, mtime=0) if len(body) >= COMPRESS_FROM else None
        return cls.of(body, shorter if shorter and len(shorter) < len(body) else None)

    def pack(self) -> bytes:
        return struct.pack(">I", len(self.body)) + self.body + (self.gzip_body or b"")

    @classmethod
    def unpack(cls, packed: bytes) -> "CachedBody":
        (length,) = struct.unpack_from(">I", packed)
        return cls.of(packed[4 : 4 + length], packed[4 + length :] or None)


@dataclass(slots=True)
class _Kept:
    versions: tuple[str, ...]
    until: float
    body: CachedBody


@dataclass
class Counts:
    """How often a family of keys was answered from where."""

    process: int = 0
    redis: int = 0
    built: int = 0

    @property
    def hit_rate(self) -> float:
        total = self.process + self.redis + self.built
        return (self.process + self.redis) / total if total else 0.0


@dataclass
class _Local:
    kept: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    size: int = 0
    seen: dict[str, tuple[str, float]] = field(default_factory=dict)
    # Versions that changed while Redis was away: nothing is believed before they have been changed there.
    owed: set[str] = field(default_factory=set)
    counts: defaultdict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    lock: threading.Lock = field(default_factory=threading.Lock)
    builders: list[threading.Lock] = field(default_factory=lambda: [threading.Lock() for _ in range(64)])


_local = _Local()


def cached_bytes(
    key: str, versions: Sequence[str], build: Callable[[], bytes], *, max_age: float = MAX_AGE
) -> CachedBody:
    """Return the body kept under a key, or build it.

    :param key: everything the body depends on but the data: what, filters, language; `family:rest` for the counts
    :param versions: names of the data it is built from, as `r:<id>`, `city:<id>`; whoever writes bumps them
    :param build: makes the body; only ever from committed data, so never call this inside a writing transaction
    :param max_age: seconds after which the body is built again whatever the versions say
    """
    counts = _local.counts[key.partition(":")[0]]
    current = _current(versions)
    if current is None:
        counts.built += 1
        return CachedBody.built(build())
    if kept := _from_process(key, current):
        counts.process += 1
        return kept
    # One builder per key and process: after a bump the others wait for it instead of building the same.
    with _local.builders[hash(key) % len(_local.builders)]:
        if kept := _from_process(key, current):
            counts.process += 1
            return kept
        place = _place("body", hashlib.blake2b("\0".join((key, *current)).encode(), digest_size=20).hexdigest())
        found = _read(place)
        if found is not None:
            counts.redis += 1
            left, body = found
            _keep(key, _Kept(current, time.monotonic() + min(left, max_age), body))
            return body
        counts.built += 1
        body = CachedBody.built(build())
        _write(place, body, max_age)
        _keep(key, _Kept(current, time.monotonic() + max_age, body))
        return body


def bump(*versions: str) -> None:
    """Say, once the transaction has committed, that the data behind these names has changed."""
    transaction.on_commit(lambda: _bump_now(versions), robust=True)


def counts() -> dict[str, Counts]:
    """Return the counts of this process by family."""
    return dict(_local.counts)


def start_afresh() -> None:
    """Forget what this process keeps; for tests."""
    global _local
    _local = _Local()


def respond(
    request: HttpRequest, cached: CachedBody, content_type: str, *, cache_control: str = "public, max-age=0"
) -> HttpResponse:
    """Answer a kept body, compressed where the client takes that, or 304 when the client has it already."""
    zipped = cached.gzip_body is not None and "gzip" in request.headers.get("Accept-Encoding", "")
    etag = cached.etag[:-1] + '-gzip"' if zipped else cached.etag
    asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
    response: HttpResponse
    if asked & {"*", cached.etag, cached.etag[:-1] + '-gzip"'}:
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(cached.gzip_body if zipped else cached.body, content_type=content_type)
        if zipped:
            response["Content-Encoding"] = "gzip"
    response["ETag"] = etag
    response["Cache-Control"] = cache_control
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _place(*parts: str) -> str:
    return redis_key("hot", *parts)


def _current(versions: Sequence[str]) -> tuple[str, ...] | None:
    """Return the present value of each version, or None when Redis cannot say."""
    now = time.monotonic()
    local = _local
    old = [name for name in versions if (seen := local.seen.get(name)) is None or now - seen[1] >= LOOK_EVERY]
    try:
        if old or local.owed:
            if redis_breaker.is_open:
                return None
            if local.owed:
                _set_versions(tuple(local.owed))
            for name, value in zip(old, _look(old), strict=True):
                local.seen[name] = (value, now)
            if len(local.seen) > 20_000:
                local.seen = {name: seen for name, seen in local.seen.items() if now - seen[1] < LOOK_EVERY}
        return tuple(local.seen[name][0] for name in versions)
    except (RedisError, OSError) as error:
        redis_breaker.failed(error, "versions")
        return None
    except KeyError:
        # Another thread tidied up in between.
        return None


def _look(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    places = [_place("ver", name) for name in names]
    values: list[Any] = list(client().mget(places))
    for index, value in enumerate(values):
        if value is None:
            # Never seen, or forgotten by Redis: a value that was never used before, so that no old body fits it.
            client().set(places[index], secrets.token_hex(8), ex=VERSIONS_LIVE, nx=True)
            values[index] = client().get(places[index]) or b""
    return [value.decode() for value in values]


def _bump_now(versions: Iterable[str]) -> None:
    names = tuple(versions)
    local = _local
    for name in names:
        local.seen.pop(name, None)
    local.owed.update(names)
    if redis_breaker.is_open:
        return
    try:
        _set_versions(names)
    except (RedisError, OSError) as error:
        redis_breaker.failed(error, "versions")


def _set_versions(names: tuple[str, ...]) -> None:
    pipeline = client().pipeline(transaction=False)
    for name in names:
        pipeline.set(_place("ver", name), secrets.token_hex(8), ex=VERSIONS_LIVE)
    pipeline.execute()
    _local.owed.difference_update(names)
    for name in names:
        _local.seen.pop(name, None)


def _from_process(key: str, current: tuple[str, ...]) -> CachedBody | None:
    local = _local
    kept = local.kept.get(key)
    if kept is None or kept.versions != current or time.monotonic() >= kept.until:
        return None
    with local.lock:
        if key in local.kept:
            local.kept.move_to_end(key)
    return kept.body


def _keep(key: str, kept: _Kept) -> None:
    local = _local
    with local.lock:
        old = local.kept.pop(key, None)
        local.kept[key] = kept
        local.size += _weight(kept) - (_weight(old) if old else 0)
        while local.size > LOCAL_BYTES and len(local.kept) > 1:
            _, dropped = local.kept.popitem(last=False)
            local.size -= _weight(dropped)


def _weight(kept: _Kept) -> int:
    return len(kept.body.body) + len(kept.body.gzip_body or b"") + 500


def _read(place: str) -> tuple[float, CachedBody] | None:
    if redis_breaker.is_open:
        return None
    try:
        pipeline = client().pipeline(transaction=False)
        pipeline.get(place)
        pipeline.pttl(place)
        packed, left = pipeline.execute()
    except (RedisError, OSError) as error:
        redis_breaker.failed(error, "read")
        return None
    if packed is None or left <= 0:
        return None
    return left / 1000, CachedBody.unpack(packed)


def _write(place: str, body: CachedBody, max_age: float) -> None:
    if redis_breaker.is_open:
        return
    try:
        client().set(place, body.pack(), px=max(1, int(max_age * 1000)))
    except (RedisError, OSError) as error:
        redis_breaker.failed(error, "write")
