import time
from typing import Any

import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.facebook.provider import FacebookProvider
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.http import HttpRequest

from accounts.social_providers import identity
from accounts.social_providers.facebook.views import FacebookAdapter, me
from accounts.social_providers.pages import AsSettingsSay

# Who signs the ID tokens of Limited Login.
ISSUERS = ("https://www.facebook.com",)
# An app hands a token over right after the person said yes; an old one was found somewhere.
FRESH_SECONDS = 600


class Facebook(AsSettingsSay, FacebookProvider):
    oauth2_adapter_class = FacebookAdapter

    def get_method(self) -> str:
        return "oauth2"

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"email": data.get("email"), "name": data.get("name")}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[EmailAddress]:
        email = data.get("email")
        if not isinstance(email, str) or not email:
            return []
        # Facebook does not say whether the address is theirs.
        return [EmailAddress(email=email, verified=False, primary=True)]

    def verify_token(self, request: HttpRequest, token: dict[str, Any]) -> SocialLogin:
        """Take a log-in from an access token, or an ID token of Limited Login, that an app got. It opens once.

        :raises ValidationError: when anything about it is wrong, without saying what
        """
        try:
            said = self._said_by(token)
        except (OAuth2Error, requests.RequestException) as error:
            raise get_adapter().validation_error("invalid_token") from error
        return self.sociallogin_from_response(request, said)

    def _said_by(self, token: dict[str, Any]) -> dict[str, Any]:
        access_token, id_token = token.get("access_token"), token.get("id_token")
        urls = self.get_settings()["URLS"]
        if isinstance(access_token, str) and access_token:
            owner = self._owner_of(access_token, urls["graph"])
            identity.use_once(access_token, seconds=FRESH_SECONDS + identity.CLOCKS_APART_SECONDS)
            said = me(urls["graph"], self.app, access_token)
            if said["id"] != owner:
                raise identity.BadToken("Facebook names two people.")
            return said
        if isinstance(id_token, str) and id_token:
            said = identity.read(id_token, keys_url=urls["keys"], issuers=ISSUERS, audience=self.app.client_id)
            identity.use_once(id_token, seconds=identity.seconds_left(said))
            return {"id": said["sub"], "name": said.get("name"), "email": said.get("email")}
        raise identity.BadToken("There is no token.")

    def _owner_of(self, access_token: str, graph_url: str) -> str:
        """Return the id of the person whose token it is; without this question any app's token would open our doors."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(
                f"{graph_url}/debug_token",
                params={"input_token": access_token, "access_token": f"{self.app.client_id}|{self.app.secret}"},
            )
            about = identity.answer_of(answer).get("data")
        if not isinstance(about, dict) or about.get("is_valid") is not True:
            raise identity.BadToken("Facebook does not know it.")
        if str(about.get("app_id")) != self.app.client_id:
            raise identity.BadToken("It was made for another app.")
        issued_at = about.get("issued_at")
        if not isinstance(issued_at, int) or time.time() - issued_at > FRESH_SECONDS:
            raise identity.BadToken("It is not fresh.")
        return str(about.get("user_id"))


provider_classes = [Facebook]
