from typing import Any

from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.http import HttpRequest

from accounts.social_providers import identity, pages

# Google writes both.
ISSUERS = ("https://accounts.google.com", "accounts.google.com")


class GoogleAdapter(pages.Adapter):
    provider_id = "google"

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> SocialLogin:
        """Take the log-in from the ID token: straight from Google, and its signature is checked all the same."""
        credential = kwargs["response"].get("id_token")
        if not isinstance(credential, str):
            raise identity.BadToken("There is no ID token in the answer.")
        said = identity.read(
            credential,
            keys_url=self.urls["keys"],
            issuers=ISSUERS,
            audience=app.client_id,
            nonce=self.nonce,
        )
        return self.get_provider().sociallogin_from_response(request, said)


oauth2_login = OAuth2LoginView.adapter_view(GoogleAdapter)
oauth2_callback = OAuth2CallbackView.adapter_view(GoogleAdapter)
