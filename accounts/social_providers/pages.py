"""Going out to a provider and coming back, the same for each."""

from typing import Any

from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter
from django.http import Http404, HttpRequest

from accounts.social_providers.identity import nonce_for


class NonceClient(OAuth2Client):
    """Sends a nonce along, so that an ID token made for another log-in does not fit this one."""

    def get_redirect_url(self, authorization_url: str, scope: Any, extra_params: dict[str, Any]) -> str:
        extra_params = {**extra_params, "nonce": nonce_for(self.state or "")}
        return str(super().get_redirect_url(authorization_url, scope, extra_params))


class Adapter(OAuth2Adapter):
    """Where a provider is, read from settings at each request."""

    client_class = NonceClient

    @property
    def urls(self) -> dict[str, str]:
        urls: dict[str, str] = self.get_provider().get_settings()["URLS"]
        return urls

    @property
    def authorize_url(self) -> str:
        return self.urls["authorize"]

    @property
    def access_token_url(self) -> str:
        return self.urls["token"]

    def get_provider(self) -> Any:
        """Return the provider.

        :raises Http404: when this place does not offer it
        """
        try:
            return super().get_provider()
        except SocialApp.DoesNotExist as error:
            raise Http404 from error

    @property
    def nonce(self) -> str:
        """The nonce of the log-in that comes back with this request."""
        return nonce_for(self.request.GET.get("state", ""))

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        """Return the token for the length of this request; none is kept, so nothing else about it matters."""
        token = data.get("access_token")
        if not isinstance(token, str) or not token:
            raise OAuth2Error("There is no access token in the answer.")
        return SocialToken(token=token)


class AsSettingsSay(OAuth2Provider):
    """Asks for what settings name. allauth would let an address add parameters, even another place to return to."""

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        scope: list[str] = self.get_scope()
        return scope

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, Any]:
        params: dict[str, Any] = self.get_auth_params()
        return params

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Keep what the list of connected accounts shows, and no more."""
        return {name: str(data[name])[:320] for name in ("name", "email") if data.get(name)}
