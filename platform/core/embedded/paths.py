"""Where the embedded services keep their data and where they answer.

Pure functions of the folder, so that settings, `manage.py` in another window and the supervisor agree without
asking each other. Nothing here touches the disk, needs Django, or starts anything.
"""

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

DATABASE_NAME = "buka"
DATABASE_USER = "postgres"
# The kernel cuts a socket's address at 108 bytes, the closing NUL among them.
LONGEST_SOCKET_PATH = 107
POSTGRES_SOCKET = ".s.PGSQL.5432"


def home(base_dir: Path) -> Path:
    """Return the folder of the embedded services: `BUKA_HOME`, else `.buka` in the checkout."""
    chosen = os.environ.get("BUKA_HOME", "").strip()
    return (base_dir / Path(chosen or ".buka").expanduser()).resolve()


def sockets(home: Path) -> Path:
    """Return the folder of the sockets: in `home`, or a short one beside it where the address would be too long."""
    inside = home / "run"
    if len(os.fsencode(inside / "postgres" / POSTGRES_SOCKET)) <= LONGEST_SOCKET_PATH:
        return inside
    # Not tempfile.gettempdir(): TMPDIR differs between windows, and the address must not. Who owns the folder is
    # checked before it is used.
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path("/tmp") / f"buka-{os.getuid()}-{name}"  # noqa: S108


def postgres_sockets(home: Path) -> Path:
    return sockets(home) / "postgres"


def redis_socket(home: Path) -> Path:
    return sockets(home) / "redis.sock"


def database_url(home: Path) -> str:
    """Return the address of the embedded PostgreSQL in `home`."""
    return f"postgresql://{DATABASE_USER}@/{DATABASE_NAME}?host={quote(str(postgres_sockets(home)))}"


def redis_url(home: Path) -> str:
    """Return the address of the embedded Redis in `home`."""
    return f"unix://{quote(str(redis_socket(home)))}"
