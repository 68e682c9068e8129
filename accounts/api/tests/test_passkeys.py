"""Answers that no passkey would give are refused, whatever the libraries make of them."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

import orjson
import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2.cose import ES256
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

from accounts.api.tests.test_doors import APP, PASSWORD, ada, log_in, post

__all__ = ["ada"]

pytestmark = pytest.mark.django_db(transaction=True)

# Broken CBOR (RFC 8949): what it nests, promises or names is not there.
BROKEN = {
    "lists within lists": b"\x81" * 20000,
    "maps within maps": b"\xa1\x00" * 20000,
    "tags within tags": b"\xc1" * 20000,
    "nothing": b"",
    "a list of more than there is": b"\x9b" + b"\xff" * 8,
    "bytes without their length": b"\x5b\xff",
    "a list as a key": b"\xa1\x80\x00",
    "text that is none": b"\x61\xff",
    "a number alone": b"\x00",
    "no format": b"\xa2\x63fmt\x00\x68authData\x40",
    "cut off in a number": b"\x19\x01",
    "half of a float": b"\xfb\x00",
}


def text(said: bytes) -> str:
    return urlsafe_b64encode(said).rstrip(b"=").decode()


def client_data(kind: str, challenge: str = "AAAA") -> str:
    return text(orjson.dumps({"type": kind, "challenge": challenge, "origin": "http://testserver"}))


def credential(**response: Any) -> dict[str, Any]:
    return {"id": text(b"demo"), "rawId": text(b"demo"), "type": "public-key", "response": response}


@pytest.mark.parametrize("cbor", BROKEN.values(), ids=BROKEN)
def test_no_such_passkey_is_added(client: Client, ada: Any, cbor: bytes) -> None:
    log_in(client)
    challenge = post(client, "passkeys/options").json()["options"]["publicKey"]["challenge"]
    said = credential(clientDataJSON=client_data("webauthn.create", challenge), attestationObject=text(cbor))

    answer = post(client, "passkeys", {"name": "Phone", "credential": said})

    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == "invalid_input"
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("cbor", BROKEN.values(), ids=BROKEN)
def test_none_logs_in(client: Client, ada: Any, cbor: bytes) -> None:
    client.get("/api/auth/passkeys/login")
    # Told to hold an extension, which is CBOR.
    held = bytes(32) + b"\x85" + bytes(4) + cbor
    said = credential(
        clientDataJSON=client_data("webauthn.get"),
        authenticatorData=text(held),
        signature=text(b"demo"),
        userHandle=text(str(ada.pk).encode()),
    )

    answer = post(client, "passkeys/login", {"credential": said})

    assert answer.status_code == 400, answer.content
    assert "_auth_user_id" not in client.session


def made_by_a_phone(options: dict[str, Any]) -> dict[str, Any]:
    """Return what an authenticator without an attestation answers to a browser's options."""
    asked = options["publicKey"]
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    held = AttestedCredentialData.create(Aaguid.NONE, b"demo", key)
    data = AuthenticatorData.create(hashlib.sha256(asked["rp"]["id"].encode()).digest(), flags, 0, held)
    made = credential(
        clientDataJSON=client_data("webauthn.create", asked["challenge"]),
        attestationObject=text(bytes(AttestationObject.create("none", data, {}))),
    )
    return {**made, "clientExtensionResults": {"credProps": {"rk": True}}}


def test_one_added_by_a_program_is_in_its_new_tokens(client: Client, ada: Any) -> None:
    bearer = {"Authorization": f"Bearer {log_in(client, **APP).json()['access_token']}"}
    options = post(client, "passkeys/options", **bearer).json()["options"]

    added = post(client, "passkeys", {"name": "Phone", "credential": made_by_a_phone(options)}, **bearer)

    assert added.status_code == 201, added.content
    assert added.json()["name"] == "Phone"
    me = client.get("/api/auth/me", headers={"Authorization": f"Bearer {added.json()['access_token']}"})
    assert me.json()["second_factor"]["passed"]


def test_one_added_in_a_browser_gives_it_no_token_in_the_body(client: Client, ada: Any) -> None:
    log_in(client)
    options = post(client, "passkeys/options").json()["options"]

    added = post(client, "passkeys", {"name": "Phone", "credential": made_by_a_phone(options)})

    assert added.status_code == 201, added.content
    assert set(added.json()) == {"id", "name", "added_at", "last_used_at"}


class TestWhoHasNothingElse:
    """A passkey alone: the API has no door to show it again at, so it names none."""

    @pytest.fixture
    def late(self, client: Client, ada: Any) -> Client:
        """Return a log-in of ten minutes ago."""
        log_in(client)
        Authenticator.objects.create(user=ada, type=Authenticator.Type.WEBAUTHN, data={})
        session = client.session
        for record in session["account_authentication_methods"]:
            record["at"] -= 600
        session.save()
        return client

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("email", {"email": "new@example.com"}),
            ("password/change", {"current_password": PASSWORD, "new_password": "suya-and-zobo-26"}),
        ],
    )
    def test_a_password_is_not_named_as_a_proof(self, late: Client, path: str, body: dict[str, str]) -> None:
        answer = post(late, path, body)

        assert (answer.status_code, answer.json()["code"]) == (403, "account_reauthentication_needed")
        assert answer.json()["ways"] == []

    def test_nor_where_the_doors_are_our_own(self, late: Client) -> None:
        answer = late.post("/api/account/export", content_type="application/json")

        assert (answer.status_code, answer.json()["code"]) == (403, "account_reauthentication_needed")
        assert answer.json()["ways"] == []

    def test_beside_recovery_codes_a_code_is_named(self, late: Client, ada: Any) -> None:
        Authenticator.objects.create(user=ada, type=Authenticator.Type.RECOVERY_CODES, data={})

        assert post(late, "email", {"email": "new@example.com"}).json()["ways"] == ["mfa_reauthenticate"]
