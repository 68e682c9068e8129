"""The sandbox for tests: a real process on free ports, in a folder of its own. Needs no Django and no settings."""

import os
import socket
import subprocess
import sys
import time
from datetime import datetime
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

    def pay(self, gateway: str, reference: str, *, how: str = "card", **asked: Any) -> dict[str, Any]:
        """Do what a payer would do on the checkout page, and return what has become of the payment.

        `how` is card, declined, abandoned, cancelled, challenge, bank, transfer, transfer_short, transfer_excess,
        transfer_late, ussd, ussd_late or ussd_never; `card` names a test card, `kobo` what is transferred,
        `merchant="foreign"` whose payment it is.
        """
        answer = self.http.post(f"/{gateway}/api/pay", json={"reference": reference, "how": how, **asked}, timeout=60)
        assert answer.status_code == 200, answer.text  # noqa: S101
        return answer.json()

    def tell(self, gateway: str, what: str, **asked: Any) -> dict[str, Any]:
        """Tell a gateway's controls something, such as `refunds/7/step` with `to="failed"`, and return the answer."""
        answer = self.http.post(f"/{gateway}/api/{what}", json=asked, timeout=60)
        assert answer.status_code in (200, 204), answer.text  # noqa: S101
        return answer.json() if answer.content else {}

    def clock(self) -> datetime:
        """Return what time it is for the gateways."""
        return datetime.fromisoformat(self.http.get("/gateways/api/clock").raise_for_status().json()["now"])

    def advance(self, seconds: float) -> datetime:
        """Put the gateways' clock forward, have done what is due by then, and return the time."""
        return self.turn_clock(advance_seconds=seconds)

    def turn_clock(self, **to: Any) -> datetime:
        """Turn the gateways' clock: `set` to a moment, `is_frozen`, `advance_seconds` or `reset`."""
        answer = self.http.put("/gateways/api/clock", json=to, timeout=60).raise_for_status()
        return datetime.fromisoformat(answer.json()["now"])

    def gateway_faults(self, *rules: dict[str, Any], seed: int = 0) -> None:
        """Have these things go wrong at the gateways and no others: `{"gateway", "route", "kind", …}`."""
        answer = self.http.put("/gateways/api/faults", json={"rules": rules, "seed": seed})
        assert answer.status_code == 200, answer.text  # noqa: S101

    def deliveries(self, **narrowed: str) -> list[dict[str, Any]]:
        """Return the webhooks, oldest first, narrowed by `gateway`, `reference`, `event`, `state` or `merchant`."""
        answer = self.http.get("/gateways/api/deliveries", params=narrowed).raise_for_status()
        return answer.json()["deliveries"]

    def wait_for_deliveries(self, count: int, *, seconds: float = 20, **narrowed: str) -> list[dict[str, Any]]:
        """Return the webhooks as soon as so many of them have been delivered.

        :raises AssertionError: when they are not in time
        """
        deadline = time.monotonic() + seconds
        while len(found := self.deliveries(**{"state": "delivered", **narrowed})) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} of {count} webhooks were delivered within {seconds} seconds")
            time.sleep(0.05)
        return found

    def resend(self, delivery: int) -> None:
        """Send a webhook again."""
        self.http.post(f"/gateways/api/deliveries/{delivery}/resend").raise_for_status()

    def summary(self, gateway: str) -> list[dict[str, Any]]:
        """Return a gateway's sums in kobo by merchant, mode and currency."""
        answer = self.http.get("/gateways/api/summary", params={"gateway": gateway}, timeout=60).raise_for_status()
        return answer.json()["gateways"][gateway]

    def payments(self, gateway: str) -> list[dict[str, Any]]:
        """Return all of a gateway's transactions, in its order."""
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            asked = {"gateway": gateway, "after": str(after)}
            page = self.http.get("/gateways/api/payments", params=asked, timeout=60).raise_for_status().json()
            found, after = found + page["payments"], page["next"]
        return found

    def set_webhook_url(self, merchant: str, url: str) -> None:
        """Have a merchant's webhooks sent there; `paystack` and `flutterwave` are ours, `paystack-foreign` is not."""
        answer = self.http.put(f"/gateways/api/merchants/{merchant}", json={"webhook_url": url})
        assert answer.status_code == 200, answer.text  # noqa: S101

    def reset(self) -> None:
        """Forget the mails, text messages and payments, switch the faults off, and set the gateways' clock right."""
        self.http.delete("/mail/api/messages").raise_for_status()
        self.http.delete("/sms/api/messages").raise_for_status()
        self.http.delete("/gateways/api/state").raise_for_status()
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
