#!/usr/bin/env python
"""The command line of Buka: `manage.py help` lists what it can do."""

import os
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent / "platform"))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from core.audit.context import begin_command

    begin_command(sys.argv)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
