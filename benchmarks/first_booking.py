"""From nothing but a clone to the first booking: how long somebody new has to wait.

Clones this repository as it is committed, runs `make run` there on free ports with data of its own, waits for the
address it prints, and books a table through the pages in a headless browser. With `--quick` the packages are not
installed anew: the clone runs in the virtual environment at hand, and the last line says `venv=reused`.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.harness import NOT_INHERITED, ROOT, free_port, last_line, machine, say, step, table
from core.codes import is_code
from core.embedded import processes

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The promise to somebody new is three minutes; the rest is for slow networks and busy machines.
PATIENCE = 900


@dataclass
class House:
    """A Buka that is being started from a clone: what it has said, and when."""

    process: "subprocess.Popen[bytes]"
    began: float
    lines: list[tuple[float, str]] = field(default_factory=list)
    has_spoken: threading.Condition = field(default_factory=threading.Condition)

    def listen(self) -> None:
        if self.process.stdout:
            for line in self.process.stdout:
                with self.has_spoken:
                    self.lines.append((time.monotonic() - self.began, line.decode(errors="replace").rstrip()))
                    self.has_spoken.notify_all()
        with self.has_spoken:
            self.has_spoken.notify_all()

    def when(self, words: str) -> float | None:
        """Return after how many seconds a line began with these words."""
        return next((at for at, line in self.lines if line.startswith(words)), None)

    def wait_for(self, words: str) -> float:
        """Wait until a line begins with these words and return when it did.

        :raises RuntimeError: when it dies first or takes too long, with its last lines
        """
        with self.has_spoken:
            self.has_spoken.wait_for(
                lambda: self.when(words) is not None or self.process.poll() is not None,
                timeout=PATIENCE - (time.monotonic() - self.began),
            )
        at = self.when(words)
        if at is None:
            said = "\n".join(f"    {line}" for _at, line in self.lines[-25:])
            raise RuntimeError(f"Buka did not open. Its last lines:\n{said}")
        return at


def main(arguments: list[str] | None = None) -> int:
    """Clone, run, book, and tell how long each took."""
    asked = harness.options("first_booking", __doc__, arguments)
    browser = os.environ.get("CHROMIUM_BIN") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        say("No Chromium was found: install one, or name it with CHROMIUM_BIN.")
        return 1
    where = machine()
    with harness.scratch("first-booking") as folder:
        clone = folder / "buka"
        began = time.monotonic()
        with step("Cloning"):
            git = shutil.which("git") or "git"
            subprocess.run([git, "clone", "--quiet", str(ROOT), str(clone)], check=True, timeout=120)  # noqa: S603
        cloned = time.monotonic() - began
        with opening(clone, folder / "home", quick=asked.quick) as (house, address):
            with step("Running it" if asked.quick else "make run"):
                opened = house.wait_for("Buka is open")
            with step("Booking a table"):
                looking = time.monotonic()
                code = book(browser, address, folder / "browser")
                booked = time.monotonic() - looking
    installed = house.when("▸ Starting PostgreSQL") or 0.0
    total = cloned + opened + booked
    say()
    table(
        ["stage", "seconds"],
        [
            ["git clone", cloned],
            ["packages: reused" if asked.quick else "virtual environment and packages", installed],
            ["PostgreSQL, Redis, migrations, messages, static files, demo city, processes", opened - installed],
            ["booking through the pages, browser's start included", booked],
            ["from git clone to the first booking", total],
        ],
    )
    say(f"The booking is {code}. {where}")
    last_line(
        "first_booking",
        seconds=f"{total:.1f}",
        clone=f"{cloned:.1f}",
        install=f"{installed:.1f}",
        start=f"{opened - installed:.1f}",
        booking=f"{booked:.1f}",
        venv="reused" if asked.quick else "new",
    )
    return 0


@contextmanager
def opening(clone: Path, home: Path, *, quick: bool) -> Iterator[tuple[House, str]]:
    """Start Buka from a clone, and stop it at the end. Yields at once: it is not open yet."""
    inherited = {name: value for name, value in os.environ.items() if name not in (*NOT_INHERITED, "VIRTUAL_ENV")}
    port = free_port()
    environment = {
        **inherited,
        "PORT": str(port),
        "SANDBOX_PORT": str(free_port()),
        "EMAIL_PORT": str(free_port()),
        "BUKA_HOME": str(home),
    }
    environment.pop("PYTHONPATH", None)
    command: list[str | Path] = ["make", "--no-print-directory", "run"]
    if quick:
        command = [sys.executable, "-m", "core.embedded.supervisor"]
        environment["PYTHONPATH"] = os.pathsep.join([str(clone), str(clone / "platform")])
    process = processes.start(command, output=subprocess.PIPE, env=environment, cwd=clone)
    house = House(process, time.monotonic())
    listener = threading.Thread(target=house.listen, daemon=True)
    listener.start()
    try:
        yield house, f"http://{harness.HOST}:{port}"
    finally:
        processes.stop(process, patience=60)
        listener.join(5)
        if process.stdout:
            process.stdout.close()


def book(browser: str, address: str, profile: Path) -> str:
    """Book the first free table as a diner would: a house from the start page, a time, a name. Return the code."""
    from playwright.sync_api import sync_playwright

    flags = ["--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=browser, args=flags, headless=True, viewport={"width": 360, "height": 740}
        )
        try:
            page = context.pages[0] if context.pages else context.new_page()
            page.set_default_timeout(20_000)
            return _book_on(page, address)
        finally:
            context.close()


def _book_on(page: Any, address: str) -> str:
    page.goto(address)
    page.goto(f"{address}/en/search/?bookable=on")
    page.locator("main a[href*='/en/r/']:not([href*='/book/']):not([href*='/claim/'])").first.click()
    page.locator("#times a.slot").first.click()
    page.get_by_label("Your name").fill("First diner")
    page.locator("#book input[name=email]").fill("first-diner@example.com")
    page.locator("#book button.btn--primary").click()
    page.wait_for_url("**/bookings/**")
    code = "".join(page.locator(".ticket .code").inner_text().split())
    if not is_code(code):
        raise RuntimeError(f"The page shows no confirmation code: {page.inner_text('main')[:500]}")
    return code


if __name__ == "__main__":
    sys.exit(main())
