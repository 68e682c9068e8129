import hashlib
import hmac
from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.http import HttpRequest

from accounts.social_providers import identity, pages

FIELDS = "id,name,email"


class FacebookAdapter(pages.Adapter):
    provider_id = "facebook"
    scope_delimiter = ","
    # Facebook takes either. In the body the secret stays out of logs of addresses, and the PKCE verifier goes along.
    access_token_method = "POST"  # noqa: S105

    @property
    def access_token_url(self) -> str:
        return f"{self.urls['graph']}/oauth/access_token"

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> SocialLogin:
        provider = self.get_provider()
        said = me(self.urls["graph"], app, token.token)
        return provider.sociallogin_from_response(request, said)


def me(graph_url: str, app: Any, access_token: str) -> dict[str, Any]:
    """Return whom an access token is for: `id`, `name`, and an `email` if they gave one.

    :raises BadToken: when Facebook names nobody
    :raises requests.RequestException: when Facebook refuses, or cannot be asked
    """
    # Proves that it is we who ask with it: a token that was copied elsewhere is of no use there.
    proof = hmac.new(app.secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()
    with get_adapter().get_requests_session() as session:
        said = identity.answer_of(
            session.get(
                f"{graph_url}/me",
                params={"fields": FIELDS, "access_token": access_token, "appsecret_proof": proof},
            )
        )
    if not isinstance(said.get("id"), str) or not said["id"]:
        raise identity.BadToken("Facebook names nobody.")
    return said


oauth2_login = OAuth2LoginView.adapter_view(FacebookAdapter)
oauth2_callback = OAuth2CallbackView.adapter_view(FacebookAdapter)
