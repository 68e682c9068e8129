"""Asking an address that somebody else wrote down: a partner's webhook, a calendar, a picture.

Whoever writes such an address must not be able to make this server speak to its own network. So: https on port 443,
no credentials, no redirects, no proxy from the environment. The name is resolved once, every address it has must be a
public one, and the connection goes to the address that was looked at, while SNI and certificate are the name's. A
name that answers differently the second time gains nothing, as it is never asked a second time.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
import idna
from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from core.errors import Text

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
MOST_READ = 4096
LONGEST_URL = 2000
_WRITE_AT_ONCE = 16 * 1024

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_TEREDO = ipaddress.ip_network("2001::/32")
# Relays and protocol assignments: Python counts some of them as global.
_SPECIAL = tuple(map(ipaddress.ip_network, ("192.88.99.0/24", "192.0.0.0/24")))
# What the embedded set-up may speak to: this machine and the network it stands in, never a cloud's own services.
_NEARBY = tuple(
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
# Names that no resolver of the internet knows: RFC 6761, RFC 6762, and what ICANN has kept for private use.
_LOCAL_ENDINGS = frozenset({"localhost", "local", "internal"})
_METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "fd20:ce::254", "192.0.0.192", "100.100.100.200")))


class Why(TextChoices):
    """Why nothing was fetched: a code to store, and a sentence for people, without anything that was read."""

    TIMED_OUT = "timed_out", _("No answer came in time.")
    NOT_SECURE = "not_secure", _("No secure connection: the certificate or the TLS of the other side is wrong.")
    NO_CONNECTION = "no_connection", _("No connection could be made, or it broke off.")
    NOT_HTTP = "not_http", _("What came back was no answer in HTTP.")
    NO_ADDRESS = "no_address", _("This is not a web address.")
    NOT_HTTPS = "not_https", _("The address must begin with https://.")
    CREDENTIALS = "credentials_in_address", _("The address must not contain a name or a password.")
    FRAGMENT = "fragment_in_address", _("The address must not contain a #.")
    PORT = "wrong_port", _("The address must be on port 443.")
    NOT_PUBLIC = "not_public", _("This address is not reachable from the internet.")
    OUTBOUND_BLOCKED = "outbound_blocked", _("OUTBOUND_BLOCKED is on: from here nothing is sent to a real network.")


class NotFetched(Exception):
    """Nothing was fetched; `code` is what to store, `why` the sentence in the language of whoever reads it."""

    def __init__(self, code: Why) -> None:
        super().__init__(code)
        self.code = code

    @property
    def why(self) -> Text:
        return self.code.label

    def __str__(self) -> str:
        return str(self.why)


class UrlRefused(NotFetched):
    """This is an address that is never asked, now or later."""


class NoAnswer(NotFetched):
    """The other side could not be reached, was too slow, or did not speak HTTP; it may be asked again."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and at most the first 4 kB."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Target:
    """An address taken to pieces; what is checked is what is asked, nothing parses it again."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


def fetch(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    allow_private: bool | None = None,
    resolve: Resolver | None = None,
    trust: ssl.SSLContext | None = None,
) -> Answer:
    """Ask an address given by somebody else, within ten seconds by the clock on the wall.

    :param allow_private: also http, other ports and addresses nearby; from `WEBHOOKS_ALLOW_PRIVATE` if not given
    :param resolve: from a name and a port to addresses, in place of the system's
    :param trust: which certificates are believed, in place of the usual authorities
    :raises UrlRefused: when this address may not be asked
    :raises NoAnswer: when no answer came
    """
    nearby = settings.WEBHOOKS_ALLOW_PRIVATE if allow_private is None else allow_private
    target = target_of(url, allow_private=nearby)
    deadline = _Deadline(TOTAL_SECONDS)
    addresses = _addresses_of(target, resolve or system_resolver, allow_private=nearby, deadline=deadline)
    sent = {
        "Host": target.host_header,
        "User-Agent": "Buka/1",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    try:
        with httpcore.ConnectionPool(
            ssl_context=trust or _usual_trust(), network_backend=_Pinned(addresses, deadline), retries=0
        ) as pool:
            request = httpcore.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=target.path.encode(),
            )
            with pool.stream(method, request, headers=list(sent.items()), content=body) as response:
                return Answer(response.status, _read(response))
    except httpcore.TimeoutException as error:
        raise NoAnswer(Why.TIMED_OUT) from error
    except (httpcore.ConnectError, httpcore.NetworkError) as error:
        if isinstance(error.__cause__, ssl.SSLError) or isinstance(error.__context__, ssl.SSLError):
            raise NoAnswer(Why.NOT_SECURE) from error
        raise NoAnswer(Why.NO_CONNECTION) from error
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError) as error:
        raise NoAnswer(Why.NOT_HTTP) from error


def target_of(url: str, *, allow_private: bool | None = None) -> Target:
    """Take an address to pieces, without asking anybody about its name: what can be refused by reading is refused here.

    :raises UrlRefused: with a sentence that says what is wrong with it
    """
    nearby = settings.WEBHOOKS_ALLOW_PRIVATE if allow_private is None else allow_private
    if len(url) > LONGEST_URL or not url.isascii() or any(c <= " " or c in '\\"<>^`{|}\x7f' for c in url):
        raise UrlRefused(Why.NO_ADDRESS)
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise UrlRefused(Why.NO_ADDRESS) from error
    if parts.scheme not in (("https", "http") if nearby else ("https",)):
        raise UrlRefused(Why.NOT_HTTPS)
    if "@" in parts.netloc:
        raise UrlRefused(Why.CREDENTIALS)
    if parts.fragment or url.endswith("#"):
        raise UrlRefused(Why.FRAGMENT)
    if port is not None and port != 443 and not nearby:
        raise UrlRefused(Why.PORT)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = _host(host)
    if _is_never_public(named, nearby=nearby):
        raise UrlRefused(Why.NOT_PUBLIC)
    return Target(parts.scheme, named, port or (443 if parts.scheme == "https" else 80), path)


def _host(host: str) -> str:
    literal = _literal(host)
    if literal is not None:
        return str(literal)
    try:
        encoded = idna.encode(host.removesuffix("."), uts46=True).decode()
    except idna.IDNAError as error:
        raise UrlRefused(Why.NO_ADDRESS) from error
    literal = _literal(encoded)
    return encoded if literal is None else str(literal)


def _literal(host: str) -> Address | None:
    """Return the address that a host is, in whatever spelling the system's resolver would understand it."""
    if "%" in host:
        # An address with a zone names a network card of this machine.
        return None
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        # 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1 without anybody being asked.
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_never_public(host: str, *, nearby: bool) -> bool:
    """Tell what can be told by reading; where any other name leads shows when it is resolved."""
    literal = _literal(host)
    if literal is not None:
        return not _may_be_asked(literal, nearby=nearby)
    return not nearby and (host.rpartition(".")[2] in _LOCAL_ENDINGS or host.endswith(".home.arpa"))


# --- Which addresses are asked ------------------------------------------------------------------------------------


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the internet, whatever it is wrapped in."""
    inner = _unwrapped(address)
    if inner is not None:
        return is_public(inner)
    if address.is_multicast or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL)
    # Teredo and NAT64 carry any IPv4 address to whoever translates them.
    return address in _PUBLIC_IPV6 and address not in _TEREDO and address not in _NAT64


def _unwrapped(address: Address) -> Address | None:
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address.sixtofour
    return None


def _may_be_asked(address: Address, *, nearby: bool) -> bool:
    return is_public(address) or (nearby and _is_nearby(address))


def _is_nearby(address: Address) -> bool:
    return address not in _METADATA and any(
        address in network for network in _NEARBY if network.version == address.version
    )


def system_resolver(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _addresses_of(target: Target, resolve: Resolver, *, allow_private: bool, deadline: "_Deadline") -> list[str]:
    literal = _literal(target.host)
    given = [str(literal)] if literal is not None else _resolved(target, resolve, deadline)
    # One sentence for a name that nobody knows and for one of our own: the answer is no map of our network.
    refusal = UrlRefused(Why.NOT_PUBLIC)
    if not given:
        raise refusal
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in given]
    if not all(_may_be_asked(address, nearby=allow_private) for address in addresses):
        raise refusal
    if settings.OUTBOUND_BLOCKED and not (allow_private and all(map(_is_nearby, addresses))):
        raise UrlRefused(Why.OUTBOUND_BLOCKED)
    return [str(address) for address in addresses]


def _resolved(target: Target, resolve: Resolver, deadline: "_Deadline") -> Sequence[str]:
    """Return a name's addresses, none if it has none. The system's resolver keeps to no deadline, so this does."""
    found: list[Sequence[str]] = []

    def ask() -> None:
        try:
            found.append(resolve(target.host, target.port))
        except (OSError, UnicodeError):
            found.append([])

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(min(CONNECT_SECONDS, deadline.left()))
    if not found:
        raise NoAnswer(Why.TIMED_OUT)
    return found[0]


# --- The connection -----------------------------------------------------------------------------------------------


class _Deadline:
    """How long is left; a drop every few seconds does not make it longer."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("The time is over.")
        return left


class _Pinned(httpcore.NetworkBackend):
    """Connects to the addresses that were looked at, whatever name the library asks for."""

    def __init__(self, addresses: Sequence[str], deadline: _Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        # IPv6 that leads nowhere is common; the next address gets what is left of the five seconds.
        until = time.monotonic() + CONNECT_SECONDS
        failure: Exception = httpcore.ConnectError("No address.")
        for position, address in enumerate(self._addresses):
            left = min(self._deadline.left(), until - time.monotonic())
            if left <= 0:
                break
            share = left if position == len(self._addresses) - 1 else left / 2
            try:
                return _Timed(self._sockets.connect_tcp(address, port, timeout=share), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Timed(httpcore.NetworkStream):
    """A stream whose every step keeps to the one deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _WRITE_AT_ONCE):
            self._stream.write(buffer[start : start + _WRITE_AT_ONCE], self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = min(CONNECT_SECONDS, self._deadline.left())
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, seconds), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _read(response: httpcore.Response) -> bytes:
    body = b""
    for piece in response.iter_stream():
        body += piece
        if len(body) >= MOST_READ:
            break
    return body[:MOST_READ]


@cache
def _usual_trust() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
