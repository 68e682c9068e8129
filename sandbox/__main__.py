"""`python -m sandbox`: serve the stand-ins until SIGTERM or Ctrl-C."""

import os
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "platform"))
# The processes of `make run` share one environment, in which this variable names Buka's own settings.
os.environ["DJANGO_SETTINGS_MODULE"] = "sandbox.settings"

from sandbox.server import main

if __name__ == "__main__":
    sys.exit(main())
