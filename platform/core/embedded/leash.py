"""Run a command so that it cannot outlive whoever started it.

    python -I -S leash.py SIGNAL [--as UID:GID] -- COMMAND [ARGUMENT …]

Gives up root when asked, tells the kernel to send SIGNAL when the parent dies, even by `kill -9`, and then becomes
the command. A program of its own, because doing this between fork and exec of a process with threads is not safe.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    split = arguments.index("--")
    options, command = arguments[:split], arguments[split + 1 :]
    if "--as" in options:
        user, group = (int(part) for part in options[options.index("--as") + 1].split(":"))
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    if sys.platform == "linux":
        # After setuid: the kernel forgets the request when a process changes its user.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.Signals[options[0]]), 0, 0, 0)
        if os.getppid() != int(os.environ["LEASH_PARENT"]):
            sys.exit("The process that started this one is gone.")
    os.execv(command[0], command)  # noqa: S606  (no shell is wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
