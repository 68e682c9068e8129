"""The sandbox for tests: a real process on free ports, in a folder of its own. Needs no Django and no settings."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SandboxClient:
    """What a test reads from a sandbox and tells it."""

    def __init__(self, url: str, *, smtp_port: int) -> None:
        self.url = url
        self.smtp_port = smtp_port
        self.http = httpx.Client(base_url=url, timeout=10, trust_env=False)

    def mails(self, **narrowed: str) -> list[dict[str, Any]]:
        """Return the mails it took, newest first, narrowed by `to`, `subject` or `message_id`."""
        return self.http.get("/mail/api/messages", params=narrowed).raise_for_status().json()["messages"]

    def wait_for_mails(self, count: int, *, seconds: float = 20, **narrowed: str) -> list[dict[str, Any]]:
        """Return the mails as soon as there are so many.

        :raises AssertionError: when they do not come in time
        """
        deadline = time.monotonic() + seconds
        while len(found := self.mails(**narrowed)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} of {count} mails came within {seconds} seconds: {narrowed}")
            time.sleep(0.1)
        return found

    def fault(self, mode: str = "none", *, delay_seconds: int = 0, times: int | None = None) -> None:
        """Tell the mail server what to do wrong: none, reject, temporary or drop."""
        asked = {"mode": mode, "delay_seconds": delay_seconds, "times": times}
        self.http.put("/mail/api/faults", json=asked).raise_for_status()

    def texts(self, *, to: str = "") -> list[dict[str, Any]]:
        """Return the text messages it took, newest first; `code` is what a phone would fill in."""
        return self.http.get("/sms/api/messages", params={"to": to}).raise_for_status().json()["messages"]

    def wait_for_texts(self, count: int, *, to: str = "", seconds: float = 20) -> list[dict[str, Any]]:
        """Return the text messages as soon as there are so many.

        :raises AssertionError: when they do not come in time
        """
        deadline = time.monotonic() + seconds
        while len(found := self.texts(to=to)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} of {count} text messages came within {seconds} seconds")
            time.sleep(0.1)
        return found

    def spoil(self, service: str, mode: str = "none", *, delay_seconds: int = 0, times: int | None = None) -> None:
        """Tell `sms` (Africa's Talking), `twilio`, `google` or `facebook` what to do wrong: the modes of its page."""
        folder = {"sms": "/sms", "twilio": "/sms/twilio"}.get(service, f"/openid/{service}")
        path = f"{folder}/api/faults"
        asked = {"mode": mode, "delay_seconds": delay_seconds, "times": times}
        self.http.put(path, json=asked).raise_for_status()

    def tokens(self, service: str, **asked: Any) -> dict[str, Any]:
        """Return what an app on a phone gets from `google` or `facebook` for a `person`, or a `name` and `email`."""
        answer = self.http.post(f"/openid/{service}/api/tokens", json=asked).raise_for_status()
        return answer.json()

    def reset(self) -> None:
        """Forget the mails and text messages, and switch the faults off."""
        self.http.delete("/mail/api/messages").raise_for_status()
        self.http.delete("/sms/api/messages").raise_for_status()
        self.fault()
        for service in ("sms", "twilio", "google", "facebook"):
            self.spoil(service)


class RunningSandbox(SandboxClient):
    """`with RunningSandbox(home) as sandbox:` starts it, waits until it is well, and stops it at the end."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.http_port = free_port()
        super().__init__(f"http://127.0.0.1:{self.http_port}", smtp_port=free_port())
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process.

        :raises RuntimeError: with what it printed, when it does not become well
        """
        self.home.mkdir(parents=True, exist_ok=True)
        printed = self.home / "sandbox.log"
        with printed.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sandbox"],
                cwd=ROOT,
                env={
                    **os.environ,
                    "BUKA_HOME": str(self.home),
                    "SANDBOX_PORT": str(self.http_port),
                    "EMAIL_PORT": str(self.smtp_port),
                },
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_well():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"The sandbox did not start:\n{printed.read_text()}")
            time.sleep(0.05)

    def _is_well(self) -> bool:
        try:
            return self.http.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """Stop it as a supervisor does, and return its exit code."""
        assert self._process is not None  # noqa: S101
        self._process.terminate()
        try:
            return self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.http.close()
