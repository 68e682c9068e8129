"""Starting and ending processes so that none is left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

LEASH = Path(__file__).with_name("leash.py")


def start(
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | int | None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: tuple[int, int] | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own; it is told to end when this process dies.

    Call from a thread that lives as long as the command should: the kernel counts a parent's thread as the parent.

    :raises FileNotFoundError: when there is no such program
    """
    program = shutil.which(str(command[0]))
    if program is None:
        raise FileNotFoundError(f"There is no program {command[0]}.")
    drop = ["--as", f"{user[0]}:{user[1]}"] if user else []
    leash = [sys.executable, "-I", "-S", str(LEASH), death_signal.name, *drop, "--"]
    return subprocess.Popen(  # noqa: S603  (a list of words, no shell)
        [*leash, program, *map(str, command[1:])],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**(os.environ if env is None else env), "LEASH_PARENT": str(os.getpid())},
        cwd=cwd,
        # A Ctrl-C at the terminal reaches the whole foreground group; the order of the stop is the parent's to keep.
        start_new_session=True,
    )


def stop(process: subprocess.Popen[bytes], *, patience: float, ask: signal.Signals = signal.SIGTERM) -> bool:
    """End a process and its group: ask, wait, then kill. Return whether asking was enough."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            process.send_signal(ask)
    try:
        process.wait(patience)
        obeyed = True
    except subprocess.TimeoutExpired:
        obeyed = False
    # The leader may be gone and its pool alive: the group answers to the leader's number either way.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    return obeyed


def end_stranger(process: psutil.Process, *, patience: float, ask: signal.Signals = signal.SIGTERM) -> None:
    """End a process that an earlier run left behind, and wait until it is gone."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(ask)
        try:
            process.wait(patience)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(10)


def how_it_ended(returncode: int) -> str:
    """Return an exit status in words: "exit status 3", "killed by SIGKILL"."""
    if returncode >= 0:
        return f"exit status {returncode}"
    try:
        return f"killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"killed by signal {-returncode}"


def until(patience: float, pause: float = 0.05) -> Iterator[float]:
    """Yield until `patience` seconds have passed, with a pause between."""
    deadline = time.monotonic() + patience
    while (left := deadline - time.monotonic()) > 0:
        yield left
        time.sleep(min(pause, left))


def last_lines(path: Path, count: int = 15) -> list[str]:
    """Return the end of a log file."""
    with suppress(FileNotFoundError), path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 16_384))
        return log.read().decode(errors="replace").splitlines()[-count:]
    return []
