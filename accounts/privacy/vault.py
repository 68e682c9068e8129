"""Files nobody may read from a disk: each encrypted under a key of its own, which its row keeps."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.files.base import ContentFile
from django.core.files.storage import storages

_NONCE_BYTES = 12


class Lost(Exception):
    """The file is gone, or does not open."""


def put(name: str, content: bytes) -> str:
    """Store content under a name, in place of what was there, and return the key that opens it."""
    key = AESGCM.generate_key(bit_length=256)
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, content, name.encode())
    private = storages["private"]
    private.delete(name)
    private.save(name, ContentFile(sealed))
    return base64.b64encode(key).decode()


def get(name: str, key: str) -> bytes:
    """Return what put() stored.

    :raises Lost: when it is gone or was altered
    """
    try:
        with storages["private"].open(name) as file:
            sealed = file.read()
        return AESGCM(base64.b64decode(key)).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
    except (FileNotFoundError, InvalidTag, ValueError) as error:
        raise Lost(name) from error


def drop(name: str) -> None:
    """Delete a file; one that is gone already is as good."""
    storages["private"].delete(name)


def names(folder: str) -> list[str]:
    """Return what lies in a folder."""
    try:
        _folders, files = storages["private"].listdir(folder)
    except FileNotFoundError:
        return []
    return [f"{folder}/{file}" for file in files]
