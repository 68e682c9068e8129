from typing import Any

import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.google.provider import GoogleProvider
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.http import HttpRequest

from accounts.social_providers import identity
from accounts.social_providers.google.views import ISSUERS, GoogleAdapter
from accounts.social_providers.pages import AsSettingsSay


class Google(AsSettingsSay, GoogleProvider):
    oauth2_adapter_class = GoogleAdapter

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["sub"])

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"email": data.get("email"), "name": data.get("name")}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[EmailAddress]:
        email = data.get("email")
        if not isinstance(email, str) or not email:
            return []
        # Only what Google itself has verified; it says so with a true, or in some answers with the word.
        verified = data.get("email_verified") in (True, "true")
        return [EmailAddress(email=email, verified=verified, primary=True)]

    def verify_token(self, request: HttpRequest, token: dict[str, Any]) -> SocialLogin:
        """Take a log-in from an ID token that an app got by itself. It opens once.

        :raises ValidationError: when anything about it is wrong, without saying what
        """
        credential = token.get("id_token")
        try:
            if not isinstance(credential, str) or not credential:
                raise identity.BadToken("There is no ID token.")
            said = identity.read(
                credential,
                keys_url=self.get_settings()["URLS"]["keys"],
                issuers=ISSUERS,
                audience=self.app.client_id,
            )
            identity.use_once(credential, seconds=identity.seconds_left(said))
        except (OAuth2Error, requests.RequestException) as error:
            raise get_adapter().validation_error("invalid_token") from error
        return self.sociallogin_from_response(request, said)


provider_classes = [Google]
