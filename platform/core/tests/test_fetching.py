"""Real sockets on this machine; where the internet is meant, a resolver of the test's own says what a name means."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core import fetching
from core.fetching import NoAnswer, UrlRefused, fetch, is_public, target_of

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Listener:
    """A server of one's own: what it was sent, and how it answers, byte by byte."""

    def __init__(self, answer: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.requests: list[bytes] = []
        self.asked_names: list[str | None] = []
        self._answer = answer
        self._context = context
        if context is not None:
            context.sni_callback = lambda _socket, name, _context: self.asked_names.append(name)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._speak, args=[connection], daemon=True).start()

    def _speak(self, connection: socket.socket) -> None:
        try:
            with connection if self._context is None else self._context.wrap_socket(connection, server_side=True) as it:
                self.requests.append(self._read(it))
                self._answer(it)
        except OSError:
            return

    def _read(self, connection: socket.socket) -> bytes:
        got = b""
        while b"\r\n\r\n" not in got:
            piece = connection.recv(65536)
            if not piece:
                return got
            got += piece
        head, _end, body = got.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        # A bare close() leaves the thread in accept() for ever.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join(2)


@contextmanager
def listening(
    answer: Callable[[socket.socket], None] | bytes = OK, context: ssl.SSLContext | None = None
) -> Iterator[Listener]:
    reply = (lambda connection: connection.sendall(answer)) if isinstance(answer, bytes) else answer
    listener = Listener(reply, context)
    try:
        yield listener
    finally:
        listener.close()


def at(*addresses: str) -> Callable[[str, int], list[str]]:
    return lambda host, port: list(addresses)


def names(*answers: list[str]) -> tuple[Callable[[str, int], list[str]], list[str]]:
    """Return a resolver that gives another answer each time, and the list of what it was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


class TestWhatIsAsked:
    def test_asks_and_returns_status_and_body(self):
        with listening(b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nfine") as server:
            answer = fetch(
                "POST",
                f"http://127.0.0.1:{server.port}/hook?x=1",
                body=b'{"a":1}',
                headers={"Content-Type": "application/json", "webhook-id": "msg_1"},
                allow_private=True,
            )

        assert (answer.status, answer.body) == (201, b"fine")
        [request] = server.requests
        assert request.startswith(b"POST /hook?x=1 HTTP/1.1\r\n")
        assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in request
        assert b"webhook-id: msg_1\r\n" in request
        assert request.endswith(b'\r\n\r\n{"a":1}')

    def test_follows_no_redirect(self):
        with listening(OK) as elsewhere:
            location = f"http://127.0.0.1:{elsewhere.port}/"
            redirect = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
            with listening(redirect) as server:
                answer = fetch("GET", f"http://127.0.0.1:{server.port}/", allow_private=True)

        assert answer.status == 302
        assert elsewhere.requests == []

    def test_heeds_no_proxy_of_the_environment(self, monkeypatch):
        with listening(b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n") as proxy, listening(OK) as server:
            for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.delenv("no_proxy", raising=False)

            answer = fetch("GET", f"http://127.0.0.1:{server.port}/", allow_private=True)

        assert answer.status == 200
        assert proxy.requests == []

    def test_reads_four_kilobytes_and_hangs_up(self):
        def endless(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            while True:
                connection.sendall(b"x" * 65536)

        with listening(endless) as server:
            answer = fetch("GET", f"http://127.0.0.1:{server.port}/", allow_private=True)

        assert answer.body == b"x" * 4096

    @pytest.mark.parametrize(
        "part", [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "]
    )
    def test_a_drop_now_and_then_does_not_make_it_wait(self, monkeypatch, part):
        monkeypatch.setattr(fetching, "TOTAL_SECONDS", 1.0)

        def dripping(connection: socket.socket) -> None:
            connection.sendall(part)
            for _number in range(100):
                connection.sendall(b"x")
                time.sleep(0.1)

        began = time.monotonic()
        with listening(dripping) as server, pytest.raises(NoAnswer):
            fetch("GET", f"http://127.0.0.1:{server.port}/", allow_private=True)

        assert time.monotonic() - began < 2

    def test_says_when_nobody_listens_or_nonsense_comes_back(self):
        with listening(b"220 mail.example ESMTP\r\n") as server:
            port = server.port
            with pytest.raises(NoAnswer, match="no answer in HTTP"):
                fetch("GET", f"http://127.0.0.1:{port}/", allow_private=True)

        with pytest.raises(NoAnswer, match="No connection"):
            fetch("GET", f"http://127.0.0.1:{port}/", allow_private=True)

    def test_waits_no_longer_for_a_name_than_for_a_connection(self, monkeypatch):
        monkeypatch.setattr(fetching, "CONNECT_SECONDS", 0.2)
        began = time.monotonic()

        with pytest.raises(NoAnswer, match="in time"):
            fetch("GET", "https://slow.example/", allow_private=False, resolve=lambda *_asked: time.sleep(2) or [])

        assert time.monotonic() - began < 1


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "url",
        [
            "http://partner.example/",
            "ftp://partner.example/",
            "https://partner.example:8443/",
            "https://user:pass@partner.example/",
            "https://user@partner.example/",
            "https://partner.example/#part",
            "https://partner.example/a b",
            "https://partner.example\\@127.0.0.1/",
            "https:///hook",
            "https://[::1/",
            "https://[fe80::1%25eth0]/",
            "https://partner.example:port/",
            "https://pärtner.example/",
            "https://-.example/",
            "https://partner..example/",
            "//partner.example/",
            "https://partner.example/\r\nX-Evil: 1",
            "https://partner.example/" + "x" * 2000,
            "",
        ],
    )
    def test_an_address_that_is_not_plain_https(self, url):
        with pytest.raises(UrlRefused):
            fetch("GET", url, allow_private=False, resolve=at("93.184.216.34"))

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "192.88.99.1",
            "198.18.0.1",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2002:c0a8:101::1",
            "64:ff9b::7f00:1",
            "64:ff9b::5db8:d822",
            "64:ff9b:1::a00:1",
            "2001:0:5db8:d822::1",
        ],
    )
    def test_an_address_that_is_not_of_the_internet(self, address, settings):
        settings.OUTBOUND_BLOCKED = False

        assert not is_public(ipaddress.ip_address(address))
        with pytest.raises(UrlRefused, match="not reachable from the internet"):
            fetch("GET", "https://partner.example/", allow_private=False, resolve=at(address))
        with pytest.raises(UrlRefused, match="not reachable from the internet"):
            # One bad address among good ones spoils the name.
            fetch("GET", "https://partner.example/", allow_private=False, resolve=at("93.184.216.34", address))

    @pytest.mark.parametrize(
        "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "2002:5db8:d822::1"]
    )
    def test_others_are(self, address):
        assert is_public(ipaddress.ip_address(address))

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "127.1", "localhost"]
    )
    def test_this_machine_however_it_is_spelt(self, host, settings):
        settings.OUTBOUND_BLOCKED = False

        with pytest.raises(UrlRefused):
            fetch("GET", f"https://{host}/", allow_private=False)

    def test_a_name_that_means_this_machine_is_never_connected_to(self, settings):
        settings.OUTBOUND_BLOCKED = False
        connected = []
        with listening(lambda connection: connected.append(connection)) as server:
            resolve, asked = names(["127.0.0.1"])

            with pytest.raises(UrlRefused):
                fetch("GET", "https://inside.example/", allow_private=False, resolve=resolve)

        assert asked == ["inside.example"]
        assert server.requests == connected == []

    def test_an_unknown_name_is_refused_in_the_same_words(self, settings):
        settings.OUTBOUND_BLOCKED = False

        with pytest.raises(UrlRefused, match="not reachable from the internet"):
            fetch("GET", "https://nowhere.example/", allow_private=False, resolve=at())

    def test_the_real_network_while_it_is_blocked(self, settings):
        settings.OUTBOUND_BLOCKED = True

        for nearby in (True, False):
            with pytest.raises(UrlRefused, match="OUTBOUND_BLOCKED"):
                fetch("GET", "https://partner.example/", allow_private=nearby, resolve=at("93.184.216.34"))

    @pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "fe80::1"])
    def test_metadata_services_even_where_nearby_is_allowed(self, address):
        with pytest.raises(UrlRefused):
            fetch("GET", "http://metadata.example/", allow_private=True, resolve=at(address))

    def test_nearby_is_allowed_by_the_setting_alone(self, settings):
        with listening(OK) as server:
            settings.WEBHOOKS_ALLOW_PRIVATE = True
            assert fetch("GET", f"http://127.0.0.1:{server.port}/").status == 200

            settings.WEBHOOKS_ALLOW_PRIVATE = False
            with pytest.raises(UrlRefused):
                fetch("GET", f"http://127.0.0.1:{server.port}/")

        assert len(server.requests) == 1


class TestTheNameAndTheAddress:
    def test_is_asked_once_and_the_answer_is_kept_to(self):
        # The second answer would lead elsewhere: that is how a name gets past a check.
        with listening(OK) as server:
            resolve, asked = names(["127.0.0.1"], ["127.0.0.2"])

            answer = fetch("GET", f"http://rebinding.example:{server.port}/", allow_private=True, resolve=resolve)

        assert answer.status == 200
        assert asked == ["rebinding.example"]

    def test_the_next_address_is_tried_when_one_is_dead(self):
        with listening(OK) as server:
            answer = fetch(
                "GET",
                f"http://two.example:{server.port}/",
                allow_private=True,
                resolve=at("127.0.0.77", "127.0.0.1"),
            )

        assert answer.status == 200

    def test_the_certificate_is_the_names_and_so_is_sni(self, authority):
        with listening(OK, authority.server_for("partner.example")) as server:
            answer = fetch(
                "GET",
                f"https://partner.example:{server.port}/",
                allow_private=True,
                resolve=at("127.0.0.1"),
                trust=authority.trust,
            )

        assert answer.status == 200
        assert server.asked_names == ["partner.example"]

    @pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
    def test_a_certificate_for_another_name_is_no_answer(self, authority, name):
        context = authority.server_for("partner.example")

        with listening(OK, context) as server, pytest.raises(NoAnswer, match="certificate"):
            fetch(
                "GET",
                f"https://{name}:{server.port}/",
                allow_private=True,
                resolve=at("127.0.0.1"),
                trust=authority.trust,
            )

        assert server.requests in ([], [b""])

    def test_an_authority_nobody_knows_is_no_answer(self, authority):
        context = authority.server_for("partner.example")

        with listening(OK, context) as server, pytest.raises(NoAnswer, match="certificate"):
            fetch("GET", f"https://partner.example:{server.port}/", allow_private=True, resolve=at("127.0.0.1"))

    def test_a_handshake_that_never_ends_is_no_answer(self, monkeypatch):
        monkeypatch.setattr(fetching, "CONNECT_SECONDS", 0.3)
        began = time.monotonic()

        with listening(lambda connection: time.sleep(3)) as server, pytest.raises(NoAnswer):
            fetch("GET", f"https://127.0.0.1:{server.port}/", allow_private=True)

        assert time.monotonic() - began < 2


def test_what_is_checked_is_what_is_asked():
    target = target_of("HTTPS://Partner.Example.:443?x=1", allow_private=False)

    assert (target.scheme, target.host, target.port, target.path) == ("https", "partner.example", 443, "/?x=1")
    assert target.host_header == "partner.example"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "10.1.2.3",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::ffff:10.0.0.1]",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST.",
        "till.localhost",
        "printer.local",
        "metadata.google.internal",
        "till.home.arpa",
    ],
)
def test_what_is_not_of_the_internet_is_known_by_reading(host, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_more: pytest.fail("Nobody is to be asked."))

    with pytest.raises(UrlRefused, match="not reachable from the internet"):
        target_of(f"https://{host}/", allow_private=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "[::1]", "192.168.1.1", "localhost", "till.local"])
def test_nearby_may_be_written_down_where_it_may_be_asked(host):
    assert target_of(f"http://{host}:8121/", allow_private=True).port == 8121


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "[fe80::1]"])
def test_metadata_services_may_not_even_there(host):
    with pytest.raises(UrlRefused, match="not reachable from the internet"):
        target_of(f"http://{host}/", allow_private=True)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://93.184.216.34/", "93.184.216.34"),
        ("https://0x5db8d822/", "93.184.216.34"),
        ("https://[2606:2800:220:1::1]/", "2606:2800:220:1::1"),
        ("https://nowhere.example/", "nowhere.example"),
        ("https://internal.example/", "internal.example"),
    ],
)
def test_others_are_left_to_the_resolver(url, host):
    assert target_of(url, allow_private=False).host == host


class Authority:
    """A certificate authority for this test alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self._certificate = self._signed(self._name, self._key.public_key(), is_authority=True)
        self.trust = ssl.create_default_context(
            cadata=self._certificate.public_bytes(serialization.Encoding.PEM).decode()
        )

    def server_for(self, name: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._signed(subject, key.public_key(), names=[x509.DNSName(name)])
        path = self._folder / f"{name}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _signed(self, subject, key, *, names=(), is_authority=False) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
        return builder.sign(self._key, hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
