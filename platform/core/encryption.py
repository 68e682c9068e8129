"""Personal data at rest: AES-256-GCM in the column, a blind index beside it where rows are looked up by the value.

A stored value reads `ae1:<key id>:<base64(nonce ‖ ciphertext ‖ tag)>`. The associated data names the column, so a
ciphertext copied into another column does not open. The first key of settings.ENCRYPTION_KEYS writes, all of them
read; `manage.py reencrypt` rewrites what an older key wrote (docs/operations/keys.md).
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django import forms
from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from core import phones
from core.masking import mask_email as mask_email

SCHEME = "ae1"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_STORED = re.compile(r"ae1:([A-Za-z0-9_-]{1,20}):([A-Za-z0-9+/]+={0,2})")


class CannotDecrypt(Exception):
    """A stored value does not open: it was altered, copied from another column, or its key is not in the ring."""


class UnknownKey(CannotDecrypt):
    """The value was written under a key that settings.ENCRYPTION_KEYS does not have."""


class NotSearchable(FieldError):
    """An encrypted column was asked for a value; each encryption of a value reads differently."""


# --- Values -----------------------------------------------------------------------------------------------------------


def encrypt(text: str, *, aad: str) -> str:
    """Return the text as it is stored, under the first key.

    :param aad: names the column, as `accounts.user.phone`; decrypt() wants the same
    """
    name, key = next(iter(settings.ENCRYPTION_KEYS.items()))
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + _cipher(key).encrypt(nonce, text.encode(), aad.encode())
    return f"{SCHEME}:{name}:{base64.b64encode(sealed).decode()}"


def decrypt(stored: str, *, aad: str) -> str:
    """Return the text that was stored.

    :raises CannotDecrypt: when it was altered, stands in another column than it was written for, or is no ciphertext
    :raises UnknownKey: when its key is not in the ring
    """
    parts = _STORED.fullmatch(stored)
    if parts is None:
        raise CannotDecrypt(f"A value of {aad} is not encrypted, or cut short.")
    name, sealed = parts[1], parts[2]
    key = settings.ENCRYPTION_KEYS.get(name)
    if key is None:
        raise UnknownKey(f"A value of {aad} was encrypted with the key {name!r}, which ENCRYPTION_KEYS does not have.")
    try:
        raw = base64.b64decode(sealed, validate=True)
        if len(raw) < _NONCE_BYTES + _TAG_BYTES:
            raise CannotDecrypt(f"A value of {aad} is cut short.")
        return _cipher(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], aad.encode()).decode()
    except (InvalidTag, binascii.Error) as error:
        raise CannotDecrypt(f"A value of {aad} was altered, or comes from another column.") from error


def key_of(stored: str) -> str | None:
    """Return the name of the key a stored value was written with; None when it is no ciphertext."""
    parts = _STORED.fullmatch(stored)
    return parts[1] if parts else None


def writing_key() -> str:
    """Return the name of the key that writes."""
    return next(iter(settings.ENCRYPTION_KEYS))


@lru_cache(maxsize=32)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


# --- Blind indexes ----------------------------------------------------------------------------------------------------


def blind_index(value: str, *, purpose: str, key: bytes | None = None) -> str:
    """Return 64 hex digits that equal values share and nobody computes without the key; nothing for nothing.

    :param value: normalised already; index_of_phone() and index_of_email() do both
    :param purpose: keeps equal values of different kinds apart
    :param key: an older one, to read what was written with it; by default the present one
    """
    if not value:
        return ""
    message = f"{purpose}\0{value}".encode()
    return hmac.new(settings.BLIND_INDEX_KEY if key is None else key, message, hashlib.sha256).hexdigest()


def index_keys() -> dict[str, bytes]:
    """Return the keys that indexes are read with, the present one first, by a name that gives nothing of them away.

    An index of a value that is kept is built anew after a change of the key. One whose value is gone cannot be: it
    notes the name of its key, and older keys are read from settings.BLIND_INDEX_OLD_KEYS.
    """
    keys = [settings.BLIND_INDEX_KEY, *settings.BLIND_INDEX_OLD_KEYS]
    return {blind_index("key", purpose="name of the key", key=key)[:16]: key for key in keys}


def index_of_phone(text: str) -> str:
    """Return the index of a telephone number in any spelling core.phones understands."""
    try:
        number = phones.normalise(text)
    except ValidationError:
        # What was stored before the rules were strict is still found, by the same digits.
        number = re.sub(r"[^\d+]", "", text)
    return blind_index(number, purpose="phone")


def index_of_email(text: str) -> str:
    """Return the index of an e-mail address, whatever its case."""
    return blind_index(text.strip().lower(), purpose="email")


_INDEXES: Mapping[str, Callable[[str], str]] = {"phone": index_of_phone, "email": index_of_email}


# --- Columns ----------------------------------------------------------------------------------------------------------


class EncryptedTextField(models.TextField):
    """Text that only the application reads. Empty text stays empty; no lookup but `isnull` is possible.

    :param aad: names the column for ever, as `accounts.user.phone`: a renamed model keeps it
    :param is_fixed: rows are append-only, so reencrypt leaves them and their key stays in the ring as long as they do
    """

    def __init__(self, *args: Any, aad: str = "", is_fixed: bool = False, **kwargs: Any) -> None:
        self.aad = aad
        self.is_fixed = is_fixed
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs["aad"] = self.aad
        if self.is_fixed:
            kwargs["is_fixed"] = True
        return name, path, args, kwargs

    def check(self, **kwargs: Any) -> Any:
        from django.core import checks

        found = super().check(**kwargs)
        if not self.aad:
            found.append(
                checks.Error(
                    "An encrypted field names its column.", hint='Give aad="app.model.field".', obj=self, id="core.E010"
                )
            )
        if self.unique or self.db_index:  # type: ignore[attr-defined]
            found.append(
                checks.Error(
                    "An encrypted column cannot be indexed or unique: equal values read differently.",
                    hint="Put a BlindIndexField beside it.",
                    obj=self,
                    id="core.E011",
                )
            )
        return found

    def get_internal_type(self) -> str:
        return "TextField"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = super().get_db_prep_value(value, connection, prepared)
        # Always, even when it looks encrypted: nobody stores a ciphertext of their choice by typing it.
        return encrypt(value, aad=self.aad) if isinstance(value, str) and value else value

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return decrypt(value, aad=self.aad) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise NotSearchable(f"{self} is encrypted and cannot be searched with {lookup_name!r}; ask its blind index.")

    def get_transform(self, lookup_name: str) -> Any:
        raise NotSearchable(f"{self} is encrypted and has no {lookup_name!r} to ask.")


class EncryptedJSONField(EncryptedTextField):
    """Anything JSON can say, encrypted as one text."""

    default_error_messages = {"invalid": _("Value must be valid JSON.")}

    def __init__(self, *args: Any, encoder: type[json.JSONEncoder] | None = None, **kwargs: Any) -> None:
        self.encoder = encoder
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        if self.encoder is not None:
            kwargs["encoder"] = self.encoder
        return name, path, args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        return value

    def to_python(self, value: Any) -> Any:
        return value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None and self.null:
            return None
        return encrypt(json.dumps(value, cls=self.encoder), aad=self.aad)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return json.loads(decrypt(value, aad=self.aad)) if value else None

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        try:
            json.dumps(value, cls=self.encoder)
        except (TypeError, ValueError) as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def value_to_string(self, obj: models.Model) -> Any:
        return self.value_from_object(obj)

    def formfield(self, **kwargs: Any) -> Any:
        # Past TextField, which would ask for a text area with a length.
        return models.Field.formfield(self, **{"form_class": forms.JSONField, "encoder": self.encoder, **kwargs})


class BlindIndexField(models.CharField):
    """Finds rows by an encrypted column beside it. Kept up to date by itself; never written by hand.

    :param of: the encrypted field's name
    :param kind: `phone` or `email`: how the value is normalised
    """

    def __init__(self, *args: Any, of: str = "", kind: str = "", **kwargs: Any) -> None:
        self.of = of
        self.kind = kind
        kwargs = {"max_length": 64, "blank": True, "default": "", "editable": False, **kwargs}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for known in ("max_length", "blank", "default", "editable"):
            kwargs.pop(known, None)
        return name, path, args, {**kwargs, "of": self.of, "kind": self.kind}

    def index(self, text: str | None) -> str:
        """Return what this column holds for a value of the encrypted one, in any spelling."""
        return _INDEXES[self.kind](text or "")

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        # A value that was not loaded was not changed; asking for it would read the row again.
        if self.of not in model_instance.get_deferred_fields():
            setattr(model_instance, self.attname, self.index(getattr(model_instance, self.of)))
        return super().pre_save(model_instance, add)


_Row = TypeVar("_Row", bound=models.Model, covariant=True)


def blind_indexes(model: type[models.Model]) -> list[BlindIndexField]:
    """Return the model's blind indexes."""
    return [field for field in model._meta.local_concrete_fields if isinstance(field, BlindIndexField)]


class BlindIndexQuerySet(models.QuerySet[_Row]):
    """Keeps blind indexes up to date where rows are written without save()."""

    def update(self, **kwargs: Any) -> int:
        for field in blind_indexes(self.model):
            if field.of in kwargs and field.attname not in kwargs:
                if hasattr(kwargs[field.of], "resolve_expression"):
                    raise FieldError(f"{field.of} has a blind index and is set to values, not to expressions.")
                kwargs[field.attname] = field.index(kwargs[field.of])
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        objs, fields = tuple(objs), list(fields)
        for field in blind_indexes(self.model):
            if field.of in fields and field.attname not in fields:
                fields.append(field.attname)
                for row in objs:
                    setattr(row, field.attname, field.index(getattr(row, field.of)))
        return super().bulk_update(objs, fields, batch_size)

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = _with_indexes(self.model, kwargs["update_fields"])
        return super().bulk_create(objs, *args, **kwargs)

    bulk_create.alters_data = True  # type: ignore[attr-defined]


class BlindIndexed(models.Model):
    """A model with blind indexes: saving an encrypted field alone saves its index too.

    Its manager stands on BlindIndexQuerySet, for what is written without save().
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        for field in blind_indexes(type(self)):
            deferred = self.get_deferred_fields()
            if field.attname in deferred and field.of not in deferred:
                setattr(self, field.attname, field.index(getattr(self, field.of)))
        super().save(*args, update_fields=_with_indexes(type(self), update_fields), **kwargs)


def _with_indexes(model: type[models.Model], names: Iterable[str] | None) -> list[str] | None:
    if names is None:
        return None
    names = list(names)
    return names + [field.name for field in blind_indexes(model) if field.of in names and field.name not in names]


# --- Where ciphertexts are --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """A column that holds ciphertexts, alone or as strings within JSON."""

    model: type[models.Model]
    column: str
    aad: str
    is_json: bool = False
    is_fixed: bool = False

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.column}"

    def renewed(self, stored: Any) -> Any:
        """Return the column's value with every ciphertext under the first key; those that are stay as they are.

        :raises CannotDecrypt: when one does not open
        """
        if isinstance(stored, str):
            key = key_of(stored)
            if key == writing_key() or (key is None and (self.is_json or not stored)):
                return stored
            return encrypt(decrypt(stored, aad=self.aad), aad=self.aad)
        if self.is_json and isinstance(stored, dict):
            return {name: self.renewed(value) for name, value in stored.items()}
        if self.is_json and isinstance(stored, list):
            return [self.renewed(value) for value in stored]
        return stored


_places: dict[tuple[str, str], str] = {}


def register_place(model: str, column: str, *, aad: str) -> None:
    """Tell reencrypt of a JSON column whose strings are made with encrypt(); say it in an app's ready().

    :param model: as `mfa.Authenticator`
    """
    _places[(model, column)] = aad


def places() -> Iterator[Place]:
    """Return every column with ciphertexts: the encrypted fields of all models, and what register_place() was told."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy:
            continue
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedTextField):
                yield Place(model, str(field.column), field.aad, is_fixed=field.is_fixed)
    for (label, column), aad in sorted(_places.items()):
        yield Place(apps.get_model(label), column, aad, is_json=True)
