"""All benchmarks, one after the other: `python -m benchmarks [--quick] [--seed N]`."""

import subprocess
import sys
import threading

from benchmarks.harness import ROOT, options, say

NAMES = (
    *("race", "races", "city_search", "exactness", "packing", "series", "endpoints", "key_rotation", "audit_chain"),
    *("ledger_proof", "refund_race", "webhooks", "fuzz", "url_walk", "login_timing", "first_booking"),
)
# Beyond these a benchmark hangs; each is far above what one needs on two slow cores.
QUICK_SECONDS, FULL_SECONDS = 120, 1800


def main() -> int:
    """Run each in a process of its own and repeat their last lines together at the end."""
    asked = options("", __doc__)
    words = [*(["--quick"] if asked.quick else []), "--seed", str(asked.seed)]
    last_lines, failed = [], []
    for name in NAMES:
        say(f"=== {name}")
        status, last = run(name, words, QUICK_SECONDS if asked.quick else FULL_SECONDS)
        say()
        last_lines.append(last)
        if status:
            failed.append(name)
    for line in last_lines:
        say(line)
    for name in failed:
        say(f"FAILED: {name}")
    return 1 if failed else 0


def run(name: str, words: list[str], seconds: int) -> tuple[int, str]:
    """Run one benchmark, show what it says, and return its exit status with its last line."""
    benchmark = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", f"benchmarks.{name}", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    last = f"{name} said nothing"
    alarm = threading.Timer(seconds, benchmark.terminate)
    alarm.daemon = True
    alarm.start()
    try:
        assert benchmark.stdout is not None  # noqa: S101
        for line in benchmark.stdout:
            say(line.rstrip())
            last = line.strip() or last
        return benchmark.wait(60), last
    finally:
        alarm.cancel()
        if benchmark.poll() is None:
            benchmark.terminate()
            benchmark.wait(60)


if __name__ == "__main__":
    sys.exit(main())
