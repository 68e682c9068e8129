"""Make the virtual environment and run something in it.

    python3.11 scripts/bootstrap.py [--dev] -- ARGUMENTS OF PYTHON …

Only the standard library, because nothing is installed yet. A second run finds the environment as it should be and
loses no time.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "platform"))

from core.embedded.steps import say, step  # noqa: E402  (the path must be known first)

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BUILD = ("requirements.txt", "requirements-dev.txt")
SHOW_EVERY = 3  # seconds


def main(arguments: list[str]) -> None:
    split = arguments.index("--")
    options, command = arguments[:split], arguments[split + 1 :]
    wanted = BUILD if "--dev" in options else BUILD[:1]
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another run is installing; waiting for it …")
        fcntl.flock(folder, fcntl.LOCK_EX)
    make_environment()
    install(wanted)
    os.close(folder)
    os.execve(PYTHON, [str(PYTHON), *command], environment())  # noqa: S606  (no shell is wanted)


def environment() -> dict[str, str]:
    """Return the environment in which compiled modules are kept.

    Containers often forbid Python to write them, to keep images small; each of Buka's processes then compiles two
    thousand modules anew, which is two thirds of its start. What lies beside the sources stays as clean as was asked.
    """
    kept = dict(os.environ)
    if kept.pop("PYTHONDONTWRITEBYTECODE", None):
        kept.setdefault("PYTHONPYCACHEPREFIX", str(VENV / "bytecode"))
    return kept


def make_environment() -> None:
    """Make `.venv`, or make it anew where its Python is gone or too old."""
    if PYTHON.exists() and _works(PYTHON):
        return
    with step(f"Making the virtual environment with Python {sys.version.split()[0]}"):
        made = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
        )
    if made.returncode != 0:
        sys.exit(
            f"The virtual environment could not be made:\n{made.stdout}{made.stderr}\n"
            "On Debian and Ubuntu the module is a package of its own: apt-get install python3.11-venv"
        )


def _works(python: Path) -> bool:
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0  # noqa: S603


def install(names: tuple[str, ...]) -> None:
    """Install what the files pin, unless exactly that was installed before."""
    stale = [name for name in names if _stamp(name).read_text() != _digest(name)] if _stamps_exist(names) else names
    if not stale:
        say("▸ Packages: as pinned")
        return
    name = names[-1]
    total = sum(1 for line in (ROOT / name).read_text().splitlines() if line and not line.startswith((" ", "#")))
    with step(f"Installing {total} packages from {name}", speaks=True):
        # Python compiles what is imported, when it is; compiling all that is not took as long as all the rest.
        _run_pip(["install", "--no-compile", "--disable-pip-version-check", "--progress-bar=off", "-r", name], total)
    for each in BUILD[: BUILD.index(name) + 1]:
        _stamp(each).write_text(_digest(each))


def _stamps_exist(names: tuple[str, ...]) -> bool:
    return all(_stamp(name).exists() for name in names)


def _stamp(name: str) -> Path:
    return VENV / f".installed-{name}"


def _digest(name: str) -> str:
    """Return what a stamp must say: the pins and the checkout they were installed for."""
    digest = hashlib.sha256(str(ROOT).encode())
    digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _run_pip(arguments: list[str], total: int) -> None:
    pip = subprocess.Popen(  # noqa: S603
        [PYTHON, "-m", "pip", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"},
    )
    assert pip.stdout is not None  # noqa: S101
    last = deque[str](maxlen=30)
    progress = Progress(total)
    threading.Thread(target=progress.keep_showing, daemon=True).start()
    for line in pip.stdout:
        last.append(line.rstrip())
        progress.heard(line)
    status = pip.wait()
    progress.is_over = True
    if status != 0:
        sys.exit("pip could not install the packages. Its last lines:\n" + "\n".join(f"    {line}" for line in last))


class Progress:
    """What pip is doing, said every few seconds, also while pip is silent."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.seen: set[str] = set()
        self.doing = "starting"
        self.is_over = False

    def heard(self, line: str) -> None:
        words = line.split()
        if words[:1] in (["Collecting"], ["Obtaining"]) or line.startswith("Requirement already satisfied:"):
            name = words[3] if words[0] == "Requirement" else words[1]
            self.seen.add(name)
            self.doing = f"{min(len(self.seen), self.total)} of {self.total}: {name.split('==')[0]}"
        elif line.startswith("Installing collected packages"):
            self.doing = "writing the files"

    def keep_showing(self) -> None:
        began = time.monotonic()
        while True:
            time.sleep(SHOW_EVERY)
            if self.is_over:
                return
            say(f"  {self.doing} ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main(sys.argv[1:])
