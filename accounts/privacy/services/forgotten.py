"""The list of the forgotten: in the database, and beside it for the day a backup is restored.

Whom it names nobody reads out of it: accounts stand there as keyed fingerprints, guests by the ids of their rows.
"""

import json
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from accounts.privacy.models import Erased
from core.encryption import blind_index, index_keys

FOLDER = "erasures"


def fingerprint_of(public_id: UUID | None, *, key: bytes | None = None) -> str:
    """Return what the list knows somebody by; nobody finds out who it is without the key of the blind indexes.

    :param key: an older one, to compare with entries of its day
    """
    return blind_index(str(public_id), purpose="erased", key=key) if public_id else ""


def key_in_use() -> str:
    """Return the name of the key that fingerprints are made with today."""
    return next(iter(index_keys()))


def keep_outside(entry: Erased) -> None:
    """Write an entry beside the database as well: a restored backup has forgotten who was forgotten since."""
    name = f"{FOLDER}/{entry.erasure_id}.json"
    private = storages["private"]
    private.delete(name)
    private.save(name, ContentFile(json.dumps(as_json(entry)).encode()))


def as_json(entry: Erased) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "fingerprint": entry.fingerprint,
        "key_name": entry.key_name,
        "rows": entry.rows,
        "erasure_id": str(entry.erasure_id),
        "pseudonym": entry.pseudonym,
        "erased_at": entry.erased_at.isoformat(),
    }


def listed_outside() -> list[dict[str, Any]]:
    """Return the entries that lie beside the database."""
    private = storages["private"]
    try:
        _folders, files = private.listdir(FOLDER)
    except FileNotFoundError:
        return []
    entries = []
    for file in sorted(files):
        with private.open(f"{FOLDER}/{file}") as opened:
            entries.append(json.load(opened))
    return entries
