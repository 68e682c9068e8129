"""A small real server that does what it is told with each connection: answer, keep silent, break off, talk nonsense."""

import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

Act = Callable[[socket.socket, threading.Event], None]


@dataclass
class Request:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class AnsweringServer:
    """`with AnsweringServer(act, act, …) as server:` plays an act for each connection, the last one again and again."""

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)
        self.requests: list[Request] = []
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._socket.settimeout(0.1)
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(10)
        self._socket.close()

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            try:
                self.requests.append(_read(connection))
                act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
                act(connection, self._over)
            except OSError:
                pass


def _read(connection: socket.socket) -> Request:
    told = b""
    while b"\r\n\r\n" not in told:
        piece = connection.recv(65536)
        if not piece:
            raise OSError("gone")
        told += piece
    head, _, body = told.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    return Request(method, target, headers, body)


def says(body: Any, status: int = 200, **headers: str) -> Act:
    """Answer with JSON, or with these bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    def act(connection: socket.socket, over: threading.Event) -> None:
        lines = {"Content-Type": "application/json", "Content-Length": str(len(raw)), "Connection": "close"}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + raw)

    return act


def sends(raw: bytes) -> Act:
    """Write these bytes and hang up."""
    return lambda connection, over: connection.sendall(raw)


def is_silent(connection: socket.socket, over: threading.Event) -> None:
    """Say nothing for as long as the test lasts."""
    over.wait(20)


def breaks_off(connection: socket.socket, over: threading.Event) -> None:
    """Reset the connection in place of an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hangs_up(connection: socket.socket, over: threading.Event) -> None:
    """Close the connection without an answer."""


def drips(connection: socket.socket, over: threading.Event) -> None:
    """Answer, a space at a time, for longer than anybody waits."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(100):
        if over.wait(0.1):
            break
        connection.sendall(b" ")
