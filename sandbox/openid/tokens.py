"""Signing, with the faults a token can have."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.openid.models import SigningKey

HOUR = 3600


def key_of(service: str) -> SigningKey:
    """Return the service's key; made at its first use, and kept."""
    found = SigningKey.objects.filter(service=service).first()
    if found is not None:
        return found
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    name = hashlib.sha256(pem.encode()).hexdigest()[:40]
    key, _created = SigningKey.objects.get_or_create(service=service, defaults={"name": name, "pem": pem})
    return key


def jwks(service: str) -> dict[str, Any]:
    """Return the public key as a JSON Web Key Set."""
    key = key_of(service)
    private = serialization.load_pem_private_key(key.pem.encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)  # noqa: S101
    numbers = private.public_key().public_numbers()
    return {
        "keys": [
            {
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": key.name,
                "n": _base64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
                "e": _base64(numbers.e.to_bytes(3, "big")),
            }
        ]
    }


def id_token(
    service: str, *, issuer: str, client_id: str, claims: dict[str, Any], nonce: str, access_token: str, fault: str
) -> str:
    """Return a signed ID token, spoilt in the way `fault` says."""
    now = int(time.time())
    said = {
        "iss": issuer,
        "azp": client_id,
        "aud": client_id,
        **claims,
        "at_hash": _base64(hashlib.sha256(access_token.encode()).digest()[:16]),
        "iat": now,
        "exp": now + HOUR,
    }
    if nonce:
        said["nonce"] = nonce
    if fault == "wrong_nonce":
        said["nonce"] = "of-another-log-in"
    elif fault == "wrong_aud":
        said |= {"aud": "another-app.apps.example", "azp": "another-app.apps.example"}
    elif fault == "wrong_issuer":
        said["iss"] = "https://accounts.example.com"
    elif fault == "expired":
        said |= {"iat": now - 3 * HOUR, "exp": now - 2 * HOUR}
    return _signed(service, said, fault)


def _signed(service: str, said: dict[str, Any], fault: str) -> str:
    key = key_of(service)
    headers = {"kid": key.name}
    if fault == "alg_none":
        return jwt.encode(said, "", algorithm="none", headers=headers)
    if fault == "alg_hs256":
        # The public key as a shared secret: everybody has it. PyJWT refuses to help with that, so it is written out.
        return _with_public_key_as_secret(said, key)
    if fault == "unknown_key":
        headers = {"kid": "0" * 40}
    token = jwt.encode(said, key.pem, algorithm="RS256", headers=headers)
    if fault == "tampered":
        head, _body, signature = token.split(".")
        said |= {"sub": "100000000000000000001", "email": "somebody.else@example.com"}
        body = jwt.encode(said, key.pem, algorithm="RS256", headers=headers).split(".")[1]
        return f"{head}.{body}.{signature}"
    return token


def _with_public_key_as_secret(said: dict[str, Any], key: SigningKey) -> str:
    private = serialization.load_pem_private_key(key.pem.encode(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = {"alg": "HS256", "typ": "JWT", "kid": key.name}
    signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, said))
    return f"{signed}.{_base64(hmac.new(public, signed.encode(), hashlib.sha256).digest())}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
