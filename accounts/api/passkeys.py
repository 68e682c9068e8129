"""/api/auth/passkeys: making passkeys, logging in with them, taking them away."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.headless.mfa import views as mfa
from allauth.mfa.models import Authenticator
from django.http import Http404, QueryDict
from django.utils.translation import gettext_lazy as _
from fido2.utils import websafe_encode
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import examples, serializers
from accounts.api.doors import Door, expect_somebody
from accounts.api.words import SIGNED_IN, asks, described, says
from accounts.models import User
from accounts.second_factor.passkeys import NONSENSE
from core.errors import InvalidInput


@contextmanager
def odd_credentials_refused() -> Iterator[None]:
    """Refuse what only looks like an authenticator's answer."""
    try:
        yield
    except NONSENSE as error:
        raise InvalidInput(errors={"credential": [_("This is no credential of a passkey.")]}) from error


class PasskeyOptionsView(Door):
    @described(
        "passkey_options",
        "What a browser needs to make a passkey",
        answer=serializers.Options,
        examples=[says("Options", examples.OPTIONS)],
    )
    def post(self, request: Request) -> Response:
        # A key that can log in alone: allauth asks for it in the address.
        request._request.GET = QueryDict("passwordless=")
        content = self.hand_on(request, mfa.ManageWebAuthnView, "GET")
        return Response({"options": content["data"]["creation_options"]})


class PasskeyLogInView(Door):
    begins = True

    @described(
        "passkey_log_in_options",
        "What a browser needs to log in with a passkey",
        answer=serializers.Options,
        examples=[says("Options", examples.OPTIONS)],
    )
    def get(self, request: Request) -> Response:
        content = self.hand_on(request, mfa.LoginWebAuthnView, "GET")
        return Response({"options": content["data"]["request_options"]})

    @described(
        "log_in_with_passkey",
        "Log in with a passkey",
        request=serializers.Credential,
        description="Counts as a second factor: the device has asked for a finger, a face or a PIN.",
        examples=[asks("A credential", {"credential": examples.CREDENTIAL}), *SIGNED_IN],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.Credential, request)
        with odd_credentials_refused():
            return self.signed_in(request, self.hand_on(request, mfa.LoginWebAuthnView, "POST", asked))


def credential_id_of(authenticator: Authenticator) -> str:
    data = authenticator.wrap().authenticator_data.credential_data
    return websafe_encode(data.credential_id)


def passkeys_of(user: User) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("pk"))


def passkey_body(authenticator: Authenticator) -> dict[str, Any]:
    return {
        "id": credential_id_of(authenticator),
        "name": authenticator.wrap().name,
        "added_at": authenticator.created_at,
        "last_used_at": authenticator.last_used_at,
    }


class PasskeysView(Door):
    @described(
        "list_passkeys",
        "My passkeys",
        answer=serializers.Passkeys,
        examples=[says("One", {"results": [examples.PASSKEY]})],
    )
    def get(self, request: Request) -> Response:
        user, _session = expect_somebody(request)
        return Response({"results": [passkey_body(each) for each in passkeys_of(user)]})

    @described(
        "add_passkey",
        "Add the passkey a browser has made",
        request=serializers.NewPasskey,
        responses={201: serializers.PasskeyAdded},
        description="Logs out the other devices when it is the first second factor. The log-in counts as one with a "
        "second factor from now on: a program takes the tokens of this answer, which say so, in place of those it "
        "holds.",
        examples=[
            asks("A passkey", {"name": "Phone", "credential": examples.CREDENTIAL}),
            says("In a browser", examples.PASSKEY, 201),
            says("In a program", {**examples.PASSKEY, **examples.TOKENS}, 201),
        ],
    )
    def post(self, request: Request) -> Response:
        asked = self.answer_of(serializers.NewPasskey, request)
        with odd_credentials_refused():
            self.hand_on(request, mfa.ManageWebAuthnView, "POST", asked)
        user, _session = expect_somebody(request)
        return Response({**passkey_body(passkeys_of(user)[-1]), **self.fresh_tokens(request)}, status=201)


class PasskeyView(Door):
    @described("remove_passkey", "Remove a passkey", responses={204: None})
    def delete(self, request: Request, credential_id: str) -> Response:
        user, _session = expect_somebody(request)
        found = next((each for each in passkeys_of(user) if credential_id_of(each) == credential_id), None)
        if found is None:
            raise Http404
        self.hand_on(request, mfa.ManageWebAuthnView, "DELETE", {"authenticators": [found.pk]})
        return Response(status=204)
