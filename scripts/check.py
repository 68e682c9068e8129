"""Everything that must hold before a change is taken: `make test`, and with it CI.

    .venv/bin/python scripts/check.py [--only lint|types] [ARGUMENTS OF PYTEST …]

Runs the static checks two at a time, then all tests, against PostgreSQL and Redis of its own (in `test` under
BUKA_HOME) unless DATABASE_URL and REDIS_URL name others. With arguments for pytest, only the tests run.
The last line is pytest's own closing line.
"""

import base64
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from core.embedded import paths  # noqa: E402  (the path must be known first)
from core.embedded.services import ServiceError, services  # noqa: E402
from core.embedded.steps import say, step  # noqa: E402

BIN = Path(sys.executable).parent
CHECK_SECONDS = 600
TEST_SECONDS = 17 * 60
SUMMARY_SECONDS = 60
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CLOSING_LINE = re.compile(r"^=+ (.*\b(?:passed|failed|errors?|skipped|deselected|no tests ran)\b.* in .*) =+$")


@dataclass(frozen=True)
class Check:
    """A command that must succeed, and what to do when it does not."""

    name: str
    command: list[str]
    advice: str
    env: Mapping[str, str] = field(default_factory=dict)


CODE = ("platform", "accounts", "restaurants", "payments", "bookings", "sandbox", "benchmarks", "scripts")
LINT = [
    Check("ruff", [str(BIN / "ruff"), "check", "."], "`make format` mends much of it."),
    Check("ruff format", [str(BIN / "ruff"), "format", "--check", "."], "`make format` does it."),
    Check(
        "bandit",
        [str(BIN / "bandit"), "-ll", "-q", "-c", "pyproject.toml", "-r", *CODE],
        "Mend it; pyproject.toml says which rules ruff holds in its place.",
    ),
    Check("import contracts", [str(BIN / "lint-imports"), "--no-cache"], "docs/architecture.md shows the floors."),
]
MESSAGES = Check(
    "messages",
    [sys.executable, "manage.py", "compile_messages"],
    "The lines above name the entries of locale/ to mend.",
)
# Each of pytest's processes rewrites and compiles all tests unless one has done so before.
COLLECTION = Check(
    "collection of the tests",
    [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
    "The lines above name the test that cannot be read.",
)
TYPES = [Check("mypy", [str(BIN / "mypy")], "Annotate it, or say in a comment why not.")]


def django_checks(environment: Mapping[str, str]) -> list[Check]:
    """Return the checks that load Django, with the services' addresses."""
    production = {
        "BUKA_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "BUKA_BASE_URL": "https://buka.example",
        "EMAIL_HOST": "mail.buka.example",
        "ENCRYPTION_KEYS": f"check:{_random_key(32)}",
        "BLIND_INDEX_KEY": _random_key(32),
        "TOKEN_KEYS": f"check:{_random_key(64)}",
        "TRUSTED_PROXIES": "unix",
    }
    manage = [sys.executable, "-W", "error::DeprecationWarning:config", "manage.py"]
    return [
        Check(
            "database of the tests",
            [sys.executable, "-m", "core.testing_database"],
            "The lines above name the migration to mend.",
            {
                **environment,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}",
            },
        ),
        Check(
            "missing migrations",
            [*manage, "makemigrations", "--check", "--dry-run"],
            "`make manage ARGS=makemigrations`, then give the file a name that says what it does.",
            environment,
        ),
        Check(
            "deployment check",
            [*manage, "check", "--deploy", "--fail-level", "WARNING"],
            "These are the settings of a production house.",
            {**environment, **production},
        ),
    ]


def _random_key(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).decode()


def main(arguments: list[str]) -> int:
    """Run what is asked for; the exit status of `make test`."""
    os.chdir(ROOT)
    only = arguments[1] if arguments[:1] == ["--only"] else None
    if only:
        return 1 if run_checks({"lint": LINT, "types": TYPES}[only], os.environ) else 0
    signal.signal(signal.SIGTERM, _leave)
    browser = find_browser()
    home = paths.home(ROOT) / "test"
    try:
        with services(home) as addresses:
            environment = {
                **os.environ,
                "BUKA_ENV": "test",
                "BUKA_HOME": str(home),
                "DATABASE_URL": addresses.database_url,
                "REDIS_URL": addresses.redis_url,
                **({"CHROMIUM_BIN": browser} if browser else {}),
            }
            # The tests read the languages; only compiled catalogues count, and a fresh clone has none.
            failed = run_checks([MESSAGES], environment)
            # The longest first: what is left over fits beside it.
            checks = [] if arguments else [*TYPES, COLLECTION, *django_checks(environment), *LINT]
            failed += run_checks(checks, environment)
            passed, closing_line = run_tests(arguments, environment)
    except ServiceError as error:
        say(str(error))
        return 1
    say()
    for check in failed:
        say(f"FAILED: {check.name}. {check.advice}")
    say(closing_line)
    return 0 if passed and not failed else 1


def _leave(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run_checks(checks: list[Check], environment: Mapping[str, str]) -> list[Check]:
    """Run checks two at a time, show what the failing ones say, and return those."""
    with ThreadPoolExecutor(2) as pool:
        passed = pool.map(lambda check: _run(check, environment), checks)
        return [check for check, has_passed in zip(checks, passed, strict=True) if not has_passed]


def _run(check: Check, environment: Mapping[str, str]) -> bool:
    began = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603
            check.command,
            env={**environment, **check.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=CHECK_SECONDS,
            check=False,
        )
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        status, output = 1, f"{error.stdout or ''}\nNot finished after {CHECK_SECONDS} seconds."
    seconds = time.monotonic() - began
    if status == 0:
        say(f"▸ {check.name}: passed in {seconds:.1f} s")
    else:
        say(f"▸ {check.name}: FAILED after {seconds:.1f} s. {check.advice}\n{output.rstrip()}\n")
    return status == 0


def run_tests(arguments: list[str], environment: Mapping[str, str]) -> tuple[bool, str]:
    """Run pytest, show it as it goes, and return whether it passed with its closing line."""
    # Half of the run waits for Buka's real processes and the browser: two workers for each processor keep it busy.
    workers = str(max(2, min(8, 2 * (os.cpu_count() or 1))))
    command = [sys.executable, "-m", "pytest", "-n", workers, "--dist=worksteal", "-o", "faulthandler_timeout=300"]
    command += ["--durations=20"]
    if not arguments:
        command += ["-m", "not long"]
    say(f"▸ pytest, {workers} at a time …")
    pytest = subprocess.Popen(  # noqa: S603
        [*command, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # Whatever was started in the background hears no interrupt, and hands that on.
        preexec_fn=_hear_interrupts,
    )
    # A test that hangs must not hang whoever waits for the answer; who has waited wants to know what failed until then.
    alarms = [
        threading.Timer(TEST_SECONDS, pytest.send_signal, [signal.SIGINT]),
        threading.Timer(TEST_SECONDS + SUMMARY_SECONDS, _kill, [pytest]),
    ]
    for alarm in alarms:
        alarm.daemon = True
        alarm.start()
    closing_line = "pytest ended without its closing line."
    try:
        assert pytest.stdout is not None  # noqa: S101
        for line in pytest.stdout:
            say(line.rstrip())
            if match := CLOSING_LINE.match(line.rstrip()):
                closing_line = match[1]
        return pytest.wait() == 0, closing_line
    finally:
        for alarm in alarms:
            alarm.cancel()
        _kill(pytest)


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _kill(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def find_browser() -> str | None:
    """Return a Chromium that runs, installing one where that is allowed; None where there is none."""
    candidates = [os.environ.get("CHROMIUM_BIN", ""), *BROWSERS]
    for name in candidates:
        if name and (found := shutil.which(name)) and _answers(found):
            return found
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        with step("Installing Chromium for the browser tests"):
            for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
                subprocess.run([apt, *words], env=quiet, stdout=subprocess.DEVNULL, timeout=600, check=False)  # noqa: S603
        found = shutil.which("chromium")
        if found and _answers(found):
            return found
    say("!" * 100)
    say("! No Chromium was found: the browser tests will be SKIPPED here, and would FAIL in CI.")
    say("! Install one (apt-get install chromium), or name it with CHROMIUM_BIN.")
    say("!" * 100)
    return None


def _answers(browser: str) -> bool:
    """Return whether the program is a browser and not the stub that some systems put in its place."""
    try:
        return subprocess.run([browser, "--version"], capture_output=True, timeout=60, check=False).returncode == 0  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
